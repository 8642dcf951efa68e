//! Short messages arrive byte by byte as they were sent.

use crate::conformance::bench::{Bench, succeeded};
use crate::conformance::check::{Check, Source, Traffic};
use crate::conformance::input::{Input, same_messages};
use crate::conformance::output::Output;
use crate::conformance::verdict::Checked;

/// The channel messages, by the high half of their status.
const CHANNEL_MESSAGES: [(u8, usize); 7] = [
    (0x80, 2),
    (0x90, 2),
    (0xA0, 2),
    (0xB0, 2),
    (0xC0, 1),
    (0xD0, 1),
    (0xE0, 2),
];
const CHANNELS: u8 = 16;
/// System common messages.
const COMMON: [&[u8]; 4] = [&[0xF1, 0x35], &[0xF2, 0x11, 0x22], &[0xF3, 0x7F], &[0xF6]];
/// Real-time messages that are defined.
const REAL_TIME: [u8; 6] = [0xF8, 0xFA, 0xFB, 0xFC, 0xFE, 0xFF];
/// A controller that no synthesizer knows, on a channel that few use.
const CONTROLLER: [u8; 2] = [0xBF, 0x77];

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "every-status",
        "each channel message on each channel, each system common and real-time message",
        Source::DriverTests("StandardMidiIO"),
        every_status,
    )
    .sending(Traffic::Bytes(400)),
    Check::new(
        "every-data-byte",
        "0 to 127 in each data byte",
        Source::DriverTests("StandardMidiIO"),
        every_data_byte,
    )
    .sending(Traffic::Bytes(1200)),
    Check::new(
        "running-status",
        "messages without a status byte after one with it; real time between does not end it",
        Source::Mmeapi("midiOutShortMsg"),
        running_status,
    ),
    Check::new(
        "real-time-between",
        "a clock between any two messages changes neither",
        Source::Midi("system real time"),
        real_time_between,
    )
    .sending(Traffic::Bytes(600)),
    Check::new(
        "unused-bytes",
        "what stands in a packed message behind its last byte is not sent",
        Source::Mmeapi("midiOutShortMsg"),
        unused_bytes,
    ),
];

/// Sends `messages` one by one; all of them have to arrive, and nothing else.
fn exchange(bench: &Bench, messages: &[Vec<u8>]) -> Checked {
    let input = Input::started(bench)?;
    let mut output = Output::open(bench)?;
    for message in messages {
        output.send(message)?;
    }
    let got = input.messages(messages.len());
    same_messages(messages, &got)?;
    output.close()
}

fn every_status(bench: &Bench) -> Checked {
    let mut messages = Vec::new();
    for channel in 0..CHANNELS {
        for (status, data) in CHANNEL_MESSAGES {
            let mut message = vec![status | channel, 0x3C, 0x01];
            message.truncate(1 + data);
            messages.push(message);
        }
    }
    messages.extend(COMMON.map(<[u8]>::to_vec));
    messages.extend(REAL_TIME.map(|status| vec![status]));
    exchange(bench, &messages)
}

fn every_data_byte(bench: &Bench) -> Checked {
    let mut messages = Vec::new();
    for data in 0..=0x7F_u8 {
        messages.push(vec![CONTROLLER[0], data, 0x7F - data]);
        messages.push(vec![0xEF, 0x7F - data, data]);
        messages.push(vec![0xCF, data]);
    }
    // Controllers that do something when they are loud: all as they were.
    messages.push(vec![CONTROLLER[0], 0x79, 0]);
    exchange(bench, &messages)
}

fn running_status(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let mut output = Output::open(bench)?;
    let mut expected = Vec::new();
    output.send(&[0x9F, 0x3C, 0x01])?;
    expected.push(vec![0x9F, 0x3C, 0x01]);
    for note in 0..16 {
        if note == 8 {
            output.send(&[0xF8])?;
            expected.push(vec![0xF8]);
        }
        output.send(&[note, 0x00])?;
        expected.push(vec![0x9F, note, 0x00]);
    }
    output.send(&[0xDF, 0x01])?;
    output.send(&[0x02])?;
    expected.push(vec![0xDF, 0x01]);
    expected.push(vec![0xDF, 0x02]);
    output.send(&[0x9F, 0x3C, 0x00])?;
    expected.push(vec![0x9F, 0x3C, 0x00]);
    let got = input.messages(expected.len());
    same_messages(&expected, &got)?;
    output.close()
}

fn real_time_between(bench: &Bench) -> Checked {
    let mut messages = Vec::new();
    for note in 0..0x40 {
        messages.push(vec![0xF8]);
        messages.push(vec![0x9F, note, 0x00]);
        messages.push(vec![0xFE]);
    }
    exchange(bench, &messages)
}

fn unused_bytes(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let mut output = Output::open(bench)?;
    for packed in [[0xCF, 0x05, 0x55, 0x55], [0xF6, 0x55, 0x55, 0x55]] {
        succeeded("midiOutShortMsg", output.try_send(&packed))?;
    }
    output.send(&[0x8F, 0x3C, 0x40])?;
    let expected = [vec![0xCF, 0x05], vec![0xF6], vec![0x8F, 0x3C, 0x40]];
    let got = input.messages(expected.len());
    same_messages(&expected, &got)?;
    output.close()
}
