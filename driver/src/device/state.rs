//! What the device can do now.

use crate::atomic::{AtomicU8, Ordering};

/// What the device can do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// It was not started yet, or has no power: no register is touched.
    Off = 0,
    /// It has power. Its UART is to be set up before bytes go through it, or is being set up.
    Unready = 1,
    /// Its UART works.
    Ready = 2,
    /// Its UART could not be set up. That is tried again when a stream is brought towards RUN.
    Failed = 3,
    /// Its hardware was given back for good.
    Removed = 4,
}

impl State {
    /// Whether registers may be touched.
    pub(super) const fn has_power(self) -> bool {
        matches!(self, Self::Unready | Self::Ready | Self::Failed)
    }
}

/// The state of a device. Changed only by the thread that holds the device's `transition`, and while registers
/// may be touched by others, under the device's lock as well: the interrupt routine sees it unchanged
/// for as long as it runs.
#[derive(Debug)]
pub(super) struct StateCell(AtomicU8);

impl StateCell {
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(State::Off as u8))
    }

    pub(super) fn get(&self) -> State {
        // Ordering: what was done before the state changed is seen.
        match self.0.load(Ordering::Acquire) {
            1 => State::Unready,
            2 => State::Ready,
            3 => State::Failed,
            4 => State::Removed,
            _ => State::Off,
        }
    }

    pub(super) fn set(&self, state: State) {
        // Ordering: pairs with `get`.
        self.0.store(state as u8, Ordering::Release);
    }
}
