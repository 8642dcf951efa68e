//! Event tracing for Windows, for kernel-mode providers.

use std::slice;

use portcls::status::{
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_HANDLE, STATUS_INVALID_PARAMETER, STATUS_SUCCESS,
};
use portcls::types::GUID;

use super::{NTSTATUS, PVOID, ULONG};
use crate::machine::irql::PASSIVE_LEVEL;
use crate::machine::stop::BugCheck;
use crate::machine::{Machine, current};
use crate::tracing::{RawEvent, Registration, decode, tell};

/// `EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA`.
const EVENT_METADATA: u8 = 1;
/// `EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA`.
const PROVIDER_METADATA: u8 = 2;
/// `EventProviderSetTraits`.
const SET_TRAITS: ULONG = 2;

/// A registered provider; never zero.
pub type REGHANDLE = u64;

/// What kind of event it is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EVENT_DESCRIPTOR {
    /// The number that a manifest gives it.
    pub Id: u16,
    /// The version of what the manifest says.
    pub Version: u8,
    /// 11 for `TraceLogging`.
    pub Channel: u8,
    /// How bad it is.
    pub Level: u8,
    /// What kind of step it is in its task.
    pub Opcode: u8,
    /// A part of the provider.
    pub Task: u16,
    /// Categories, a bit each.
    pub Keyword: u64,
}

/// A part of an event.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EVENT_DATA_DESCRIPTOR {
    /// Its address.
    pub Ptr: u64,
    /// Its length in bytes.
    pub Size: u32,
    /// In the lowest byte, what it is: 0 data, 1 the event's metadata, 2 the provider's.
    pub Reserved: u32,
}

portcls::system_abi! {
    /// Is told who listens to a provider, at `PASSIVE_LEVEL`.
    pub type EnableFunction = unsafe fn(
        source: *const GUID,
        control_code: ULONG,
        level: u8,
        any_keyword: u64,
        all_keywords: u64,
        filter: PVOID,
        context: PVOID,
    );
}

/// Is told who listens to a provider, or nobody is.
pub type PETWENABLECALLBACK = Option<EnableFunction>;

/// The provider of a handle. A handle is an address in Windows, so one that is over leads anywhere.
fn provider_of(machine: &Machine, handle: REGHANDLE, function: &str) -> Option<Registration> {
    let registration = machine.system.tracing.registration(handle);
    if registration.is_none() && handle != 0 {
        machine.bug_check(
            BugCheck::DriverVerifierDetectedViolation,
            format!("{function} was called for a provider that is not registered"),
        );
    }
    registration
}

/// The bytes of an event's parts that are of a kind.
///
/// # Safety
/// The parts are where and as long as they say.
unsafe fn joined(parts: &[EVENT_DATA_DESCRIPTOR], wanted: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts.iter().filter(|part| part.Size > 0) {
        let [kind, ..] = part.Reserved.to_le_bytes();
        let (Ok(address), true) = (usize::try_from(part.Ptr), kind == wanted) else {
            continue;
        };
        let start: *const u8 = std::ptr::with_exposed_provenance(address);
        // SAFETY: the caller's promise.
        bytes.extend_from_slice(unsafe { slice::from_raw_parts(start, part.Size as usize) });
    }
    bytes
}

portcls::system_abi! {
    /// Registers a provider. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `provider` points to a GUID; `callback` can be called with `context` until the provider is
    /// unregistered; `handle` can be written to.
    pub unsafe fn EtwRegister(
        provider: *const GUID,
        callback: PETWENABLECALLBACK,
        context: PVOID,
        handle: *mut REGHANDLE
    ) -> NTSTATUS {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(PASSIVE_LEVEL, "EtwRegister", "IrqlEtwRegister");
        if provider.is_null() || handle.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: not null, and the caller's promise.
        let provider = unsafe { provider.read() };
        let registration = Registration {
            provider,
            callback,
            context: context.expose_provenance(),
            name: None,
        };
        let tracing = &machine.system.tracing;
        // SAFETY: as above.
        unsafe { handle.write(tracing.register(registration.clone())) };
        if let Some(interest) = tracing.interest_in(provider) {
            tell(&machine, &registration, Some(interest));
        }
        STATUS_SUCCESS
    }

    /// Unregisters a provider: its callback is not called any more. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `handle` came from `EtwRegister` and is not used any more.
    pub unsafe fn EtwUnregister(handle: REGHANDLE) -> NTSTATUS {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(PASSIVE_LEVEL, "EtwUnregister", "IrqlEtwUnregister");
        match provider_of(&machine, handle, "EtwUnregister") {
            Some(_) => {
                machine.system.tracing.unregister(handle);
                STATUS_SUCCESS
            }
            None => STATUS_INVALID_HANDLE,
        }
    }

    /// Tells something about a provider; here, its traits. `PASSIVE_LEVEL`.
    ///
    /// # Safety
    /// `information` points to that many bytes.
    pub unsafe fn EtwSetInformation(
        handle: REGHANDLE,
        class: ULONG,
        information: PVOID,
        length: ULONG
    ) -> NTSTATUS {
        let machine = current();
        machine.kernel_call();
        machine.require_irql(PASSIVE_LEVEL, "EtwSetInformation", "IrqlEtwSetInformation");
        if provider_of(&machine, handle, "EtwSetInformation").is_none() {
            return STATUS_INVALID_HANDLE;
        }
        if class != SET_TRAITS {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        if information.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: the caller's promise.
        let traits = unsafe { slice::from_raw_parts(information.cast::<u8>(), length as usize) };
        let named = decode::provider_name(traits)
            .is_ok_and(|name| machine.system.tracing.set_name(handle, name));
        if named {
            STATUS_SUCCESS
        } else {
            STATUS_INVALID_PARAMETER
        }
    }

    /// Writes an event, if anybody listens. Any IRQL.
    ///
    /// # Safety
    /// `descriptor` points to a descriptor, and `parts` to `count` of them, whose memory can be read at
    /// this IRQL.
    pub unsafe fn EtwWriteTransfer(
        handle: REGHANDLE,
        descriptor: *const EVENT_DESCRIPTOR,
        _activity: *const GUID,
        _related_activity: *const GUID,
        count: ULONG,
        parts: *mut EVENT_DATA_DESCRIPTOR
    ) -> NTSTATUS {
        /// `MAX_EVENT_DATA_DESCRIPTORS`.
        const MOST_PARTS: ULONG = 128;
        let machine = current();
        machine.kernel_call();
        let Some(registration) = provider_of(&machine, handle, "EtwWriteTransfer") else {
            return STATUS_INVALID_HANDLE;
        };
        if descriptor.is_null() || count > MOST_PARTS || (parts.is_null() && count > 0) {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: not null, and the caller's promise.
        let descriptor = unsafe { descriptor.read() };
        let parts = if count == 0 {
            &[]
        } else {
            // SAFETY: as above.
            unsafe { slice::from_raw_parts(parts, count as usize) }
        };
        let tracing = &machine.system.tracing;
        let listened_to = tracing
            .interest_in(registration.provider)
            .is_some_and(|interest| interest.covers(descriptor.Level, descriptor.Keyword));
        if !listened_to {
            return STATUS_SUCCESS;
        }
        // SAFETY: the caller's promise.
        let part = |kind| unsafe { joined(parts, kind) };
        tracing.keep(RawEvent {
            provider: registration.provider,
            at: machine.now(),
            irql: machine.irql(),
            id: descriptor.Id,
            channel: descriptor.Channel,
            level: descriptor.Level,
            keyword: descriptor.Keyword,
            provider_metadata: part(PROVIDER_METADATA),
            event_metadata: part(EVENT_METADATA),
            data: part(0),
        });
        STATUS_SUCCESS
    }
}

const _: () = assert!(size_of::<EVENT_DESCRIPTOR>() == 16);
const _: () = assert!(size_of::<EVENT_DATA_DESCRIPTOR>() == 16);
