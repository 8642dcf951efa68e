//! Handlers of the filter's properties. All at `PASSIVE_LEVEL`.

use portcls::com::PropertyRequest;
use portcls::descriptors::PCPROPERTY_REQUEST;
use portcls::status::{Outcome, STATUS_INVALID_PARAMETER, STATUS_NOT_FOUND, status_of};
use portcls::types::{GUID, NTSTATUS, ULONG};

use crate::counters;
use crate::filter::{CAPTURE_PIN, RENDER_PIN};
use crate::miniport::MidiMiniport;
use crate::parameters::LONGEST_PORT_NAME;

/// The driver's own property set.
#[expect(non_upper_case_globals, reason = "property sets are named so")]
pub const KSPROPSETID_MidiUart: GUID = GUID::from_u128(0x6f1c3f2e_8d0b_4b5a_9a43_5d2a7c1e90b7);

/// The counters: a 32-bit number each, in the order of [`counters::NAMES`].
pub const KSPROPERTY_MIDIUART_COUNTERS: ULONG = 1;

#[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
fn answer_pin_name(request: &mut PropertyRequest<'_>) -> Outcome<()> {
    // SAFETY: the handler stands in the description of this miniport's filter only.
    let miniport = unsafe { request.miniport::<MidiMiniport>() }?;
    match request.pin()? {
        RENDER_PIN | CAPTURE_PIN => {}
        pin if pin < crate::filter::FILTER.PinCount => return Err(STATUS_NOT_FOUND),
        _ => return Err(STATUS_INVALID_PARAMETER),
    }
    let units = miniport.port_name().units();
    let mut bytes = [0; 2 * (LONGEST_PORT_NAME + 1)];
    for (pair, unit) in bytes.chunks_exact_mut(2).zip(units) {
        pair.copy_from_slice(&unit.to_le_bytes());
    }
    request.answer(&bytes[..2 * (units.len() + 1)])
}

#[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
fn answer_counters(request: &mut PropertyRequest<'_>) -> Outcome<()> {
    // SAFETY: the handler stands in the description of this miniport's filter only.
    let miniport = unsafe { request.miniport::<MidiMiniport>() }?;
    let mut bytes = [0; 4 * counters::NAMES.len()];
    for (four, value) in bytes.chunks_exact_mut(4).zip(miniport.counter_values()) {
        four.copy_from_slice(&value.to_le_bytes());
    }
    request.answer(&bytes)
}

portcls::system_abi! {
    /// Answers `KSPROPERTY_PIN_NAME` for the two pins that can be opened.
    ///
    /// # Safety
    /// Called by the port, with a request to this filter.
    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    pub unsafe fn pin_name_handler(request: *mut PCPROPERTY_REQUEST) -> NTSTATUS {
        // SAFETY: the port's request.
        let request = unsafe { PropertyRequest::new(request) };
        status_of(request.and_then(|mut request| answer_pin_name(&mut request)))
    }

    /// Answers [`KSPROPERTY_MIDIUART_COUNTERS`].
    ///
    /// # Safety
    /// Called by the port, with a request to this filter.
    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    pub unsafe fn counters_handler(request: *mut PCPROPERTY_REQUEST) -> NTSTATUS {
        // SAFETY: the port's request.
        let request = unsafe { PropertyRequest::new(request) };
        status_of(request.and_then(|mut request| answer_counters(&mut request)))
    }
}
