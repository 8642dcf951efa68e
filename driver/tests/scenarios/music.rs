//! Bytes to play: seeded, so that a run can be repeated.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Real-time and other bytes at which parsers have stumbled.
pub const ODD_BYTES: [u8; 4] = [0xF8, 0xF1, 0xFD, 0xFE];

/// A System Exclusive message of `length` bytes in all.
pub fn sysex(length: usize) -> Vec<u8> {
    let mut message: Vec<u8> = (0..length)
        .map(|index| u8::try_from(index * 31 % 0x7F).expect("less than 0x7F"))
        .collect();
    if let Some(last) = message.last_mut() {
        *last = 0xF7;
    }
    if let Some(first) = message.first_mut() {
        *first = 0xF0;
    }
    message
}

/// So many notes with their full status.
pub fn notes(count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|index| {
            let pitch = u8::try_from(index % 0x80).expect("less than 0x80");
            let velocity = u8::try_from(index / 0x80 % 0x80).expect("less than 0x80");
            vec![0x90, pitch, velocity]
        })
        .collect()
}

/// A mixed stream: notes, running status, lone bytes, System Exclusive with odd bytes inside.
pub fn mixed(seed: u64, messages: usize) -> Vec<Vec<u8>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..messages)
        .map(|_| {
            let mut message = match rng.random_range(0..8_u8) {
                0 => sysex(rng.random_range(2..200)),
                1 => vec![ODD_BYTES[rng.random_range(0..ODD_BYTES.len())]],
                2 => vec![rng.random_range(0..0x80)],
                3 => vec![rng.random_range(0..0x80), rng.random_range(0..0x80)],
                _ => vec![
                    rng.random_range(0x80..0xC0),
                    rng.random_range(0..0x80),
                    rng.random_range(0..0x80),
                ],
            };
            if rng.random_range(0..4_u8) == 0 {
                let place = rng.random_range(0..message.len());
                let odd = ODD_BYTES[rng.random_range(0..ODD_BYTES.len())];
                message.insert(place, odd);
            }
            message
        })
        .collect()
}

/// The bytes of messages, one after the other.
pub fn joined(messages: &[Vec<u8>]) -> Vec<u8> {
    messages.concat()
}

/// Says where two streams of bytes begin to differ, instead of showing all of both.
pub fn assert_same(actual: &[u8], expected: &[u8], what: &str) {
    let common = actual
        .iter()
        .zip(expected)
        .take_while(|(one, other)| one == other)
        .count();
    assert!(
        actual.len() == expected.len() && common == actual.len(),
        "{what}: the same for {common} bytes of {}, then {:02X?} instead of {:02X?}; {} bytes came",
        expected.len(),
        &actual[common..actual.len().min(common + 8)],
        &expected[common..expected.len().min(common + 8)],
        actual.len()
    );
}

/// A `KSMUSICFORMAT` record that is due at once.
pub fn record(bytes: &[u8]) -> Vec<u8> {
    let count = u32::try_from(bytes.len()).expect("not that long");
    let mut record = [[0; 4], count.to_ne_bytes()].concat();
    record.extend(bytes);
    record.resize(record.len().next_multiple_of(4), 0);
    record
}
