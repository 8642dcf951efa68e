//! Input through both Windows components, where what was seen of Windows differs from its documents:
//! what reaches the programs, and what the driver can know of it.

use emulated_pc::{Config, MidiInput, ReadCompletion, StampOrigin};

use crate::stage::{
    CLIENTS, Client, Opens, Plan, Stage, UARTS, Uart, all_counters, counter, ms, pairs, run_with,
    seeded,
};

const SYSEX: [u8; 6] = [0xF0, 0x7D, 1, 2, 3, 0xF7];
const NOTE: [u8; 3] = [0x90, 0x3C, 0x40];
/// When the program starts to record, after the pin was opened.
const START: u64 = 300;

fn windows(reads: ReadCompletion, stamps: StampOrigin) -> Config {
    Config {
        midi_input: MidiInput { reads, stamps },
        ..seeded(1)
    }
}

/// What a program got that recorded two messages, and what became of them before it.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    bytes: Vec<u8>,
    /// Bytes that the component dropped because of their stamps.
    too_early: u64,
    /// Bytes that the port had from the driver.
    read: u64,
    counters: Vec<u32>,
}

fn record(config: Config, uart: Uart, client: Client) -> Outcome {
    run_with(config, |pc| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let input = client.input(&filter);
        let output = client.output(&filter);
        stage.wait(START);
        input.start();
        for message in [&NOTE[..], &SYSEX] {
            stage.wait(20);
            send(&stage, uart, &output, message);
        }
        stage.wait(50);
        let received = input.take_received();
        for part in &received {
            let late = part.at.since(part.stamped);
            assert!(
                late < ms(2),
                "{client:?}: {late:?} between stamp and arrival"
            );
        }
        assert_eq!(counter(&filter, "receive_overflows"), 0);
        let outcome = Outcome {
            bytes: received.into_iter().flat_map(|part| part.bytes).collect(),
            too_early: input.dropped_as_too_early(),
            read: input.pin().statistics().bytes_read,
            counters: all_counters(&filter),
        };
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
        outcome
    })
}

fn send(stage: &Stage<'_>, uart: Uart, output: &crate::stage::Output, message: &[u8]) {
    if uart == Uart::Software {
        output.send(message);
    } else {
        stage.device.far_end_send(message);
    }
}

fn sent() -> Vec<u8> {
    [&NOTE[..], &SYSEX].concat()
}

#[test]
fn input_arrives_on_a_windows_that_does_as_its_documents_and_sources_say() {
    for (uart, client) in pairs(UARTS, CLIENTS) {
        let outcome = record(seeded(1), uart, client);
        assert_eq!(outcome.bytes, sent(), "{uart:?}, {client:?}");
        assert_eq!((outcome.too_early, outcome.read), (0, 9));
    }
}

#[test]
fn zeroed_frames_silence_midisrv_alone_and_no_counter_shows_it() {
    for uart in UARTS {
        for client in CLIENTS {
            let usual = record(seeded(1), uart, client);
            let config = windows(ReadCompletion::FullZeroedFrame, StampOrigin::PinStart);
            let zeroed = record(config, uart, client);
            let gets = match client {
                Client::MidiSrv => Vec::new(),
                Client::Wdmaud => sent(),
            };
            assert_eq!(zeroed.bytes, gets, "{uart:?}, {client:?}");
            // The port took every byte, so no counter of the driver's differs in kind.
            assert_eq!((zeroed.too_early, zeroed.read), (0, 9));
            let traffic = |outcome: &Outcome| {
                let names = midiuart::counters::NAMES.iter().zip(&outcome.counters);
                names
                    .filter(|(name, _)| !name.contains("interrupts"))
                    .map(|(_, value)| *value)
                    .collect::<Vec<_>>()
            };
            assert_eq!(traffic(&zeroed), traffic(&usual), "{uart:?}, {client:?}");
        }
    }
}

#[test]
fn stamps_in_the_header_silence_midisrvs_programs_alone() {
    for (uart, client) in pairs(UARTS, CLIENTS) {
        let config = windows(ReadCompletion::AsDocumented, StampOrigin::Header);
        let outcome = record(config, uart, client);
        let (gets, too_early) = match client {
            Client::MidiSrv => (Vec::new(), 9),
            Client::Wdmaud => (sent(), 0),
        };
        assert_eq!(outcome.bytes, gets, "{uart:?}, {client:?}");
        assert_eq!((outcome.too_early, outcome.read), (too_early, 9));
    }
}
