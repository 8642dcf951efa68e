//! Packed `KSMUSICFORMAT` records.

/// Bytes of a `KSMUSICFORMAT`.
pub(super) const HEAD: usize = 8;

/// Appends a record that is due at once.
pub(super) fn append(records: &mut Vec<u8>, bytes: &[u8]) {
    let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    records.extend(0_u32.to_ne_bytes());
    records.extend(count.to_ne_bytes());
    records.extend(bytes);
    records.resize(records.len().next_multiple_of(4), 0);
}

/// The first record: its time stamp in milliseconds, its bytes, and what follows it.
pub(super) fn first(records: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (stamp, rest) = records.split_first_chunk()?;
    let (count, rest) = rest.split_first_chunk()?;
    let count = u32::from_ne_bytes(*count) as usize;
    let bytes = rest.get(..count)?;
    let next = rest.get(count.next_multiple_of(4)..).unwrap_or_default();
    Some((u32::from_ne_bytes(*stamp), bytes, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_were() {
        let mut records = Vec::new();
        append(&mut records, &[0x90, 0x40, 0x7F]);
        append(&mut records, &[0xF8]);
        append(&mut records, &[1, 2, 3, 4]);
        assert_eq!(records.len(), 3 * (HEAD + 4));
        let (stamp, bytes, rest) = first(&records).expect("a record");
        assert_eq!((stamp, bytes), (0, &[0x90, 0x40, 0x7F][..]));
        let (_, bytes, rest) = first(rest).expect("a record");
        assert_eq!(bytes, [0xF8]);
        let (_, bytes, rest) = first(rest).expect("a record");
        assert_eq!(bytes, [1, 2, 3, 4]);
        assert_eq!(first(rest), None);
    }

    #[test]
    fn a_cut_record_is_none() {
        let mut records = Vec::new();
        append(&mut records, &[1, 2, 3, 4, 5]);
        assert_eq!(first(&records[..HEAD + 4]), None);
    }
}
