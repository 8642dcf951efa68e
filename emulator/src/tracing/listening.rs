//! What a scenario can do about tracing.

use portcls::types::GUID;

use super::event::RawEvent;
use super::sessions::Registration;
use crate::machine::Machine;
use crate::pc::Pc;

/// `EVENT_CONTROL_CODE_DISABLE_PROVIDER`.
const DISABLE: u32 = 0;
/// `EVENT_CONTROL_CODE_ENABLE_PROVIDER`.
const ENABLE: u32 = 1;

/// Which events of a provider somebody listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    /// Events at most this verbose: 1 critical, 2 error, 3 warning, 4 information, 5 verbose; 0 means
    /// all.
    pub level: u8,
    /// Events with one of these keywords; 0 means all.
    pub any_keyword: u64,
    /// Of these, events with all of these keywords.
    pub all_keywords: u64,
}

impl Interest {
    /// Everything.
    pub const ALL: Self = Self {
        level: 0,
        any_keyword: 0,
        all_keywords: 0,
    };

    /// Whether it covers an event.
    pub(crate) const fn covers(&self, level: u8, keyword: u64) -> bool {
        let by_level = self.level == 0 || level <= self.level;
        let by_any = self.any_keyword == 0 || keyword & self.any_keyword != 0;
        let by_all = keyword & self.all_keywords == self.all_keywords;
        by_level && (keyword == 0 || by_any && by_all)
    }
}

/// Tells a provider who listens to it, as `EtwRegister` does too. At `PASSIVE_LEVEL`.
pub(crate) fn tell(machine: &Machine, registration: &Registration, interest: Option<Interest>) {
    let Some(callback) = registration.callback else {
        return;
    };
    let code = if interest.is_some() { ENABLE } else { DISABLE };
    let interest = interest.unwrap_or(Interest::ALL);
    let nobody = GUID::from_u128(0);
    machine.call_driver("the enable callback", || {
        // SAFETY: the driver gave this context for this callback.
        unsafe {
            callback(
                &raw const nobody,
                code,
                interest.level,
                interest.any_keyword,
                interest.all_keywords,
                std::ptr::null_mut(),
                std::ptr::with_exposed_provenance_mut(registration.context),
            );
        }
    });
}

impl Pc {
    /// Listens to a provider from now on, be it registered already or not.
    pub fn listen(&self, provider: GUID, interest: Interest) {
        self.set_interest(provider, Some(interest));
    }

    /// Listens to a provider no more. What it wrote is kept.
    pub fn stop_listening(&self, provider: GUID) {
        self.set_interest(provider, None);
    }

    fn set_interest(&self, provider: GUID, interest: Option<Interest>) {
        let tracing = &self.machine.system.tracing;
        tracing.set_interest(provider, interest);
        for registration in tracing.registrations_of(provider) {
            tell(&self.machine, &registration, interest);
        }
    }

    /// The events that were written since this was last asked, oldest first.
    #[must_use]
    pub fn take_events(&self) -> Vec<RawEvent> {
        self.machine.system.tracing.take_events()
    }
}
