//! Streaming requests as clients see them.

use std::time::Duration;

use portcls::types::NTSTATUS;

/// Names a streaming request of a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(crate) u64);

/// How a streaming request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The status.
    pub status: NTSTATUS,
    /// What was read: `KSMUSICFORMAT` records. Empty for a write.
    pub data: Vec<u8>,
    /// How many bytes of the request's buffer were used (`DataUsed`).
    pub information: usize,
    /// The time in the header of what was read (`PresentationTime`); zero if it has none.
    pub presentation: Duration,
}

/// What a pin has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinStatistics {
    /// Calls of the stream's `Write`.
    pub writes: u64,
    /// Those that took some of the bytes.
    pub partial_writes: u64,
    /// Those that took none.
    pub zero_writes: u64,
    /// Those that failed.
    pub failed_writes: u64,
    /// Bytes that the stream took.
    pub bytes_written: u64,
    /// Longest run of writes that succeeded without taking a byte.
    pub longest_without_progress: Duration,
    /// How often such a run became longer than 600 ms.
    pub stalls: u64,
    /// Calls of the stream's `Read`.
    pub reads: u64,
    /// Those that failed.
    pub failed_reads: u64,
    /// Bytes that were read.
    pub bytes_read: u64,
    /// Services of the pin after notifications.
    pub services: u64,
    /// Changes of state by the power manager that the stream refused.
    pub refused_states: u64,
}
