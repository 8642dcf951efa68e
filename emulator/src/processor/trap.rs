//! What a thread goes through between a trap and the instruction that it goes on with.

use std::arch::{asm, naked_asm};
use std::cell::Cell;
use std::mem::offset_of;

use super::registers::Registers;
use super::{faults, spinning};
use crate::machine::current;

/// What made the host send the signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The instruction itself.
    Instruction,
    /// The driver has not called the kernel for a long time.
    Spinning,
}

/// Room for the registers that are not general, as `fxsave64` writes them.
#[repr(C, align(16))]
struct FloatingPoint([u8; 512]);

/// What `iretq` returns with.
#[repr(C)]
struct Return {
    instruction: usize,
    code_segment: usize,
    flags: usize,
    stack: usize,
    stack_segment: usize,
}

/// Lies on the stack of the thread that trapped, below what it uses.
#[repr(C, align(16))]
pub(super) struct TrapFrame {
    floating_point: FloatingPoint,
    pub(super) registers: Registers,
    going_back: Return,
    pub(super) cause: Cause,
    /// The thread has run out of stack, and this lies somewhere else.
    pub(super) out_of_stack: bool,
    outer: *const TrapFrame,
}

thread_local! {
    static INNERMOST: Cell<*const TrapFrame> = const { Cell::new(std::ptr::null()) };
}

/// The registers of the innermost trap that is being handled, if there is one.
pub(crate) fn innermost() -> Option<Registers> {
    let frame = INNERMOST.get();
    // SAFETY: null, or a frame of this thread that has not returned.
    unsafe { frame.as_ref() }.map(|frame| frame.registers)
}

pub(super) fn innermost_frame() -> *const TrapFrame {
    INNERMOST.get()
}

/// Another thread of the emulated PC runs, which has traps of its own.
pub(super) fn set_innermost_frame(frame: *const TrapFrame) {
    INNERMOST.set(frame);
}

impl TrapFrame {
    pub(super) const fn new(registers: Registers, cause: Cause, out_of_stack: bool) -> Self {
        Self {
            floating_point: FloatingPoint([0; 512]),
            registers,
            going_back: Return {
                instruction: 0,
                code_segment: 0,
                flags: 0,
                stack: 0,
                stack_segment: 0,
            },
            cause,
            out_of_stack,
            outer: std::ptr::null(),
        }
    }

    fn prepare_return(&mut self) {
        let (code_segment, stack_segment): (usize, usize);
        // SAFETY: reads two registers.
        unsafe {
            asm!(
                "mov {0:e}, cs",
                "mov {1:e}, ss",
                out(reg) code_segment,
                out(reg) stack_segment,
                options(nomem, nostack, preserves_flags)
            );
        }
        self.going_back = Return {
            instruction: self.registers.host(libc::REG_RIP),
            code_segment,
            flags: self.registers.host(libc::REG_EFL),
            stack: self.registers.host(libc::REG_RSP),
            stack_segment,
        };
    }
}

/// Where a thread goes on after a signal, with its stack pointer at a [`TrapFrame`].
///
/// It returns by `iretq`, which touches nothing of the stack that it returns to: code of the host keeps
/// data below its stack pointer.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn entry() {
    naked_asm!(
        "fxsave64 [rsp]",
        "mov rdi, rsp",
        "call {handle}",
        "fxrstor64 [rsp]",
        "mov r8, [rsp + {registers} + 8 * {r8}]",
        "mov r9, [rsp + {registers} + 8 * {r9}]",
        "mov r10, [rsp + {registers} + 8 * {r10}]",
        "mov r11, [rsp + {registers} + 8 * {r11}]",
        "mov r12, [rsp + {registers} + 8 * {r12}]",
        "mov r13, [rsp + {registers} + 8 * {r13}]",
        "mov r14, [rsp + {registers} + 8 * {r14}]",
        "mov r15, [rsp + {registers} + 8 * {r15}]",
        "mov rdi, [rsp + {registers} + 8 * {rdi}]",
        "mov rsi, [rsp + {registers} + 8 * {rsi}]",
        "mov rbp, [rsp + {registers} + 8 * {rbp}]",
        "mov rbx, [rsp + {registers} + 8 * {rbx}]",
        "mov rdx, [rsp + {registers} + 8 * {rdx}]",
        "mov rax, [rsp + {registers} + 8 * {rax}]",
        "mov rcx, [rsp + {registers} + 8 * {rcx}]",
        "lea rsp, [rsp + {going_back}]",
        "iretq",
        handle = sym handle,
        registers = const offset_of!(TrapFrame, registers),
        going_back = const offset_of!(TrapFrame, going_back),
        r8 = const libc::REG_R8,
        r9 = const libc::REG_R9,
        r10 = const libc::REG_R10,
        r11 = const libc::REG_R11,
        r12 = const libc::REG_R12,
        r13 = const libc::REG_R13,
        r14 = const libc::REG_R14,
        r15 = const libc::REG_R15,
        rdi = const libc::REG_RDI,
        rsi = const libc::REG_RSI,
        rbp = const libc::REG_RBP,
        rbx = const libc::REG_RBX,
        rdx = const libc::REG_RDX,
        rax = const libc::REG_RAX,
        rcx = const libc::REG_RCX,
    )
}

extern "sysv64" fn handle(frame: &mut TrapFrame) {
    frame.outer = INNERMOST.replace(frame);
    let machine = current();
    match frame.cause {
        Cause::Instruction => faults::handle(&machine, frame),
        Cause::Spinning => spinning::stop(&machine),
    }
    frame.prepare_return();
    INNERMOST.set(frame.outer);
}
