//! The functions of `winmm.dll` that are not about MIDI: calls of them go on to the system's own
//! `winmm.dll`, as they are.
//!
//! A function is looked up when it is first called, not when this image is loaded: an image must not
//! load another one while it is loaded itself ("Dynamic-Link Library Best Practices" of Windows'
//! documentation). Where the system lacks a function, the call fails as the function's documentation
//! has it.

mod call;
pub(crate) mod fine_timers;
mod names;
mod system;

use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A function of the system's.
#[repr(C)] // `call` reads the first field
struct Forwarded {
    /// The function, once it has been called.
    function: AtomicPtr<()>,
    name: &'static CStr,
    otherwise: extern "system" fn() -> usize,
}

impl Forwarded {
    /// A function by its name, and what is called where the system lacks it.
    const fn new(name: &'static CStr, otherwise: extern "system" fn() -> usize) -> Self {
        Self {
            function: AtomicPtr::new(ptr::null_mut()),
            name,
            otherwise,
        }
    }

    /// Looks the function up; what calls go to from now on.
    extern "system" fn find(&self) -> *mut () {
        let function =
            system::function(self.name).map_or(self.otherwise as *mut (), |it| it as *mut ());
        // Ordering: nothing but the address itself is handed over; threads that meet here find the
        // same one.
        self.function.store(function, Ordering::Relaxed);
        function
    }
}

/// What functions that return a result return where the system lacks them.
extern "system" fn not_supported() -> usize {
    windows_sys::Win32::Media::MMSYSERR_NOTSUPPORTED as usize
}

/// What functions that return a handle, a number of devices, or whether they did it, return where the
/// system lacks them.
extern "system" fn nothing() -> usize {
    0
}

/// What functions that return a position or an index return where the system lacks them: -1.
extern "system" fn no_position() -> usize {
    usize::MAX
}
