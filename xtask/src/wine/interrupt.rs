//! Ctrl-C: what was begun is taken back before the program ends.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;

static WAS_PRESSED: AtomicBool = AtomicBool::new(false);

/// From here on the program does not end by itself when Ctrl-C is pressed.
///
/// # Errors
/// If that can't be had.
pub fn hold_back() -> Result<(), Failure> {
    static HELD_BACK: OnceLock<Result<(), String>> = OnceLock::new();
    let held_back = HELD_BACK.get_or_init(|| {
        ctrlc::set_handler(|| {
            // Ordering: nothing else is handed over.
            WAS_PRESSED.store(true, Ordering::Relaxed);
        })
        .map_err(|error| format!("Ctrl-C: {error}"))
    });
    held_back.clone().map_err(Failure::unusable)
}

/// Whether Ctrl-C was pressed since.
pub fn was_pressed() -> bool {
    // Ordering: as above.
    WAS_PRESSED.load(Ordering::Relaxed)
}
