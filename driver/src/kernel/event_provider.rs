//! A provider of events for Event Tracing for Windows (ETW).

use core::ffi::c_void;
use core::ptr::{from_ref, null};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use portcls::status::check;
use portcls::types::GUID;

use super::ffi;

/// `EVENT_CONTROL_CODE_DISABLE_PROVIDER`.
const DISABLE: u32 = 0;
/// `EVENT_CONTROL_CODE_ENABLE_PROVIDER`.
const ENABLE: u32 = 1;
/// `EventProviderSetTraits`.
const SET_TRAITS: u32 = 2;
/// `EVENT_DATA_DESCRIPTOR_TYPE_NONE`.
const DATA: u32 = 0;
/// `EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA`.
const EVENT_METADATA: u32 = 1;
/// `EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA`.
const PROVIDER_METADATA: u32 = 2;
/// `WINEVENT_CHANNEL_TRACELOGGING`.
const TRACE_LOGGING_CHANNEL: u8 = 11;
/// One more than any level.
const EVERY_LEVEL: u32 = 256;

/// How bad an event is, and what it is about.
#[derive(Clone, Copy)]
pub struct Kind {
    /// `WINEVENT_LEVEL_ERROR` (2) to `WINEVENT_LEVEL_INFO` (4).
    pub level: u8,
    /// Categories, a bit each; not zero.
    pub keyword: u64,
}

/// A provider that somebody may listen to. Stays where it is while it is registered.
pub struct Provider {
    /// The system's handle; zero while the provider is not registered.
    handle: AtomicU64,
    /// Nobody listens to events of this level or above; zero if nobody listens at all.
    level_bound: AtomicU32,
    /// Somebody listens to events with one of these keywords.
    any_keyword: AtomicU64,
    /// Nobody listens to events that lack one of these.
    all_keywords: AtomicU64,
    /// The name behind the size of both, as `TraceLogging` has it.
    traits: &'static [u8],
}

impl Provider {
    /// A provider that is not registered, with its traits: their size (16 bits), and its name with a
    /// zero at the end.
    #[must_use]
    pub const fn new(traits: &'static [u8]) -> Self {
        Self {
            handle: AtomicU64::new(0),
            level_bound: AtomicU32::new(0),
            any_keyword: AtomicU64::new(0),
            all_keywords: AtomicU64::new(0),
            traits,
        }
    }

    /// Registers the provider. If that fails, nobody can listen, and there is nothing else to it.
    /// `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// The provider stays where it is until it was unregistered.
    pub unsafe fn register(&self, identity: &GUID) {
        let mut handle = 0;
        // SAFETY: the callback gets the context that it expects, for as long as it is called.
        let registered = check(unsafe {
            ffi::EtwRegister(
                identity,
                Some(listeners_changed),
                from_ref(self).cast_mut().cast(),
                &raw mut handle,
            )
        });
        if registered.is_err() {
            return;
        }
        // Ordering: nothing writes events yet.
        self.handle.store(handle, Ordering::Relaxed);
        let size = size_of_bytes(self.traits);
        let traits = self.traits.as_ptr().cast_mut().cast();
        // SAFETY: the traits are that long, and not written to. Without them a listener has to know
        // the name from elsewhere.
        let _ = unsafe { ffi::EtwSetInformation(handle, SET_TRAITS, traits, size) };
    }

    /// Unregisters the provider, if it is registered. Nothing writes events any more.
    /// `PASSIVE_LEVEL`.
    pub fn unregister(&self) {
        // Ordering: nothing else uses it any more.
        let handle = self.handle.swap(0, Ordering::Relaxed);
        if handle != 0 {
            // SAFETY: it came from `EtwRegister`. There is nothing to be done if it fails.
            let _ = unsafe { ffi::EtwUnregister(handle) };
        }
    }

    /// Whether somebody listens to events of a kind. Any IRQL.
    #[inline]
    pub fn is_heard(&self, kind: Kind) -> bool {
        // Ordering: a listener that has just come misses an event, or gets one more when it goes.
        u32::from(kind.level) < self.level_bound.load(Ordering::Relaxed) && self.concerns(kind)
    }

    fn concerns(&self, kind: Kind) -> bool {
        // Ordering: as above.
        let any = self.any_keyword.load(Ordering::Relaxed);
        // Ordering: as above.
        let all = self.all_keywords.load(Ordering::Relaxed);
        (any == 0 || kind.keyword & any != 0) && kind.keyword & all == all
    }

    /// Writes an event: what describes it, and the values of its fields, one behind the other. Any
    /// IRQL.
    pub fn write(&self, kind: Kind, metadata: &'static [u8], data: &[u8]) {
        let descriptor = ffi::EVENT_DESCRIPTOR {
            Id: 0,
            Version: 0,
            Channel: TRACE_LOGGING_CHANNEL,
            Level: kind.level,
            Opcode: 0,
            Task: 0,
            Keyword: kind.keyword,
        };
        let mut parts = [
            part(self.traits, PROVIDER_METADATA),
            part(metadata, EVENT_METADATA),
            part(data, DATA),
        ];
        // Ordering: it is written before the first event.
        let handle = self.handle.load(Ordering::Relaxed);
        // SAFETY: all parts are in resident memory; the count is theirs. An event that can't be
        // written is lost.
        let _ = unsafe {
            ffi::EtwWriteTransfer(
                handle,
                &raw const descriptor,
                null(),
                null(),
                3,
                parts.as_mut_ptr(),
            )
        };
    }
}

fn size_of_bytes(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(0)
}

fn part(bytes: &[u8], what: u32) -> ffi::EVENT_DATA_DESCRIPTOR {
    ffi::EVENT_DATA_DESCRIPTOR {
        Ptr: bytes.as_ptr().expose_provenance() as u64,
        Size: size_of_bytes(bytes),
        Reserved: what,
    }
}

portcls::system_abi! {
    /// Somebody has begun to listen, or nobody does any more. `PASSIVE_LEVEL`.
    unsafe fn listeners_changed(
        _source: *const GUID,
        control_code: u32,
        level: u8,
        any_keyword: u64,
        all_keywords: u64,
        _filter: *mut c_void,
        context: *mut c_void
    ) {
        // SAFETY: the provider, which stays where it is while it is registered.
        let provider = unsafe { &*context.cast::<Provider>() };
        let level_bound = match control_code {
            DISABLE => 0,
            ENABLE if level == 0 => EVERY_LEVEL,
            ENABLE => u32::from(level) + 1,
            // A request for state, of which there is none that events tell.
            _ => return,
        };
        // Ordering: as in `is_heard`; the system looks at listeners' wishes itself before it keeps an event.
        provider.any_keyword.store(any_keyword, Ordering::Relaxed);
        // Ordering: as above.
        provider.all_keywords.store(all_keywords, Ordering::Relaxed);
        // Ordering: as above.
        provider.level_bound.store(level_bound, Ordering::Relaxed);
    }
}
