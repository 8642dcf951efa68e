//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;

/// The exit code that shells give a program ended by Ctrl-C.
const ENDED_BY_CTRL_C: i32 = 130;

/// The user's wish that the run ends early; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Makes the first Ctrl-C raise this interrupt and the second end the program at once.
    ///
    /// # Errors
    /// [`Failure::Device`] if the system refuses the handler.
    pub fn raise_on_ctrl_c(&self) -> Result<(), Failure> {
        let interrupt = self.clone();
        ctrlc::set_handler(move || {
            // The handler runs on one thread only, so that no Ctrl-C gets between these.
            if interrupt.is_raised() {
                std::process::exit(ENDED_BY_CTRL_C);
            }
            interrupt.raise();
        })
        .map_err(|error| Failure::Device(format!("cannot listen for Ctrl-C: {error}")))
    }

    /// Asks the run to end.
    pub fn raise(&self) {
        // Ordering: a lone flag; nothing else is published with it.
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the run shall end.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        // Ordering: a lone flag; nothing else is read because of it.
        self.0.load(Ordering::Relaxed)
    }
}
