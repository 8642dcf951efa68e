//! Instructions that a driver may execute and a program of the host may not, or not there.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

use super::arithmetic::{CHANGED_FLAGS, operate};
use super::registers::Registers;
use crate::machine::Machine;
use crate::machine::bus;
use crate::ntddk::memory::mapped_register;

/// What could not be emulated.
pub(super) enum Unknown {
    /// The processor of the emulated PC does not know it either, or not here.
    Instruction(&'static str),
    /// An access to a device register in a way that is not provided for.
    RegisterAccess,
    /// `__fastfail`, with its code.
    FastFail(u64),
}

/// Does what the instruction says that begins `code`, and moves on behind it.
pub(super) fn emulate(
    machine: &Machine,
    registers: &mut Registers,
    code: &[u8],
) -> Result<(), Unknown> {
    let mut decoder = Decoder::with_ip(
        64,
        code,
        registers.instruction() as u64,
        DecoderOptions::NONE,
    );
    let instruction = decoder.decode();
    match instruction.mnemonic() {
        Mnemonic::In => {
            let port = port(registers, &instruction, 1);
            let size = instruction.op0_register().size();
            let value = read(machine, size, |offset| bus::Registers::Ports(port + offset));
            registers.set(instruction.op0_register(), value);
        }
        Mnemonic::Out => {
            let port = port(registers, &instruction, 0);
            let size = instruction.op1_register().size();
            let value = registers.get(instruction.op1_register()).unwrap_or(0);
            write(machine, size, value, |offset| {
                bus::Registers::Ports(port + offset)
            });
        }
        Mnemonic::Mov if instruction.op1_register() == Register::CR8 => {
            registers.set(instruction.op0_register(), machine.irql().into());
        }
        Mnemonic::Mov if instruction.op0_register() == Register::CR8 => {
            let value = registers.get(instruction.op1_register()).unwrap_or(0);
            // CR8 has four bits.
            let irql = u8::try_from(value & 0xF).unwrap_or(0);
            if irql >= machine.irql() {
                machine.raise_irql(irql);
            } else {
                machine.lower_irql(irql);
            }
        }
        Mnemonic::Int if instruction.immediate8() == FAST_FAIL => {
            return Err(Unknown::FastFail(registers.get(Register::ECX).unwrap_or(0)));
        }
        _ => access_register(machine, registers, &instruction)?,
    }
    registers.set(Register::RIP, instruction.next_ip());
    Ok(())
}

/// The interrupt by which `__fastfail` stops Windows; the code is in `ecx`.
const FAST_FAIL: u8 = 0x29;

fn port(registers: &Registers, instruction: &Instruction, operand: u32) -> u16 {
    match instruction.op_kind(operand) {
        OpKind::Immediate8 => instruction.immediate8().into(),
        _ => registers
            .get(Register::DX)
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or(0),
    }
}

/// The bus of the devices is a byte wide: wider accesses are split up.
fn read(machine: &Machine, size: usize, place: impl Fn(u16) -> bus::Registers) -> u64 {
    let mut value = [0; 8];
    for (offset, byte) in (0..).zip(&mut value[..size.min(8)]) {
        *byte = machine.read_register(place(offset));
    }
    u64::from_le_bytes(value)
}

fn write(machine: &Machine, size: usize, value: u64, place: impl Fn(u16) -> bus::Registers) {
    for (offset, byte) in (0..).zip(&value.to_le_bytes()[..size.min(8)]) {
        machine.write_register(place(offset), *byte);
    }
}

/// A load from a mapped register, a store to one, or arithmetic with one.
fn access_register(
    machine: &Machine,
    registers: &mut Registers,
    instruction: &Instruction,
) -> Result<(), Unknown> {
    let memory_operand = (0..instruction.op_count())
        .find(|operand| instruction.op_kind(*operand) == OpKind::Memory)
        .ok_or(Unknown::Instruction("a privileged one"))?;
    let address = instruction
        .virtual_address(memory_operand, 0, |register, _, _| match register {
            // Those begin at zero in 64-bit mode.
            Register::DS | Register::ES | Register::CS | Register::SS => Some(0),
            other => registers.get(other),
        })
        .and_then(|address| usize::try_from(address).ok())
        .and_then(mapped_register)
        .ok_or(Unknown::Instruction("one with an address that can't be"))?;
    let size = instruction.memory_size().size();
    let place = |offset: u16| bus::Registers::Memory(address + u64::from(offset));
    let other_operand = u32::from(memory_operand == 0);
    let other = match instruction.op_kind(other_operand) {
        OpKind::Register => registers.get(instruction.op_register(other_operand)),
        _ => Some(instruction.immediate(other_operand)),
    };
    let other = other.ok_or(Unknown::RegisterAccess)?;
    let is_destination = memory_operand == 0;
    let mnemonic = instruction.mnemonic();
    match mnemonic {
        Mnemonic::Mov if is_destination => write(machine, size, other, place),
        Mnemonic::Mov | Mnemonic::Movzx => {
            let value = read(machine, size, place);
            registers.set(instruction.op0_register(), value);
        }
        // Whether it is known has to be clear before the register is touched.
        _ if operate(mnemonic, 0, 0, size).is_none() => return Err(Unknown::RegisterAccess),
        _ => {
            let value = read(machine, size, place);
            let (first, second) = if is_destination {
                (value, other)
            } else {
                (other, value)
            };
            let left = operate(mnemonic, first, second, size).ok_or(Unknown::RegisterAccess)?;
            match left.value {
                Some(result) if is_destination => write(machine, size, result, place),
                Some(result) => registers.set(instruction.op0_register(), result),
                None => {}
            }
            registers.set_flags(left.flags, CHANGED_FLAGS);
        }
    }
    Ok(())
}
