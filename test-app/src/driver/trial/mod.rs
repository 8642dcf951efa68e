//! Driving a test of the installed driver: preparing Windows, waiting for the port, restarting the device,
//! Driver Verifier.
//!
//! Everything but `system::trial` knows Windows only by the traits [`windows::TrialWindows`] and
//! [`Windows`](super::windows::Windows), so that each host compiles and tests it.

pub mod advice;
pub mod background;
pub mod clock;
#[cfg(test)]
mod fake;
pub mod load;
pub mod ports;
pub mod prepare;
#[cfg(test)]
mod prepare_tests;
pub mod prepared;
pub mod restarts;
#[cfg(test)]
mod restarts_tests;
#[cfg(test)]
mod schema_tests;
pub mod verifier;
#[cfg(test)]
mod verifier_tests;
pub mod wait;
#[cfg(test)]
mod wait_tests;
pub mod windows;

/// The Windows that this program runs on, if it is one.
#[must_use]
pub fn this_trial_windows() -> Option<Box<dyn windows::TrialWindows>> {
    #[cfg(windows)]
    {
        Some(Box::new(super::system::System))
    }
    #[cfg(not(windows))]
    {
        None
    }
}
