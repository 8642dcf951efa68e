//! Images in memory, as the kernel maps them.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use super::{Access, ImageFile, Section, exports};
use crate::host_memory::{PAGE_SIZE, Pages, Protection, protect};
use crate::ntddk::DriverEntryFunction;

/// What the linker puts where the security cookie belongs; the loader replaces it.
const DEFAULT_SECURITY_COOKIE: u64 = 0x0000_2B99_2DDF_A232;
/// The same in every run, as all else is. Its upper 16 bits are zero, as the kernel has it.
const SECURITY_COOKIE: u64 = 0x0000_5EED_5EED_5EED;

/// How far an image's life has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// `DriverEntry` has not returned.
    Initializing,
    /// Discardable sections are gone.
    Running,
    /// All is gone; the addresses are not used for anything else.
    Unloaded,
}

/// An image at its place. Its addresses stay its own until this is dropped.
pub(crate) struct MappedImage {
    pub(crate) file: Arc<ImageFile>,
    pages: Pages,
    phase: Cell<Phase>,
}

impl MappedImage {
    /// Maps an image, moves it to where it lies now, and binds its imports. Returns nothing if there is
    /// no memory.
    pub(crate) fn map(file: &Arc<ImageFile>) -> Option<Self> {
        let length = file.memory.len().next_multiple_of(PAGE_SIZE);
        let image = Self {
            file: Arc::clone(file),
            pages: Pages::new(length)?,
            phase: Cell::new(Phase::Initializing),
        };
        // SAFETY: the memory is that long, is zeroed, and nobody else knows it yet.
        let memory = unsafe { std::slice::from_raw_parts_mut(image.pages.as_ptr(), length) };
        image.fill(memory);
        image.protect_sections();
        Some(image)
    }

    fn fill(&self, memory: &mut [u8]) {
        let file = &*self.file;
        memory[..file.memory.len()].copy_from_slice(&file.memory);
        let moved_by = (self.base() as u64).wrapping_sub(file.preferred_base);
        let mut change = |offset: usize, new: &dyn Fn(u64) -> u64| {
            if let Some(place) = memory[offset..].first_chunk_mut() {
                *place = new(u64::from_le_bytes(*place)).to_le_bytes();
            }
        };
        for offset in &file.relocations {
            change(*offset as usize, &|address| address.wrapping_add(moved_by));
        }
        for import in &file.imports {
            // All were found when the image was opened.
            let address = exports::find(&import.image, &import.function).unwrap_or(0);
            change(import.slot as usize, &|_| address as u64);
        }
        if let Some(offset) = file.security_cookie {
            change(offset as usize, &|cookie| match cookie {
                DEFAULT_SECURITY_COOKIE => SECURITY_COOKIE,
                other => other,
            });
        }
    }

    fn protect_sections(&self) {
        protect(&self.addresses(), Protection::NONE);
        let headers = self.base()..self.base() + PAGE_SIZE;
        protect(&headers, Protection::READ);
        for section in &self.file.sections {
            if !section.access.contains(Access::PAGEABLE) {
                protect(&self.pages(section), protection(section));
            }
        }
    }

    /// Where the image begins.
    pub(crate) fn base(&self) -> usize {
        self.addresses().start
    }

    /// The addresses it takes.
    pub(crate) fn addresses(&self) -> Range<usize> {
        self.pages.addresses()
    }

    /// Its `DriverEntry`.
    pub(crate) fn entry(&self) -> DriverEntryFunction {
        let address = self.base() + self.file.entry as usize;
        let address = std::ptr::with_exposed_provenance::<()>(address);
        // SAFETY: the entry point of a driver image has this type.
        unsafe { std::mem::transmute::<*const (), DriverEntryFunction>(address) }
    }

    /// How far its life has gone.
    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// The pageable sections with their protection.
    pub(crate) fn pageable(&self) -> impl Iterator<Item = (Range<usize>, Protection)> {
        let pageable = self
            .file
            .sections
            .iter()
            .filter(|section| section.access.contains(Access::PAGEABLE));
        pageable.map(|section| (self.pages(section), protection(section)))
    }

    /// `DriverEntry` has returned: discardable sections go.
    pub(crate) fn discard_initialization(&self) {
        self.phase.set(Phase::Running);
        let sections = self.file.sections.iter();
        for section in sections.filter(|section| section.access.contains(Access::DISCARDABLE)) {
            protect(&self.pages(section), Protection::NONE);
        }
    }

    /// The driver is unloaded: all goes.
    pub(crate) fn unload(&self) {
        self.phase.set(Phase::Unloaded);
        protect(&self.addresses(), Protection::NONE);
    }

    /// The offset of an address that lies in the image.
    pub(crate) fn offset_of(&self, address: usize) -> Option<usize> {
        let offset = address.checked_sub(self.base())?;
        (offset < self.addresses().len()).then_some(offset)
    }

    /// Code at an address, up to the end of its section, if it is there to be run.
    pub(crate) fn code_at(&self, address: usize) -> Option<&[u8]> {
        let offset = self.offset_of(address)?;
        let section = self.file.section_at(offset)?;
        let gone = match self.phase() {
            Phase::Initializing => false,
            Phase::Running => section.access.contains(Access::DISCARDABLE),
            Phase::Unloaded => true,
        };
        if gone || !section.access.contains(Access::EXECUTE) {
            return None;
        }
        // The file's copy is the same: code is not relocated in place, and never written to.
        self.file.memory.get(offset..section.range.end)
    }

    /// Whether an address is one that a call in this image returns to.
    pub(crate) fn is_behind_call(&self, address: usize) -> bool {
        /// The opcode of a call to a distance of 32 bits.
        const CALL_NEAR: u8 = 0xE8;
        /// The opcode of a call to where a register or a word of memory says.
        const CALL_INDIRECT: u8 = 0xFF;
        let Some(offset) = self.offset_of(address) else {
            return false;
        };
        if self.code_at(address).is_none() {
            return false;
        }
        let before = |bytes: usize| {
            let place = offset.checked_sub(bytes)?;
            self.file.memory.get(place).copied()
        };
        before(5) == Some(CALL_NEAR) || [2, 3, 4, 6, 7].map(before).contains(&Some(CALL_INDIRECT))
    }

    fn pages(&self, section: &Section) -> Range<usize> {
        let base = self.base();
        base + section.range.start..base + section.range.end.next_multiple_of(PAGE_SIZE)
    }
}

fn protection(section: &Section) -> Protection {
    let mut protection = Protection::READ;
    protection.set(Protection::WRITE, section.access.contains(Access::WRITE));
    protection.set(
        Protection::EXECUTE,
        section.access.contains(Access::EXECUTE),
    );
    protection
}
