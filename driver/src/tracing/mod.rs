//! What the driver tells those who trace it: `TraceLogging` events of the provider [`PROVIDER_NAME`].
//!
//! There is an event for what happens to a device or a stream, and for what goes wrong; none for bytes.
//! Where nobody listens, an event costs a load and a branch.

mod episode;
mod events;
mod metadata;
mod payload;

use core::sync::atomic::{AtomicU32, Ordering};

use portcls::types::GUID;

use crate::kernel::event_provider::{Kind, Provider};
pub(crate) use episode::Episode;
pub(crate) use events::{
    DeviceDied, DeviceNotRevived, DeviceNotStarted, DeviceRevived, DeviceStarted, DeviceStopped,
    LineErrors, ParametersInForce, ReceiveOverflow, StreamChanged,
};
pub(crate) use metadata::{FieldDescription, in_type, metadata, metadata_size};
pub(crate) use payload::{Payload, Put};

/// The provider's name.
pub const PROVIDER_NAME: &str = "Midiuart";
/// The provider's identity, which `TraceLogging` derives from the name.
pub const PROVIDER_ID: GUID = GUID::from_u128(0x3214006f_4b5b_5dab_5ff2_472d8ff1a6bd);

/// The size of the name with a zero at the end, and of the size.
const TRAITS_SIZE: usize = 2 + PROVIDER_NAME.len() + 1;
static TRAITS: [u8; TRAITS_SIZE] = metadata::traits(PROVIDER_NAME);

/// An event.
pub(crate) trait Event {
    /// How bad it is, and what it is about.
    const KIND: Kind;
    /// What describes it, in `TraceLogging`'s form.
    const METADATA: &'static [u8];

    /// Puts the values of the fields down, but for the device's number.
    fn put(&self, payload: &mut Payload);
}

/// The driver's tracing. Stays where it is, and lives as long as the driver does.
pub(crate) struct Tracing {
    provider: Provider,
    devices: AtomicU32,
}

impl Tracing {
    pub(crate) const fn new() -> Self {
        Self {
            provider: Provider::new(&TRAITS),
            devices: AtomicU32::new(0),
        }
    }

    /// Lets people listen. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// This stays where it is until `end` was called.
    pub(crate) unsafe fn begin(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.provider.register(&PROVIDER_ID) };
    }

    /// Lets nobody listen any more. `PASSIVE_LEVEL`.
    pub(crate) fn end(&self) {
        self.provider.unregister();
    }
}

/// Writes the events of one device. Copies are of the same device.
#[derive(Clone, Copy, Default)]
pub struct Tracer {
    /// Nobody can listen if there is none.
    tracing: Option<&'static Tracing>,
    /// The number of the device, in the order of starts.
    device: u32,
}

impl Tracer {
    /// The tracer of the next device that starts.
    pub(crate) fn of_next_device(tracing: &'static Tracing) -> Self {
        // Ordering: a number of its own is all that is wanted.
        let before = tracing.devices.fetch_add(1, Ordering::Relaxed);
        Self {
            tracing: Some(tracing),
            device: before.wrapping_add(1),
        }
    }

    /// Writes the event that `event` makes, if anybody listens. Any IRQL.
    #[inline]
    pub(crate) fn write<E: Event>(&self, event: impl FnOnce() -> E) {
        if let Some(tracing) = self.tracing
            && tracing.provider.is_heard(E::KIND)
        {
            self.write_to_listeners(&tracing.provider, &event());
        }
    }

    #[cold]
    #[inline(never)]
    fn write_to_listeners<E: Event>(&self, provider: &Provider, event: &E) {
        let mut payload = Payload::new();
        self.device.put(&mut payload);
        event.put(&mut payload);
        provider.write(E::KIND, E::METADATA, payload.bytes());
    }
}
