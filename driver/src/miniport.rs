//! The miniport object: checks what the port asks for, then calls the device.

use core::ffi::CStr;

use portcls::com::{Class, ComPtr, Face, MiniportMidi, Own, PowerNotify, StreamRequest};
use portcls::descriptors::PCFILTER_DESCRIPTOR;
use portcls::interfaces::{IMiniportMidiStream, IPortMidi, IResourceList, IServiceGroup, IUnknown};
use portcls::ks::{KSDATAFORMAT, KSDATARANGE};
use portcls::status::{
    Outcome, STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER,
    STATUS_NO_MATCH,
};
use portcls::types::{DEVICE_POWER_STATE, GUID, POWER_DEVICE_D0};

use crate::claim::Claim;
use crate::counters;
use crate::device::{Device, Interrupt};
use crate::filter::{CAPTURE_PIN, FILTER, MIDI_FORMAT, RENDER_PIN};
use crate::kernel::pool::NonPagedPool;
use crate::kernel::portclass::{new_interrupt_sync, new_service_group};
use crate::parameters::{Parameters, PortName};
use crate::resources::find_uart;
use crate::set_once::SetOnce;
use crate::stream::{Direction, MidiStream};
use crate::tracing::{DeviceStarted, DeviceStopped, ParametersInForce, StreamChanged, Tracer};

/// `GUID_NULL`, by which a data range says that any type will do.
const ANY: GUID = GUID::from_u128(0);

/// The miniport of one UART.
pub struct MidiMiniport {
    parameters: Parameters,
    parameters_out_of_range: u32,
    tracer: Tracer,
    device: SetOnce<Device>,
    /// There is an open stream that renders.
    rendering: Claim,
    /// There is an open stream that captures.
    capturing: Claim,
}

impl Class for MidiMiniport {
    type Pool = NonPagedPool;
    const FACES: &'static [Face<Self>] = &[Face::miniport_midi::<0>(), Face::power_notify::<1>()];
}

impl MidiMiniport {
    /// A miniport that is not bound to a port yet.
    #[must_use]
    pub fn new(parameters: Parameters, parameters_out_of_range: u32, tracer: Tracer) -> Self {
        Self {
            parameters,
            parameters_out_of_range,
            tracer,
            device: SetOnce::new(),
            rendering: Claim::new(),
            capturing: Claim::new(),
        }
    }

    /// The port's name.
    #[must_use]
    pub const fn port_name(&self) -> &PortName {
        &self.parameters.port_name
    }

    /// The values of all counters, in the order of [`counters::NAMES`].
    #[must_use]
    pub fn counter_values(&self) -> [u32; counters::NAMES.len()] {
        self.device
            .get()
            .map_or([0; counters::NAMES.len()], |device| {
                device.counters.values()
            })
    }

    /// The device, if the miniport was bound to its port.
    pub(crate) fn device(&self) -> Option<&Device> {
        self.device.get()
    }

    /// The stream of that direction is closed, and another one may be opened.
    pub(crate) fn stream_closed(&self, direction: Direction) {
        self.open_stream_of(direction).release();
    }

    /// The hardware is taken away; see [`Device::take_away`]. `PASSIVE_LEVEL`.
    pub(crate) fn take_away(&self, reachable: bool) {
        if let Some(device) = self.device() {
            device.take_away(reachable);
        }
    }

    /// Tells those who listen that the device was stopped.
    pub(crate) fn tell_stop(&self, reachable: bool) {
        if let Some(device) = self.device() {
            let counters = &device.counters;
            self.tracer.write(|| DeviceStopped {
                reachable,
                bytes_sent: counters.bytes_sent.get(),
                bytes_received: counters.bytes_received.get(),
                bytes_discarded: counters.bytes_discarded.get(),
            });
        }
    }

    /// Tells those who listen what has become of a stream.
    pub(crate) fn tell_stream(&self, direction: Direction, state: &'static CStr) {
        self.tracer.write(|| StreamChanged {
            direction: direction.name(),
            state,
        });
    }

    /// The device has power, or is about to lose it. `PASSIVE_LEVEL`.
    pub(crate) fn power_changed(&self, state: DEVICE_POWER_STATE) {
        let Some(device) = self.device() else { return };
        if state == POWER_DEVICE_D0 {
            // If it fails, a stream that is to run tries again and says so.
            let _ = device.wake();
        } else {
            device.sleep();
        }
    }

    const fn open_stream_of(&self, direction: Direction) -> &Claim {
        match direction {
            Direction::Render => &self.rendering,
            Direction::Capture => &self.capturing,
        }
    }

    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    fn open_stream(this: &Own<Self>, direction: Direction) -> Outcome<ComPtr<IMiniportMidiStream>> {
        if !this.open_stream_of(direction).try_hold() {
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        }
        #[cfg(feature = "faults")]
        <crate::faults::Planted as crate::faults::Fault>::open();
        this.tell_stream(direction, c"opened");
        // If there is no memory, the stream is dropped, and says that it is closed.
        Own::new(MidiStream::new(this.clone(), direction))?.into_interface()
    }
}

/// Whether two GUIDs of data ranges have something in common.
fn meet(client: &GUID, own: &GUID) -> bool {
    client == own || *client == ANY
}

impl MiniportMidi for MidiMiniport {
    fn description(&self) -> &'static PCFILTER_DESCRIPTOR {
        &FILTER
    }

    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    fn data_range_intersection(
        &self,
        pin: u32,
        client_range: &KSDATARANGE,
        _own_range: &KSDATARANGE,
    ) -> Outcome<KSDATAFORMAT> {
        if pin >= FILTER.PinCount {
            return Err(STATUS_INVALID_PARAMETER);
        }
        let common = (pin == RENDER_PIN || pin == CAPTURE_PIN)
            && meet(&client_range.MajorFormat, &MIDI_FORMAT.MajorFormat)
            && meet(&client_range.SubFormat, &MIDI_FORMAT.SubFormat)
            && meet(&client_range.Specifier, &MIDI_FORMAT.Specifier);
        common.then_some(MIDI_FORMAT).ok_or(STATUS_NO_MATCH)
    }

    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    fn init(
        this: &Own<Self>,
        _adapter: Option<ComPtr<IUnknown>>,
        resources: Option<ComPtr<IResourceList>>,
        port: ComPtr<IPortMidi>,
    ) -> Outcome<Option<ComPtr<IServiceGroup>>> {
        let found = find_uart(resources.as_ref(), &this.parameters)?;
        let interrupt = match (resources.as_ref(), found.interrupt) {
            (Some(resources), Some(is_shared)) => Some(Interrupt {
                sync: new_interrupt_sync(resources)?,
                is_shared,
            }),
            _ => None,
        };
        let group = new_service_group()?;
        let uart = found.uart.name();
        let has_interrupt = interrupt.is_some();
        let device = Device::new(found.uart, interrupt, &this.parameters, this.tracer)?;
        let device = this.device.set(device).ok_or(STATUS_INVALID_DEVICE_STATE)?;
        device
            .counters
            .parameters_out_of_range
            .add(this.parameters_out_of_range);
        // The port knows the group before the hardware can interrupt.
        port.register_service_group(&group);
        // SAFETY: the device lies in the miniport's object and stays there; nobody has it yet.
        let started = unsafe { device.start(port, group.clone()) };
        if let Err(status) = started {
            device.take_away(true);
            return Err(status);
        }
        this.tracer.write(|| DeviceStarted {
            uart,
            has_interrupt,
        });
        this.tracer.write(|| ParametersInForce {
            parameters: &this.parameters,
            out_of_range: this.parameters_out_of_range,
        });
        Ok(Some(group))
    }

    fn service(&self) {
        if let Some(device) = self.device() {
            device.service();
        }
    }

    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    fn new_stream(
        this: &Own<Self>,
        request: &StreamRequest,
    ) -> Outcome<(ComPtr<IMiniportMidiStream>, Option<ComPtr<IServiceGroup>>)> {
        let device = this.device().ok_or(STATUS_INVALID_DEVICE_STATE)?;
        let outcome = if device.is_gone() {
            Err(STATUS_INVALID_DEVICE_STATE)
        } else if !is_midi(&request.format) {
            Err(STATUS_INVALID_PARAMETER)
        } else {
            match (request.pin, request.capture) {
                (RENDER_PIN, false) => Self::open_stream(this, Direction::Render),
                (CAPTURE_PIN, true) => Self::open_stream(this, Direction::Capture),
                _ => Err(STATUS_INVALID_PARAMETER),
            }
        };
        let stream = outcome.inspect_err(|_| device.counters.refused_streams.count())?;
        // A stream that renders needs no service: the port writes again by itself.
        let group = if request.capture {
            Some(device.service_group().ok_or(STATUS_INVALID_DEVICE_STATE)?)
        } else {
            None
        };
        Ok((stream, group))
    }
}

/// Whether a format is that of MIDI bytes.
pub(crate) fn is_midi(format: &KSDATAFORMAT) -> bool {
    format.MajorFormat == MIDI_FORMAT.MajorFormat
        && format.SubFormat == MIDI_FORMAT.SubFormat
        && format.Specifier == MIDI_FORMAT.Specifier
}

impl PowerNotify for MidiMiniport {
    fn power_change_notify(&self, state: DEVICE_POWER_STATE) {
        self.power_changed(state);
    }
}
