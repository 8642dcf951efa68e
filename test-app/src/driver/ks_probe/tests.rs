//! The probe, on kernel streaming that is made up, and on emulated PCs.

use boon::{Compiler, Schemas};
use emulated_pc::clients::Client;
use emulated_pc::{MidiInput, ReadCompletion, StampOrigin};
use midiuart_pc::{Installation, Uart};
use serde_json::{Value, json, to_value};

use super::fake::{Echo, FakeBeside, FakeStreaming, frame, records};
use super::probe::{messages, probe};
use super::report::{Report, Stamps, Verdict};
use super::streaming::{Asking, Frame, HeaderTime, Pin, State};
use crate::failure::{CLEAN, DATA_WRONG, DEVICE_ERROR, Failure, NO_LOOP};
use crate::interrupt::Interrupt;

const DEVICE: &str = r"ROOT\MEDIA\0000";
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/driver-ks-probe.json");

/// One record a read, stamped from the pin's start: what Windows MIDI Services expects.
fn good(since: u32, message: &[u8]) -> Vec<Frame> {
    vec![frame(&records(&[(since, message)]))]
}

/// Stamped by the header.
fn by_header(since: u32, message: &[u8]) -> Vec<Frame> {
    let mut frame = frame(&records(&[(0, message)]));
    frame.time.time = i64::from(since) * 10_000;
    vec![frame]
}

fn nothing(_: u32, _: &[u8]) -> Vec<Frame> {
    Vec::new()
}

fn try_to_report(streaming: &mut FakeStreaming, mut beside: FakeBeside) -> Result<Report, Failure> {
    let interrupt = Interrupt::default();
    probe(DEVICE, Box::new(streaming), Ok(&mut beside), &interrupt)
}

fn report_of(echo: Echo) -> Report {
    try_to_report(&mut FakeStreaming::new(echo), FakeBeside::hears_all()).expect("a report")
}

/// What is wrong with what `--json` prints, by its schema.
fn fault(document: &Value) -> Option<String> {
    let mut schemas = Schemas::default();
    let schema = Compiler::default()
        .compile(SCHEMA, &mut schemas)
        .unwrap_or_else(|error| panic!("{error:#}"));
    let checked = schemas.validate(document, schema);
    checked.err().map(|error| format!("{error:#}"))
}

fn document(report: &Report) -> Value {
    let document = to_value(report).expect("JSON");
    assert_eq!(fault(&document), None, "{document:#}");
    document
}

#[test]
fn records_that_are_as_documented_are_recognized_and_shown() {
    let mut streaming = FakeStreaming::new(good);
    let report = try_to_report(&mut streaming, FakeBeside::hears_all()).expect("a report");
    assert_eq!(report.verdict(), Verdict::AsDocumented);
    assert_eq!(report.stamps(), Stamps::PinStart);
    assert_eq!(report.exit_code(), CLEAN);
    let text = report.to_string();
    for line in [
        "device   ROOT\\MEDIA\\0000\n",
        "header's time 1/1, frame extent 2056\n",
        "sent        300.0 ms  note: 90 3c 40\n",
        "  read      300.3 ms  DataUsed 12, header's time 0 x 1/1\n",
        "           TimeDeltaMs 300, ByteCount 3: 90 3c 40\n",
        // The first 32 bytes of the frame.
        "           2c 01 00 00 03 00 00 00 90 3c 40 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 \
         00 00 00 00\n",
        "  read   ",
        "ByteCount 6: f0 7d 01 02 03 f7\n",
        "beside   winmm, port 'made up'\n",
        "              300 ms  90 3c 40\n",
        "verdict  as documented",
        "stamps   TimeDeltaMs counts from the pin's start",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    assert!(!text.contains("remark"), "{text}");
    let document = document(&report);
    assert_eq!(document["verdict"], "as-documented");
    assert_eq!(document["steps"][0]["reads"][0]["data_used"], 12);
    assert_eq!(
        document["steps"][0]["reads"][0]["records"][0]["byte_count"],
        3
    );
}

#[test]
fn pins_are_opened_and_closed_as_windows_midi_services_does_it() {
    let mut streaming = FakeStreaming::new(good);
    try_to_report(&mut streaming, FakeBeside::hears_all()).expect("a report");
    let up = [State::Acquire, State::Pause, State::Run];
    let down = [State::Pause, State::Acquire, State::Stop];
    let expected = [
        up.map(|state| (Pin::Input, state)),
        up.map(|state| (Pin::Output, state)),
        down.map(|state| (Pin::Output, state)),
        down.map(|state| (Pin::Input, state)),
    ];
    assert_eq!(streaming.states, expected.concat());
    assert!(streaming.is_pended, "a read is kept pended to the end");
    assert_eq!(streaming.written, messages());
}

#[test]
fn reads_can_be_asked_for_as_the_published_probe_does_it() {
    let mut streaming = FakeStreaming::new(good);
    streaming.asking = Asking::PublishedProbe;
    let report = try_to_report(&mut streaming, FakeBeside::hears_all()).expect("a report");
    let text = report.to_string();
    let line = "opened   as the published probe does: to read, standard streaming, header's time 0/0, frame \
                extent 512\n";
    assert!(text.contains(line), "{text}");
    assert_eq!(document(&report)["asked_like"], "published-probe");
    for midi_input in [
        MidiInput::default(),
        MidiInput {
            reads: ReadCompletion::FullZeroedFrame,
            ..MidiInput::default()
        },
    ] {
        let installation = Installation {
            uart: Uart::Software,
            midi_input,
            ..Installation::default()
        };
        let [one, other] = [Asking::Midisrv, Asking::PublishedProbe].map(|asking| {
            let interrupt = Interrupt::default();
            super::emulated::probe_emulated(&installation, Client::MidiSrv, asking, &interrupt)
                .unwrap_or_else(|failure| panic!("{failure}"))
        });
        assert_eq!(one.verdict(), other.verdict());
        assert_eq!(document(&other)["frame_extent"], 512);
    }
}

#[test]
fn every_note_that_is_begun_is_ended() {
    let mut sounding = Vec::new();
    for message in messages() {
        match message {
            [0x90, note, _] => sounding.push(*note),
            [0x80, note, _] => sounding.retain(|it| it != note),
            _ => {}
        }
    }
    assert!(sounding.is_empty(), "{sounding:?}");
}

#[test]
fn zeroed_frames_are_recognized_and_do_not_go_on_for_long() {
    let mut streaming = FakeStreaming::new(nothing);
    streaming.firehose = true;
    let report = try_to_report(&mut streaming, FakeBeside::hears_all()).expect("a report");
    assert_eq!(report.verdict(), Verdict::FullZeroedFrames);
    assert_eq!(report.stamps(), Stamps::Unknown);
    assert_eq!(report.exit_code(), DATA_WRONG);
    let text = report.to_string();
    for line in [
        "DataUsed 2056, header's time 0 x 1/1\n           no record\n           00 00 00 00",
        "verdict  full zeroed frames",
        "remark   input is silent for programs that go through Windows MIDI Services",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    let document = document(&report);
    for step in document["steps"].as_array().expect("steps") {
        assert_eq!(step["reads"].as_array().map(Vec::len), Some(4));
    }
}

#[test]
fn one_zeroed_frame_among_good_ones_is_not_as_documented() {
    let report = report_of(|since, message| {
        let mut zeroed = frame(&[]);
        zeroed.data_used = 2056;
        [vec![zeroed], good(since, message)].concat()
    });
    assert_eq!(report.verdict(), Verdict::FullZeroedFrames);
    assert_eq!(report.stamps(), Stamps::PinStart);
}

#[test]
fn nothing_is_no_loop_unless_the_other_way_hears_it() {
    for (beside, code, words) in [
        (FakeBeside(Ok(Vec::new())), NO_LOOP, "led back"),
        (
            FakeBeside(Err("it is in use".to_owned())),
            NO_LOOP,
            "it is in use",
        ),
        (FakeBeside::hears_all(), DATA_WRONG, "the loop is there"),
    ] {
        let mut streaming = FakeStreaming::new(nothing);
        let report = try_to_report(&mut streaming, beside).expect("a report");
        assert_eq!(report.verdict(), Verdict::NothingCame);
        assert_eq!(report.exit_code(), code);
        let text = report.to_string();
        assert!(text.contains(words), "{text}");
        assert!(text.contains("read   none completed"), "{text}");
        document(&report);
    }
}

#[test]
fn empty_reads_bring_nothing() {
    let report = report_of(|_, _| vec![frame(&[])]);
    assert_eq!(report.verdict(), Verdict::NothingCame);
}

#[test]
fn the_origins_of_stamps_are_distinguished() {
    assert_eq!(report_of(by_header).stamps(), Stamps::Header);
    assert_eq!(report_of(by_header).verdict(), Verdict::AsDocumented);
    let text = report_of(by_header).to_string();
    assert!(text.contains("as old as the pin's opening"), "{text}");
    let none = report_of(|_, message| good(0, message));
    assert_eq!(none.stamps(), Stamps::Neither);
    let mixed = report_of(|since, message| match message.len() {
        3 => good(since, message),
        _ => by_header(since, message),
    });
    assert_eq!(mixed.stamps(), Stamps::Neither);
    // Half the time in units of 200 ns.
    let fraction = report_of(|since, message| {
        let mut frames = by_header(since, message);
        frames[0].time = HeaderTime {
            time: i64::from(since) * 5_000,
            numerator: 2,
            denominator: 1,
        };
        frames
    });
    assert_eq!(fraction.stamps(), Stamps::Header);
}

#[test]
fn lost_changed_doubled_and_malformed_is_otherwise_wrong() {
    let echoes: [Echo; 6] = [
        // The first byte of each is missing.
        |since, message| good(since, &message[1..]),
        // One is changed.
        |since, message| good(since, &[&message[..message.len() - 1], &[0x7F]].concat()),
        // Each comes twice.
        |since, message| [good(since, message), good(since, message)].concat(),
        // DataUsed is too little.
        |since, message| {
            let mut frames = good(since, message);
            frames[0].data_used = 4;
            frames
        },
        // More is claimed than there is.
        |since, message| {
            let mut packed = records(&[(since, message)]);
            packed[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
            vec![frame(&packed)]
        },
        // System Exclusive gets lost.
        |since, message| match message {
            [0xF0, ..] => Vec::new(),
            _ => good(since, message),
        },
    ];
    for echo in echoes {
        let report = report_of(echo);
        assert_eq!(report.verdict(), Verdict::OtherwiseWrong, "{report}");
        assert_eq!(report.exit_code(), DATA_WRONG);
        document(&report);
    }
    let text = report_of(echoes[4]).to_string();
    assert!(
        text.contains("fault: the record at 0 claims 4294967295 bytes"),
        "{text}"
    );
    assert!(
        text.contains("remark   not as documented: the record at 0"),
        "{text}"
    );
}

#[test]
fn a_message_may_come_in_pieces_and_several_in_one_read() {
    let pieces = report_of(|since, message| {
        let bytes = message.iter();
        let frames = bytes.flat_map(|byte| good(since, &[*byte]));
        frames.collect()
    });
    assert_eq!(pieces.verdict(), Verdict::AsDocumented);
    let together = report_of(|since, message| {
        let bytes: Vec<_> = message.chunks(1).map(|byte| (since, byte)).collect();
        vec![frame(&records(&bytes))]
    });
    assert_eq!(together.verdict(), Verdict::AsDocumented);
    let text = together.to_string();
    // All but the first byte of each message.
    let missed = messages().concat().len() - messages().len();
    let remark = format!("remark   {missed} bytes are in records behind the first of a read");
    assert!(text.contains(&remark), "{text}");
}

#[test]
fn what_is_refused_is_said_in_a_line_with_what_to_do() {
    for (function, after, code, words) in [
        (
            "open input",
            0,
            170,
            "the input can't be opened: open input failed with error 170; it is in use",
        ),
        ("open output", 0, 32, "the output can't be opened"),
        ("open output", 0, 5, "as administrator"),
        ("set_state", 2, 22, "the input can't be brought to Run"),
        ("set_state", 8, 31, "can't be stopped"),
        ("pend_read", 0, 1617, "the device is gone"),
        // The device vanishes under a pended read, and later.
        ("completed_read", 0, 1617, "a read of the input failed"),
        ("completed_read", 4, 995, "the device is gone"),
        ("write", 1, 1460, "the driver takes no bytes"),
        ("write", 3, 433, "the device is gone"),
        ("open input", 0, 127, "KsCreatePin"),
        (
            "open input",
            0,
            0xC000_0001,
            "0xC0000001; see `midiuart-test driver status`",
        ),
    ] {
        let mut streaming = FakeStreaming::new(good);
        streaming.failing = Some((function, after, code));
        let failure = try_to_report(&mut streaming, FakeBeside::hears_all());
        let failure = failure.expect_err("a refusal");
        assert_eq!(failure.exit_code(), DEVICE_ERROR, "{failure}");
        let line = failure.to_string();
        assert!(line.starts_with(DEVICE), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.contains(words), "{words:?} is not in {line}");
    }
}

#[test]
fn a_failure_leaves_no_note() {
    let mut streaming = FakeStreaming::new(good);
    streaming.failing = Some(("completed_read", 1, 995));
    try_to_report(&mut streaming, FakeBeside::hears_all()).expect_err("a refusal");
    assert_eq!(streaming.written, [[0x90, 60, 64], [0x80, 60, 0]]);
}

#[test]
fn ctrl_c_ends_it_early_and_leaves_no_note() {
    let interrupt = Interrupt::default();
    let mut streaming = FakeStreaming::new(good);
    streaming.interrupted = Some(interrupt.clone());
    let mut beside = FakeBeside::hears_all();
    let report = probe(
        DEVICE,
        Box::new(&mut streaming),
        Ok(&mut beside),
        &interrupt,
    );
    let report = report.expect("a report");
    assert_eq!(streaming.written, [[0x90, 60, 64], [0x80, 60, 0]]);
    assert!(report.to_string().contains("the run was ended early"));
    document(&report);
}

#[test]
fn documents_that_are_wrong_are_found() {
    let good = document(&report_of(good));
    for (place, wrong) in [
        ("/command", json!("ks-probe")),
        ("/verdict", json!("fine")),
        ("/stamps", json!(null)),
        ("/asked_like", json!("wdmaud")),
        ("/frame_extent", json!(-1)),
        ("/steps/0/sent/0", json!("90 3C 40")),
        ("/steps/0/reads/0/data_used", json!(-1)),
        ("/steps/0/reads/0/first_32_bytes", json!("zz")),
        ("/steps/0/reads/0/records/0/byte_count", json!("3")),
        ("/compared/reads/0/stamp_ms", json!(-1)),
    ] {
        let mut document = good.clone();
        *document.pointer_mut(place).expect(place) = wrong;
        assert!(fault(&document).is_some(), "{place}");
    }
    for place in [
        "",
        "/steps/0",
        "/steps/0/reads/0",
        "/steps/0/reads/0/header",
        "/compared",
    ] {
        let mut longer = good.clone();
        longer.pointer_mut(place).expect(place)["surplus"] = json!(1);
        assert!(fault(&longer).is_some(), "{place}");
        let mut shorter = good.clone();
        let object = shorter.pointer_mut(place).and_then(Value::as_object_mut);
        let object = object.expect(place);
        let first = object.keys().next().expect("a member").clone();
        object.remove(&first);
        assert!(fault(&shorter).is_some(), "{place}: {first}");
    }
}

fn emulated(uart: Uart, client: Client, midi_input: MidiInput, loop_cable: bool) -> Report {
    let installation = Installation {
        uart,
        midi_input,
        loop_cable,
        seed: 1,
        ..Installation::default()
    };
    let asking = Asking::default();
    super::emulated::probe_emulated(&installation, client, asking, &Interrupt::default())
        .unwrap_or_else(|failure| panic!("{failure}"))
}

/// What is read another way on an emulated PC.
fn beside(report: &Report) -> usize {
    let document = document(report);
    document["compared"]["reads"].as_array().map_or(0, Vec::len)
}

#[test]
fn every_behavior_of_the_emulated_windows_is_recognized_on_every_uart() {
    for uart in Uart::ALL {
        for client in [Client::MidiSrv, Client::Wdmaud] {
            for (reads, stamps, verdict, seen) in [
                (
                    ReadCompletion::AsDocumented,
                    StampOrigin::PinStart,
                    Verdict::AsDocumented,
                    Stamps::PinStart,
                ),
                (
                    ReadCompletion::AsDocumented,
                    StampOrigin::Header,
                    Verdict::AsDocumented,
                    Stamps::Header,
                ),
                (
                    ReadCompletion::FullZeroedFrame,
                    StampOrigin::PinStart,
                    Verdict::FullZeroedFrames,
                    Stamps::Unknown,
                ),
            ] {
                let report = emulated(uart, client, MidiInput { reads, stamps }, true);
                let what = format!("{uart}, {client:?}, {reads:?}, {stamps:?}\n{report}");
                assert_eq!(
                    (report.verdict(), report.stamps()),
                    (verdict, seen),
                    "{what}"
                );
                let is_silent = client == Client::MidiSrv
                    && (reads, stamps) != (ReadCompletion::AsDocumented, StampOrigin::PinStart);
                assert_eq!(beside(&report) == 0, is_silent, "{what}");
            }
        }
    }
}

#[test]
fn an_emulated_uart_without_a_cable_has_no_loop() {
    let report = emulated(Uart::Ns16550, Client::MidiSrv, MidiInput::default(), false);
    assert_eq!(report.verdict(), Verdict::NothingCame);
    assert_eq!(report.exit_code(), NO_LOOP);
}
