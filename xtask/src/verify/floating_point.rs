//! Floating-point registers, which an x86 image must leave alone.
//!
//! The kernel saves them when threads change, not when a thread is interrupted, so a driver that uses them in
//! an interrupt routine or a DPC changes the thread that was interrupted: "Floating-point operations are
//! not supported in interrupt service routines (ISRs) on x86 systems", and elsewhere only between
//! `KeSaveExtendedProcessorState` and `KeRestoreExtendedProcessorState` (page "Using floating point in a WDM
//! driver", which also says that x64 and ARM64 need neither).
//!
//! The rule reads each executable section from begin to end. The image is built without tables of jumps, which
//! would be between the functions as the `int3` are, so all of it should be instructions; and the rule makes sure that it reads as
//! the processor does: whatever a jump, a call, an exported name or a relocated address leads to has to be
//! an instruction's begin, and each relocated address within the code has to be an operand. Data in the code
//! would break that, and is reported.

use std::collections::{BTreeMap, HashSet};

use iced_x86::{CpuidFeature, Decoder, DecoderOptions, FlowControl, Instruction};
use object::pe;

use super::Verdict;
use super::image::{Image, Section};

/// What instructions without floating-point registers need of a processor. The others are x87, MMX, SSE, and
/// what came after them, or nothing that a driver has a use for.
const PLAIN: [CpuidFeature; 11] = [
    CpuidFeature::INTEL8086,
    CpuidFeature::INTEL186,
    CpuidFeature::INTEL286,
    CpuidFeature::INTEL386,
    CpuidFeature::INTEL486,
    CpuidFeature::CMOV,
    CpuidFeature::CPUID,
    CpuidFeature::CX8,
    CpuidFeature::MULTIBYTENOP,
    CpuidFeature::PAUSE,
    CpuidFeature::TSC,
];

/// No instruction uses them.
pub fn none(image: &Image) -> Verdict {
    if image.machine != "x86" {
        return Ok(format!("{} may use them", image.machine));
    }
    let code = Code::of(image)?;
    let wrong: Vec<_> = code
        .instructions
        .values()
        .filter(|it| !it.cpuid_features().iter().all(|it| PLAIN.contains(it)))
        .collect();
    match wrong.first() {
        None => Ok(format!("{} instructions", code.instructions.len())),
        Some(first) => Err(format!(
            "{} instructions, the first is {:?} at {:#x}",
            wrong.len(),
            first.mnemonic(),
            first.ip32()
        )),
    }
}

/// All instructions of an image, by address.
#[derive(Default)]
struct Code {
    instructions: BTreeMap<u32, Instruction>,
    /// Where addresses are operands.
    operands: HashSet<u32>,
}

impl Code {
    /// Reads an image, and makes sure that it was read right.
    fn of(image: &Image) -> Result<Self, String> {
        let mut code = Self::default();
        for section in executable(image) {
            code.read(section)?;
        }
        let targets = code.branch_targets();
        code.has_begins(image, "a branch leads", targets)?;
        let entry = [image.entry_point];
        let exports = image.exports.iter().map(|(_, address)| *address);
        code.has_begins(image, "a name leads", exports.chain(entry).collect())?;
        let addresses = relocated(image);
        let unread = addresses
            .iter()
            .find(|(place, _)| is_code(image, *place) && !code.operands.contains(place));
        if let Some((place, _)) = unread {
            return Err(format!("the address at {place:#x} is no operand"));
        }
        let targets = addresses.into_iter().map(|(_, target)| target).collect();
        code.has_begins(image, "an address leads", targets)?;
        Ok(code)
    }

    fn read(&mut self, section: &Section) -> Result<(), String> {
        let Section { name, address, .. } = section;
        let mut decoder =
            Decoder::with_ip(32, section.data, (*address).into(), DecoderOptions::NONE);
        while decoder.can_decode() {
            let instruction = decoder.decode();
            let at = instruction.ip32();
            if instruction.is_invalid() {
                return Err(format!("no instruction in {name} at {at:#x}"));
            }
            let operands = decoder.get_constant_offsets(&instruction);
            for (is_there, offset) in [
                (operands.has_displacement(), operands.displacement_offset()),
                (operands.has_immediate(), operands.immediate_offset()),
            ] {
                if let (true, Ok(offset)) = (is_there, u32::try_from(offset)) {
                    self.operands.insert(at + offset);
                }
            }
            self.instructions.insert(at, instruction);
        }
        Ok(())
    }

    fn branch_targets(&self) -> Vec<u32> {
        let branches = self.instructions.values().filter(|instruction| {
            matches!(
                instruction.flow_control(),
                FlowControl::Call
                    | FlowControl::ConditionalBranch
                    | FlowControl::UnconditionalBranch
            ) && instruction.near_branch_target() != 0
        });
        branches.map(Instruction::near_branch32).collect()
    }

    /// Those of some addresses that are in the code are begins of instructions.
    fn has_begins(&self, image: &Image, what: &str, addresses: Vec<u32>) -> Result<(), String> {
        let wrong = addresses
            .into_iter()
            .find(|it| is_code(image, *it) && !self.instructions.contains_key(it));
        match wrong {
            None => Ok(()),
            Some(address) => Err(format!("{what} into an instruction, to {address:#x}")),
        }
    }
}

/// Where the image has addresses of its own, and which.
fn relocated(image: &Image) -> Vec<(u32, u32)> {
    let address = |place: &u32| {
        let section = image.section_at(*place)?;
        let bytes = section.data.get((place - section.address) as usize..)?;
        let address = u32::from_le_bytes(*bytes.first_chunk()?);
        let offset = u64::from(address).checked_sub(image.base)?;
        Some((*place, u32::try_from(offset).ok()?))
    };
    image.relocations.iter().filter_map(address).collect()
}

fn executable<'image, 'data>(
    image: &'image Image<'data>,
) -> impl Iterator<Item = &'image Section<'data>> {
    let sections = image.sections.iter();
    sections.filter(|section| section.flags & pe::IMAGE_SCN_MEM_EXECUTE.0 != 0)
}

fn is_code(image: &Image, address: u32) -> bool {
    executable(image).any(|section| {
        address
            .checked_sub(section.address)
            .is_some_and(|offset| (offset as usize) < section.data.len())
    })
}
