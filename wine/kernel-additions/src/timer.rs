//! High-resolution timers, a thread each.
//!
//! Wine's `KTIMER` would not do: a timer that is set again by its own DPC waits for that DPC for
//! ever there (`KeSetTimerEx` and `KeCancelTimer` in `dlls/ntoskrnl.exe/sync.c`).

use core::cell::UnsafeCell;
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, Ordering};

use portcls::status::succeeded;
use portcls::types::{NON_PAGED_POOL_NX, PVOID};

use crate::time::now;
use crate::wine_kernel::{
    ExAllocatePoolWithTag, ExFreePoolWithTag, KeInitializeEvent, KeSetEvent, KeWaitForSingleObject,
    KernelEvent, PsCreateSystemThread, SYNCHRONIZATION_EVENT, ZwClose, ZwWaitForSingleObject, say,
};

const TAG: u32 = u32::from_le_bytes(*b"XTmr");
const THREAD_ALL_ACCESS: u32 = 0x001F_FFFF;
/// When a timer that is not set runs off.
const NEVER: i64 = i64::MAX;

/// What a timer calls.
type Callback = unsafe extern "C" fn(timer: *mut EX_TIMER, context: PVOID);

/// A timer.
pub struct EX_TIMER {
    callback: Callback,
    context: PVOID,
    /// `due` or `deleted` has changed.
    changed: UnsafeCell<KernelEvent>,
    thread: AtomicPtr<core::ffi::c_void>,
    due: AtomicI64,
    deleted: AtomicBool,
}

impl EX_TIMER {
    /// Has the timer run off at that time; returns whether it was to before.
    fn set_due(&self, due: i64) -> bool {
        // Ordering: what was done before the timer was set is seen by its callback.
        let before = self.due.swap(due, Ordering::AcqRel);
        // SAFETY: the event lives as long as the timer.
        unsafe { KeSetEvent(self.changed.get(), 0, 0) };
        before != NEVER
    }

    /// Waits until the timer is set, cancelled or deleted, or `units` of 100 ns are over.
    fn wait(&self, units: Option<i64>) {
        let timeout = units.map(|units| -units);
        let timeout = timeout.as_ref().map_or(null(), core::ptr::from_ref);
        // SAFETY: the event lives as long as the timer, the timeout as long as the call.
        unsafe { KeWaitForSingleObject(self.changed.get(), 0, 0, 0, timeout) };
    }
}

/// Calls the timer's callback whenever it is due, until it is deleted.
unsafe extern "C" fn run(context: PVOID) {
    let timer = context.cast::<EX_TIMER>();
    // SAFETY: whoever frees the timer waits for this thread.
    let this = unsafe { &*timer };
    // Ordering: whoever deletes waits for this thread; nothing else needs to be seen.
    while !this.deleted.load(Ordering::Relaxed) {
        // Ordering: what was done before the timer was set is seen by its callback.
        let due = this.due.load(Ordering::Acquire);
        let left = due.saturating_sub(now());
        if left > 0 {
            this.wait((due != NEVER).then_some(left));
            continue;
        }
        let taken = this
            .due
            // Ordering: as above. If it was set or cancelled meanwhile, that counts.
            .compare_exchange(due, NEVER, Ordering::AcqRel, Ordering::Relaxed);
        if taken.is_ok() {
            // SAFETY: this is what the timer was made with.
            unsafe { (this.callback)(timer, this.context) };
        }
    }
}

/// Makes a timer; null if there is no memory or no thread.
///
/// # Safety
/// `callback` may be called with `context` as long as the timer lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ExAllocateTimer(
    callback: Callback,
    context: PVOID,
    _attributes: u32,
) -> *mut EX_TIMER {
    // SAFETY: takes numbers only.
    let memory = unsafe { ExAllocatePoolWithTag(NON_PAGED_POOL_NX, size_of::<EX_TIMER>(), TAG) };
    let timer = memory.cast::<EX_TIMER>();
    if timer.is_null() {
        return timer;
    }
    let new = EX_TIMER {
        callback,
        context,
        changed: UnsafeCell::new(KernelEvent::room()),
        thread: AtomicPtr::new(null_mut()),
        due: AtomicI64::new(NEVER),
        deleted: AtomicBool::new(false),
    };
    // SAFETY: fresh memory of that size.
    unsafe { timer.write(new) };
    // SAFETY: it was written just now, and stays until it is deleted.
    let this = unsafe { &*timer };
    // SAFETY: room for an event.
    unsafe { KeInitializeEvent(this.changed.get(), SYNCHRONIZATION_EVENT, 0) };
    let mut thread = null_mut();
    // SAFETY: the timer lives until the thread has ended.
    let status = unsafe {
        PsCreateSystemThread(
            &raw mut thread,
            THREAD_ALL_ACCESS,
            null_mut(),
            null_mut(),
            null_mut(),
            run,
            memory,
        )
    };
    if !succeeded(status) {
        // SAFETY: nobody has the timer.
        unsafe { ExFreePoolWithTag(memory, TAG) };
        return null_mut();
    }
    // Ordering: whoever deletes the timer got it from here.
    this.thread.store(thread, Ordering::Relaxed);
    say(c"ExAllocateTimer");
    timer
}

/// Sets a timer, to a time from now if `due` is negative; returns whether it was set before. Periods
/// are not supported, as the driver uses none.
///
/// # Safety
/// `timer` was made by [`ExAllocateTimer`] and not deleted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ExSetTimer(
    timer: *mut EX_TIMER,
    due: i64,
    _period: i64,
    _parameters: PVOID,
) -> u8 {
    // SAFETY: the caller's promise.
    let this = unsafe { &*timer };
    let due = if due < 0 { now() - due } else { due };
    u8::from(this.set_due(due))
}

/// Has a timer not run off; returns whether it was set.
///
/// # Safety
/// `timer` was made by [`ExAllocateTimer`] and not deleted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ExCancelTimer(timer: *mut EX_TIMER, _parameters: PVOID) -> u8 {
    // SAFETY: the caller's promise.
    let this = unsafe { &*timer };
    u8::from(this.set_due(NEVER))
}

/// Cancels a timer, waits for its callback and deletes it; returns whether it was set. (To wait is
/// left to the caller on Windows; the driver always does.)
///
/// # Safety
/// `timer` was made by [`ExAllocateTimer`] and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ExDeleteTimer(
    timer: *mut EX_TIMER,
    _cancel: u8,
    _wait: u8,
    _parameters: PVOID,
) -> u8 {
    // SAFETY: the caller's promise.
    let this = unsafe { &*timer };
    // Ordering: the thread does nothing with it but to end.
    this.deleted.store(true, Ordering::Relaxed);
    let was_set = this.set_due(NEVER);
    // Ordering: stored by whoever made the timer.
    let thread = this.thread.load(Ordering::Relaxed);
    // SAFETY: the thread's handle is the timer's.
    unsafe { ZwWaitForSingleObject(thread, 0, null()) };
    // SAFETY: as above, and it is closed once.
    unsafe { ZwClose(thread) };
    // SAFETY: the thread has ended, so nobody uses the timer any more.
    unsafe { ExFreePoolWithTag(timer.cast(), TAG) };
    say(c"ExDeleteTimer");
    u8::from(was_set)
}
