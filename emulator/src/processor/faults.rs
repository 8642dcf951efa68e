//! What a trap was about, and which bug check Windows would stop with.

use super::instructions::{Unknown, emulate};
use super::trap::TrapFrame;
use crate::image::Access;
use crate::image::mapping::{MappedImage, Phase};
use crate::machine::Machine;
use crate::machine::irql::DISPATCH_LEVEL;
use crate::machine::stop::BugCheck;

/// The processor's exceptions, by their vectors.
mod vector {
    pub(super) const DIVIDE_ERROR: usize = 0;
    pub(super) const DEBUG: usize = 1;
    pub(super) const BREAKPOINT: usize = 3;
    pub(super) const INVALID_OPCODE: usize = 6;
    pub(super) const STACK_FAULT: usize = 12;
    pub(super) const GENERAL_PROTECTION: usize = 13;
    pub(super) const PAGE_FAULT: usize = 14;
}

/// Bits of a page fault's error code.
mod error_code {
    pub(super) const PRESENT: usize = 1;
    pub(super) const WRITE: usize = 1 << 1;
    pub(super) const FETCH: usize = 1 << 4;
}

/// The first addresses are never mapped, so that null pointers are noticed.
const NULL_POINTERS: usize = 64 << 10;

/// Has the machine go on, or stop.
pub(super) fn handle(machine: &Machine, frame: &mut TrapFrame) {
    if frame.out_of_stack {
        machine.bug_check(
            BugCheck::UnexpectedKernelModeTrap,
            "a double fault: the stack is used up",
        );
    }
    match frame.registers.host(libc::REG_TRAPNO) {
        vector::PAGE_FAULT => page_fault(machine, frame),
        vector::GENERAL_PROTECTION | vector::STACK_FAULT => protection_fault(machine, frame),
        vector::INVALID_OPCODE => exception(machine, "an instruction that does not exist"),
        vector::DIVIDE_ERROR => exception(machine, "a division by zero"),
        vector::BREAKPOINT => exception(machine, "a breakpoint, and no debugger is attached"),
        vector::DEBUG => exception(machine, "a single step, and no debugger is attached"),
        other => exception(machine, &format!("exception {other} of the processor")),
    }
}

fn exception(machine: &Machine, what: &str) -> ! {
    machine.bug_check(
        BugCheck::KmodeExceptionNotHandled,
        format!("the driver ran into {what}"),
    )
}

fn protection_fault(machine: &Machine, frame: &mut TrapFrame) {
    let address = frame.registers.instruction();
    let image = machine.image_at(address);
    let Some(code) = image.as_ref().and_then(|image| image.code_at(address)) else {
        exception(machine, "an access to an address that can't be");
    };
    match emulate(machine, &mut frame.registers, code) {
        Ok(()) => {}
        Err(Unknown::FastFail(code)) => machine.bug_check(
            BugCheck::KernelSecurityCheckFailure,
            format!("the driver failed fast with code {code}"),
        ),
        Err(Unknown::RegisterAccess) => exception(
            machine,
            "an access to a device register that is no plain load or store, and no arithmetic either",
        ),
        Err(Unknown::Instruction(which)) => exception(
            machine,
            &format!("an instruction that is not allowed: {which}"),
        ),
    }
}

fn page_fault(machine: &Machine, frame: &TrapFrame) {
    let address = frame.registers.host(libc::REG_CR2);
    let error = frame.registers.host(libc::REG_ERR);
    let image = machine.image_at(address);
    let image = image
        .as_ref()
        .and_then(|image| Some((image, image.offset_of(address)?)));
    if machine.paging.contains(address) {
        if machine.irql() < DISPATCH_LEVEL && machine.paging.bring_back(address) {
            return;
        }
        if machine.irql() >= DISPATCH_LEVEL {
            let what =
                image.map_or_else(|| "paged pool".to_owned(), |(image, at)| place(image, at));
            machine.bug_check(
                BugCheck::DriverIrqlNotLessOrEqual,
                format!(
                    "{what}, which is pageable, was {} at raised IRQL",
                    verb(error)
                ),
            );
        }
    }
    if let Some((image, offset)) = image {
        fault_in_image(machine, image, offset, error);
    }
    let in_pool = machine.pool.borrow().fault_at(address);
    if let Some((bug_check, reason)) = in_pool {
        machine.bug_check(bug_check, format!("{reason} was {}", verb(error)));
    }
    let what = if address < NULL_POINTERS {
        format!("a null pointer ({address:#x}) was {}", verb(error))
    } else {
        format!("memory that is not there was {}", verb(error))
    };
    let bug_check = if machine.irql() >= DISPATCH_LEVEL {
        BugCheck::DriverIrqlNotLessOrEqual
    } else if address < NULL_POINTERS {
        BugCheck::KmodeExceptionNotHandled
    } else {
        BugCheck::PageFaultInNonpagedArea
    };
    machine.bug_check(bug_check, what)
}

fn fault_in_image(machine: &Machine, image: &MappedImage, offset: usize, error: usize) -> ! {
    let what = format!("{} was {}", place(image, offset), verb(error));
    let discarded = image
        .file
        .section_at(offset)
        .is_some_and(|section| section.access.contains(Access::DISCARDABLE));
    match image.phase() {
        Phase::Unloaded => machine.bug_check(
            BugCheck::DriverUnloadedWithoutCancelling,
            format!("{what} after the driver was unloaded"),
        ),
        Phase::Running if discarded => machine.bug_check(
            BugCheck::PageFaultInNonpagedArea,
            format!("{what} after DriverEntry, when it was gone"),
        ),
        _ if error & error_code::FETCH != 0 => {
            machine.bug_check(BugCheck::AttemptedExecuteOfNoexecuteMemory, what)
        }
        _ if error & error_code::WRITE != 0 && error & error_code::PRESENT != 0 => {
            machine.bug_check(BugCheck::AttemptedWriteToReadonlyMemory, what)
        }
        _ => machine.bug_check(BugCheck::PageFaultInNonpagedArea, what),
    }
}

fn place(image: &MappedImage, offset: usize) -> String {
    let name = image.file.name();
    match image.file.section_at(offset) {
        Some(section) => format!("{name}+{offset:#x} in section {}", section.name),
        None => format!("{name}+{offset:#x}"),
    }
}

const fn verb(error: usize) -> &'static str {
    if error & error_code::FETCH != 0 {
        "run"
    } else if error & error_code::WRITE != 0 {
        "written to"
    } else {
        "read"
    }
}
