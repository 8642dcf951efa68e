//! The layer over winmm, and commands that use it in one process, on the double's ports.
#![cfg(not(windows))]

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Once;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use boon::{Compiler, Schemas};
use midiuart_test::Host;
use midiuart_test::backend::emulated::EmulatedPc;
use midiuart_test::backend::winmm::{
    Buffer, Heard, Input, Output, OutputHandle, Side, Sound, Winmm, devices,
};
use midiuart_test::driver::ks_probe::Beside;
use midiuart_test::driver::ks_probe::beside::WinmmPort;
use midiuart_test::failure::Failure;
use midiuart_test::interrupt::Interrupt;
use midiuart_test::midi::smf;
use serde_json::Value;
use tempfile::TempDir;
use windows_sys::Win32::Media::Audio::{MHDR_DONE, MHDR_INQUEUE, MHDR_PREPARED};
use windows_sys::Win32::Media::MMSYSERR_ALLOCATED;

/// Tests run side by side: each has a port of its own.
const PORTS: &str = "software+unpaced,software+unpaced,software,software+unpaced,software,software+unpaced,software,software+unpaced";
const SHORT_MESSAGES: u32 = 0;
const LONG_MESSAGE: u32 = 1;
const BUSY: u32 = 2;
const COMMANDS: u32 = 3;
const RETURNED: u32 = 4;
const EXCLUSIVES: u32 = 5;
const INTERRUPTED: u32 = 6;
const BESIDE: u32 = 7;

/// Only a program that hangs takes so long.
const PATIENCE: Duration = Duration::from_mins(2);

fn have_ports() {
    static SET: Once = Once::new();
    SET.call_once(|| winmm::control::set_ports(PORTS).expect("ports"));
}

/// Takes what comes in until `enough` of it did.
fn listen(input: &Input, mut enough: impl FnMut(&[Heard]) -> bool) -> Vec<Heard> {
    let deadline = Instant::now() + PATIENCE;
    let mut heard = Vec::new();
    while !enough(&heard) && Instant::now() < deadline {
        input.wait(Duration::from_millis(20));
        heard.extend(input.take());
    }
    heard
}

fn close(mut input: Input, output: Output) {
    let closed = output.close();
    assert_eq!(closed.result(Side::Output, "output"), Ok(()));
    let closed = input.close();
    assert_eq!(closed.result(Side::Input, "input"), Ok(()));
}

#[test]
fn a_hundred_thousand_messages_back_to_back_arrive() {
    const COUNT: u32 = 100_000;
    have_ports();
    let message = |number: u32| {
        let [low, middle, ..] = number.to_le_bytes();
        [0x90 | low & 0x0F, low >> 1, middle & 0x7F]
    };
    let input = Input::open(SHORT_MESSAGES).expect("an input");
    let mut output = Output::open(SHORT_MESSAGES).expect("an output");
    for number in 0..COUNT {
        output.short_message(&message(number)).expect("success");
    }
    let heard = listen(&input, |heard| heard.len() >= COUNT as usize);
    assert_eq!(heard.len(), COUNT as usize, "{:?}", input.counts());
    for (number, heard) in (0..).zip(&heard) {
        let [first, second, third] = message(number);
        let packed = u32::from_le_bytes([first, second, third, 0]);
        assert_eq!(heard.what, Sound::Short(packed), "message {number}");
    }
    assert!(heard.is_sorted_by_key(|heard| heard.at));
    let counts = input.counts();
    assert_eq!(counts.short + counts.more_data, u64::from(COUNT));
    assert_eq!((counts.errors, counts.long, counts.overflowed), (0, 0, 0));
    close(input, output);
}

#[test]
fn a_system_exclusive_message_of_a_mebibyte_arrives() {
    have_ports();
    let data = (0..(1 << 20) - 2_u32).map(|number| (number % 127).to_le_bytes()[0]);
    let mut message: Vec<u8> = [0xF0].into_iter().chain(data).collect();
    message.push(0xF7);
    let input = Input::open(LONG_MESSAGE).expect("an input");
    let mut output = Output::open(LONG_MESSAGE).expect("an output");
    output.long_message(&message).expect("success");
    let mut length = 0;
    let mut looked_at = 0;
    let heard = listen(&input, |heard| {
        for heard in &heard[looked_at..] {
            length += heard.what.clone().into_bytes().len();
        }
        looked_at = heard.len();
        length >= message.len()
    });
    let mut bytes = Vec::new();
    for heard in heard {
        match heard.what {
            Sound::Long(more) => bytes.extend(more),
            other => panic!("{other:?}"),
        }
    }
    assert!(bytes == message, "{} bytes", bytes.len());
    let deadline = Instant::now() + PATIENCE;
    while output.queued_bytes() > 0 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(output.queued_bytes(), 0);
    close(input, output);
}

#[test]
fn a_buffer_is_winmms_until_it_comes_back() {
    have_ports();
    let mut output = OutputHandle::open(RETURNED).expect("an output");
    let mut exclusive = vec![0x11; 20_000];
    exclusive[0] = 0xF0;
    exclusive[19_999] = 0xF7;
    let mut buffer = Buffer::with(&exclusive);
    output.prepare(&mut buffer).expect("success");
    assert_eq!(buffer.flags(), Some(MHDR_PREPARED));
    output.long_message(&mut buffer).expect("success");
    // A paced port takes seconds for it.
    assert!(buffer.is_queued());
    assert_eq!(buffer.flags(), None);
    let refused = output.unprepare(&mut buffer).expect_err("still playing");
    assert_eq!(refused.name(), Some("MIDIERR_STILLPLAYING"));
    let refused = output.close().expect_err("still playing");
    assert_eq!(refused.name(), Some("MIDIERR_STILLPLAYING"));
    output.reset().expect("success");
    let deadline = Instant::now() + PATIENCE;
    while buffer.is_queued() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
    let flags = buffer.flags().expect("it is back");
    assert_eq!(flags & (MHDR_DONE | MHDR_INQUEUE), MHDR_DONE);
    assert_eq!(output.buffers_returned(), 1);
    output.unprepare(&mut buffer).expect("success");
    output.close().expect("success");
    assert!(output.was_opened() && output.was_closed());
}

#[test]
fn more_messages_than_buffers_arrive() {
    const COUNT: usize = 1000;
    have_ports();
    let input = Input::open(EXCLUSIVES).expect("an input");
    let mut output = Output::open(EXCLUSIVES).expect("an output");
    let message = |number: usize| {
        let [low, high, ..] = (2 * number).to_le_bytes();
        vec![0xF0, low >> 1, high, 0xF7]
    };
    for number in 0..COUNT {
        output.long_message(&message(number)).expect("success");
    }
    let heard = listen(&input, |heard| heard.len() >= COUNT);
    let heard: Vec<_> = heard.into_iter().map(|heard| heard.what).collect();
    let expected: Vec<_> = (0..COUNT)
        .map(|number| Sound::Long(message(number)))
        .collect();
    assert!(heard == expected, "{} messages", heard.len());
    close(input, output);
}

/// What a command came to.
#[derive(Debug)]
struct Ran {
    code: u8,
    output: String,
    errors: String,
}

/// Runs a command on the double's ports.
fn run(arguments: &[&str]) -> Ran {
    run_and_tell(arguments, &mpsc::channel().0)
}

/// As [`run`]; says when something is printed.
fn run_and_tell(arguments: &[&str], printed: &Sender<()>) -> Ran {
    run_with(arguments, printed, &Interrupt::default())
}

/// As [`run_and_tell`]; can be ended.
fn run_with(arguments: &[&str], printed: &Sender<()>, interrupt: &Interrupt) -> Ran {
    have_ports();
    let mut output = Told {
        text: Vec::new(),
        printed: printed.clone(),
    };
    let mut errors = Vec::new();
    let arguments = ["midiuart-test"].iter().chain(arguments);
    let code = midiuart_test::run(
        arguments.map(OsString::from),
        &mut Host {
            emulated: &EmulatedPc,
            winmm: &Winmm,
            interrupt,
            output: &mut output,
            errors: &mut errors,
        },
    );
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran {
        code,
        output: text(output.text),
        errors: text(errors),
    }
}

/// Standard output.
struct Told {
    text: Vec<u8>,
    printed: Sender<()>,
}

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Not everybody wants to know.
        self.printed.send(()).ok();
        Ok(())
    }
}

#[test]
fn a_busy_port_is_said_to_be_in_use() {
    have_ports();
    let port = &devices::ports().outputs[BUSY as usize].name;
    let output = Output::open(BUSY).expect("an output");
    let refused = Output::open(BUSY).expect_err("one client only");
    assert_eq!(refused.code, MMSYSERR_ALLOCATED);
    let text = match refused.failure(port) {
        Failure::Device(text) => text,
        other => panic!("{other:?}"),
    };
    assert!(text.contains("is in use by another program"), "{text}");
    assert!(text.contains("MMSYSERR_ALLOCATED"), "{text}");

    let number = BUSY.to_string();
    for command in [
        &["send", "--out", &number, "clock"][..],
        &["panic", "--out", &number],
    ] {
        let ran = run(command);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.output.is_empty(), "{ran:?}");
        assert_eq!(ran.errors.lines().count(), 1, "{ran:?}");
        let said = "is in use by another program";
        assert!(ran.errors.contains(said), "{ran:?}");
    }
    let closed = output.close();
    assert_eq!(closed.result(Side::Output, port), Ok(()));
    let ran = run(&["send", "--out", &number, "clock"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_send_that_is_interrupted_ends_its_notes() {
    have_ports();
    let input = Input::open(INTERRUPTED).expect("an input");
    let interrupt = Interrupt::default();
    let number = INTERRUPTED.to_string();
    let sending = thread::spawn({
        let interrupt = interrupt.clone();
        let printed = mpsc::channel().0;
        move || {
            let words = "on 60 100 cc 64 127 wait 1h off 60";
            let arguments = ["send", "--json", "--out", &number, words];
            run_with(&arguments, &printed, &interrupt)
        }
    });
    let mut heard = listen(&input, |heard| heard.len() >= 2);
    interrupt.raise();
    let sent = sending.join().expect("no panic");
    assert_eq!(sent.code, 0, "{sent:?}");
    let report: Value = serde_json::from_str(&sent.output).expect("JSON");
    assert_eq!(report["interrupted"], true);
    heard.extend(listen(&input, |more| more.len() >= 3));
    let heard: Vec<_> = heard
        .into_iter()
        .map(|heard| heard.what.into_bytes())
        .collect();
    assert_eq!(
        heard,
        [
            [0x90, 60, 100],
            [0xB0, 64, 127],
            [0x80, 60, 64],
            [0xB0, 64, 0],
            [0xB0, 123, 0]
        ]
    );
}

/// Has `monitor` record into `record` while `send` sends; returns what `monitor` printed.
fn send_while_monitored(record: &Path) -> Vec<Value> {
    let number = COMMANDS.to_string();
    let (printed, listening) = mpsc::channel();
    let monitor = thread::spawn({
        let number = number.clone();
        let record = record.to_str().expect("a path in UTF-8").to_owned();
        move || {
            let arguments = [
                "monitor", "--in", &number, "--not", "clock", "--count", "4", "--for", "2m",
                "--json", "--record", &record,
            ];
            run_and_tell(&arguments, &printed)
        }
    });
    listening.recv().expect("a first line");
    let words = "on C4 100 clock cc 7 127 syx f0 7e 7f 06 01 f7 ch 2 off 60";
    let sent = run(&["send", "--out", &number, "--json", words]);
    assert_eq!(sent.code, 0, "{sent:?}");
    let report: Value = serde_json::from_str(&sent.output).expect("JSON");
    assert_eq!(report["messages"], 5);
    assert_eq!(report["bytes"], 16);

    let monitored = monitor.join().expect("no panic");
    assert_eq!(monitored.code, 0, "{monitored:?}");
    let lines = monitored.output.lines();
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let mut schemas = Schemas::default();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/monitor.json");
    let schema = Compiler::default().compile(schema, &mut schemas);
    let schema = schema.expect("a schema");
    for line in &lines {
        let checked = schemas.validate(line, schema);
        assert!(checked.is_ok(), "{checked:?}");
    }
    lines
}

#[test]
fn what_send_sends_monitor_shows_and_records() {
    let folder = TempDir::new().expect("a folder");
    let song = folder.path().join("record.mid");
    let lines = send_while_monitored(&song);
    let bytes: Vec<_> = lines[1..5].iter().map(|line| &line["hex"]).collect();
    assert_eq!(
        bytes,
        ["90 3c 64", "b0 07 7f", "f0 7e 7f 06 01 f7", "81 3c 40"]
    );
    assert_eq!(lines[4]["channel"], 2);
    assert_eq!(lines[5]["counts"]["hidden"], 1);
    assert_eq!(lines.len(), 6);
    let recorded = smf::read(&song).expect("the record");
    assert_eq!(recorded.len(), 4);
    assert_eq!(recorded[0].bytes, [0x90, 60, 100]);

    let exclusive = folder.path().join("record.SYX");
    send_while_monitored(&exclusive);
    let recorded = fs::read(&exclusive).expect("the record");
    assert_eq!(recorded, [0xF0, 0x7E, 0x7F, 6, 1, 0xF7]);
}

#[test]
fn the_probe_reads_the_loop_through_winmm_too() {
    have_ports();
    let mut port = WinmmPort {
        output: devices::output(BESIDE).expect("an output"),
        input: devices::input(BESIDE).expect("an input"),
    };
    let messages: [&[u8]; 3] = [&[0x90, 60, 64], &[0xF0, 0x7D, 1, 2, 3, 0xF7], &[0xD0, 5]];
    let reads = port.loop_back(&messages).expect("what came back");
    let bytes: Vec<_> = reads.iter().map(|read| &read.bytes[..]).collect();
    assert_eq!(bytes, messages);
    assert!(reads.is_sorted_by_key(|read| read.stamp_ms));
    let name = port.name();
    assert!(name.contains(&port.input.name), "{name}");

    let held = Input::open(BESIDE).expect("an input");
    let refused = port.loop_back(&messages).expect_err("it is in use");
    assert!(refused.contains("in use"), "{refused}");
    drop(held);
}
