//! How busy the wire is kept, and how long the driver holds the processor, with every register access
//! charged at 1 µs.

use std::time::Duration;

use emulated_pc::hardware::chip::WireByte;
use emulated_pc::{LongestTimes, Pc};

use crate::music::{joined, mixed, notes, sysex};
use crate::stage::{
    CHIPS, CLIENTS, Client, Input, Opens, Plan, Stage, UARTS, Uart, ms, over, pairs, wire_time,
};

const SEEDS: u64 = 20;
/// Bytes of music for a measurement: three seconds.
const SONG: usize = 9000;

/// In an interrupt routine, under a spin lock, synchronised with an interrupt.
const SHORT: Duration = Duration::from_micros(25);
/// In `Write`, in a DPC, from raising the IRQL to lowering it.
const LONG: Duration = Duration::from_micros(100);

fn assert_within_budgets(longest: &LongestTimes) {
    let limits = [
        ("an interrupt routine", longest.interrupt_routine, SHORT),
        (
            "a synchronised routine",
            longest.synchronized_routine,
            SHORT,
        ),
        ("a spin lock", longest.spin_lock, SHORT),
        ("Write", longest.write, LONG),
        ("Read", longest.read, LONG),
    ];
    for (what, time, limit) in limits {
        assert!(time <= limit, "{what} took {time:?}: {longest:?}");
    }
}

/// The share of time in which the wire carried bits, from the first start bit to the last stop bit.
fn utilisation(sent: &[WireByte]) -> f64 {
    let (Some(first), Some(last)) = (sent.first(), sent.last()) else {
        return 0.0;
    };
    let busy: Duration = sent.iter().map(|byte| byte.end - byte.start).sum();
    busy.as_secs_f64() / (last.end - first.start).as_secs_f64()
}

/// The least share of a saturated wire.
const fn least_utilisation(uart: Uart) -> f64 {
    match uart {
        Uart::Ns16550 => 0.999,
        _ => 0.99,
    }
}

/// Messages of one kind that make a song.
fn songs(kind: usize, seed: u64) -> Vec<Vec<u8>> {
    match kind {
        0 => notes(SONG / 3),
        1 => vec![sysex(SONG)],
        _ => mixed(seed, SONG / 15),
    }
}

fn saturate(pc: &Pc, uart: Uart, client: Client, messages: &[Vec<u8>], receiving: bool) {
    let stage = Plan::new(uart).start(pc);
    let filter = stage.filter();
    let input = receiving.then(|| client.input(&filter));
    let output = client.output(&filter);
    if receiving {
        stage.device.far_end_send(&joined(messages));
    }
    output.send_all(messages);
    stage.finish(&output);
    let sent = stage.device.wire_sent();
    assert_eq!(sent.len(), joined(messages).len());
    let share = utilisation(&sent);
    assert!(
        share >= least_utilisation(uart),
        "the wire was used for {:.3} %",
        share * 100.0
    );
    output.close();
    input.map(Input::close);
    drop(filter);
    stage.take_down();
}

#[test]
fn the_wire_is_saturated_while_nothing_comes_in() {
    over(
        2,
        pairs(pairs(CHIPS, CLIENTS), [0, 1, 2]),
        |pc, ((uart, client), kind), seed| {
            saturate(pc, uart, client, &songs(kind, seed), false);
        },
    );
}

#[test]
fn the_wire_is_saturated_in_both_directions() {
    over(
        2,
        pairs(pairs(CHIPS, CLIENTS), [0, 1, 2]),
        |pc, ((uart, client), kind), seed| {
            saturate(pc, uart, client, &songs(kind, seed), true);
        },
    );
}

#[test]
fn the_loopback_goes_at_the_speed_of_midi() {
    over(3, CLIENTS, |pc, client, _| {
        let stage = Plan::new(Uart::Software).start(pc);
        let filter = stage.filter();
        let input = client.input(&filter);
        let output = client.output(&filter);
        let before = pc.now();
        output.send(&sysex(SONG));
        let total = SONG as u64;
        let limit = wire_time(SONG) * 101 / 100;
        assert!(
            pc.run_while_not(limit, || input.received_total() == total),
            "{} of {total} bytes",
            input.received_total()
        );
        assert!(pc.now() - before >= wire_time(SONG), "it is not faster");
        output.close();
        input.close();
        drop(filter);
        stage.take_down();
    });
}

/// Traffic in both directions with everything that streams go through.
fn busy_day(stage: &Stage, client: Client, seed: u64) {
    let filter = stage.filter();
    let output = client.output(&filter);
    let input = client.input(&filter);
    stage.device.far_end_send(&joined(&mixed(seed + 1, 150)));
    output.send_all(&mixed(seed, 150));
    output.send(&sysex(3000));
    stage.wait(150 + seed % 50);
    input.close();
    let input = client.input(&filter);
    stage.finish(&output);
    output.close();
    input.close();
}

#[test]
fn times_at_raised_irql_stay_within_their_budgets() {
    over(SEEDS, pairs(UARTS, CLIENTS), |pc, (uart, client), seed| {
        let stage = Plan::new(uart).start(pc);
        busy_day(&stage, client, seed);
        let longest = pc.longest_times();
        assert_within_budgets(&longest);
        assert!(longest.write > Duration::ZERO);
        stage.take_down();
        assert_within_budgets(&pc.longest_times());
    });
}

#[test]
fn times_stay_within_their_budgets_without_an_interrupt_and_with_odd_fifos() {
    const PLANS: [(Uart, &str); 7] = [
        (Uart::Mpu401, "no-interrupt"),
        (Uart::Mpu401, "fifo-64"),
        (Uart::Mpu401, "fifo-1"),
        (Uart::Mpu401, "busy-after-write"),
        (Uart::Ns16550, "no-interrupt"),
        (Uart::Ns16550, "fifo-64"),
        (Uart::Ns16550, "uart-16450"),
    ];
    over(
        SEEDS / 2,
        pairs(PLANS, CLIENTS),
        |pc, ((uart, quirk), client), seed| {
            let stage = Plan::with_quirks(uart, &[quirk])
                .number("FifoDepth", 64)
                .start(pc);
            busy_day(&stage, client, seed);
            stage.take_down();
            assert_within_budgets(&pc.longest_times());
        },
    );
}

#[test]
fn times_of_the_unpaced_loopback_stay_within_their_budgets() {
    over(SEEDS, CLIENTS, |pc, client, seed| {
        let stage = Plan::new(Uart::Software).number("Paced", 0).start(pc);
        busy_day(&stage, client, seed);
        stage.take_down();
        assert_within_budgets(&pc.longest_times());
    });
}

#[test]
fn own_deferred_work_and_raised_irql_stay_within_their_budgets() {
    // The port's DPCs are none of the driver's, and may call `Write` several times; a stream that is
    // written to directly shows what the driver itself adds.
    over(SEEDS, UARTS, |pc, uart, seed| {
        let stage = Plan::new(uart).start(pc);
        let filter = stage.filter();
        let output = Client::MidiSrv.output(&filter);
        let song = joined(&mixed(seed, 100));
        let mut rest = &song[..];
        stage.device.far_end_send(&song);
        while !rest.is_empty() {
            let (status, count) = crate::stage::write(pc, output.pin(), rest);
            assert_eq!(status, 0);
            rest = &rest[count..];
            pc.run_for(ms(1));
        }
        stage.wait(400);
        let longest = pc.longest_times();
        assert!(longest.dpc <= LONG, "a DPC took {:?}", longest.dpc);
        assert!(
            longest.raised_irql <= LONG,
            "the IRQL was raised for {:?}: {longest:?}",
            longest.raised_irql
        );
        output.close();
        drop(filter);
        stage.take_down();
    });
}
