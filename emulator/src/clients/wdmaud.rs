//! The classic system driver: several records per request, several requests at a time.

use super::input::ReadingManner;
use super::output::Manner;

/// Several short messages share a request, and several requests are under way. It waits without
/// limit.
pub(super) const WRITES: Manner = Manner {
    records: 8,
    requests: 4,
    patience: None,
};
/// Several reads are pended, and all records of each count.
pub(super) const READS: ReadingManner = ReadingManner {
    reads: 4,
    first_only: false,
};
