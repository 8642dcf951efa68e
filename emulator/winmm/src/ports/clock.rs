//! Virtual time that keeps up with the host's.

use std::time::{Duration, Instant};

use emulated_pc::time::Instant as VirtualInstant;

/// A moment that both times know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    host: Instant,
    pc: VirtualInstant,
}

impl Clock {
    /// The PC has come to `pc` at the host's time `host`.
    pub(super) const fn new(host: Instant, pc: VirtualInstant) -> Self {
        Self { host, pc }
    }

    /// Virtual time at a moment of the host's.
    pub(super) fn pc_time(&self, host: Instant) -> VirtualInstant {
        self.pc + host.saturating_duration_since(self.host)
    }

    /// The host's time at a moment of virtual time.
    pub(super) fn host_time(&self, pc: VirtualInstant) -> Instant {
        self.host + pc.since(self.pc)
    }

    /// How long after the host's `now` it is until virtual time comes to `pc`.
    pub(super) fn until(&self, pc: VirtualInstant, now: Instant) -> Duration {
        self.host_time(pc).saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_times_go_alike() {
        let host = Instant::now();
        let clock = Clock::new(host, VirtualInstant::from_nanos(500));
        let later = host + Duration::from_nanos(70);
        assert_eq!(clock.pc_time(later), VirtualInstant::from_nanos(570));
        assert_eq!(clock.host_time(VirtualInstant::from_nanos(570)), later);
        let until = clock.until(VirtualInstant::from_nanos(600), later);
        assert_eq!(until, Duration::from_nanos(30));
        assert_eq!(clock.until(VirtualInstant::POWER_ON, later), Duration::ZERO);
    }
}
