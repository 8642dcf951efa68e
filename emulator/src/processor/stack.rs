//! Which code of drivers is on the stack.

use std::rc::Rc;

use iced_x86::Register;
use pe_unwind_info::x86_64::{
    FunctionTableEntries, Register as UnwindRegister, UnwindState, XmmRegister,
};

use super::registers::Registers;
use super::signals::stack_of_machine;
use super::trap::innermost;
use crate::image::mapping::MappedImage;
use crate::machine::stop::StackFrame;

/// Frames that are told at most.
const MOST_FRAMES: usize = 32;

/// The driver's frames, innermost first: those that called the kernel now, or that trapped.
pub(crate) fn driver_frames(images: &[Rc<MappedImage>]) -> Vec<StackFrame> {
    let is_driver = |address: usize| {
        images
            .iter()
            .any(|image| image.offset_of(address).is_some())
    };
    let stack = stack_of_machine().unwrap_or(0..0);
    let mut caller = None;
    let mut was_on_stack = false;
    // The host's code ends where a driver called it. Below the first frame of a thread come those of
    // the one that gave it the processor, which have nothing to do with it.
    backtrace::trace(|frame| {
        let is_on_stack = stack.contains(&frame.sp().addr());
        if was_on_stack && !is_on_stack {
            return false;
        }
        was_on_stack = is_on_stack;
        let instruction = frame.ip().addr();
        if is_driver(instruction) {
            caller = Some(Registers::at(instruction, frame.sp().addr()));
        }
        caller.is_none()
    });
    let (registers, is_trap) = match (caller, innermost()) {
        (Some(registers), _) => (registers, false),
        (None, Some(trapped)) if is_driver(trapped.instruction()) => (trapped, true),
        (None, Some(trapped)) => match called_from(images, &trapped) {
            Some(caller) => (caller, false),
            None => return Vec::new(),
        },
        (None, None) => return Vec::new(),
    };
    Walk {
        images,
        registers,
        instruction_is_next: !is_trap,
    }
    .take(MOST_FRAMES)
    .collect()
}

/// Where a driver called what trapped outside of it: the first on the stack that looks like it.
fn called_from(images: &[Rc<MappedImage>], trapped: &Registers) -> Option<Registers> {
    const WORD: usize = 8;
    let stack = stack_of_machine()?;
    (trapped.stack()..stack.end)
        .step_by(WORD)
        .find_map(|place| {
            let address = usize::try_from(read(place as u64)?).ok()?;
            let follows_call = images.iter().any(|image| image.is_behind_call(address));
            follows_call.then(|| Registers::at(address, place + WORD))
        })
}

/// Walks from frame to frame by the images' own tables.
struct Walk<'images> {
    images: &'images [Rc<MappedImage>],
    registers: Registers,
    /// The address is one to return to, behind the call.
    instruction_is_next: bool,
}

impl Iterator for Walk<'_> {
    type Item = StackFrame;

    fn next(&mut self) -> Option<StackFrame> {
        let address = self.registers.instruction();
        let found = |image: &&Rc<MappedImage>| image.offset_of(address).is_some();
        let image = self.images.iter().find(found);
        let image = image?;
        let offset = image.offset_of(address)?;
        let frame = StackFrame {
            image: image.file.path.clone(),
            offset: offset as u64,
            is_return: self.instruction_is_next,
            symbols: Vec::new(),
        };
        let memory = &image.file.memory;
        let table = FunctionTableEntries::parse(&memory[image.file.exception_table.clone()]);
        // A call may be the last of its function; it belongs to it all the same.
        let lookup = offset - usize::from(self.instruction_is_next);
        let next = table.unwind_frame(
            &mut Stack(&mut self.registers),
            |offset| memory.get(offset as usize..),
            u32::try_from(lookup).unwrap_or(0),
        );
        self.instruction_is_next = true;
        self.registers.set(Register::RIP, next.unwrap_or(0));
        Some(frame)
    }
}

/// The word at an address of this thread's stack.
fn read(address: u64) -> Option<u64> {
    let address = usize::try_from(address).ok()?;
    let stack = stack_of_machine()?;
    if !stack.contains(&address) || !address.is_multiple_of(8) {
        return None;
    }
    let word = std::ptr::with_exposed_provenance::<u64>(address);
    // SAFETY: all of the stack can be read, whatever is there.
    Some(unsafe { word.read_volatile() })
}

struct Stack<'registers>(&'registers mut Registers);

const fn host_name(register: UnwindRegister) -> Register {
    match register {
        UnwindRegister::RAX => Register::RAX,
        UnwindRegister::RCX => Register::RCX,
        UnwindRegister::RDX => Register::RDX,
        UnwindRegister::RBX => Register::RBX,
        UnwindRegister::RSP => Register::RSP,
        UnwindRegister::RBP => Register::RBP,
        UnwindRegister::RSI => Register::RSI,
        UnwindRegister::RDI => Register::RDI,
        UnwindRegister::R8 => Register::R8,
        UnwindRegister::R9 => Register::R9,
        UnwindRegister::R10 => Register::R10,
        UnwindRegister::R11 => Register::R11,
        UnwindRegister::R12 => Register::R12,
        UnwindRegister::R13 => Register::R13,
        UnwindRegister::R14 => Register::R14,
        UnwindRegister::R15 => Register::R15,
    }
}

impl UnwindState for Stack<'_> {
    fn read_register(&mut self, register: UnwindRegister) -> u64 {
        self.0.get(host_name(register)).unwrap_or(0)
    }

    fn read_stack(&mut self, address: u64) -> Option<u64> {
        read(address)
    }

    fn write_register(&mut self, register: UnwindRegister, value: u64) {
        self.0.set(host_name(register), value);
    }

    fn write_xmm_register(&mut self, _: XmmRegister, _: u128) {}
}
