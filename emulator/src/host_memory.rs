//! Pages of the host's memory, and what may be done with them.

use std::ops::Range;

pub(crate) use region::Protection;

use crate::processor;

/// Bytes of a page as Windows counts them.
pub(crate) const PAGE_SIZE: usize = 4096;

/// Pages of their own, zeroed.
pub(crate) struct Pages(region::Allocation);

impl Pages {
    /// Allocates whole pages for that many bytes; returns nothing if there is no memory.
    pub(crate) fn new(bytes: usize) -> Option<Self> {
        region::alloc(bytes, Protection::READ_WRITE).ok().map(Self)
    }

    /// Their addresses.
    pub(crate) fn addresses(&self) -> Range<usize> {
        let begin = self.0.as_ptr::<u8>().expose_provenance();
        begin..begin + self.0.len()
    }

    pub(crate) fn as_ptr(&self) -> *mut u8 {
        self.0.as_ptr::<u8>().cast_mut()
    }
}

/// The size of a page of the host.
pub(crate) fn page_size() -> usize {
    region::page::size()
}

/// Changes what may be done with pages of a driver, where an access to them can be caught.
///
/// # Panics
/// If the host refuses.
pub(crate) fn protect(pages: &Range<usize>, protection: Protection) {
    if pages.is_empty() || !processor::CATCHES_FAULTS {
        return;
    }
    let address = std::ptr::with_exposed_provenance::<u8>(pages.start);
    // SAFETY: the pages are a driver's own; no reference of the emulated PC leads into them while they
    // can't be accessed.
    let result = unsafe { region::protect(address, pages.len(), protection) };
    result.expect("the host lets its pages be protected");
}
