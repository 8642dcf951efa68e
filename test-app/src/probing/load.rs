//! System Exclusive messages that carry their number and their length: what is changed or cut on the
//! way is not recognised.

use std::ops::RangeInclusive;

use crate::midi::message::{SYSEX_BEGIN, SYSEX_END};

/// How long these messages are, in bytes.
pub const LENGTHS: RangeInclusive<usize> = 32..=64;

/// How many of them there are that differ.
pub const DISTINCT: u64 = 1 << 21;

/// The manufacturer's number for what is neither sold nor published.
const NON_COMMERCIAL: u8 = 0x7D;

/// Bytes before the filling: begin, manufacturer, length, three of the number.
const HEADER: usize = 6;

/// The message of `number` with `length` bytes in all.
#[must_use]
pub fn encode(number: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![SYSEX_BEGIN, NON_COMMERCIAL, seven_bits(length as u64)];
    bytes.extend([0, 7, 14].map(|shift| seven_bits(number >> shift)));
    bytes.extend((HEADER..length.saturating_sub(1)).map(|place| seven_bits(number + place as u64)));
    bytes.push(SYSEX_END);
    bytes
}

/// The number of such a message, without the multiples of [`DISTINCT`] in it; nothing for others.
#[must_use]
pub fn decode(message: &[u8]) -> Option<u64> {
    let number = message.get(HEADER - 3..HEADER)?;
    let number = number
        .iter()
        .rev()
        .fold(0, |number, &bits| number << 7 | u64::from(bits));
    (encode(number, message.len()) == message).then_some(number)
}

fn seven_bits(value: u64) -> u8 {
    u8::try_from(value & 0x7F).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_a_byte_and_every_cut_is_seen() {
        for (number, length) in [(0, 32), (16_383, 47), (DISTINCT - 1, 64)] {
            let message = encode(number, length);
            assert_eq!(message.len(), length);
            assert_eq!(decode(&message), Some(number));
            for place in 0..length {
                let mut cut = message.clone();
                cut.remove(place);
                assert_eq!(decode(&cut), None, "{number} without {place}");
                let mut changed = message.clone();
                changed[place] ^= 1;
                assert_ne!(
                    decode(&changed),
                    Some(number),
                    "{number} changed at {place}"
                );
            }
        }
    }
}
