//! What keeps two runs apart.

use std::ptr;

use windows_sys::Win32::Foundation::{CloseHandle, HANDLE, WAIT_ABANDONED, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{CreateMutexW, ReleaseMutex, WaitForSingleObject};

use super::last_error;
use super::wide::wide;
use crate::driver::windows::{Called, Lock};

/// Of the whole machine, not of one session.
const NAME: &str = r"Global\midiuart-test driver";

/// A mutex that this thread has.
struct Held(HANDLE);

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: this thread has it: it never leaves the function that locked it.
        unsafe { ReleaseMutex(self.0) };
        // SAFETY: it is open, and nothing uses it any more.
        unsafe { CloseHandle(self.0) };
    }
}

/// Takes it, if no other run has it. One that was killed has it no more.
pub fn lock() -> Called<Option<Box<dyn Lock>>> {
    let name = wide(NAME);
    // SAFETY: the name ends with a zero.
    let mutex = unsafe { CreateMutexW(ptr::null(), 0, name.as_ptr()) };
    if mutex.is_null() {
        return Err(last_error("CreateMutexW"));
    }
    // SAFETY: it is open.
    match unsafe { WaitForSingleObject(mutex, 0) } {
        WAIT_OBJECT_0 | WAIT_ABANDONED => Ok(Some(Box::new(Held(mutex)))),
        _ => {
            // SAFETY: it is open, and nothing uses it any more.
            unsafe { CloseHandle(mutex) };
            Ok(None)
        }
    }
}
