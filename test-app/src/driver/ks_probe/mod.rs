//! Asks kernel streaming for the driver's input as Windows MIDI Services does, and shows what comes.
//!
//! Windows completes a pended read in one of at least two ways, by what was published of it
//! (docs/decisions.md, "Input through Windows MIDI Services"); this decides which it is. From below:
//! `streaming` has the calls, `records` reads a frame, `probe` makes the run, `report` judges it.

mod advice;
pub mod beside;
pub mod device;
pub mod emulated;
#[cfg(test)]
pub(super) mod fake;
pub mod probe;
pub mod records;
pub mod report;
pub mod streaming;
#[cfg(test)]
mod tests;

pub use beside::Beside;
pub use probe::probe;
pub use report::{Report, Stamps, Verdict};
pub use streaming::{Asking, KernelStreaming};
