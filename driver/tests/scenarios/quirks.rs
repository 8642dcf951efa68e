//! Every oddity that the emulated chips can have: music both ways, or the documented refusal.

use emulated_pc::hardware::quirk::{QUIRKS, Quirk, quirks_of};
use portcls::status::{STATUS_IO_DEVICE_ERROR, STATUS_NO_SUCH_DEVICE};
use portcls::types::NTSTATUS;

use crate::both_ways::both_ways;
use crate::music::{assert_same, mixed, sysex};
use crate::stage::{CHIPS, CLIENTS, Opens, Plan, Uart, counter, ms, over, pairs};

const SEEDS: u64 = 5;

/// Quirks that make a chip useless, and the status of the start.
const REFUSED: [(&str, NTSTATUS); 3] = [
    ("two-acks-lost", STATUS_IO_DEVICE_ERROR),
    ("stuck-ready", STATUS_NO_SUCH_DEVICE),
    ("line-status-ff", STATUS_NO_SUCH_DEVICE),
];
/// One that is found out only when somebody plays: outside of a write it looks like a busy chip.
const TAKES_NO_BYTE: &str = "stuck-busy";
/// Such chips work when the driver is told of them in the registry.
const NO_ACKNOWLEDGE: &str = "no-ack";

fn is_refused(name: &str) -> bool {
    REFUSED.iter().any(|(refused, _)| *refused == name)
}

/// Each chip with each of its quirks, as far as they leave it usable.
fn usable() -> Vec<(Uart, &'static str)> {
    CHIPS
        .into_iter()
        .flat_map(|uart| {
            let chip = uart.chip().expect("a chip");
            quirks_of(chip).map(move |quirk| (uart, quirk.name))
        })
        .filter(|(_, name)| !is_refused(name) && *name != TAKES_NO_BYTE)
        .collect()
}

fn plan(uart: Uart, quirks: &[&str]) -> Plan {
    let plan = Plan::with_quirks(uart, quirks);
    if quirks.contains(&NO_ACKNOWLEDGE) {
        plan.number("AcknowledgeExpected", 0)
    } else {
        plan
    }
}

#[test]
fn every_quirk_is_refused_or_usable_on_some_chip() {
    for Quirk { name, .. } in QUIRKS {
        let played = usable().iter().any(|(_, usable)| usable == name);
        assert!(
            played ^ is_refused(name) ^ (*name == TAKES_NO_BYTE),
            "{name}"
        );
    }
}

#[test]
fn mixed_streams_pass_both_ways_whatever_the_quirk() {
    over(
        SEEDS,
        pairs(usable(), CLIENTS),
        |pc, ((uart, quirk), client), seed| {
            let stage = plan(uart, &[quirk]).start(pc);
            both_ways(&stage, client, &mixed(seed, 60), "mixed");
            stage.take_down();
        },
    );
}

#[test]
fn mixed_streams_pass_both_ways_with_an_edge_triggered_interrupt() {
    over(
        2,
        pairs(usable(), CLIENTS),
        |pc, ((uart, quirk), client), seed| {
            let stage = plan(uart, &[quirk]).edge_triggered().start(pc);
            both_ways(&stage, client, &mixed(seed, 60), "mixed");
            stage.take_down();
        },
    );
}

#[test]
fn mixed_streams_pass_both_ways_with_registers_in_memory() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).in_memory().start(pc);
        both_ways(&stage, client, &mixed(seed, 60), "mixed");
        stage.take_down();
    });
}

#[test]
fn quirks_together() {
    const TOGETHER: [(Uart, &[&str]); 6] = [
        (Uart::Mpu401, &["fifo-1", "busy-after-write", "slow-reset"]),
        (Uart::Mpu401, &["ack-behind", "stale-bytes", "fifo-2"]),
        (Uart::Mpu401, &["no-ack", "reserved-bits", "no-interrupt"]),
        (Uart::Mpu401, &["ack-everything", "stale-bytes", "fifo-64"]),
        (Uart::Ns16550, &["uart-16450", "no-thre-reraise"]),
        (Uart::Ns16550, &["fifo-64", "no-interrupt"]),
    ];
    over(
        SEEDS,
        pairs(TOGETHER, CLIENTS),
        |pc, ((uart, quirks), client), seed| {
            let stage = plan(uart, quirks).start(pc);
            both_ways(&stage, client, &mixed(seed, 60), "mixed");
            stage.take_down();
        },
    );
}

#[test]
fn useless_chips_are_refused_at_the_start() {
    for (quirk, status) in REFUSED {
        for uart in CHIPS {
            let chip = uart.chip().expect("a chip");
            if quirks_of(chip).any(|known| known.name == quirk) {
                assert_eq!(
                    Plan::with_quirks(uart, &[quirk]).refusal(),
                    status,
                    "{uart:?} {quirk}"
                );
            }
        }
    }
}

#[test]
fn a_chip_without_acknowledgement_is_refused_unless_the_registry_tells_of_it() {
    let unexpected = Plan::with_quirks(Uart::Mpu401, &[NO_ACKNOWLEDGE]);
    assert_eq!(unexpected.refusal(), STATUS_IO_DEVICE_ERROR);
}

#[test]
fn a_chip_that_never_takes_a_byte_is_told_to_the_client() {
    over(SEEDS, CLIENTS, |pc, client, _| {
        let stage = Plan::with_quirks(Uart::Mpu401, &[TAKES_NO_BYTE]).start(pc);
        let filter = stage.filter();
        let output = client.output(&filter);
        output.send(&sysex(3000));
        assert!(pc.run_while_not(ms(500), || output.failures().0 > 0));
        assert_eq!(output.failures().1, Some(STATUS_IO_DEVICE_ERROR));
        assert!(counter(&filter, "deaths") >= 1);
        output.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn received_bytes_survive_lost_interrupts_when_there_is_time() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), seed| {
        let stage = plan(uart, &["lost-interrupts"]).edge_triggered().start(pc);
        let filter = stage.filter();
        let input = client.input(&filter);
        let messages = mixed(seed, 100);
        for message in messages.iter().filter(|message| message.len() < 10) {
            stage.device.far_end_send(message);
            stage.wait(7);
        }
        stage.wait(50);
        let expected: Vec<u8> = messages
            .iter()
            .filter(|message| message.len() < 10)
            .flatten()
            .copied()
            .collect();
        assert_same(&input.take(), &expected, "in");
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn without_an_interrupt_nothing_is_lost_in_either_direction() {
    over(SEEDS, pairs(CHIPS, CLIENTS), |pc, (uart, client), _| {
        let stage = plan(uart, &["no-interrupt"]).start(pc);
        both_ways(&stage, client, &[sysex(4000)], "4000 bytes");
        let filter = stage.filter();
        assert_eq!(counter(&filter, "interrupts"), 0);
        drop(filter);
        stage.take_down();
    });
}
