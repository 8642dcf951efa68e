//! What has to hold of chips that work, or work again, whatever the driver suspected of them.

use std::cell::Cell;
use std::rc::Rc;

use emulated_pc::Trigger;
use emulated_pc::hardware::chip::{Chip, Condition};
use emulated_pc::hardware::mpu401::{Mpu401, STATUS_COMMAND_REGISTER, STATUS_INPUT_EMPTY};
use emulated_pc::hardware::quirk::{ChipKind, options_for};
use emulated_pc::time::Instant;
use midiuart::filter::{CAPTURE_PIN, RENDER_PIN};
use portcls::ks::{KSSTATE_RUN, KSSTATE_STOP};
use portcls::status::STATUS_SUCCESS;
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};

use crate::altered::{Altered, Oddity, StuckLineStatus, start};
use crate::music::sysex;
use crate::stage::{
    CHIPS, Client, Opens, Plan, Uart, counter, notify_power, run_with, seeded, set_stream_state,
    write,
};

fn mpu401(quirks: &[&str]) -> Mpu401 {
    let options = options_for(ChipKind::Mpu401, quirks).expect("such quirks");
    Mpu401::new(options.mpu401)
}

/// A receive FIFO of 64 bytes that is always full, as no client listens and no interrupt empties it: each write
/// reads a part of it only.
#[test]
fn a_full_receive_fifo_does_not_stop_music_on_its_way_out() {
    run_with(seeded(1), |pc| {
        let stage = start(pc, mpu401(&["fifo-64"]), None, &[]);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.device.far_end_send(&sysex(4000));
        stage.wait(30);
        let note = [0x90, 0x40, 0x7F];
        for number in 0..40 {
            let written = write(pc, &pin, &note);
            assert_eq!(written, (STATUS_SUCCESS, 3), "note {number}");
            stage.wait(20);
        }
        assert_eq!(stage.wire().len(), 120);
        assert_eq!(counter(&filter, "deaths"), 0);
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

/// Nine bytes are what an interrupt routine reads before its budget ends; with the tenth look it sees that there is
/// no more.
fn bursts_of(bytes: &[u8], uart: Uart, trigger: Trigger) {
    run_with(seeded(1), |pc| {
        let plan = match uart {
            Uart::Mpu401 => Plan::with_quirks(uart, &["fifo-64"]),
            _ => Plan::new(uart),
        };
        let plan = match trigger {
            Trigger::Edge => plan.edge_triggered(),
            Trigger::Level => plan,
        };
        let stage = plan.start(pc);
        let filter = stage.filter();
        for _ in 0..20 {
            stage.device.receive_now(bytes);
            stage.wait(50);
        }
        assert_eq!(counter(&filter, "missing_chip"), 0, "{uart:?}");
        let input = Client::Wdmaud.input(&filter);
        let heard = stage.far_end_plays(&[0x90, 0x40, 0x7F], &input);
        assert_eq!(heard, [0x90, 0x40, 0x7F], "{uart:?}");
        input.close();
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn bursts_of_a_turns_length_do_not_make_a_16550_deaf() {
    bursts_of(&sysex(9), Uart::Ns16550, Trigger::Level);
}

#[test]
fn bursts_of_a_turns_length_do_not_make_an_mpu401_deaf() {
    bursts_of(&sysex(9), Uart::Mpu401, Trigger::Edge);
}

#[test]
fn bursts_of_a_turns_length_raise_no_storm() {
    bursts_of(&sysex(9), Uart::Mpu401, Trigger::Level);
}

/// A fault that is over leaves a byte in the receive FIFO; the next client finds a chip that works.
#[test]
fn a_16550_that_was_stuck_for_a_moment_is_set_up_for_the_next_client() {
    run_with(seeded(1), |pc| {
        let stuck = Rc::new(Cell::new(false));
        let stage = start(pc, StuckLineStatus::data_ready(&stuck), None, &[]);
        let filter = stage.filter();
        let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.wait(20);
        stuck.set(true);
        stage.wait(200);
        stage.device.receive_now(&[0xF8]);
        stuck.set(false);
        stage.wait(50);
        assert_eq!(pin.set_state(KSSTATE_STOP), STATUS_SUCCESS);
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        let before = counter(&filter, "bytes_received");
        stage.device.receive_now(&[0x90, 0x40, 0x7F]);
        stage.wait(50);
        assert_eq!(counter(&filter, "bytes_received") - before, 3, "deaf");
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn an_mpu401_that_read_zero_for_a_moment_is_set_up_for_the_next_client() {
    run_with(seeded(1), |pc| {
        let stage = start(pc, mpu401(&["fifo-64"]), None, &[]);
        let filter = stage.filter();
        let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.wait(20);
        stage.device.set_condition(Condition::ReadsZero);
        stage.wait(200);
        stage.device.set_condition(Condition::Healthy);
        stage.device.receive_now(&[0xF8]);
        stage.wait(50);
        assert_eq!(pin.set_state(KSSTATE_STOP), STATUS_SUCCESS);
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        let before = counter(&filter, "bytes_received");
        stage.device.receive_now(&[0x90, 0x40, 0x7F]);
        stage.wait(50);
        assert_eq!(counter(&filter, "bytes_received") - before, 3, "deaf");
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

/// Nine zeros come in together, as in the middle of a sysex dump; the interrupt routine reads all of them.
#[test]
fn zeros_that_end_with_a_turn_are_not_late() {
    run_with(seeded(1), |pc| {
        let stage = Plan::with_quirks(Uart::Mpu401, &["fifo-64"]).start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        pin.submit_read(1000);
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.wait(100);
        stage.device.receive_now(&[0; 9]);
        stage.wait(2);
        assert_eq!(pin.statistics().bytes_read, 9, "after two milliseconds");
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

#[test]
fn zeros_that_no_client_hears_are_counted() {
    run_with(seeded(1), |pc| {
        let stage = Plan::with_quirks(Uart::Mpu401, &["fifo-64"]).start(pc);
        let filter = stage.filter();
        stage.device.receive_now(&[0; 9]);
        stage.wait(10);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.wait(100);
        assert_eq!(counter(&filter, "bytes_unheard"), 9);
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

/// A stream is brought to RUN while power goes and comes: if it says that it runs, it does.
fn runs_as_it_says(id: u32, uart: Uart) {
    emulated_pc::beside::explore(|point| {
        emulated_pc::boot(seeded(1), |pc| {
            let stage = Plan::new(uart).start(pc);
            let filter = stage.filter();
            let pin = filter.open_pin(id).expect("the pin opens");
            let status = Cell::new(None);
            let reached = emulated_pc::beside::race(
                pc,
                point,
                ("run", || {
                    status.set(Some(set_stream_state(&pin, KSSTATE_RUN)));
                }),
                ("power", || {
                    notify_power(&stage, POWER_DEVICE_D3);
                    notify_power(&stage, POWER_DEVICE_D0);
                }),
            );
            stage.wait(100);
            if status.get() == Some(STATUS_SUCCESS) && id == RENDER_PIN {
                let written = write(pc, &pin, &[0xF8]);
                assert_eq!(written, (STATUS_SUCCESS, 1), "{uart:?}");
            } else if status.get() == Some(STATUS_SUCCESS) {
                let before = counter(&filter, "bytes_received");
                stage.device.receive_now(&[0x90, 1, 2]);
                stage.wait(50);
                let heard = counter(&filter, "bytes_received") - before;
                assert_eq!(heard, 3, "{uart:?}: deaf");
            }
            assert_eq!(set_stream_state(&pin, KSSTATE_STOP), STATUS_SUCCESS);
            drop(pin);
            drop(filter);
            stage.take_down();
            reached
        })
    });
}

#[test]
fn a_stream_that_says_it_plays_plays_when_power_went_meanwhile() {
    for uart in CHIPS {
        runs_as_it_says(RENDER_PIN, uart);
    }
}

#[test]
fn a_stream_that_says_it_records_records_when_power_went_meanwhile() {
    for uart in CHIPS {
        runs_as_it_says(CAPTURE_PIN, uart);
    }
}

/// The FIFO of a chip that interrupts by edges is full, too, once an interrupt was late.
#[test]
fn a_flood_that_no_client_hears_does_not_stop_music_by_interrupts() {
    run_with(seeded(1), |pc| {
        let stage = Plan::with_quirks(Uart::Mpu401, &["fifo-64"])
            .edge_triggered()
            .start(pc);
        let filter = stage.filter();
        let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        // The interrupt was held up for 20 ms, once.
        stage.device.receive_now(&sysex(64));
        stage.device.far_end_send(&sysex(4000));
        for number in 0..40 {
            let written = write(pc, &pin, &[0x90, 0x40, 0x7F]);
            assert_eq!(written, (STATUS_SUCCESS, 3), "note {number}");
            stage.wait(20);
        }
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

/// The bridge in front of a card wakes later than the card's driver.
#[test]
fn a_card_that_was_out_of_reach_when_power_came_back_can_be_recorded_from() {
    run_with(seeded(1), |pc| {
        let stage = Plan::new(Uart::Mpu401).start(pc);
        let filter = stage.filter();
        assert_eq!(stage.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        stage.device.set_condition(Condition::ReadsZero);
        assert_eq!(stage.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        stage.device.set_condition(Condition::Healthy);
        stage.wait(50);
        let pin = filter.open_pin(CAPTURE_PIN).expect("the pin opens");
        assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        stage.device.receive_now(&[0x90, 0x40, 0x7F]);
        stage.wait(50);
        assert_eq!(counter(&filter, "bytes_received"), 3);
        drop(pin);
        drop(filter);
        stage.take_down();
    });
}

/// The port says twice that power is there; a stream that runs is not brought to RUN again.
#[test]
fn power_that_is_announced_again_is_tried_again() {
    for uart in CHIPS {
        run_with(seeded(1), |pc| {
            let stage = Plan::new(uart).start(pc);
            let filter = stage.filter();
            let pin = filter.open_pin(RENDER_PIN).expect("the pin opens");
            assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
            notify_power(&stage, POWER_DEVICE_D3);
            stage.device.set_condition(Condition::ReadsZero);
            notify_power(&stage, POWER_DEVICE_D0);
            stage.device.set_condition(Condition::Healthy);
            notify_power(&stage, POWER_DEVICE_D0);
            stage.wait(100);
            assert_eq!(write(pc, &pin, &[0xF8]), (STATUS_SUCCESS, 1), "{uart:?}");
            drop(pin);
            drop(filter);
            stage.take_down();
        });
    }
}

/// An MPU-401 that claims, from some moment on and in UART mode, that a byte can be read, and interrupts for it.
struct StuckReadable(Rc<Cell<bool>>);

impl Oddity<Mpu401> for StuckReadable {
    fn read(&mut self, chip: &mut Mpu401, offset: u16, now: Instant) -> u8 {
        let value = chip.read(offset, now);
        let stuck = self.0.get() && chip.is_in_uart_mode();
        if offset == STATUS_COMMAND_REGISTER && stuck {
            value & !STATUS_INPUT_EMPTY
        } else {
            value
        }
    }

    fn interrupt_line(&self, chip: &Mpu401) -> bool {
        self.0.get() && chip.is_in_uart_mode() || chip.interrupt_line()
    }
}

/// It has no mask, but a reset takes it out of UART mode, as when it is made quiet.
#[test]
fn an_mpu401_that_is_stuck_readable_raises_no_storm() {
    run_with(seeded(1), |pc| {
        let stuck = Rc::new(Cell::new(false));
        let chip = Altered {
            chip: mpu401(&[]),
            oddity: StuckReadable(Rc::clone(&stuck)),
        };
        let stage = start(pc, chip, Some(Trigger::Level), &[]);
        stage.wait(20);
        stuck.set(true);
        stage.device.with_chip(|_| ());
        stage.wait(1000);
        stage.take_down();
    });
}
