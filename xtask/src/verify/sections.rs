//! Rules about sections. Hypervisor-protected code integrity insists on the first two.

use object::pe;

use super::Verdict;
use super::image::{Image, Section};

const PAGE: u32 = 4096;
const EXECUTE: u32 = pe::IMAGE_SCN_MEM_EXECUTE.0;
const WRITE: u32 = pe::IMAGE_SCN_MEM_WRITE.0;
const DISCARDABLE: u32 = pe::IMAGE_SCN_MEM_DISCARDABLE.0;

/// No section can be both written to and executed.
pub fn write_xor_execute(image: &Image) -> Verdict {
    none(image, "both writable and executable", |section| {
        section.flags & WRITE != 0 && section.flags & EXECUTE != 0
    })
}

/// Each section has pages of its own.
pub fn aligned(image: &Image) -> Verdict {
    let alignment = image.section_alignment;
    if alignment < PAGE || !alignment.is_multiple_of(PAGE) {
        return Err(format!("aligned to {alignment} bytes"));
    }
    none(image, "at no page's begin", |section| {
        !section.address.is_multiple_of(PAGE)
    })
}

/// The entry point, which runs once, lies in a section that is thrown away.
pub fn init_discardable(image: &Image) -> Verdict {
    let Some(section) = image.section_at(image.entry_point) else {
        return Err("the entry point lies in no section".to_owned());
    };
    if section.name != "INIT" {
        return Err(format!("the entry point lies in {}", section.name));
    }
    if section.flags & DISCARDABLE == 0 {
        return Err("INIT is not discardable".to_owned());
    }
    if section.flags & EXECUTE == 0 {
        return Err("INIT is not executable".to_owned());
    }
    Ok(format!("INIT is discardable, {} bytes", section.size))
}

fn none(image: &Image, fault: &str, has_fault: fn(&Section) -> bool) -> Verdict {
    let names = |sections: Vec<&Section>| {
        let names: Vec<_> = sections.iter().map(|section| &*section.name).collect();
        names.join(", ")
    };
    let faulty: Vec<_> = image.sections.iter().filter(|s| has_fault(s)).collect();
    if faulty.is_empty() {
        Ok(names(image.sections.iter().collect()))
    } else {
        Err(format!("{fault}: {}", names(faulty)))
    }
}
