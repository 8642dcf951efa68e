//! Busy is not dead: a UART is given up after 100 writes that come to nothing, or 470 ms.

use std::time::Duration;

use emulated_pc::Pc;
use emulated_pc::clients::Client;
use emulated_pc::hardware::chip::Condition;
use midiuart::counters::Counters;
use midiuart::filter::RENDER_PIN;
use midiuart::kernel::clock::{InterruptTime, MICROSECOND, MILLISECOND};
use midiuart::ring::{Ring, Storage};
use midiuart::transmitter::{BUSY_WRITE_SPACING, BUSY_WRITES, DEAD_AFTER, Transmitter};
use portcls::com::ComPtr;
use portcls::interfaces::IMiniportMidiStream;
use portcls::ks::{KSSTATE_PAUSE, KSSTATE_RUN};
use portcls::status::{STATUS_IO_DEVICE_ERROR, STATUS_SUCCESS};

use crate::bench::{pattern, ring};
use crate::rig::{
    CHIPS, Kind, Plan, boot, counter, running_input, running_output, time_for, wire, write,
};

const _: () = assert!(BUSY_WRITES == 100);

/// Bytes that wait, and a transmitter that watches them.
struct Watch<S: Storage> {
    transmitter: Transmitter,
    ring: Ring<S>,
    counters: Counters,
    now: InterruptTime,
}

fn watch() -> Watch<impl Storage> {
    let ring = ring(16);
    ring.put(&[0x90; 16]);
    Watch {
        transmitter: Transmitter::default(),
        ring,
        counters: Counters::default(),
        now: 5_000,
    }
}

impl<S: Storage> Watch<S> {
    /// Busy writes a millisecond apart; returns after how many the UART was found dead.
    fn busy_writes(&mut self, most: u32) -> Option<u32> {
        (1..=most).find(|_| {
            self.now += MILLISECOND;
            self.transmitter
                .busy_write(&self.ring, self.now, &self.counters)
        })
    }

    fn turn(&mut self, sent: u32) -> bool {
        self.transmitter
            .turn_over(sent, &self.ring, self.now, &self.counters)
    }
}

#[test]
fn ninety_nine_busy_writes_and_progress_are_no_death_however_often() {
    let mut watch = watch();
    for _ in 0..20 {
        assert_eq!(watch.busy_writes(99), None);
        assert!(!watch.turn(1));
    }
    assert_eq!(watch.counters.deaths.get(), 0);
    assert!(!watch.transmitter.tell_death());
}

#[test]
fn a_hundred_busy_writes_are_a_death() {
    let mut watch = watch();
    assert_eq!(watch.busy_writes(1000), Some(100));
    assert_eq!(watch.counters.deaths.get(), 1);
    assert_eq!(watch.counters.bytes_discarded.get(), 16);
    assert!(watch.ring.is_empty());
}

#[test]
fn a_death_is_told_once() {
    let mut watch = watch();
    watch.busy_writes(100);
    assert!(watch.transmitter.tell_death());
    assert!(!watch.transmitter.tell_death());
}

#[test]
fn the_count_starts_afresh_after_a_death() {
    let mut watch = watch();
    assert_eq!(watch.busy_writes(1000), Some(100));
    watch.ring.put(&[0x90; 16]);
    assert_eq!(watch.busy_writes(1000), Some(100));
    assert_eq!(watch.counters.deaths.get(), 2);
}

#[test]
fn writes_in_a_tight_loop_count_as_one() {
    let mut watch = watch();
    for _ in 0..10_000 {
        watch.now += BUSY_WRITE_SPACING / 1_000;
        let died = watch
            .transmitter
            .busy_write(&watch.ring, watch.now, &watch.counters);
        assert!(!died);
    }
}

#[test]
fn bytes_that_wait_without_progress_for_470_ms_are_a_death() {
    assert_eq!(DEAD_AFTER, 470 * MILLISECOND);
    let mut watch = watch();
    assert!(!watch.turn(0));
    watch.now += 470 * MILLISECOND - MICROSECOND;
    assert!(!watch.turn(0));
    watch.now += MICROSECOND;
    assert!(watch.turn(0));
    assert!(watch.ring.is_empty());
    assert!(watch.transmitter.tell_death());
}

#[test]
fn progress_starts_the_time_afresh() {
    let mut watch = watch();
    for _ in 0..10 {
        assert!(!watch.turn(0));
        watch.now += 469 * MILLISECOND;
        assert!(!watch.turn(1));
    }
}

#[test]
fn a_uart_that_has_nothing_to_send_is_not_dead() {
    let mut watch = watch();
    assert!(!watch.turn(0));
    watch.ring.clear();
    watch.now += 469 * MILLISECOND;
    assert!(!watch.turn(0));
    watch.now += 1_000 * MILLISECOND;
    watch.ring.put(&[0x90]);
    assert!(!watch.turn(0), "the time counts from when bytes wait");
    watch.now += 469 * MILLISECOND;
    assert!(!watch.turn(0));
}

#[test]
fn a_chip_that_is_missing_is_dead_if_bytes_wait() {
    let mut watch = watch();
    let counters = &watch.counters;
    assert!(watch.transmitter.chip_is_missing(&watch.ring, counters));
    assert!(watch.transmitter.tell_death());
    assert!(!watch.transmitter.chip_is_missing(&watch.ring, counters));
    assert!(!watch.transmitter.tell_death(), "nothing waited");
    assert_eq!(watch.counters.missing_chip.get(), 2);
}

// --- on the PC -------------------------------------------------------------------------------------

/// Fills the ring of a dead chip, and writes each millisecond until something else comes than
/// busy; returns how many writes were busy, and what came.
fn busy_until(pc: &Pc, stream: &ComPtr<IMiniportMidiStream>) -> (u32, (i32, u32)) {
    let mut busy = 0;
    loop {
        match write(pc, stream, &[0x90, 0x40, 0x7F]) {
            (STATUS_SUCCESS, 0) => busy += 1,
            other => return (busy, other),
        }
        assert!(busy < 1_000, "busy for ever");
        pc.run_for(Duration::from_millis(1));
    }
}

#[test]
fn the_hundredth_busy_write_fails_and_the_next_is_fresh() {
    for kind in CHIPS {
        boot(|pc| {
            let rig = Plan::new(kind).parameter("TransmitRingBytes", 64).start(pc);
            let filter = rig.filter();
            let output = running_output(&filter);
            let stream = output.stream();
            rig.device.set_condition(Condition::Dead);
            for deaths in 1..=3 {
                assert_eq!(write(pc, &stream, &pattern(64)), (STATUS_SUCCESS, 64));
                let (busy, ending) = busy_until(pc, &stream);
                assert_eq!(busy, 99, "{kind:?}");
                assert_eq!(ending, (STATUS_IO_DEVICE_ERROR, 0), "{kind:?}");
                assert_eq!(counter(&filter, "deaths"), deaths);
                assert_eq!(counter(&filter, "bytes_discarded"), 64 * deaths);
            }
            drop((stream, output, filter));
            rig.unload();
        });
    }
}

#[test]
fn busy_ninety_nine_times_then_progress_is_no_error() {
    for kind in CHIPS {
        boot(|pc| {
            let rig = Plan::new(kind).parameter("TransmitRingBytes", 64).start(pc);
            let filter = rig.filter();
            let output = running_output(&filter);
            let stream = output.stream();
            for _ in 0..3 {
                rig.device.set_condition(Condition::Dead);
                while write(pc, &stream, &[0xF8; 4]).1 > 0 {}
                for _ in 0..98 {
                    pc.run_for(Duration::from_millis(1));
                    assert_eq!(write(pc, &stream, &[0xF8; 4]), (STATUS_SUCCESS, 0));
                }
                rig.device.set_condition(Condition::Healthy);
                pc.run_for(time_for(100));
                assert_eq!(write(pc, &stream, &[0xF8; 4]), (STATUS_SUCCESS, 4));
            }
            assert_eq!(counter(&filter, "deaths"), 0, "{kind:?}");
            drop((stream, output, filter));
            rig.unload();
        });
    }
}

#[test]
fn a_device_that_died_while_nobody_wrote_tells_the_next_write_once() {
    for kind in CHIPS {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let output = running_output(&filter);
            let stream = output.stream();
            rig.device.set_condition(Condition::Dead);
            assert_eq!(write(pc, &stream, &pattern(40)), (STATUS_SUCCESS, 40));
            pc.run_for(Duration::from_millis(500));
            assert_eq!(counter(&filter, "deaths"), 1, "{kind:?}");
            assert_eq!(write(pc, &stream, &[0xF8]), (STATUS_IO_DEVICE_ERROR, 0));
            assert_eq!(write(pc, &stream, &[0xF8]), (STATUS_SUCCESS, 1));
            drop((stream, output, filter));
            rig.unload();
        });
    }
}

#[test]
fn a_dead_device_that_was_mended_is_set_up_again_before_it_runs() {
    for kind in CHIPS {
        boot(|pc| {
            let rig = Plan::new(kind).start(pc);
            let filter = rig.filter();
            let output = running_output(&filter);
            let stream = output.stream();
            rig.device.set_condition(Condition::Dead);
            assert_eq!(write(pc, &stream, &pattern(40)), (STATUS_SUCCESS, 40));
            pc.run_for(Duration::from_millis(500));
            assert_eq!(write(pc, &stream, &[0xF8]).0, STATUS_IO_DEVICE_ERROR);
            rig.device.set_condition(Condition::Healthy);
            assert_eq!(output.set_state(KSSTATE_PAUSE), STATUS_SUCCESS);
            pc.run_for(Duration::from_millis(20));
            let _ = wire(&rig.device);
            assert_eq!(output.set_state(KSSTATE_RUN), STATUS_SUCCESS);
            assert_eq!(counter(&filter, "revivals"), 1, "{kind:?}");
            assert_eq!(write(pc, &stream, &pattern(40)), (STATUS_SUCCESS, 40));
            pc.run_for(time_for(40));
            assert_eq!(wire(&rig.device), pattern(40), "{kind:?}");
            drop((stream, output, filter));
            rig.unload();
        });
    }
}

#[test]
fn midisrv_hears_of_a_dead_device_long_before_it_gives_up() {
    for kind in CHIPS {
        boot(|pc| {
            let rig = Plan::new(kind).parameter("TransmitRingBytes", 64).start(pc);
            let filter = rig.filter();
            let output = Client::MidiSrv
                .open_output(&filter, RENDER_PIN)
                .expect("the pin opens");
            rig.device.set_condition(Condition::Dead);
            for _ in 0..50 {
                output.send(&[0x90, 0x40, 0x7F]);
            }
            pc.run_for(Duration::from_secs(1));
            let (failures, status) = output.failures();
            assert!(failures > 0, "{kind:?}");
            assert_eq!(status, Some(STATUS_IO_DEVICE_ERROR));
            pc.run_for(Duration::from_secs(20));
            assert_eq!((output.timeouts(), output.leaked_requests()), (0, 0));
            assert!(!output.is_disabled());
            assert_eq!(output.pin().statistics().stalls, 0);
            output.close();
            drop(filter);
            rig.unload();
        });
    }
}

#[test]
fn a_healthy_wire_under_full_load_is_never_found_dead() {
    for kind in CHIPS {
        boot(|pc| {
            let rig = Plan::new(kind).parameter("TransmitRingBytes", 64).start(pc);
            let filter = rig.filter();
            let output = running_output(&filter);
            let stream = output.stream();
            let mut written = 0;
            for _ in 0..2_000 {
                let (status, taken) = write(pc, &stream, &[0xF8; 16]);
                assert_eq!(status, STATUS_SUCCESS, "{kind:?}");
                written += u64::from(taken);
                pc.run_for(Duration::from_millis(1));
            }
            pc.run_for(time_for(100));
            assert_eq!(rig.device.wire_sent_total(), written);
            assert!(
                written > 6_000,
                "{kind:?}: the wire carries 6250 bytes in 2 s"
            );
            assert_eq!(counter(&filter, "deaths"), 0);
            drop((stream, output, filter));
            rig.unload();
        });
    }
}

#[test]
fn a_reader_that_stalls_does_not_kill_the_unpaced_software_uart() {
    boot(|pc| {
        let rig = Plan::new(Kind::UnpacedSoftware)
            .parameter("TransmitRingBytes", 64)
            .parameter("ReceiveRingBytes", 256)
            .start(pc);
        let filter = rig.filter();
        let (input, output) = (running_input(&filter), running_output(&filter));
        let (reader, writer) = (input.stream(), output.stream());
        // The processor never gets below DISPATCH_LEVEL, so nobody reads.
        let statuses = pc.at_dispatch(|| {
            let mut statuses = Vec::new();
            // Both rings are full before any time passes.
            while write(pc, &writer, &[0xF8; 16]).1 > 0 {}
            for _ in 0..400 {
                statuses.push(write(pc, &writer, &[0xF8; 16]).0);
                pc.run_for(Duration::from_millis(1));
            }
            statuses
        });
        assert!(statuses.iter().all(|status| *status == STATUS_SUCCESS));
        assert_eq!(counter(&filter, "deaths"), 0);
        assert!(counter(&filter, "receive_overflows") > 0);
        drop((reader, writer, input, output, filter));
        rig.unload();
    });
}
