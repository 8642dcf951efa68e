//! Providers that are registered, who listens to them, and what they have written.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use portcls::types::GUID;

use super::event::RawEvent;
use super::listening::Interest;
use crate::ntddk::EnableFunction;

/// A provider that a driver has registered.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) provider: GUID,
    pub(crate) callback: Option<EnableFunction>,
    pub(crate) context: usize,
    /// Its name, once it has told.
    pub(crate) name: Option<String>,
}

/// Providers, listeners and events of a machine.
#[derive(Default)]
pub(crate) struct Tracing {
    interests: RefCell<Vec<(GUID, Interest)>>,
    registrations: RefCell<BTreeMap<u64, Registration>>,
    events: RefCell<Vec<RawEvent>>,
    last_handle: Cell<u64>,
}

impl Tracing {
    pub(crate) fn register(&self, registration: Registration) -> u64 {
        let handle = self.last_handle.get() + 1;
        self.last_handle.set(handle);
        self.registrations.borrow_mut().insert(handle, registration);
        handle
    }

    pub(crate) fn unregister(&self, handle: u64) -> Option<Registration> {
        self.registrations.borrow_mut().remove(&handle)
    }

    pub(crate) fn registration(&self, handle: u64) -> Option<Registration> {
        self.registrations.borrow().get(&handle).cloned()
    }

    /// Remembers a provider's name; a provider can tell it once.
    pub(crate) fn set_name(&self, handle: u64, name: String) -> bool {
        let mut registrations = self.registrations.borrow_mut();
        let Some(registration) = registrations.get_mut(&handle) else {
            return false;
        };
        if registration.name.is_some() {
            return false;
        }
        registration.name = Some(name);
        true
    }

    /// A provider that is still registered, by its name if it has told.
    pub(crate) fn first_registered(&self) -> Option<String> {
        let registrations = self.registrations.borrow();
        let registration = registrations.values().next()?;
        let unnamed = || format!("{:?}", registration.provider);
        Some(registration.name.clone().unwrap_or_else(unnamed))
    }

    pub(super) fn registrations_of(&self, provider: GUID) -> Vec<Registration> {
        let registrations = self.registrations.borrow();
        let of_provider = registrations
            .values()
            .filter(|one| one.provider == provider);
        of_provider.cloned().collect()
    }

    pub(crate) fn interest_in(&self, provider: GUID) -> Option<Interest> {
        let interests = self.interests.borrow();
        let found = interests.iter().find(|(other, _)| *other == provider);
        found.map(|(_, interest)| *interest)
    }

    pub(super) fn set_interest(&self, provider: GUID, interest: Option<Interest>) {
        let mut interests = self.interests.borrow_mut();
        interests.retain(|(other, _)| *other != provider);
        interests.extend(interest.map(|interest| (provider, interest)));
    }

    pub(crate) fn keep(&self, event: RawEvent) {
        self.events.borrow_mut().push(event);
    }

    pub(super) fn take_events(&self) -> Vec<RawEvent> {
        self.events.take()
    }
}
