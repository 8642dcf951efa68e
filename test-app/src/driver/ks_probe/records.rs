//! The records in a frame: packed `KSMUSICFORMAT`, each followed by its bytes and up to three of padding.

use super::streaming::{Frame, RECORD_HEAD};

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `TimeDeltaMs`
    pub time_delta_ms: u32,
    /// Its bytes, `ByteCount` of them.
    pub bytes: Vec<u8>,
}

/// What is in a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The records, up to the first fault.
    pub records: Vec<Record>,
    /// What is not as documented.
    pub fault: Option<Fault>,
}

/// What is not as documented in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `DataUsed` is not 0, and the whole buffer is.
    Zeroed,
    /// Anything else, in words.
    Malformed(String),
}

/// Reads a frame. Windows MIDI Services does not look at `DataUsed`, so a record that is there although
/// `DataUsed` says less is read too, and is a fault.
#[must_use]
pub fn parse(frame: &Frame) -> Parsed {
    let used = frame.data_used as usize;
    if frame.bytes.iter().all(|byte| *byte == 0) {
        let fault = (used > 0).then_some(Fault::Zeroed);
        return Parsed {
            records: Vec::new(),
            fault,
        };
    }
    let mut parsed = Parsed::default();
    let mut at = 0;
    let limit = used.min(frame.bytes.len());
    while at == 0 || at < limit {
        match record(&frame.bytes, at) {
            Ok((record, next)) => {
                let end = at + RECORD_HEAD + record.bytes.len();
                parsed.records.push(record);
                if end > used {
                    parsed.fault = Some(Fault::Malformed(format!(
                        "DataUsed is {used}, and a record ends at {end}"
                    )));
                    return parsed;
                }
                at = next;
            }
            Err(fault) => {
                parsed.fault = Some(Fault::Malformed(fault));
                return parsed;
            }
        }
    }
    if used > frame.bytes.len() {
        parsed.fault = Some(Fault::Malformed(format!(
            "DataUsed is {used}, and the buffer has {} bytes",
            frame.bytes.len()
        )));
    }
    parsed
}

/// The record at a place, and where the next one is.
fn record(bytes: &[u8], at: usize) -> Result<(Record, usize), String> {
    let rest = bytes.get(at..).unwrap_or_default();
    let head = rest.split_first_chunk().and_then(|(delta, rest)| {
        let (count, rest) = rest.split_first_chunk()?;
        Some((u32::from_le_bytes(*delta), u32::from_le_bytes(*count), rest))
    });
    let Some((time_delta_ms, count, rest)) = head else {
        return Err(format!(
            "{} bytes at {at} are too few for a record",
            rest.len()
        ));
    };
    if count == 0 {
        return Err(format!("the record at {at} has no bytes"));
    }
    let Some(bytes) = rest.get(..count as usize) else {
        return Err(format!(
            "the record at {at} claims {count} bytes, and {} follow",
            rest.len()
        ));
    };
    let record = Record {
        time_delta_ms,
        bytes: bytes.to_vec(),
    };
    let length = RECORD_HEAD + record.bytes.len();
    Ok((record, at + length.next_multiple_of(4)))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{frame, records};
    use super::super::streaming::{Asking, FRAME_EXTENT};
    use super::*;

    fn malformed(frame: &Frame) -> (usize, String) {
        let parsed = parse(frame);
        match parsed.fault {
            Some(Fault::Malformed(fault)) => (parsed.records.len(), fault),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn records_are_found_with_their_padding() {
        let parsed = parse(&frame(&records(&[(7, &[0x90, 60, 64]), (0, &[0xF8])])));
        assert_eq!(parsed.fault, None);
        let bytes: Vec<_> = parsed.records.iter().map(|it| &it.bytes[..]).collect();
        assert_eq!(bytes, [&[0x90, 60, 64][..], &[0xF8]]);
        assert_eq!(parsed.records[0].time_delta_ms, 7);
        // The last record's padding may be missing.
        let mut frame = frame(&records(&[(7, &[0x90, 60, 64])]));
        frame.data_used -= 1;
        assert_eq!(parse(&frame).fault, None);
    }

    #[test]
    fn a_full_frame_is_read_to_its_end() {
        let bytes = vec![0x55; FRAME_EXTENT - RECORD_HEAD];
        let parsed = parse(&frame(&records(&[(1, &bytes)])));
        assert_eq!((parsed.records.len(), parsed.fault), (1, None));
    }

    #[test]
    fn a_zeroed_frame_is_one_whatever_it_claims_and_an_empty_read_is_none() {
        let mut frame = frame(&[]);
        assert_eq!(parse(&frame), Parsed::default());
        for data_used in [1, 8, 2056] {
            frame.data_used = data_used;
            let parsed = parse(&frame);
            assert_eq!(
                (parsed.records.len(), parsed.fault),
                (0, Some(Fault::Zeroed))
            );
        }
    }

    #[test]
    fn what_is_malformed_is_named_and_what_was_before_it_is_kept() {
        let good = (0, &[0xF8][..]);
        let mut too_long = frame(&records(&[good]));
        too_long.data_used = 3000;
        // What follows the record is zeros.
        assert_eq!(malformed(&too_long).0, 1);

        let mut short = frame(&records(&[(0, &[0x90, 60, 64])]));
        short.data_used = 4;
        let (count, fault) = malformed(&short);
        assert_eq!(
            (count, &*fault),
            (1, "DataUsed is 4, and a record ends at 11")
        );

        let mut bytes = records(&[good, good]);
        bytes[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        let (count, fault) = malformed(&frame(&bytes));
        assert_eq!(count, 1);
        assert!(fault.contains("claims 4294967295 bytes"), "{fault}");

        bytes[16..20].copy_from_slice(&[0; 4]);
        bytes[12] = 1;
        let (count, fault) = malformed(&frame(&bytes));
        assert_eq!((count, &*fault), (1, "the record at 12 has no bytes"));

        let cut = Frame {
            data_used: 3,
            time: Asking::PublishedProbe.time(),
            bytes: vec![1, 2, 3],
        };
        assert!(malformed(&cut).1.contains("too few"));
    }
}
