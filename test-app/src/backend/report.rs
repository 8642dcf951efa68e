//! What a backend tells of the device after a run.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a backend tells of the device after a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeviceReport {
    /// How the device's Write ended, where that can be seen.
    pub writes: Option<WriteCounts>,
    /// The longest stretches at raised IRQL, where they can be seen.
    pub longest: Option<LongestTimes>,
    /// The driver's counters by name, where they can be read.
    pub counters: BTreeMap<String, u64>,
}

/// How calls of the device's Write ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WriteCounts {
    /// Calls in all.
    pub calls: u64,
    /// Those that took some of the bytes.
    pub partial: u64,
    /// Those that took none because the device was busy.
    pub zero: u64,
    /// Those that returned an error.
    pub error: u64,
}

/// The longest stretches at raised IRQL, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LongestTimes {
    /// In an interrupt routine.
    pub interrupt_ns: u64,
    /// In a deferred procedure call.
    pub dpc_ns: u64,
    /// In the device's Write.
    pub write_ns: u64,
    /// With a spin lock held.
    pub spin_lock_ns: u64,
    /// At `DISPATCH_LEVEL` or above, whatever for.
    pub raised_irql_ns: u64,
}
