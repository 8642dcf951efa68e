//! Long runs, and how long messages take.

use std::time::{Duration, Instant};

use windows_sys::Win32::Media::MM_MIM_DATA;

use crate::conformance::bench::Bench;
use crate::conformance::check::{Check, Source, Traffic};
use crate::conformance::input::{Input, same_messages};
use crate::conformance::output::Output;
use crate::conformance::verdict::{Checked, ensure};
use crate::latency::Latency;

/// Messages of the slow run.
const SLOW: u8 = 20;
/// Time between two of them.
const PAUSE: Duration = Duration::from_millis(50);
/// Messages whose latency is measured.
const MEASURED: u8 = 100;
/// Bytes of a channel message with two data bytes.
const NOTE_BYTES: usize = 3;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "many-messages",
        "100000 messages, or as many as --messages says, back to back: all arrive, in order, unchanged",
        Source::DriverTests("StandardMidiIO_ManyMessages"),
        many_messages,
    )
    .sending(Traffic::EachMessage(NOTE_BYTES)),
    Check::new(
        "slow-messages",
        "a message each 50 ms: each has arrived before the next is sent, or arrives in order",
        Source::DriverTests("SlowMessages_Latency"),
        slow_messages,
    ),
    Check::new(
        "latency",
        "time from midiOutShortMsg to the callback, one message at a time; told, not judged",
        Source::DriverTests("StandardMidiIO_Latency"),
        latency,
    ),
];

/// The message of that number: 14 bits of it in its data, two in its status.
fn numbered(number: usize) -> Vec<u8> {
    /// Kinds of message with two data bytes that no device takes for a command.
    const STATUSES: [u8; 4] = [0x8F, 0x9F, 0xAF, 0xEF];
    let low = (number & 0x7F).to_le_bytes()[0];
    let high = ((number >> 7) & 0x7F).to_le_bytes()[0];
    vec![STATUSES[(number >> 14) % STATUSES.len()], low, high]
}

fn many_messages(bench: &Bench) -> Checked {
    let count = bench.ports.messages;
    let input = Input::started(bench)?;
    let mut output = Output::open(bench)?;
    let started = Instant::now();
    for number in 0..count {
        output.send(&numbered(number))?;
    }
    let sent = started.elapsed();
    let got = input.messages(count);
    let last = {
        let heard = input.listener.heard();
        let short = heard.events.iter().rev();
        short
            .filter(|event| event.message == MM_MIM_DATA)
            .map(|event| event.at)
            .next()
    };
    let expected: Vec<Vec<u8>> = (0..count).map(numbered).collect();
    same_messages(&expected, &got)?;
    let received = last.map_or(Duration::ZERO, |last| last - started);
    bench.remark(format!(
        "{count} messages handed over in {:.2} s, received in {:.2} s",
        sent.as_secs_f64(),
        received.as_secs_f64()
    ));
    output.close()
}

fn slow_messages(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let mut output = Output::open(bench)?;
    let mut in_time = 0;
    for key in 0..SLOW {
        output.send(&[0x9F, key, 0x00])?;
        std::thread::sleep(PAUSE);
        in_time += usize::from(input.listener.heard().short > usize::from(key));
    }
    let expected: Vec<Vec<u8>> = (0..SLOW).map(|key| vec![0x9F, key, 0x00]).collect();
    same_messages(&expected, &input.messages(expected.len()))?;
    bench.remark(format!(
        "{in_time} of {SLOW} arrived within {} ms",
        PAUSE.as_millis()
    ));
    output.close()
}

fn latency(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let mut output = Output::open(bench)?;
    let mut latency = Latency::default();
    for key in 0..MEASURED {
        let sent = Instant::now();
        output.send(&[0x9F, key, 0x00])?;
        let before = usize::from(key);
        let patience = Bench::patience(NOTE_BYTES);
        let came = input.listener.wait(patience, |heard| heard.short > before);
        ensure(came, "each message to arrive", format!("{before} messages"))?;
        if let Some(event) = input.listener.heard().events.last() {
            latency.record(event.at.saturating_duration_since(sent));
        }
    }
    if let Some(found) = latency.percentiles() {
        bench.remark(format!(
            "p50 {:.0} µs, p99 {:.0} µs, max {:.0} µs",
            found.p50_us, found.p99_us, found.max_us
        ));
    }
    output.close()
}
