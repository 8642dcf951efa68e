//! Results as the functions return them.

use windows_sys::Win32::Media::MMSYSERR_NOERROR;

/// What a function did, or the `MMSYSERR_…` or `MIDIERR_…` number that says why it did not.
pub(crate) type Outcome<T = ()> = Result<T, u32>;

/// The number that the function returns.
pub(crate) fn code(outcome: Outcome) -> u32 {
    outcome.err().unwrap_or(MMSYSERR_NOERROR)
}
