//! The objects that the port class makes for drivers, and the books about their references.

use std::alloc::{Layout, alloc, dealloc};
use std::collections::{BTreeMap, VecDeque};

use portcls::com::{Class, Own, Pool, unknown_table};
use portcls::interfaces::{IUnknown, IUnknownVtbl};
use portcls::status::{Outcome, STATUS_INSUFFICIENT_RESOURCES};
use portcls::types::ULONG;

use crate::machine::stop::BugCheck;
use crate::machine::{Machine, current, current_if_any};

/// The memory of so many objects that are gone is kept, so that their use is noticed.
const KEPT: usize = 1024;

/// A value that only the thread of its machine touches.
pub(crate) struct OnMachine<T>(pub(crate) T);

// SAFETY: an emulated PC is one thread, and its objects never leave it.
unsafe impl<T> Send for OnMachine<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for OnMachine<T> {}

/// A class of the system's objects.
pub(crate) trait SystemClass: Class {
    /// What its objects are called in reports.
    const NAME: &'static str;
}

struct Gone {
    address: usize,
    layout: Layout,
    name: &'static str,
}

/// The books.
#[derive(Default)]
pub(crate) struct Objects {
    live: BTreeMap<usize, &'static str>,
    gone: VecDeque<Gone>,
}

impl Objects {
    fn name_of_gone(&self, address: usize) -> Option<&'static str> {
        if self.live.contains_key(&address) {
            return None;
        }
        let gone = self.gone.iter().find(|gone| gone.address == address)?;
        Some(gone.name)
    }

    fn bury(&mut self, address: usize, layout: Layout) {
        let name = self.live.remove(&address).unwrap_or("an object");
        self.gone.push_back(Gone {
            address,
            layout,
            name,
        });
        if self.gone.len() > KEPT
            && let Some(oldest) = self.gone.pop_front()
        {
            oldest.free();
        }
    }

    /// The first object that still has references, with their number.
    pub(crate) fn first_live(&self) -> Option<(&'static str, u32)> {
        let (address, name) = self.live.first_key_value()?;
        let object: *mut IUnknown = std::ptr::with_exposed_provenance_mut(*address);
        // SAFETY: the object is live, and its first face starts it.
        unsafe { IUnknown::AddRef(object) };
        // SAFETY: the reference was taken just now.
        let references = unsafe { IUnknown::Release(object) };
        Some((name, references))
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        self.gone.drain(..).for_each(Gone::free);
    }
}

impl Gone {
    fn free(self) {
        let memory: *mut u8 = std::ptr::with_exposed_provenance_mut(self.address);
        // SAFETY: allocated with this layout, and dropped before it was buried.
        unsafe { dealloc(memory, self.layout) };
    }
}

/// Where the system's objects live.
pub(crate) struct SystemMemory;

// SAFETY: memory comes from the host's allocator and stays at least until `free`.
unsafe impl Pool for SystemMemory {
    fn allocate(layout: Layout) -> *mut u8 {
        // SAFETY: objects are never empty.
        unsafe { alloc(layout) }
    }

    unsafe fn free(memory: *mut u8, layout: Layout) {
        let address = memory.expose_provenance();
        if let Some(machine) = current_if_any() {
            machine.objects.borrow_mut().bury(address, layout);
        }
    }
}

/// Makes an object for the driver.
pub(crate) fn make<T: SystemClass>(machine: &Machine, value: T) -> Outcome<Own<T>> {
    let failing = machine.config.failing_allocation;
    if machine.pool.borrow_mut().next_fails(failing) {
        return Err(STATUS_INSUFFICIENT_RESOURCES);
    }
    let object = Own::new(value)?;
    let address = object.as_unknown().expose_provenance();
    machine.objects.borrow_mut().live.insert(address, T::NAME);
    Ok(object)
}

/// Stops the machine if the object was released for the last time already.
pub(crate) fn require_live<const FACE: usize, I>(machine: &Machine, this: *mut I, function: &str) {
    let address = this.addr() - FACE * size_of::<usize>();
    let gone = machine.objects.borrow().name_of_gone(address);
    if let Some(name) = gone {
        machine.bug_check(
            BugCheck::ReferenceByPointer,
            format!("{function} was called on an {name} whose last reference was released"),
        );
    }
}

portcls::system_abi! {
    unsafe fn add_ref[T: SystemClass, const FACE: usize](this: *mut IUnknown) -> ULONG {
        require_live::<FACE, _>(&current(), this, "AddRef");
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        unsafe { (unknown_table::<T, FACE>().AddRef)(this) }
    }

    unsafe fn release[T: SystemClass, const FACE: usize](this: *mut IUnknown) -> ULONG {
        require_live::<FACE, _>(&current(), this, "Release");
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        unsafe { (unknown_table::<T, FACE>().Release)(this) }
    }
}

/// The first three functions of every table of the system's, which watch the references.
pub(crate) const fn watched_table<T: SystemClass, const FACE: usize>() -> IUnknownVtbl {
    IUnknownVtbl {
        QueryInterface: unknown_table::<T, FACE>().QueryInterface,
        AddRef: add_ref::<T, FACE>,
        Release: release::<T, FACE>,
    }
}
