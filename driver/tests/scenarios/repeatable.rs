//! The same seed gives the same run, to the nanosecond; another seed gives another.

use emulated_pc::hardware::chip::WireByte;
use emulated_pc::{LongestTimes, PinStatistics};

use crate::music::{joined, mixed};
use crate::stage::{Client, Opens, Plan, UARTS, Uart, all_counters, run_with, seeded};

/// All that can be seen of a run.
#[derive(Debug, PartialEq)]
struct Trace {
    wire: Vec<WireByte>,
    heard: Vec<u8>,
    output: PinStatistics,
    input: PinStatistics,
    counters: Vec<u32>,
    longest: LongestTimes,
    allocations: u64,
    ended: u64,
}

fn trace(uart: Uart, client: Client, seed: u64) -> Trace {
    run_with(seeded(seed), |pc| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        let input = client.input(&filter);
        // The music is the same for all seeds.
        stage.device.far_end_send(&joined(&mixed(1, 200)));
        output.send_all(&mixed(2, 300));
        stage.finish(&output);
        let mut trace = Trace {
            wire: stage.device.wire_sent(),
            heard: input.take(),
            output: output.statistics(),
            input: input.pin().statistics(),
            counters: all_counters(&filter),
            longest: pc.longest_times(),
            allocations: pc.pool_allocations(),
            ended: 0,
        };
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
        trace.ended = pc.now().as_nanos();
        trace
    })
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for uart in UARTS {
        for client in [Client::MidiSrv, Client::Wdmaud] {
            for seed in 1..=5 {
                let (one, other) = (trace(uart, client, seed), trace(uart, client, seed));
                assert!(
                    one == other,
                    "{uart:?} {client:?} seed {seed} gave two traces"
                );
            }
        }
    }
}

#[test]
fn another_seed_gives_another_timing_and_the_same_music() {
    for uart in UARTS {
        let (one, other) = (
            trace(uart, Client::MidiSrv, 1),
            trace(uart, Client::MidiSrv, 2),
        );
        assert_eq!(one.heard, other.heard, "{uart:?}");
        let values =
            |trace: &Trace| -> Vec<u8> { trace.wire.iter().map(|byte| byte.value).collect() };
        assert_eq!(values(&one), values(&other), "{uart:?}");
        assert_ne!(
            (one.ended, one.input, one.wire),
            (other.ended, other.input, other.wire),
            "{uart:?}"
        );
    }
}
