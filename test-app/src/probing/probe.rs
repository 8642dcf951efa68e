//! Messages that carry their number: Note Off messages, which change nothing for whoever hears them.

/// Bytes of a probe.
pub const LENGTH: u32 = 3;

/// How many probes there are that differ.
pub const DISTINCT: u64 = 1 << 18;

/// The status of Note Off on the first channel.
const NOTE_OFF: u8 = 0x80;

/// The probe of `number`. Neighbours differ in their channel, so that each has its own status byte
/// and running status shortens none.
#[must_use]
pub fn encode(number: u64) -> [u8; 3] {
    let bits = |shift: u32, mask: u64| u8::try_from((number >> shift) & mask).unwrap_or_default();
    [NOTE_OFF | bits(0, 0x0F), bits(4, 0x7F), bits(11, 0x7F)]
}

/// The number of a probe, without the multiples of [`DISTINCT`] in it; nothing for other messages.
#[must_use]
pub fn decode(message: &[u8]) -> Option<u64> {
    match *message {
        [status, low, high] if status & 0xF0 == NOTE_OFF => {
            Some(u64::from(status & 0x0F) | u64::from(low) << 4 | u64::from(high) << 11)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_message() {
        for number in 0..DISTINCT {
            let [status, low, high] = encode(number);
            assert!((0x80..0x90).contains(&status) && low < 0x80 && high < 0x80);
            assert_eq!(decode(&encode(number)), Some(number));
        }
        assert_eq!(encode(DISTINCT), encode(0));
        assert_eq!(decode(&[0x90, 1, 2]), None);
        assert_eq!(decode(&[0x80, 1]), None);
    }
}
