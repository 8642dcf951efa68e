//! The bytes of each kind of traffic.

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::mix::{ODD_BYTES, REAL_TIME, SHORT_SYSEX_DATA};
use crate::midi::message::{SYSEX_BEGIN, SYSEX_END};

const NOTE_OFF: u8 = 0x80;
const NOTE_ON: u8 = 0x90;
const ACTIVE_SENSING: u8 = 0xFE;

/// A data byte.
fn data(rng: &mut impl Rng) -> u8 {
    rng.random_range(0..0x80)
}

fn channel(rng: &mut impl Rng) -> u8 {
    rng.random_range(0..16)
}

pub fn note_flood(rng: &mut impl Rng) -> Vec<Vec<u8>> {
    let channel = channel(rng);
    let notes = rng.random_range(8..=64);
    (0..notes)
        .map(|_| {
            let kind = if rng.random() { NOTE_ON } else { NOTE_OFF };
            vec![kind | channel, data(rng), data(rng)]
        })
        .collect()
}

pub fn running_status(rng: &mut impl Rng) -> Vec<Vec<u8>> {
    let status = NOTE_ON | channel(rng);
    let notes = rng.random_range(4..=64);
    let mut records = vec![vec![status, data(rng), data(rng)]];
    records.extend((1..notes).map(|_| vec![data(rng), data(rng)]));
    records
}

pub fn chord(rng: &mut impl Rng) -> Vec<Vec<u8>> {
    let notes = rng.random_range(3..=16);
    (0..notes)
        .map(|_| vec![NOTE_ON | channel(rng), data(rng), data(rng)])
        .collect()
}

pub fn controllers(rng: &mut impl Rng) -> Vec<Vec<u8>> {
    let count = rng.random_range(1..=24);
    (0..count)
        .map(|_| {
            let status = rng.random_range(0xA0..0xF0);
            let mut message = vec![status, data(rng)];
            if !matches!(status, 0xC0..=0xDF) {
                message.push(data(rng));
            }
            message
        })
        .collect()
}

/// A System Exclusive message of `length` bytes in all; at least 2.
pub fn sysex(rng: &mut impl Rng, length: usize) -> Vec<u8> {
    let mut message = vec![0; length];
    rng.fill(&mut message[..]);
    for byte in &mut message {
        *byte &= 0x7F;
    }
    message[0] = SYSEX_BEGIN;
    message[length - 1] = SYSEX_END;
    message
}

pub fn short_sysex(rng: &mut impl Rng) -> Vec<u8> {
    let data = rng.random_range(SHORT_SYSEX_DATA);
    sysex(rng, data + 2)
}

pub fn real_time_in_messages(rng: &mut impl Rng) -> Vec<Vec<u8>> {
    let mut messages = chord(rng);
    for message in &mut messages {
        insert_real_time(rng, message);
    }
    messages
}

pub fn real_time_in_sysex(rng: &mut impl Rng) -> Vec<u8> {
    let data = rng.random_range(SHORT_SYSEX_DATA);
    let mut message = sysex(rng, data + 2);
    for _ in 0..rng.random_range(1..=8) {
        insert_real_time(rng, &mut message);
    }
    message
}

/// Inserts a real-time byte after the first and before the last byte of `message`.
fn insert_real_time(rng: &mut impl Rng, message: &mut Vec<u8>) {
    let place = rng.random_range(1..message.len());
    message.insert(place, one_of(rng, REAL_TIME));
}

pub fn lone_data(rng: &mut impl Rng) -> Vec<Vec<u8>> {
    let count = rng.random_range(1..=5);
    // A system common byte ends running status, so that the data belongs to nothing.
    let mut records = vec![vec![0xF6]];
    records.extend((0..count).map(|_| vec![data(rng)]));
    records
}

pub fn odd_bytes(rng: &mut impl Rng) -> Vec<Vec<u8>> {
    let count = rng.random_range(1..=6);
    (0..count).map(|_| vec![one_of(rng, ODD_BYTES)]).collect()
}

pub fn active_sensing() -> Vec<u8> {
    vec![ACTIVE_SENSING]
}

fn one_of(rng: &mut impl Rng, bytes: &[u8]) -> u8 {
    bytes.choose(rng).copied().unwrap_or(ACTIVE_SENSING)
}
