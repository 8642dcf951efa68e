//! What is left of a UART whose registers were given back to the system.

use super::{Budget, Exchange, Setup, SetupError, Silenced, Turn, Uart};
use crate::kernel::clock::InterruptTime;

/// Takes the place of a UART that was stopped or removed, so that no register is reached through it.
#[derive(Clone, Copy, Debug)]
pub struct RemovedUart;

impl Uart for RemovedUart {
    fn begin_setup(&mut self) {}

    fn setup(&mut self, _now: InterruptTime) -> Setup {
        Setup::Failed(SetupError::NotThere)
    }

    fn silence(&mut self, _budget: &mut Budget) -> Silenced {
        Silenced {
            was_active: false,
            is_quiet: true,
        }
    }

    fn is_interrupting(&mut self, _budget: &mut Budget) -> bool {
        false
    }

    fn turn(
        &mut self,
        _exchange: &mut impl Exchange,
        _now: InterruptTime,
        _budget: &mut Budget,
    ) -> Turn {
        Turn::default()
    }

    fn longest_hold(&self) -> u32 {
        0
    }

    fn drain_time(&mut self, _now: InterruptTime) -> u32 {
        0
    }

    fn answers(&mut self) -> bool {
        false
    }

    fn quiesce(&mut self, _now: InterruptTime) -> Setup {
        Setup::Ready
    }
}
