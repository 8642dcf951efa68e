//! What an idle device costs: how often it wakes the processor.

use midiuart::filter::{CAPTURE_PIN, RENDER_PIN};
use portcls::ks::KSSTATE_RUN;
use portcls::status::STATUS_SUCCESS;

use crate::stage::{CHIPS, Plan, Uart, run_with, seeded, write};

const SECONDS: u64 = 10;

/// Timer expiries a second with both pins running and nothing on the wire: high-resolution ones, and those by the
/// clock's tick.
fn idle(plan: &Plan) -> (u64, u64) {
    run_with(seeded(1), |pc| {
        let stage = plan.start(pc);
        let filter = stage.filter();
        let pins = [RENDER_PIN, CAPTURE_PIN].map(|pin| filter.open_pin(pin).expect("it opens"));
        for pin in &pins {
            assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
        }
        // After some music.
        assert_eq!(write(pc, &pins[0], &[0x90, 1, 2]), (STATUS_SUCCESS, 3));
        stage.wait(1000);
        let before = pc.timer_expiries();
        stage.wait(SECONDS * 1000);
        let after = pc.timer_expiries();
        let high_resolution = after.high_resolution - before.high_resolution;
        let ordinary = after.ordinary - before.ordinary;
        drop((pins, filter));
        stage.take_down();
        (high_resolution / SECONDS, ordinary / SECONDS)
    })
}

#[test]
fn an_idle_loopback_wakes_nobody() {
    for paced in [0, 1] {
        let plan = Plan::new(Uart::Software).number("Paced", paced);
        // The client reads nothing here, so a tick looks whether it was notified in vain.
        let (high_resolution, ordinary) = idle(&plan);
        assert_eq!(high_resolution, 0);
        assert!(ordinary <= 64, "{ordinary} a second");
    }
}

#[test]
fn an_idle_chip_with_an_interrupt_is_looked_at_by_the_clocks_tick() {
    for uart in CHIPS {
        let (high_resolution, ordinary) = idle(&Plan::new(uart));
        assert_eq!(high_resolution, 0, "{uart:?}");
        assert!(
            (32..=64).contains(&ordinary),
            "{uart:?}: {ordinary} a second"
        );
    }
}

#[test]
fn a_chip_without_an_interrupt_is_looked_at_every_millisecond_as_nothing_else_says_that_bytes_come_in()
 {
    for uart in CHIPS {
        let plan = Plan::with_quirks(uart, &["no-interrupt"]);
        let (high_resolution, _) = idle(&plan);
        assert!(
            (900..=1000).contains(&high_resolution),
            "{uart:?}: {high_resolution} a second"
        );
    }
}
