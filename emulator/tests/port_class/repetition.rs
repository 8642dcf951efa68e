//! A seed decides everything.

use emulated_pc::clients::Client;

use crate::scenario::run_mpu401;
use crate::test_driver::{CAPTURE_PIN, Call, take_trace};

fn trace(seed: u64) -> Vec<Call> {
    run_mpu401(seed, |running| {
        // The answer to the commands that set the chip up is not for the client.
        running.wait(5);
        let filter = running.filter();
        let input = Client::MidiSrv
            .open_input(&filter, CAPTURE_PIN)
            .expect("the input opens");
        running.device.far_end_send(&[0x55; 200]);
        running.wait(100);
        assert_eq!(input.received_total(), 200);
        drop(input.close());
        drop(filter);
        running.take_down();
        take_trace()
    })
}

fn times_of(trace: &[Call], name: &str) -> Vec<u64> {
    let calls = trace.iter().filter(|call| call.name == name);
    calls.map(|call| call.time).collect()
}

#[test]
fn the_same_seed_repeats_a_run() {
    for seed in [1, 77] {
        assert_eq!(trace(seed), trace(seed));
    }
}

#[test]
fn other_seeds_move_interrupts_and_dpcs() {
    let (one, other) = (trace(1), trace(2));
    for name in ["interrupt", "Service"] {
        assert_ne!(times_of(&one, name), times_of(&other, name), "{name}");
    }
}
