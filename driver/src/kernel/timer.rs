//! Timers.

use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};

use portcls::status::{Outcome, STATUS_INSUFFICIENT_RESOURCES};

use super::ffi;

/// `EX_TIMER_HIGH_RESOLUTION`.
const HIGH_RESOLUTION: u32 = 4;

/// How exactly a timer keeps its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It expires with the first tick of the clock after its time, up to 15.6 ms late, and costs no wake-up
    /// of its own.
    Tick,
    /// It expires at its time, and has the processor wake up for that: while a UART has bytes to send, a
    /// tick would be too coarse, as 49 bytes go over the wire in it.
    High,
}

/// Something that a timer calls.
pub trait TimerTarget: Sync {
    /// The time has come. `DISPATCH_LEVEL`.
    fn tick(&self);
}

/// A one-shot timer. Deleted when dropped, at `PASSIVE_LEVEL`: its callback is not running then
/// and won't any more.
pub struct Timer(NonNull<ffi::EX_TIMER>);

// SAFETY: the kernel's functions may be called from any thread.
unsafe impl Send for Timer {}
// SAFETY: as above.
unsafe impl Sync for Timer {}

portcls::system_abi! {
    unsafe fn call_target[T: TimerTarget](_timer: *mut ffi::EX_TIMER, target: *mut c_void) {
        // SAFETY: the timer was made with a target of this type, which outlives it.
        unsafe { &*target.cast::<T>() }.tick();
    }
}

impl Timer {
    /// Makes a timer of that resolution which calls `target`. At or below `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if there is no memory.
    ///
    /// # Safety
    /// `target` stays where it is until the timer is dropped.
    pub unsafe fn new<T: TimerTarget>(target: *const T, resolution: Resolution) -> Outcome<Self> {
        let context: *mut c_void = target.cast_mut().cast();
        let attributes = match resolution {
            Resolution::Tick => 0,
            Resolution::High => HIGH_RESOLUTION,
        };
        // SAFETY: the callback gets the context that it expects.
        let timer = unsafe { ffi::ExAllocateTimer(Some(call_target::<T>), context, attributes) };
        NonNull::new(timer)
            .map(Self)
            .ok_or(STATUS_INSUFFICIENT_RESOURCES)
    }

    /// Has the timer run off in `microseconds`, whenever it was to before. At or below
    /// `DISPATCH_LEVEL`.
    pub fn set(&self, microseconds: u32) {
        let due = -10 * i64::from(microseconds);
        // SAFETY: the timer lives until it is dropped.
        unsafe { ffi::ExSetTimer(self.0.as_ptr(), due, 0, null_mut()) };
    }

    /// Has the timer not run off. Its callback may be running still. At or below
    /// `DISPATCH_LEVEL`.
    pub fn cancel(&self) {
        // SAFETY: the timer lives until it is dropped.
        unsafe { ffi::ExCancelTimer(self.0.as_ptr(), null_mut()) };
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: it is not used any more; this cancels it and waits for its callback.
        unsafe { ffi::ExDeleteTimer(self.0.as_ptr(), 1, 1, null_mut()) };
    }
}
