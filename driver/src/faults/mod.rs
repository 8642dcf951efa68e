//! Planted faults: each makes an image that has to be caught by whoever runs it.
//!
//! One is chosen by a feature of its name; nothing of this is in a driver that is built without. An
//! image with a fault says so ([`MARK`]), and is refused as a release by that.

use crate::device::Device;

/// A fault, by when it strikes.
pub(crate) trait Fault {
    /// A client writes: `IMiniportMidiStream::Write`, at `DISPATCH_LEVEL`. The device may be gone.
    fn write(_device: &Device) {}

    /// The device's interrupt, at its level.
    fn interrupt() {}

    /// A pin is opened: `IMiniportMidi::NewStream`, at `PASSIVE_LEVEL`.
    fn open() {}

    /// The device is stopped or removed, and nothing uses it any more. `PASSIVE_LEVEL`.
    fn removal(_device: &Device) {}
}

macro_rules! faults {
    ($($feature:literal: $module:ident;)+) => { $(
        #[cfg(feature = $feature)]
        mod $module;
        #[cfg(feature = $feature)]
        pub(crate) use $module::Planted;

        /// By this an image with a fault is known.
        #[cfg(feature = $feature)]
        pub(crate) static MARK: &str = concat!("planted fault: ", $feature);
    )+ };
}

faults! {
    "fault-access-after-removal": access_after_removal;
    "fault-double-release": double_release;
    "fault-leaked-pool": leaked_pool;
    "fault-lock-held": lock_held;
    "fault-null-dereference": null_dereference;
    "fault-paged-memory": paged_memory;
    "fault-panic": panic;
    "fault-pool-overrun": pool_overrun;
    "fault-stack-overflow": stack_overflow;
    "fault-unbounded-loop": unbounded_loop;
}
