//! Chips that are late, stuck, busy or used by others: what has to hold, whatever the chip does.
//!
//! An MPU-401 on a shared line that takes no command and goes on receiving is not among them: it has no mask, and its
//! registers are out of reach after a stop.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use emulated_pc::hardware::chip::{Chip, Condition};
use emulated_pc::{FunctionalDevice, Pc, Removal, Trigger};
use midiuart::filter::{CAPTURE_PIN, REFERENCE_STRING, RENDER_PIN};
use portcls::ks::{KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::STATUS_SUCCESS;
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::altered::{
    BusyIsBusy, DeepFifoOnDemand, LateAcknowledge, StuckLineStatus, UsedByFirmware, start,
};
use crate::music::{assert_same, sysex};
use crate::stage::{
    CHIPS, Client, Opens, Plan, Stage, Uart, counter, ms, notify_power, over_seeds, run_with,
    seeded, set_stream_state, write,
};

/// Longer than the tick of the clock, and shorter than the driver's own patience with a reset (25 ms).
const LATE: Duration = Duration::from_millis(20);

fn goes_and_its_acknowledgement_is_late(go: fn(&FunctionalDevice), shared: bool) {
    run_with(seeded(1), |pc| {
        let stage = start(pc, LateAcknowledge::chip(LATE), Some(Trigger::Level), &[]);
        let neighbour = shared.then(|| {
            let device = Plan::new(Uart::Ns16550).plug_on_line_of(pc, &stage.device);
            let function = stage.driver.add_device(&device).expect("it is added");
            assert_eq!(function.start(), STATUS_SUCCESS);
            (device, function)
        });
        stage.wait(50);
        go(&stage.function);
        stage.wait(100);
        if let Some((device, function)) = neighbour {
            let filter = function.open_filter(REFERENCE_STRING).expect("it opens");
            let input = Client::Wdmaud.input(&filter);
            device.far_end_send(&[0x90, 0x40, 0x7F]);
            stage.wait(60);
            assert_eq!(input.take(), [0x90, 0x40, 0x7F], "the neighbour");
            input.close();
            drop(filter);
            assert_eq!(function.remove(), STATUS_SUCCESS);
        }
        stage.take_down();
    });
}

#[test]
fn a_late_acknowledgement_of_going_to_sleep_raises_no_storm() {
    let sleep = |function: &FunctionalDevice| {
        assert_eq!(function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
    };
    goes_and_its_acknowledgement_is_late(sleep, false);
}

#[test]
fn a_late_acknowledgement_of_a_stop_raises_no_storm_on_a_shared_line() {
    let stop = |function: &FunctionalDevice| assert_eq!(function.stop(), STATUS_SUCCESS);
    goes_and_its_acknowledgement_is_late(stop, true);
}

#[test]
fn a_late_acknowledgement_of_a_surprise_removal_raises_no_storm_on_a_shared_line() {
    let surprise = |function: &FunctionalDevice| {
        let removal = Removal::HardwareStillThere;
        assert_eq!(function.surprise_remove_as(removal), STATUS_SUCCESS);
    };
    goes_and_its_acknowledgement_is_late(surprise, true);
}

#[test]
fn a_late_acknowledgement_of_uart_mode_is_none_of_the_music() {
    over_seeds(5, |pc, _| {
        let stage = start(pc, LateAcknowledge::chip(LATE), Some(Trigger::Edge), &[]);
        let filter = stage.filter();
        let input = Client::Wdmaud.input(&filter);
        stage.wait(50);
        let _ = input.take();
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        stage.wait(100);
        assert_eq!(input.take(), [], "the far end has sent nothing");
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn a_chip_that_is_too_busy_for_a_reset_raises_no_storm_asleep() {
    // What goes out meanwhile makes room in the FIFO at some moments.
    for seed in 1..=20 {
        run_with(seeded(seed), |pc| {
            let numbers = [("TransmitRingBytes", 4096), ("PollPeriodMicroseconds", 500)];
            let stage = start(pc, BusyIsBusy::chip(), Some(Trigger::Level), &numbers);
            let filter = stage.filter();
            let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
            assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
            stage.wait(seed);
            let song = sysex(4000);
            assert_eq!(write(pc, &pin, &song), (STATUS_SUCCESS, song.len()));
            assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
            stage.device.receive_now(&[0xF8]);
            stage.wait(200);
            drop(pin);
            drop(filter);
            stage.take_down();
        });
    }
}

/// The output of such a chip is stuck, and with it the way for commands; its input works.
#[test]
fn a_chip_whose_output_is_stuck_raises_no_storm_asleep() {
    run_with(seeded(1), |pc| {
        let stage = Plan::new(Uart::Mpu401).start(pc);
        stage.device.set_condition(Condition::Dead);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        stage.device.receive_now(&[0xF8]);
        stage.wait(200);
        stage.take_down();
    });
}

#[test]
fn a_chip_that_firmware_has_used_raises_no_storm_before_it_wakes() {
    run_with(seeded(1), |pc| {
        let stage = start(pc, UsedByFirmware::chip(), Some(Trigger::Level), &[]);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        // Until the driver hears of it, a millisecond or more passes on a real machine.
        stage
            .device
            .with_chip(|chip: &mut dyn Chip| chip.power_cycle(pc.now()));
        stage.wait(200);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        stage.take_down();
    });
}

#[test]
fn stuck_data_ready_raises_no_storm() {
    run_with(seeded(1), |pc| {
        let stuck = Rc::new(Cell::new(false));
        let stage = start(
            pc,
            StuckLineStatus::data_ready(&stuck),
            Some(Trigger::Level),
            &[],
        );
        let filter = stage.filter();
        let input = Client::Wdmaud.input(&filter);
        stage.wait(20);
        stuck.set(true);
        stage.device.with_chip(|_| ());
        stage.wait(1000);
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn stuck_data_ready_is_not_music() {
    run_with(seeded(1), |pc| {
        let stuck = Rc::new(Cell::new(false));
        let stage = start(pc, StuckLineStatus::data_ready(&stuck), None, &[]);
        let filter = stage.filter();
        let input = Client::Wdmaud.input(&filter);
        stage.wait(20);
        stuck.set(true);
        stage.wait(1000);
        let received = counter(&filter, "bytes_received");
        // 3125 can come over the wire in a second; no more than a FIFO or two of them are taken for music.
        assert!(
            received <= 256,
            "{received} bytes were received from nowhere"
        );
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn what_was_accepted_goes_out_before_sleep_from_a_deep_fifo() {
    over_seeds(5, |pc, seed| {
        let stage = Plan::with_quirks(Uart::Mpu401, &["fifo-64"]).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.wait(seed * 3);
        let song = sysex(200);
        assert_eq!(write(pc, &pin, &song), (STATUS_SUCCESS, song.len()));
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        assert_same(&stage.wire(), &song, "the wire when the device sleeps");
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn a_deep_fifo_that_was_full_once_is_caught_up_with_on_an_edge_triggered_line() {
    over_seeds(3, |pc, _| {
        let stage = Plan::with_quirks(Uart::Mpu401, &["fifo-64"])
            .edge_triggered()
            .start(pc);
        let filter = stage.filter();
        let input = Client::Wdmaud.input(&filter);
        stage.wait(50);
        // The interrupt was held up for 20 ms, once.
        let first = sysex(64);
        stage.device.receive_now(&first);
        let song = sysex(2000);
        let heard = stage.far_end_plays(&song, &input);
        assert_same(&heard, &[first, song].concat(), "what came in");
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn a_stream_that_is_brought_to_run_again_runs() {
    over_seeds(1, |pc, _| {
        let stage = Plan::new(Uart::Mpu401).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        notify_power(&stage, POWER_DEVICE_D3);
        notify_power(&stage, POWER_DEVICE_D0);
        let status = set_stream_state(&pin, KSSTATE_RUN);
        assert_eq!(status, STATUS_SUCCESS, "it says that it runs");
        assert_eq!(write(pc, &pin, &[0xF8]), (STATUS_SUCCESS, 1));
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn a_stop_waits_for_a_slow_line_no_longer_than_it_says() {
    run_with(seeded(1), |pc| {
        let stage = Plan::new(Uart::Ns16550)
            .number("BaudRate", 1200)
            .number("TransmitRingBytes", 65_536)
            .start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        assert_eq!(write(pc, &pin, &sysex(4000)).0, STATUS_SUCCESS);
        let before = pc.now();
        assert_eq!(stage.function.remove(), STATUS_SUCCESS);
        let lasted = pc.now() - before;
        // 400 ms, and a few ticks of the clock.
        assert!(lasted <= ms(400 + 4 * 16), "{lasted:?}");
        drop(pin);
        drop(filter);
        stage.unload();
    });
}

#[test]
fn fifos_of_64_bytes_are_switched_on_where_they_are_used() {
    run_with(seeded(1), |pc: &Pc| {
        let deep = Rc::new(Cell::new(false));
        let numbers = [("FifoDepth", 64)];
        let chip = DeepFifoOnDemand::chip(&deep);
        let stage = start(pc, chip, Some(Trigger::Level), &numbers);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        let song = sysex(200);
        assert_eq!(write(pc, &pin, &song), (STATUS_SUCCESS, song.len()));
        stage.wait(200);
        assert!(deep.get(), "64 bytes at a time are sent to FIFOs of 16");
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn a_stuck_line_error_raises_no_storm() {
    run_with(seeded(1), |pc| {
        let stuck = Rc::new(Cell::new(false));
        let stage = start(
            pc,
            StuckLineStatus::overrun(&stuck),
            Some(Trigger::Level),
            &[],
        );
        stage.wait(20);
        stuck.set(true);
        stage.device.with_chip(|_| ());
        stage.wait(1000);
        stage.take_down();
    });
}

#[test]
fn what_comes_in_as_a_stream_begins_to_run_is_read_without_delay() {
    for uart in CHIPS {
        let mut call = 1;
        loop {
            let reached = run_with(seeded(1), |pc| {
                let stage = Plan::new(uart).start(pc);
                let filter = stage.filter();
                let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
                pin.submit_read(1000);
                let device = stage.device.clone();
                let before = pc.calls();
                pc.at_call(call, move || device.receive_now(&[0x90, 0x40, 0x7F]));
                assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
                let reached = pc.calls() - before >= call;
                pc.run_for(ms(5));
                let received = counter(&filter, "bytes_received");
                let unheard = counter(&filter, "bytes_unheard");
                let read = pin.statistics().bytes_read;
                assert_eq!(
                    u64::from(received - unheard.min(received)),
                    read,
                    "{uart:?}, call {call}: of {received} bytes {unheard} are old"
                );
                drop(pin);
                drop(filter);
                stage.take_down();
                reached
            });
            if !reached {
                break;
            }
            call += 1;
        }
        assert!(call > 5);
    }
}

#[test]
fn registers_that_read_zero_are_not_music() {
    run_with(seeded(1), |pc| {
        let stage = Plan::new(Uart::Mpu401).start(pc);
        let filter = stage.filter();
        let input = Client::Wdmaud.input(&filter);
        stage.wait(20);
        stage.device.set_condition(Condition::ReadsZero);
        stage.wait(1000);
        assert_eq!(input.take(), [], "from a card that is gone");
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn bytes_for_registers_that_read_zero_are_not_counted_as_sent() {
    run_with(seeded(1), |pc| {
        let stage = Plan::new(Uart::Mpu401).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.device.set_condition(Condition::ReadsZero);
        assert_eq!(write(pc, &pin, &sysex(600)).0, STATUS_SUCCESS);
        stage.wait(1000);
        let sent = counter(&filter, "bytes_sent") as usize;
        assert_eq!(sent, stage.wire().len(), "said to be sent, and on the wire");
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

/// What is called directly, without the port's locks: a stream is brought to RUN while power goes and comes.
#[test]
fn a_stream_that_was_brought_to_run_while_power_went_works_when_power_is_back() {
    for uart in CHIPS {
        emulated_pc::beside::explore(|point| {
            emulated_pc::boot(seeded(1), |pc| {
                let stage = Plan::new(uart).start(pc);
                let filter = stage.filter();
                let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
                let reached = emulated_pc::beside::race(
                    pc,
                    point,
                    ("run", || {
                        let _ = set_stream_state(&pin, KSSTATE_RUN);
                    }),
                    ("power", || {
                        notify_power(&stage, POWER_DEVICE_D3);
                        notify_power(&stage, POWER_DEVICE_D0);
                    }),
                );
                stage.wait(100);
                assert_eq!(
                    set_stream_state(&pin, KSSTATE_RUN),
                    STATUS_SUCCESS,
                    "{uart:?}"
                );
                let written = write(pc, &pin, &[0xF8]);
                assert_eq!(written, (STATUS_SUCCESS, 1), "{uart:?}");
                assert_eq!(set_stream_state(&pin, KSSTATE_STOP), STATUS_SUCCESS);
                drop(pin);
                drop(filter);
                stage.take_down();
                reached
            })
        });
    }
}

/// What a port may call that does not lock streams and power against each other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Sleep,
    Wake,
    Nap,
    Run,
    Pause,
    Stop,
}

impl Call {
    fn make(self, stage: &Stage, pin: &emulated_pc::Pin) {
        match self {
            Self::Sleep => notify_power(stage, POWER_DEVICE_D3),
            Self::Wake => notify_power(stage, POWER_DEVICE_D0),
            Self::Nap => {
                notify_power(stage, POWER_DEVICE_D3);
                notify_power(stage, POWER_DEVICE_D0);
            }
            Self::Run => drop(set_stream_state(pin, KSSTATE_RUN)),
            Self::Pause => drop(set_stream_state(pin, KSSTATE_PAUSE)),
            Self::Stop => drop(set_stream_state(pin, KSSTATE_STOP)),
        }
    }
}

#[test]
fn streams_beside_power_without_the_ports_locks_work_when_they_are_run_again() {
    use Call::{Nap, Pause, Run, Sleep, Stop, Wake};
    for uart in CHIPS {
        for id in [RENDER_PIN, CAPTURE_PIN] {
            for runs_before in [false, true] {
                for first in [Sleep, Wake, Nap, Run, Pause, Stop] {
                    for second in [Sleep, Wake, Nap, Run, Pause, Stop] {
                        emulated_pc::beside::explore(|point| {
                            emulated_pc::boot(seeded(1), |pc| {
                                let stage = Plan::new(uart).start(pc);
                                let filter = stage.filter();
                                let pin = filter.open_pin(id).expect("the pin opens");
                                if runs_before {
                                    assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
                                }
                                let reached = emulated_pc::beside::race(
                                    pc,
                                    point,
                                    ("first", || first.make(&stage, &pin)),
                                    ("second", || second.make(&stage, &pin)),
                                );
                                let what = format!("{uart:?} {id} {first:?} {second:?}");
                                stage.wait(50);
                                notify_power(&stage, POWER_DEVICE_D0);
                                assert_eq!(set_stream_state(&pin, KSSTATE_STOP), STATUS_SUCCESS);
                                assert_eq!(set_stream_state(&pin, KSSTATE_RUN), STATUS_SUCCESS);
                                if id == RENDER_PIN {
                                    let written = write(pc, &pin, &[0xF8]);
                                    assert_eq!(written, (STATUS_SUCCESS, 1), "{what}");
                                } else {
                                    let unheard = counter(&filter, "bytes_unheard");
                                    let received = counter(&filter, "bytes_received");
                                    stage.device.receive_now(&[0x90, 1, 2]);
                                    stage.wait(50);
                                    let heard = counter(&filter, "bytes_received") - received;
                                    assert_eq!(heard, 3, "{what}: deaf");
                                    let more = counter(&filter, "bytes_unheard") - unheard;
                                    assert_eq!(more, 0, "{what}: deaf");
                                }
                                assert_eq!(set_stream_state(&pin, KSSTATE_STOP), STATUS_SUCCESS);
                                drop(pin);
                                drop(filter);
                                stage.take_down();
                                reached
                            })
                        });
                    }
                }
            }
        }
    }
}
