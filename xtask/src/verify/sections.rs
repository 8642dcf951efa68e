//! Rules about sections. Hypervisor-protected code integrity insists on the first two.
//!
//! What link.exe gives the sections of an image with `/DRIVER`:
//!
//! | section | characteristics | |
//! |---|---|---|
//! | `.text` | `6800_0020` | code, not paged, execute, read |
//! | `.rdata`, `.pdata` | `4800_0040` | data, not paged, read |
//! | `.data` | `C800_0040` | data, not paged, read, write |
//! | `PAGE…` | `6000_0020` | code, execute, read |
//! | `INIT` | `6200_0020` | code, discardable, execute, read |
//! | `.rsrc`, `.reloc` | `4200_0040` | data, discardable, read |
//!
//! Seen in `dumpbin /headers` of a driver (<https://github.com/HoShiMin/Kernel-Bridge/issues/18>), and in what
//! `ReactOS` does to drivers from another linker so that they are alike: "Add the non-paged bit, except for PAGE,
//! .rsrc and .edata", `INIT` and `.rsrc` discardable (<https://github.com/reactos/reactos/pull/3485>). Resources
//! need not stay, whether or not they are thrown away. lld-link sets the flags only if told:
//! `xtask/cross/wdk-build/src/sections.rs`.

use object::pe;

use super::Verdict;
use super::image::{Image, Section};

const PAGE: u32 = 4096;
/// Sections that need not stay in memory by their names, besides those that begin with `PAGE`.
const PAGEABLE: [&str; 2] = ["INIT", ".rsrc"];
const EXECUTE: u32 = pe::IMAGE_SCN_MEM_EXECUTE.0;
const READ: u32 = pe::IMAGE_SCN_MEM_READ.0;
const WRITE: u32 = pe::IMAGE_SCN_MEM_WRITE.0;
const CODE: u32 = pe::IMAGE_SCN_CNT_CODE.0;
const DATA: u32 = pe::IMAGE_SCN_CNT_INITIALIZED_DATA.0 | pe::IMAGE_SCN_CNT_UNINITIALIZED_DATA.0;
const NOT_PAGED: u32 = pe::IMAGE_SCN_MEM_NOT_PAGED.0;
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

/// No section is without any access. "A section in the PE file that doesn't have E, R, or W set is probably
/// invalid", says link.exe's page about `/SECTION`.
pub fn accessible(image: &Image) -> Verdict {
    none(
        image,
        "neither readable nor writable nor executable",
        |it| !is_accessible(it),
    )
}

/// What may be needed at raised IRQL stays in memory: all but pageable code, resources, and what is thrown
/// away.
pub fn resident(image: &Image) -> Verdict {
    let is_resident = |section: &Section| {
        let is_named = section.name.starts_with("PAGE") || PAGEABLE.contains(&&*section.name);
        !is_named && section.flags & DISCARDABLE == 0
    };
    let (kept, lost): (Vec<_>, Vec<_>) = image
        .sections
        .iter()
        // The others are another rule's.
        .filter(|section| is_accessible(section) && is_resident(section))
        .partition(|section| section.flags & NOT_PAGED != 0);
    if lost.is_empty() {
        Ok(names(&kept))
    } else {
        Err(format!("may be paged out: {}", names(&lost)))
    }
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
    if section.flags & NOT_PAGED != 0 {
        return Err("INIT must not be paged".to_owned());
    }
    code_only(section)?;
    Ok(format!("INIT is discardable, {} bytes", section.size))
}

/// Code that is not needed at raised IRQL lies in a section that the system may page out. By its name
/// the system knows it, so it has to have that very name and be no other one's.
pub fn page_pageable(image: &Image) -> Verdict {
    let mut named = image
        .sections
        .iter()
        .filter(|section| section.name.starts_with("PAGE"));
    let Some(section) = named.next() else {
        return Err("there is no section PAGE".to_owned());
    };
    if named.next().is_some() {
        return Err("there is more than one section PAGE".to_owned());
    }
    if section.flags & DISCARDABLE != 0 {
        return Err(format!("{} is discardable", section.name));
    }
    if section.flags & NOT_PAGED != 0 {
        return Err(format!("{} must not be paged", section.name));
    }
    code_only(section)?;
    Ok(format!("PAGE is pageable, {} bytes", section.size))
}

/// A section has code, and nothing that is read or written as data.
fn code_only(section: &Section) -> Result<(), String> {
    let name = &section.name;
    if section.flags & EXECUTE == 0 || section.flags & CODE == 0 {
        return Err(format!("{name} has no code"));
    }
    if section.flags & DATA != 0 {
        return Err(format!("{name} has data"));
    }
    Ok(())
}

fn is_accessible(section: &Section) -> bool {
    section.flags & (READ | WRITE | EXECUTE) != 0
}

fn names(sections: &[&Section]) -> String {
    let names: Vec<_> = sections.iter().map(|section| &*section.name).collect();
    names.join(", ")
}

fn none(image: &Image, fault: &str, has_fault: fn(&Section) -> bool) -> Verdict {
    let faulty: Vec<_> = image.sections.iter().filter(|s| has_fault(s)).collect();
    if faulty.is_empty() {
        Ok(names(&image.sections.iter().collect::<Vec<_>>()))
    } else {
        Err(format!("{fault}: {}", names(&faulty)))
    }
}
