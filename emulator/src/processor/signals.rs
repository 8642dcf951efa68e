//! Signals of the host, and the way from there to [`super::trap`].

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use super::registers::Registers;
use super::trap::{Cause, TrapFrame, entry};
use crate::machine::Machine;

/// What the processor's exceptions arrive as.
const EXCEPTIONS: [c_int; 5] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGTRAP,
];
/// Room for a handler, with all that the processor has to save.
const HANDLER_STACK: usize = 64 << 10;
/// Where a thread goes on that has no stack left.
const LAST_STACK: usize = 1 << 20;
/// Below this much a thread counts as out of stack: the emulated PC needs some itself.
const LEAST_STACK: usize = 128 << 10;
/// Code of the host keeps data this far below its stack pointer (System V ABI).
const RED_ZONE: usize = 128;

/// What handlers of signals need to know of the thread that they interrupt.
pub(super) struct Thread {
    pub(super) machine: *const Machine,
    /// The stack in use, from and to: each thread of the emulated PC has its own.
    stack: Cell<(usize, usize)>,
    last_stack_end: usize,
    pub(super) spins: Cell<u32>,
    pub(super) last_progress: Cell<u64>,
}

thread_local! {
    static THREAD: Cell<*const Thread> = const { Cell::new(null()) };
}

/// What handled the signals before.
static EARLIER: OnceLock<Vec<(c_int, libc::sigaction)>> = OnceLock::new();

/// Has the exceptions of this thread go to its machine. Dropping it ends that.
pub(crate) struct Guarded {
    _thread: Box<Thread>,
    memory: *mut c_void,
    earlier_stack: libc::stack_t,
}

impl Guarded {
    /// For the machine of this thread, which outlives this.
    ///
    /// # Panics
    /// If the host has no memory.
    pub(crate) fn new(machine: *const Machine) -> Self {
        EARLIER.get_or_init(|| {
            EXCEPTIONS
                .map(|signal| (signal, install(signal, on_exception)))
                .into()
        });
        let memory = allocate(HANDLER_STACK + LAST_STACK);
        let stack = libc::stack_t {
            ss_sp: memory,
            ss_flags: 0,
            ss_size: HANDLER_STACK,
        };
        let mut earlier_stack = MaybeUninit::uninit();
        // SAFETY: the memory stays until this is dropped, which restores the earlier stack first.
        let result = unsafe { libc::sigaltstack(&raw const stack, earlier_stack.as_mut_ptr()) };
        assert_eq!(result, 0, "the host refuses a stack for signals");
        let thread = Box::new(Thread {
            machine,
            stack: Cell::new(stack_of_this_thread()),
            last_stack_end: memory.expose_provenance() + HANDLER_STACK + LAST_STACK,
            spins: Cell::new(0),
            last_progress: Cell::new(0),
        });
        THREAD.set(&raw const *thread);
        Self {
            _thread: thread,
            memory,
            // SAFETY: the call succeeded and wrote it.
            earlier_stack: unsafe { earlier_stack.assume_init() },
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        THREAD.set(null());
        // SAFETY: the stack that the thread had before.
        unsafe { libc::sigaltstack(&raw const self.earlier_stack, null_mut()) };
        // SAFETY: allocated with this length, and nothing runs on it.
        unsafe { libc::munmap(self.memory, HANDLER_STACK + LAST_STACK) };
    }
}

fn allocate(bytes: usize) -> *mut c_void {
    // SAFETY: asks for new memory anywhere.
    let memory = unsafe {
        libc::mmap(
            null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    assert_ne!(memory, libc::MAP_FAILED, "no memory for a stack");
    memory
}

fn stack_of_this_thread() -> (usize, usize) {
    let mut attributes = MaybeUninit::uninit();
    let (mut begin, mut size) = (null_mut(), 0);
    // SAFETY: gives the handle of this thread.
    let this = unsafe { libc::pthread_self() };
    // SAFETY: the attributes are written to.
    let result = unsafe { libc::pthread_getattr_np(this, attributes.as_mut_ptr()) };
    assert_eq!(result, 0, "the host does not tell where the stack is");
    // SAFETY: they were initialised; the other two are written to.
    unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut begin, &raw mut size) };
    // SAFETY: they are not used any more.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    (begin.addr(), begin.addr() + size)
}

pub(super) type Handler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// Installs a handler that runs on its own stack; returns what was there before.
pub(super) fn install(signal: c_int, handler: Handler) -> libc::sigaction {
    // SAFETY: zeros are a valid action: the default.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let mut earlier = action;
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
    // SAFETY: the set is written to.
    unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    // SAFETY: the handler does only what a handler may.
    let result = unsafe { libc::sigaction(signal, &raw const action, &raw mut earlier) };
    assert_eq!(result, 0, "the host refuses a handler for signal {signal}");
    earlier
}

/// The thread that was interrupted, if it is a machine's.
pub(super) fn interrupted<'thread>() -> Option<&'thread Thread> {
    // SAFETY: null, or the thread's own, which outlives its handlers.
    unsafe { THREAD.get().as_ref() }
}

/// The stack in use, if this is a machine's thread.
pub(super) fn stack_of_machine() -> Option<Range<usize>> {
    let (start, end) = interrupted()?.stack.get();
    Some(start..end)
}

/// Another thread of the emulated PC runs, on another stack.
pub(super) fn set_stack_of_machine(stack: Range<usize>) {
    if let Some(thread) = interrupted() {
        thread.stack.set((stack.start, stack.end));
    }
}

unsafe extern "C" fn on_exception(
    signal: c_int,
    information: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    if let Some(thread) = interrupted() {
        // SAFETY: the machine outlives the thread's entry here.
        let machine = unsafe { &*thread.machine };
        // SAFETY: the host gives this to handlers of this kind.
        let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
        let registers = Registers(context.uc_mcontext.gregs);
        let address = registers.host(libc::REG_CR2);
        if machine.in_driver() || machine.paging.contains(address) {
            thread.go_on_in_trap(context, Cause::Instruction);
            return;
        }
    }
    forward(signal, information, context);
}

impl Thread {
    /// Has the thread go on in [`entry`] when the handler returns.
    pub(super) fn go_on_in_trap(&self, context: &mut libc::ucontext_t, cause: Cause) {
        let registers = &mut context.uc_mcontext.gregs;
        let frame = Registers(*registers);
        let (start, end) = self.stack.get();
        let enough = start + LEAST_STACK..end;
        let out_of_stack = !enough.contains(&frame.stack());
        let end = if out_of_stack {
            self.last_stack_end
        } else {
            frame.stack() - RED_ZONE
        };
        let place = (end - size_of::<TrapFrame>()) & !(align_of::<TrapFrame>() - 1);
        let frame = TrapFrame::new(frame, cause, out_of_stack);
        let pointer = std::ptr::with_exposed_provenance_mut::<TrapFrame>(place);
        // SAFETY: there is room on that stack, and nobody uses it: it is below the thread's red zone.
        unsafe { pointer.write(frame) };
        registers[libc::REG_RSP as usize] = place.cast_signed() as i64;
        let entry = entry as *const ();
        registers[libc::REG_RIP as usize] = entry.addr().cast_signed() as i64;
    }
}

/// What is no machine's business goes to who had the signal before.
fn forward(signal: c_int, information: *mut libc::siginfo_t, context: *mut c_void) {
    let earlier = EARLIER
        .get()
        .and_then(|all| all.iter().find(|(other, _)| *other == signal));
    let Some((_, earlier)) = earlier else {
        return;
    };
    if earlier.sa_sigaction == libc::SIG_DFL || earlier.sa_sigaction == libc::SIG_IGN {
        // SAFETY: the default action; the instruction is run again, and meets it.
        unsafe { libc::sigaction(signal, &raw const *earlier, null_mut()) };
        return;
    }
    let handler = std::ptr::with_exposed_provenance::<()>(earlier.sa_sigaction);
    // SAFETY: every handler can be called with three arguments; one without `SA_SIGINFO` looks at the
    // first only.
    let handler = unsafe { std::mem::transmute::<*const (), Handler>(handler) };
    // SAFETY: the arguments are those that the host gave.
    unsafe { handler(signal, information, context) };
}
