//! Memory that is only there below `DISPATCH_LEVEL`.
//!
//! Each time the IRQL is raised it all goes; what is touched below comes back.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use crate::host_memory::{Protection, protect};

struct Paged {
    pages: Range<usize>,
    protection: Protection,
    present: bool,
}

/// All pageable memory of a machine.
#[derive(Default)]
pub(crate) struct Paging {
    all: RefCell<Vec<Paged>>,
    anything_present: Cell<bool>,
}

impl Paging {
    /// Makes pages pageable; they are gone until they are touched.
    pub(crate) fn add(&self, pages: Range<usize>, protection: Protection) {
        protect(&pages, Protection::NONE);
        self.all.borrow_mut().push(Paged {
            pages,
            protection,
            present: false,
        });
    }

    /// Has pages that lie in a range stay from now on.
    pub(crate) fn remove(&self, range: &Range<usize>) {
        self.all.borrow_mut().retain(|paged| {
            let inside = range.contains(&paged.pages.start);
            if inside {
                protect(&paged.pages, paged.protection);
            }
            !inside
        });
    }

    /// Whether an address is pageable.
    pub(crate) fn contains(&self, address: usize) -> bool {
        let all = self.all.borrow();
        all.iter().any(|paged| paged.pages.contains(&address))
    }

    /// Brings the pages at an address back; returns false if they are there already.
    pub(crate) fn bring_back(&self, address: usize) -> bool {
        let mut all = self.all.borrow_mut();
        let found = all
            .iter_mut()
            .find(|paged| !paged.present && paged.pages.contains(&address));
        let Some(paged) = found else {
            return false;
        };
        protect(&paged.pages, paged.protection);
        paged.present = true;
        self.anything_present.set(true);
        true
    }

    /// Takes all away.
    pub(crate) fn take_away(&self) {
        if self.anything_present.replace(false) {
            for paged in &mut *self.all.borrow_mut() {
                if paged.present {
                    protect(&paged.pages, Protection::NONE);
                    paged.present = false;
                }
            }
        }
    }
}
