//! The general registers of a driver, where a trap found them.

use iced_x86::Register;

/// The host's numbers for registers, in its order.
const NUMBERS: [(Register, i32); 17] = [
    (Register::R8, libc::REG_R8),
    (Register::R9, libc::REG_R9),
    (Register::R10, libc::REG_R10),
    (Register::R11, libc::REG_R11),
    (Register::R12, libc::REG_R12),
    (Register::R13, libc::REG_R13),
    (Register::R14, libc::REG_R14),
    (Register::R15, libc::REG_R15),
    (Register::RDI, libc::REG_RDI),
    (Register::RSI, libc::REG_RSI),
    (Register::RBP, libc::REG_RBP),
    (Register::RBX, libc::REG_RBX),
    (Register::RDX, libc::REG_RDX),
    (Register::RAX, libc::REG_RAX),
    (Register::RCX, libc::REG_RCX),
    (Register::RSP, libc::REG_RSP),
    (Register::RIP, libc::REG_RIP),
];

/// All that the host tells of a thread's registers, by its own numbers.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Registers(pub(super) [i64; 23]);

impl Registers {
    /// A thread at this instruction with this stack, whose other registers are not known.
    pub(crate) fn at(instruction: usize, stack: usize) -> Self {
        let mut registers = Self::default();
        registers.set(Register::RIP, instruction as u64);
        registers.set(Register::RSP, stack as u64);
        registers
    }

    /// What the host has under one of its numbers, the `libc::REG_…`.
    pub(super) fn host(&self, number: i32) -> usize {
        let value = usize::try_from(number).ok().and_then(|at| self.0.get(at));
        value.map_or(0, |value| {
            usize::try_from(value.cast_unsigned()).unwrap_or(0)
        })
    }

    /// Changes those flags of the processor that `mask` names.
    pub(super) fn set_flags(&mut self, flags: u64, mask: u64) {
        let number = usize::try_from(libc::REG_EFL);
        if let Some(all) = number.ok().and_then(|number| self.0.get_mut(number)) {
            *all = (all.cast_unsigned() & !mask | flags & mask).cast_signed();
        }
    }

    fn place(register: Register) -> Option<usize> {
        let full = register.full_register();
        let (_, number) = NUMBERS.iter().find(|(other, _)| *other == full)?;
        usize::try_from(*number).ok()
    }

    /// The value of a register or of the named part of it; nothing if it is no general register.
    pub(crate) fn get(&self, register: Register) -> Option<u64> {
        let whole = self.0[Self::place(register)?].cast_unsigned();
        Some(match register.size() {
            1 if is_high_byte(register) => whole >> 8 & 0xFF,
            1 => whole & 0xFF,
            2 => whole & 0xFFFF,
            4 => whole & 0xFFFF_FFFF,
            _ => whole,
        })
    }

    /// Writes a register or the named part of it, as the processor does: a write of 32 bits clears the
    /// upper half, one of 8 or 16 leaves the rest.
    pub(crate) fn set(&mut self, register: Register, value: u64) {
        let Some(place) = Self::place(register) else {
            return;
        };
        let whole = self.0[place].cast_unsigned();
        let new = match register.size() {
            1 if is_high_byte(register) => whole & !0xFF00 | (value & 0xFF) << 8,
            1 => whole & !0xFF | value & 0xFF,
            2 => whole & !0xFFFF | value & 0xFFFF,
            4 => value & 0xFFFF_FFFF,
            _ => value,
        };
        self.0[place] = new.cast_signed();
    }

    /// Where the thread is.
    pub(crate) fn instruction(&self) -> usize {
        self.host(libc::REG_RIP)
    }

    /// Where its stack is.
    pub(crate) fn stack(&self) -> usize {
        self.host(libc::REG_RSP)
    }
}

const fn is_high_byte(register: Register) -> bool {
    matches!(
        register,
        Register::AH | Register::BH | Register::CH | Register::DH
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_registers_are_written_as_the_processor_writes_them() {
        let mut registers = Registers::default();
        registers.set(Register::RAX, u64::MAX);
        registers.set(Register::AL, 0x12);
        assert_eq!(registers.get(Register::RAX), Some(0xFFFF_FFFF_FFFF_FF12));
        registers.set(Register::AH, 0x34);
        assert_eq!(registers.get(Register::AX), Some(0x3412));
        assert_eq!(registers.get(Register::AH), Some(0x34));
        registers.set(Register::AX, 0x5678);
        assert_eq!(registers.get(Register::RAX), Some(0xFFFF_FFFF_FFFF_5678));
        registers.set(Register::EAX, 1);
        assert_eq!(registers.get(Register::RAX), Some(1));
        assert_eq!(registers.get(Register::XMM0), None);
    }
}
