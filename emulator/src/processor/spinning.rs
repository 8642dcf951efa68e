//! A driver that calls nothing and does not return lets no virtual time pass. The host's processor time
//! tells.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::Once;

use super::registers::Registers;
use super::signals::{install, interrupted};
use super::trap::Cause;
use crate::machine::Machine;
use crate::machine::irql::DISPATCH_LEVEL;
use crate::machine::stop::BugCheck;

/// How often to look, in processor time of the thread.
const PERIOD: libc::timespec = libc::timespec {
    tv_sec: 0,
    tv_nsec: 250_000_000,
};
/// After so many looks without a call the driver counts as spinning.
const MOST_LOOKS: u32 = 8;

fn signal() -> c_int {
    libc::SIGRTMIN() + 5
}

/// Watches a thread whose driver is an image. Dropping it ends that.
pub(crate) struct SpinWatch(libc::timer_t);

impl SpinWatch {
    /// For this thread.
    ///
    /// # Panics
    /// If the host has no timers left.
    pub(crate) fn new() -> Self {
        static HANDLER: Once = Once::new();
        HANDLER.call_once(|| {
            install(signal(), on_look);
        });
        // SAFETY: zeros are a valid event.
        let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = signal();
        // SAFETY: gives the number of this thread.
        event.sigev_notify_thread_id = unsafe { libc::gettid() };
        let mut timer = MaybeUninit::uninit();
        // SAFETY: the event is read, the timer written to.
        let result = unsafe {
            libc::timer_create(
                libc::CLOCK_THREAD_CPUTIME_ID,
                &raw mut event,
                timer.as_mut_ptr(),
            )
        };
        assert_eq!(result, 0, "the host has no timer left");
        // SAFETY: the call succeeded and wrote it.
        let timer = unsafe { timer.assume_init() };
        let period = libc::itimerspec {
            it_interval: PERIOD,
            it_value: PERIOD,
        };
        // SAFETY: the timer is ours.
        unsafe { libc::timer_settime(timer, 0, &raw const period, null_mut()) };
        Self(timer)
    }
}

impl Drop for SpinWatch {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and not used any more.
        unsafe { libc::timer_delete(self.0) };
    }
}

unsafe extern "C" fn on_look(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(thread) = interrupted() else {
        return;
    };
    // SAFETY: the machine outlives the thread's entry there.
    let machine = unsafe { &*thread.machine };
    let progress = machine.progress();
    if thread.last_progress.replace(progress) != progress || !machine.in_driver() {
        thread.spins.set(0);
        return;
    }
    thread.spins.set(thread.spins.get() + 1);
    // SAFETY: the host gives this to handlers of this kind.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    let registers = Registers(context.uc_mcontext.gregs);
    if thread.spins.get() > MOST_LOOKS && machine.is_in_image(registers.instruction()) {
        thread.spins.set(0);
        thread.go_on_in_trap(context, Cause::Spinning);
    }
}

/// Stops the machine, whose driver spins.
pub(super) fn stop(machine: &Machine) -> ! {
    let seconds = (PERIOD.tv_nsec * i64::from(MOST_LOOKS)) / 1_000_000_000;
    let reason = format!("the driver has called nothing for {seconds} s of processor time");
    let bug_check = if machine.irql() >= DISPATCH_LEVEL {
        BugCheck::DpcWatchdogViolation
    } else {
        BugCheck::ThreadStuckInDeviceDriver
    };
    machine.bug_check(bug_check, reason)
}
