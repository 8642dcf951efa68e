//! A write that succeeds takes all bytes, or a smaller multiple of four.

use std::time::Duration;

use emulated_pc::{Config, Pc};
use midiuart::transmitter::bytes_to_take;
use portcls::status::STATUS_SUCCESS;
use proptest::prelude::*;

use crate::bench::pattern;
use crate::rig::{ALL, Kind, Plan, boot_with, running_output, time_for, wire, write};

fn follows_the_rule(taken: usize, length: usize) -> bool {
    taken == length || (taken < length && taken.is_multiple_of(4))
}

/// Writes as the port never would: any lengths at any times; returns what was asked for and taken.
fn write_at_random(pc: &Pc, plan: &Plan, calls: &[(usize, u64)]) -> Vec<(usize, usize)> {
    let rig = plan.start(pc);
    let filter = rig.filter();
    let output = running_output(&filter);
    let stream = output.stream();
    let mut counts = Vec::new();
    let mut accepted = Vec::new();
    for (length, wait) in calls {
        let bytes = pattern(*length);
        let (status, taken) = write(pc, &stream, &bytes);
        assert_eq!(status, STATUS_SUCCESS);
        counts.push((*length, taken as usize));
        accepted.extend(&bytes[..taken as usize]);
        pc.run_for(Duration::from_micros(*wait));
    }
    if !matches!(plan.kind, Kind::Software | Kind::UnpacedSoftware) {
        pc.run_for(time_for(accepted.len()));
        assert_eq!(wire(&rig.device), accepted);
    }
    drop((stream, output, filter));
    rig.unload();
    counts
}

proptest! {
    #[test]
    fn any_length_and_any_room(length in 0_usize..10_000, room in 0_usize..10_000) {
        let taken = bytes_to_take(length, room);
        prop_assert!(follows_the_rule(taken, length));
        prop_assert!(taken <= room);
        // No more than three bytes of room are left unused.
        prop_assert!(taken == length || room - taken < 4);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_device_at_any_time(
        kind in prop::sample::select(ALL.to_vec()),
        ring in 64_u32..300,
        seed in any::<u64>(),
        calls in prop::collection::vec((0_usize..200, 0_u64..4_000), 1..40),
    ) {
        let plan = Plan::new(kind).parameter("TransmitRingBytes", ring);
        let config = Config { seed, ..Config::default() };
        let counts = boot_with(config, |pc| write_at_random(pc, &plan, &calls));
        for (length, taken) in counts {
            prop_assert!(follows_the_rule(taken, length), "{} of {}", taken, length);
        }
    }
}
