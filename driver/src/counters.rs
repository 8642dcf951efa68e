//! Counters of everything that can go wrong, and of what went right.

use core::sync::atomic::{AtomicU32, Ordering};

macro_rules! counters {
    ($($(#[$attribute:meta])* $name:ident;)+) => {
        /// The counters of a device. They only ever grow, and wrap around.
        #[derive(Default)]
        pub struct Counters {
            $($(#[$attribute])* pub $name: Counter,)+
        }

        /// The names of all counters, in the order in which [`Counters::values`] has them. New ones are added at
        /// the end: a tool of another version knows them by their places.
        pub const NAMES: &[&str] = &[$(stringify!($name)),+];

        impl Counters {
            /// The values of all counters. Any IRQL.
            #[must_use]
            pub fn values(&self) -> [u32; NAMES.len()] {
                [$(self.$name.get()),+]
            }
        }
    };
}

counters! {
    /// Bytes that the UART accepted to send.
    bytes_sent;
    /// Bytes that the UART received whole.
    bytes_received;
    /// Calls of `Write` that took a part only.
    partial_writes;
    /// Calls of `Write` that took nothing, as the ring was full.
    busy_writes;
    /// Calls of `Write` that were refused because of the stream's state or direction.
    refused_writes;
    /// Calls of `Write` that were refused because the device was gone or asleep.
    writes_without_device;
    /// Calls of `Read` that were refused because of the stream's direction.
    refused_reads;
    /// Times that the UART took no byte for so long that it was given up.
    deaths;
    /// Bytes that were accepted to be sent and then thrown away: the UART was given up, could not be set up, or
    /// the device was stopped before they were out.
    bytes_discarded;
    /// Times that the UART was set up again after it was given up.
    revivals;
    /// Times that the UART could not be set up.
    failed_setups;
    /// Bytes that came in while no client listened, or while the UART was being set up or could not be.
    bytes_unheard;
    /// Bytes that were lost as the receive ring was full.
    receive_overflows;
    /// Bytes that the chip lost before they were read.
    overruns;
    /// Bytes that were dropped as their stop bit was missing.
    framing_errors;
    /// Bytes that were dropped as their parity was wrong.
    parity_errors;
    /// Times that the line was held low for a whole byte.
    breaks;
    /// Times that the registers read as if no chip was there.
    missing_chip;
    /// Interrupts that were this device's.
    interrupts;
    /// Interrupts of a shared line that were another device's.
    foreign_interrupts;
    /// Turns that ended because they had lasted long enough.
    unfinished_turns;
    /// Streams that were refused: no such pin, a wrong format, or one too many.
    refused_streams;
    /// Parameters in the registry that were out of range, so that their defaults are in force.
    parameters_out_of_range;
    /// Interrupts of a line of its own for which the UART had no cause: an edge that was latched while the
    /// interrupt routine was still at work.
    causeless_interrupts;
}

/// A counter.
#[derive(Default)]
pub struct Counter(AtomicU32);

impl Counter {
    /// Counts one more. Any IRQL.
    pub fn count(&self) {
        self.add(1);
    }

    /// Counts several more. Any IRQL.
    pub fn add(&self, more: u32) {
        // Ordering: a statistic; nothing is decided by it.
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Counts several more, of which there are never more than 32 bits can hold. Any IRQL.
    pub fn add_usize(&self, more: usize) {
        self.add(u32::try_from(more).unwrap_or(u32::MAX));
    }

    /// The count. Any IRQL.
    #[must_use]
    pub fn get(&self) -> u32 {
        // Ordering: as above.
        self.0.load(Ordering::Relaxed)
    }
}
