//! The books that a chip keeps about bytes that went nowhere.

/// How many bytes a chip has lost since it was built, by reason.
///
/// Real chips keep no such books; tests need them to tell who lost a byte. Power cycles leave
/// them alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Bytes that arrived whole and found no room in the receive FIFO.
    pub receive_overruns: u64,
    /// Bytes that arrived while the receiver was switched off, looped back or gone.
    pub ignored_arrivals: u64,
    /// Bytes to send that were written while the chip could not take them.
    pub refused_writes: u64,
    /// Bytes that were taken, and thrown away by a reset, a FIFO clear or a power loss before
    /// their start bit.
    pub discarded_transmits: u64,
}
