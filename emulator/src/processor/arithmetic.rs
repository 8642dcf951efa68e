//! Arithmetic that compilers do on a device register directly, with the flags that it leaves (Intel's
//! manual, volume 2).

use iced_x86::Mnemonic;

/// Bits of the flags register.
mod flag {
    pub(super) const CARRY: u64 = 1 << 0;
    pub(super) const PARITY: u64 = 1 << 2;
    pub(super) const ADJUST: u64 = 1 << 4;
    pub(super) const ZERO: u64 = 1 << 6;
    pub(super) const SIGN: u64 = 1 << 7;
    pub(super) const OVERFLOW: u64 = 1 << 11;
}

/// The flags that arithmetic changes.
pub(super) const CHANGED_FLAGS: u64 =
    flag::CARRY | flag::PARITY | flag::ADJUST | flag::ZERO | flag::SIGN | flag::OVERFLOW;

/// What an operation leaves.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// The new value of the first operand; nothing for comparisons.
    pub(super) value: Option<u64>,
    /// The changed flags.
    pub(super) flags: u64,
}

/// Does an operation on operands of `bytes` bytes; nothing if it is none of those that are known.
pub(super) fn operate(mnemonic: Mnemonic, first: u64, second: u64, bytes: usize) -> Option<Left> {
    let bits = 8 * u32::try_from(bytes).ok().filter(|bytes| *bytes <= 8)?;
    let mask = u64::MAX.checked_shr(64 - bits)?;
    let sign = 1 << (bits - 1);
    let (first, second) = (first & mask, second & mask);
    let (result, carry, overflow) = match mnemonic {
        Mnemonic::And | Mnemonic::Test => (first & second, false, false),
        Mnemonic::Or => (first | second, false, false),
        Mnemonic::Xor => (first ^ second, false, false),
        Mnemonic::Sub | Mnemonic::Cmp => {
            let result = first.wrapping_sub(second) & mask;
            let overflow = (first ^ second) & (first ^ result) & sign != 0;
            (result, first < second, overflow)
        }
        Mnemonic::Add => {
            let result = first.wrapping_add(second) & mask;
            let overflow = !(first ^ second) & (first ^ result) & sign != 0;
            (result, result < first, overflow)
        }
        _ => return None,
    };
    let is_logic = matches!(
        mnemonic,
        Mnemonic::And | Mnemonic::Test | Mnemonic::Or | Mnemonic::Xor
    );
    let set = |flag, condition| if condition { flag } else { 0 };
    let flags = set(flag::CARRY, carry)
        | set(flag::OVERFLOW, overflow)
        | set(flag::ZERO, result == 0)
        | set(flag::SIGN, result & sign != 0)
        | set(flag::PARITY, (result & 0xFF).count_ones() % 2 == 0)
        | set(
            flag::ADJUST,
            !is_logic && (first ^ second ^ result) & 0x10 != 0,
        );
    let is_comparison = matches!(mnemonic, Mnemonic::Test | Mnemonic::Cmp);
    Some(Left {
        value: (!is_comparison).then_some(result),
        flags,
    })
}

#[cfg(test)]
mod tests {
    use std::arch::asm;

    use proptest::prelude::*;

    use super::*;

    /// What this machine's processor makes of an operation on bytes.
    macro_rules! real {
        ($operation:literal, $first:expr, $second:expr) => {{
            let mut first: u8 = $first;
            let flags: u64;
            // SAFETY: arithmetic in registers; what is pushed is popped.
            unsafe {
                asm!(
                    concat!($operation, " {first}, {second}"),
                    "pushfq",
                    "pop {flags}",
                    first = inout(reg_byte) first,
                    second = in(reg_byte) $second,
                    flags = out(reg) flags,
                );
            }
            (u64::from(first), flags & CHANGED_FLAGS)
        }};
    }

    proptest! {
        #[test]
        fn results_and_flags_are_those_of_the_processor(first: u8, second: u8) {
            let real = [
                (Mnemonic::And, real!("and", first, second)),
                (Mnemonic::Or, real!("or", first, second)),
                (Mnemonic::Xor, real!("xor", first, second)),
                (Mnemonic::Test, real!("test", first, second)),
                (Mnemonic::Cmp, real!("cmp", first, second)),
                (Mnemonic::Sub, real!("sub", first, second)),
                (Mnemonic::Add, real!("add", first, second)),
            ];
            for (mnemonic, (value, mut flags)) in real {
                let left = operate(mnemonic, first.into(), second.into(), 1).expect("known");
                // Logic leaves this flag undefined.
                if !matches!(mnemonic, Mnemonic::Sub | Mnemonic::Cmp | Mnemonic::Add) {
                    flags &= !flag::ADJUST;
                }
                prop_assert_eq!(left.flags, flags, "{:?}", mnemonic);
                prop_assert_eq!(left.value.unwrap_or(first.into()), value, "{:?}", mnemonic);
            }
        }
    }

    #[test]
    fn wider_operands() {
        let left = operate(Mnemonic::Cmp, 0x1_0000, 1, 4).expect("known");
        assert_eq!(left.flags & flag::CARRY, 0);
        let left = operate(Mnemonic::Cmp, 0x1_0000, 1, 2).expect("known");
        assert_eq!(left.flags & flag::CARRY, flag::CARRY);
        assert_eq!(operate(Mnemonic::Mul, 1, 1, 1), None);
    }
}
