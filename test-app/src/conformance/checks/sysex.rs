//! System Exclusive messages arrive whole, whatever their length.

use windows_sys::Win32::Media::Audio::{MHDR_DONE, MHDR_INQUEUE, MHDR_PREPARED};

use crate::conformance::bench::Bench;
use crate::conformance::buffer::flag_names;
use crate::conformance::check::{Check, Source, Traffic};
use crate::conformance::heard::Recorded;
use crate::conformance::input::{Input, QUIET, same_messages};
use crate::conformance::output::Output;
use crate::conformance::verdict::{Checked, ensure};

/// Lengths around those of packets, FIFOs and buffers.
const SHORT_LENGTHS: [usize; 18] = [
    2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 63, 64, 65, 255, 256, 257, 1024,
];
/// Lengths at which users' messages were cut or lost.
const REPORTED_LENGTHS: [usize; 5] = [2047, 2048, 2049, 4096, 18_108];
/// The longest that a buffer of the classic interface had room for, and those around.
const LONGEST_LENGTHS: [usize; 2] = [65_535, 65_536];
/// More than any buffer: 1 MiB.
const MEBIBYTE: usize = 1 << 20;
/// Messages that are sent at once.
const QUEUED_LENGTHS: [usize; 8] = [12, 300, 2, 1025, 64, 7, 500, 2];
/// One that does not fit into one of the small buffers.
const SPLIT: usize = 3000;
/// A buffer that it does not fit into.
const SMALL_BUFFER: usize = 512;

/// How many input buffers are queued.
const BUFFERS: usize = 8;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "sysex-short",
        "lengths of 2 to 1024 bytes, one by one, each into one buffer",
        Source::LogoTest("SysEx recording"),
        |bench| lengths(bench, &SHORT_LENGTHS),
    )
    .sending(Traffic::Bytes(2300)),
    Check::new(
        "sysex-reported-lengths",
        "2047 to 18108 bytes, where users' messages were cut or lost",
        Source::Reports("SysEx of 2048, 2049, 4096 or 18108 bytes is cut"),
        |bench| lengths(bench, &REPORTED_LENGTHS),
    )
    .sending(Traffic::Bytes(29_000)),
    Check::new(
        "sysex-64-kib",
        "65535 and 65536 bytes",
        Source::Reports("SysEx of 64 KiB is cut"),
        |bench| lengths(bench, &LONGEST_LENGTHS),
    )
    .sending(Traffic::Bytes(2 * 65_536)),
    Check::new(
        "sysex-1-mib",
        "1 MiB, which takes six minutes on a MIDI cable",
        Source::Reports("firmware updates"),
        |bench| lengths(bench, &[MEBIBYTE]),
    )
    .sending(Traffic::Bytes(MEBIBYTE))
    .only_if_named(),
    Check::new(
        "sysex-over-buffers",
        "a message longer than a buffer fills one after the other; only the last is not full",
        Source::LogoTest("SysEx recording"),
        over_buffers,
    )
    .sending(Traffic::Bytes(SPLIT)),
    Check::new(
        "sysex-in-parts",
        "a message sent in several buffers arrives as one",
        Source::Mmeapi("midiOutLongMsg"),
        in_parts,
    )
    .sending(Traffic::Bytes(SPLIT)),
    Check::new(
        "sysex-queued",
        "several messages sent at once arrive one by one, in order",
        Source::LogoTest("SysEx recording"),
        queued,
    )
    .sending(Traffic::Bytes(2000)),
    Check::new(
        "sysex-between-notes",
        "short messages before and after stay before and after",
        Source::Midi("system exclusive"),
        between_notes,
    )
    .sending(Traffic::Bytes(2000)),
    Check::new(
        "real-time-inside-sysex",
        "a clock inside a message arrives as a message of its own and leaves the other whole",
        Source::Midi("system real time"),
        real_time_inside,
    ),
    Check::new(
        "sysex-without-buffers",
        "a message that has no buffer is thrown away; what comes after is not",
        Source::Mmeapi("midiInStart"),
        without_buffers,
    ),
];

/// A message of `length` bytes, F0 and F7 included, whose data tell where they belong.
pub(super) fn message(length: usize) -> Vec<u8> {
    /// A prime, so that no length of a buffer is a multiple of it.
    const PERIOD: usize = 127;
    let data = (0..length.saturating_sub(2)).map(|place| (place % PERIOD).to_le_bytes()[0]);
    let mut message = vec![0xF0];
    message.extend(data);
    message.push(0xF7);
    message
}

/// Objects unless the buffers together hold `expected`.
pub(super) fn whole(expected: &[u8], recorded: &[Recorded]) -> Checked {
    let got: Vec<u8> = recorded.iter().flat_map(|one| one.bytes.clone()).collect();
    let differ = |(expected, got): (&u8, &u8)| expected != got;
    if let Some(place) = expected.iter().zip(&got).position(differ) {
        return ensure(
            false,
            format!(
                "{:02X} at byte {place} of {}",
                expected[place],
                expected.len()
            ),
            format!("{:02X}, {} bytes in all", got[place], got.len()),
        );
    }
    ensure(
        expected.len() == got.len(),
        format!("{} bytes of System Exclusive", expected.len()),
        format!("{} in {} buffers", got.len(), recorded.len()),
    )?;
    for one in recorded {
        ensure(
            one.flags & (MHDR_DONE | MHDR_PREPARED | MHDR_INQUEUE) == MHDR_DONE | MHDR_PREPARED,
            "MHDR_DONE | MHDR_PREPARED on a returned buffer",
            flag_names(one.flags),
        )?;
        ensure(!one.is_error, "MIM_LONGDATA", "MIM_LONGERROR")?;
    }
    Ok(())
}

fn lengths(bench: &Bench, lengths: &[usize]) -> Checked {
    for &length in lengths {
        let input = Input::recording(bench, 2, length + 16)?;
        let mut output = Output::open(bench)?;
        let sent = message(length);
        output.send_long(&sent)?;
        let recorded = input.record(length)?;
        whole(&sent, &recorded)?;
        ensure(
            recorded.len() == 1,
            format!("{length} bytes in one buffer"),
            format!("in {}", recorded.len()),
        )?;
        output.await_done(1, length)?;
        output.close()?;
    }
    Ok(())
}

fn over_buffers(bench: &Bench) -> Checked {
    let input = Input::recording(bench, BUFFERS, SMALL_BUFFER)?;
    let mut output = Output::open(bench)?;
    let sent = message(SPLIT);
    output.send_long(&sent)?;
    let recorded = input.record(SPLIT)?;
    whole(&sent, &recorded)?;
    let lengths: Vec<usize> = recorded.iter().map(|one| one.bytes.len()).collect();
    let full = lengths
        .split_last()
        .is_some_and(|(_, before)| before.iter().all(|length| *length == SMALL_BUFFER));
    ensure(
        full,
        format!("full buffers of {SMALL_BUFFER} bytes but for the last"),
        format!("{lengths:?}"),
    )?;
    let in_order = recorded.iter().zip(input.buffers());
    ensure(
        in_order
            .take(BUFFERS)
            .all(|(one, buffer)| one.header == buffer.address()),
        "buffers back in the order in which they were queued",
        "another order",
    )?;
    output.await_done(1, SPLIT)?;
    output.close()
}

fn in_parts(bench: &Bench) -> Checked {
    let input = Input::recording(bench, BUFFERS, SPLIT)?;
    let mut output = Output::open(bench)?;
    let sent = message(SPLIT);
    let mut parts = 0;
    for part in sent.chunks(700) {
        output.send_long(part)?;
        parts += 1;
    }
    let recorded = input.record(SPLIT)?;
    whole(&sent, &recorded)?;
    ensure(
        recorded.len() == 1,
        "one buffer",
        recorded.len().to_string(),
    )?;
    output.await_done(parts, SPLIT)?;
    output.close()
}

fn queued(bench: &Bench) -> Checked {
    let input = Input::recording(bench, BUFFERS, 2048)?;
    let mut output = Output::open(bench)?;
    let sent = QUEUED_LENGTHS.map(message);
    for one in &sent {
        output.send_long(one)?;
    }
    let all = sent.concat();
    let recorded = input.record(all.len())?;
    whole(&all, &recorded)?;
    let lengths: Vec<usize> = recorded.iter().map(|one| one.bytes.len()).collect();
    ensure(
        lengths == QUEUED_LENGTHS,
        format!("a buffer for each message, {QUEUED_LENGTHS:?} bytes"),
        format!("{lengths:?}"),
    )?;
    output.await_done(sent.len(), all.len())?;
    output.close()
}

fn between_notes(bench: &Bench) -> Checked {
    use windows_sys::Win32::Media::{MM_MIM_DATA, MM_MIM_LONGDATA};

    let input = Input::recording(bench, BUFFERS, 2048)?;
    let mut output = Output::open(bench)?;
    let mut bytes = 0;
    for length in [4, 100, 1000] {
        output.send(&[0x9F, 0x3C, 0x01])?;
        output.send_long(&message(length))?;
        output.send(&[0x9F, 0x3C, 0x00])?;
        bytes += length;
    }
    input.record(bytes)?;
    input.await_message(&[0x9F, 0x3C, 0x00], bytes)?;
    let _ = input.messages(6);
    let kinds: Vec<u32> = {
        let heard = input.listener.heard();
        let kinds = heard.events.iter().map(|event| event.message);
        kinds
            .filter(|kind| [MM_MIM_DATA, MM_MIM_LONGDATA].contains(kind))
            .collect()
    };
    ensure(
        kinds == [MM_MIM_DATA, MM_MIM_LONGDATA, MM_MIM_DATA].repeat(3),
        "note, System Exclusive, note, three times",
        "another order",
    )?;
    output.await_done(3, 0)?;
    output.close()
}

fn real_time_inside(bench: &Bench) -> Checked {
    let input = Input::recording(bench, BUFFERS, 256)?;
    let mut output = Output::open(bench)?;
    let mut sent = message(40);
    sent.insert(20, 0xF8);
    sent.insert(30, 0xFE);
    output.send_long(&sent)?;
    let recorded = input.record(40)?;
    whole(&message(40), &recorded)?;
    same_messages(&[vec![0xF8], vec![0xFE]], &input.messages(2))?;
    output.await_done(1, 0)?;
    output.close()
}

fn without_buffers(bench: &Bench) -> Checked {
    let mut input = Input::started(bench)?;
    let mut output = Output::open(bench)?;
    output.send_long(&message(100))?;
    output.send(&[0x8F, 0x3C, 0x40])?;
    input.await_message(&[0x8F, 0x3C, 0x40], 100)?;
    input.queue(1, 256)?;
    output.send_long(&message(50))?;
    let recorded = input.record(50)?;
    whole(&message(50), &recorded)?;
    input.listener.wait(QUIET, |_| false);
    output.await_done(2, 0)?;
    output.close()?;
    input.close()
}
