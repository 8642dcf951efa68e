//! Events: what those who trace the driver are told, and what not.

use emulated_pc::hardware::chip::{Condition, LineFault};
use emulated_pc::tracing::{Event, Interest, RawEvent, Value};
use emulated_pc::{Config, Pc};
use midiuart::filter::{CAPTURE_PIN, RENDER_PIN};
use midiuart::parameters::NUMBERS;
use midiuart::tracing::{PROVIDER_ID, PROVIDER_NAME};
use portcls::interfaces::IMiniportMidiStream;
use portcls::ks::{KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::{
    STATUS_DEVICE_CONFIGURATION_ERROR, STATUS_INVALID_DEVICE_STATE, STATUS_SUCCESS,
};

use crate::music::sysex;
use crate::stage::{
    Client, Opens, Plan, Stage, UARTS, Uart, counter, load_driver, ms, over_seeds, run_with,
    seeded, try_to_load_driver, wire_time,
};

const ERROR: u8 = 2;
const WARNING: u8 = 3;
const INFORMATION: u8 = 4;
const DEVICE: u64 = 1;
const STREAM: u64 = 2;
const LOSS: u64 = 4;
const SEEDS: u64 = 10;

/// Decodes what was written since this was last asked.
fn events(pc: &Pc) -> Vec<Event> {
    let decode = |raw: &RawEvent| {
        raw.decode()
            .unwrap_or_else(|error| panic!("{error}: {raw:?}"))
    };
    pc.take_events().iter().map(decode).collect()
}

/// The events of that name since this was last asked.
fn events_named(pc: &Pc, name: &str) -> Vec<Event> {
    let mut events = events(pc);
    events.retain(|event| event.name == name);
    events
}

/// An event as a line: its name, and its fields but for the device's number.
fn line(event: &Event) -> String {
    assert_eq!(event.provider, PROVIDER_NAME);
    let (device, fields) = event.fields.split_first().expect("the device's number");
    assert_eq!(
        (&*device.name, &device.value),
        ("Device", &Value::Unsigned(1))
    );
    let field = |field: &emulated_pc::tracing::Field| match &field.value {
        Value::Unsigned(number) => format!(" {}={number}", field.name),
        Value::Signed(number) => format!(" {}={number}", field.name),
        Value::Boolean(yes) => format!(" {}={yes}", field.name),
        Value::Text(text) => format!(" {}={text}", field.name),
    };
    event.name.clone() + &fields.iter().map(field).collect::<String>()
}

fn lines(pc: &Pc) -> Vec<String> {
    events(pc).iter().map(line).collect()
}

fn number(event: &Event, field: &str) -> u64 {
    match event.field(field) {
        Some(Value::Unsigned(number)) => *number,
        other => panic!("{field} is {other:?} in {event:?}"),
    }
}

/// Starts a device with somebody listening to everything.
fn heard<'pc>(plan: &Plan, pc: &'pc Pc) -> Stage<'pc> {
    pc.listen(PROVIDER_ID, Interest::ALL);
    plan.start(pc)
}

/// Brings a pin to RUN without the port, so that nobody reads.
fn run_unread(stage: &Stage, pin: &emulated_pc::Pin) {
    let stream = pin.stream();
    // SAFETY: the stream is live, and this is `PASSIVE_LEVEL`.
    let running = unsafe { IMiniportMidiStream::SetState(stream.as_ptr(), KSSTATE_RUN) };
    assert_eq!(running, STATUS_SUCCESS, "{}", stage.function.describe());
}

#[test]
fn the_identity_is_the_one_that_trace_logging_derives_from_the_name() {
    let derived = tracelogging::Guid::from_name(PROVIDER_NAME);
    let digits = u128::from_be_bytes(derived.to_bytes_be());
    assert_eq!(PROVIDER_ID, portcls::types::GUID::from_u128(digits));
}

#[test]
fn a_life_is_told_from_start_to_stop() {
    for (uart, name, interrupt) in [
        (Uart::Mpu401, "MPU-401", true),
        (Uart::Ns16550, "16550", true),
        (Uart::Software, "software", false),
    ] {
        run_with(seeded(1), |pc| {
            let stage = heard(&Plan::new(uart), pc);
            let started = lines(pc);
            assert_eq!(
                started[0],
                format!("DeviceStarted Uart={name} HasInterrupt={interrupt}")
            );
            assert!(started[1].starts_with("ParametersInForce "), "{started:?}");
            assert_eq!(started.len(), 2);

            let filter = stage.filter();
            let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
            for state in [
                KSSTATE_ACQUIRE,
                KSSTATE_PAUSE,
                KSSTATE_RUN,
                KSSTATE_PAUSE,
                KSSTATE_ACQUIRE,
                KSSTATE_STOP,
            ] {
                assert_eq!(pin.set_state(state), STATUS_SUCCESS);
            }
            drop(pin);
            let states = [
                "opened", "acquire", "pause", "run", "pause", "acquire", "stop", "closed",
            ];
            let expected =
                states.map(|state| format!("StreamChanged Direction=render State={state}"));
            assert_eq!(lines(pc), expected);
            drop(filter.open_pin(CAPTURE_PIN).expect("the pin opens"));
            let expected = ["opened", "closed"]
                .map(|state| format!("StreamChanged Direction=capture State={state}"));
            assert_eq!(lines(pc), expected);

            drop(filter);
            stage.take_down();
            assert_eq!(
                lines(pc),
                ["DeviceStopped Reachable=true BytesSent=0 BytesReceived=0 BytesDiscarded=0"]
            );
        });
    }
}

#[test]
fn what_the_events_are_about_and_how_bad_they_are() {
    run_with(seeded(1), |pc| {
        let stage = heard(&Plan::new(Uart::Ns16550), pc);
        let output = Client::MidiSrv.output(&stage.filter());
        output.send(&sysex(3000));
        stage.wait(50);
        stage.device.set_condition(Condition::Dead);
        stage.wait(1000);
        let kinds: Vec<_> = events(pc)
            .into_iter()
            .map(|event| (event.name, event.level, event.keyword))
            .collect();
        let kind = |name: &str| {
            kinds
                .iter()
                .find(|kind| kind.0 == name)
                .map(|kind| (kind.1, kind.2))
        };
        assert_eq!(kind("DeviceStarted"), Some((INFORMATION, DEVICE)));
        assert_eq!(kind("ParametersInForce"), Some((INFORMATION, DEVICE)));
        assert_eq!(kind("StreamChanged"), Some((INFORMATION, STREAM)));
        assert_eq!(kind("DeviceDied"), Some((ERROR, DEVICE | LOSS)));
        output.abandon();
    });
}

#[test]
fn parameters_are_told_as_they_are_in_force() {
    run_with(seeded(1), |pc| {
        let plan = Plan::new(Uart::Software)
            .text("PortName", "Grüße, Welt")
            .number("TransmitRingBytes", 777)
            .number("BaudRate", 1_000_000);
        let stage = heard(&plan, pc);
        let told = events_named(pc, "ParametersInForce");
        let [event] = &told[..] else {
            panic!("told {} times", told.len());
        };
        assert_eq!(number(event, "OutOfRange"), 1);
        assert_eq!(
            event.field("PortName"),
            Some(&Value::Text("Grüße, Welt".to_owned()))
        );
        for parameter in NUMBERS {
            let expected = match parameter.name {
                "TransmitRingBytes" => 777,
                _ => parameter.default,
            };
            assert_eq!(
                number(event, parameter.name),
                expected.into(),
                "{}",
                parameter.name
            );
        }
        stage.take_down();
    });
}

#[test]
fn a_device_that_does_not_start_says_why() {
    run_with(seeded(1), |pc| {
        pc.listen(PROVIDER_ID, Interest::ALL);
        let stage = Plan::new(Uart::Ns16550)
            .number("BaudClockHz", 100_000)
            .add(pc);
        let status = stage.function.start();
        assert_eq!(status, STATUS_DEVICE_CONFIGURATION_ERROR);
        let number = status.cast_unsigned();
        assert_eq!(lines(pc), [format!("DeviceNotStarted Status={number}")]);
        stage.driver.unload();
        assert_eq!(lines(pc), [""; 0]);
    });
}

#[test]
fn a_pulled_out_device_is_told_as_not_reachable_once() {
    run_with(seeded(1), |pc| {
        let stage = heard(&Plan::new(Uart::Ns16550), pc);
        assert_eq!(stage.function.surprise_remove(), STATUS_SUCCESS);
        stage.take_down();
        let told = events_named(pc, "DeviceStopped");
        let [event] = &told[..] else {
            panic!("told {} times", told.len());
        };
        assert_eq!(event.field("Reachable"), Some(&Value::Boolean(false)));
    });
}

#[test]
fn death_and_revival_are_told() {
    over_seeds(SEEDS, |pc, _| {
        let stage = heard(&Plan::new(Uart::Mpu401), pc);
        let filter = stage.filter();
        let output = Client::Wdmaud.output(&filter);
        output.send(&sysex(5000));
        stage.wait(100);
        assert_eq!(events_named(pc, "DeviceDied"), []);
        stage.device.set_condition(Condition::Dead);
        assert!(pc.run_while_not(ms(1000), || output.failures().0 > 0));
        let died = events_named(pc, "DeviceDied");
        assert_eq!(died.len(), 1);
        assert_eq!(number(&died[0], "Deaths"), 1);
        assert_eq!(
            number(&died[0], "BytesDiscarded"),
            counter(&filter, "bytes_discarded").into()
        );

        // A chip that is not there can't be set up again.
        stage.device.set_condition(Condition::Gone);
        assert_eq!(output.pin().set_state(KSSTATE_STOP), STATUS_SUCCESS);
        assert_eq!(
            output.pin().set_state(KSSTATE_RUN),
            STATUS_INVALID_DEVICE_STATE
        );
        let events_of_failure = events(pc);
        let names: Vec<_> = events_of_failure.iter().map(|event| &*event.name).collect();
        assert!(names.contains(&"DeviceNotRevived"), "{names:?}");
        assert!(!names.contains(&"DeviceRevived"), "{names:?}");

        stage.device.set_condition(Condition::Healthy);
        stage.wait(100);
        assert_eq!(output.pin().set_state(KSSTATE_RUN), STATUS_SUCCESS);
        let revived = events_named(pc, "DeviceRevived");
        assert_eq!(revived.len(), 1);
        assert_eq!(
            number(&revived[0], "Revivals"),
            counter(&filter, "revivals").into()
        );
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn an_overflow_is_told_once_however_long_it_lasts() {
    over_seeds(SEEDS, |pc, _| {
        let stage = heard(
            &Plan::new(Uart::Ns16550).number("ReceiveRingBytes", 256),
            pc,
        );
        let filter = stage.filter();
        let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        run_unread(&stage, &pin);
        let mut lost_before = 0;
        for _ in 0..2 {
            stage.device.far_end_send(&sysex(10_000));
            pc.run_for(wire_time(10_000) + ms(20));
            let told = events_named(pc, "ReceiveOverflow");
            assert_eq!(told.len(), 1, "{told:?}");
            assert_eq!((told[0].level, told[0].keyword), (WARNING, LOSS));
            // It is told when it begins.
            let so_far = number(&told[0], "ReceiveOverflows") - lost_before;
            assert!((1..=16).contains(&so_far), "{so_far}");
            lost_before = counter(&filter, "receive_overflows").into();
            // What comes after a quiet time is told again.
            stage.wait(1500);
        }
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn line_errors_are_told_once_a_row() {
    over_seeds(SEEDS, |pc, _| {
        let stage = heard(&Plan::new(Uart::Ns16550), pc);
        let input = Client::MidiSrv.input(&stage.filter());
        stage.device.far_end_send(&sysex(500));
        stage.wait(500);
        assert_eq!(events_named(pc, "LineErrors"), [], "no byte was damaged");
        let framing = LineFault {
            framing: true,
            ..LineFault::default()
        };
        stage.device.far_end_send_damaged(&[(0x55, framing); 300]);
        stage.wait(500);
        let told = events_named(pc, "LineErrors");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(number(&told[0], "FramingErrors") >= 1);
        assert_eq!(counter(&stage.filter(), "framing_errors"), 300);
        input.close();
        stage.take_down();
    });
}

#[test]
fn bytes_make_no_events() {
    let count = |bytes: usize| {
        run_with(seeded(3), |pc| {
            let stage = heard(&Plan::new(Uart::Ns16550), pc);
            let filter = stage.filter();
            let (output, input) = (
                Client::MidiSrv.output(&filter),
                Client::MidiSrv.input(&filter),
            );
            output.send(&sysex(bytes));
            stage.device.far_end_send(&sysex(bytes));
            stage.finish(&output);
            output.close();
            assert_eq!(input.close().len(), bytes);
            drop(filter);
            stage.take_down();
            pc.take_events().len()
        })
    };
    assert_eq!(count(10), count(20_000));
}

#[test]
fn where_nobody_listens_nothing_is_written_and_no_time_passes() {
    let run = |interest: Option<Interest>| {
        run_with(seeded(5), |pc| {
            if let Some(interest) = interest {
                pc.listen(PROVIDER_ID, interest);
            }
            let stage = Plan::new(Uart::Ns16550).start(pc);
            let filter = stage.filter();
            let output = Client::Wdmaud.output(&filter);
            output.send(&sysex(2000));
            stage.finish(&output);
            output.close();
            drop(filter);
            let wire = stage.device.wire_sent();
            stage.take_down();
            (pc.take_events().len(), wire, pc.now())
        })
    };
    let (events, wire, end) = run(None);
    assert_eq!(events, 0);
    // Critical events, of which there are none.
    let critical = Interest {
        level: 1,
        ..Interest::ALL
    };
    assert_eq!(run(Some(critical)), (0, wire, end));
    assert!(run(Some(Interest::ALL)).0 > 0);
}

#[test]
fn listeners_get_what_they_asked_for() {
    run_with(seeded(1), |pc| {
        let streams_only = Interest {
            any_keyword: STREAM,
            ..Interest::ALL
        };
        pc.listen(PROVIDER_ID, streams_only);
        let stage = Plan::new(Uart::Software).start(pc);
        let open_and_close = || drop(stage.filter().open_pin(RENDER_PIN).expect("the pin opens"));
        open_and_close();
        let told = events(pc);
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|event| event.keyword == STREAM));

        pc.stop_listening(PROVIDER_ID);
        open_and_close();
        assert_eq!(events(pc), []);

        let errors_only = Interest {
            level: ERROR,
            ..Interest::ALL
        };
        pc.listen(PROVIDER_ID, errors_only);
        open_and_close();
        assert_eq!(events(pc), []);

        let with_loss = Interest {
            all_keywords: STREAM | LOSS,
            ..Interest::ALL
        };
        pc.listen(PROVIDER_ID, with_loss);
        open_and_close();
        assert_eq!(events(pc), []);

        // Whoever begins to listen in the middle is told from there on.
        pc.listen(PROVIDER_ID, Interest::ALL);
        open_and_close();
        assert_eq!(events(pc).len(), 2);
        stage.take_down();
    });
}

#[test]
fn devices_are_told_apart_by_the_order_of_their_starts() {
    run_with(seeded(1), |pc| {
        let stage = heard(&Plan::new(Uart::Software), pc);
        for device in 2..=3 {
            events(pc);
            assert_eq!(stage.function.stop(), STATUS_SUCCESS);
            assert_eq!(stage.function.start(), STATUS_SUCCESS);
            let started = events_named(pc, "DeviceStarted");
            assert_eq!(number(&started[0], "Device"), device);
        }
        stage.take_down();
    });
}

#[test]
fn nothing_is_left_registered_when_the_driver_is_unloaded() {
    for uart in UARTS {
        run_with(seeded(1), |pc| {
            // The emulated PC stops if a provider is left.
            heard(&Plan::new(uart), pc).take_down();
            events(pc);
            // Nobody is told of a driver that is gone.
            pc.stop_listening(PROVIDER_ID);
            pc.listen(PROVIDER_ID, Interest::ALL);
            // Loaded once more, it is heard again.
            Plan::new(Uart::Software).start(pc).take_down();
            assert_eq!(events_named(pc, "DeviceStarted").len(), 1);
        });
    }
}

#[test]
fn a_driver_that_can_not_be_loaded_leaves_nothing_registered() {
    let config = Config {
        failing_allocation: Some(0),
        ..seeded(1)
    };
    run_with(config, |pc| {
        assert!(try_to_load_driver(pc).is_err());
        assert_eq!(pc.pool_in_use(), (0, 0));
        // The audit is made when the last driver goes.
        load_driver(pc).unload();
    });
}
