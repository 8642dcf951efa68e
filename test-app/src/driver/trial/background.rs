//! A restart of the device while something else goes on.

use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;

use crate::driver::restart;
use crate::driver::windows::{Restart, Windows};
use crate::failure::Failure;

/// The names of the devices that were restarted, and whether Windows wants to be restarted.
pub type Outcome = Result<(Vec<String>, Restart), Failure>;

/// Something that restarts the devices.
pub trait Restarting: Send {
    /// Begins a restart.
    fn begin(&mut self);

    /// What came of the restart that was begun; `None` while it goes on.
    fn outcome(&mut self) -> Option<Outcome>;
}

/// What gives each thread its Windows.
pub type Factory = fn() -> Option<Box<dyn Windows>>;

/// Restarts on a thread of its own, which nobody waits for if the restart hangs.
#[derive(Debug)]
pub struct InBackground {
    windows: Factory,
    outcome: Option<Receiver<Outcome>>,
}

impl InBackground {
    /// One that has not begun.
    #[must_use]
    pub const fn new(windows: Factory) -> Self {
        Self {
            windows,
            outcome: None,
        }
    }
}

impl Restarting for InBackground {
    fn begin(&mut self) {
        let (sender, receiver) = mpsc::channel();
        let windows = self.windows;
        thread::spawn(move || {
            let outcome = match windows() {
                Some(mut windows) => restart::restart(windows.as_mut()),
                None => Err(Failure::Usage("this is not Windows".into())),
            };
            // Whoever began it may have given up.
            let _ = sender.send(outcome);
        });
        self.outcome = Some(receiver);
    }

    fn outcome(&mut self) -> Option<Outcome> {
        let receiver = self.outcome.as_ref()?;
        let outcome = match receiver.try_recv() {
            Ok(outcome) => outcome,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(Failure::Device(
                "the restart ended without an answer: run `driver status`".into(),
            )),
        };
        self.outcome = None;
        Some(outcome)
    }
}
