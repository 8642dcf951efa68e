//! The driver, linked in, on an emulated PC with a device.

use std::time::Duration;

use emulated_pc::hardware::chip::Chip;
use emulated_pc::hardware::mpu401::{self, Mpu401Switches};
use emulated_pc::hardware::ns16550::{self, Ns16550Switches};
use emulated_pc::ntddk::DRIVER_OBJECT;
use emulated_pc::{
    Config, Device, Driver, Filter, FunctionalDevice, Hardware, Pc, Pin, RegistryValue, Trigger,
};
use midiuart::counters;
use midiuart::filter::{CAPTURE_PIN, REFERENCE_STRING, RENDER_PIN};
use midiuart::properties::{KSPROPERTY_MIDIUART_COUNTERS, KSPROPSETID_MidiUart};
use portcls::com::ComPtr;
use portcls::interfaces::IMiniportMidiStream;
use portcls::ks::KSSTATE_RUN;
use portcls::status::STATUS_SUCCESS;
use portcls::types::{NTSTATUS, ULONG, UNICODE_STRING};

/// Where the registers of chips appear.
pub const PORTS: u16 = 0x330;
const ADDRESS: u64 = 0xFEB0_0000;

portcls::system_abi! {
    unsafe fn entry(driver: *mut DRIVER_OBJECT, registry: *const UNICODE_STRING) -> NTSTATUS {
        // SAFETY: these are the arguments of `DriverEntry`.
        unsafe { midiuart::adapter::driver_entry(driver.cast(), registry.cast_mut()) }
    }
}

/// Runs a scenario on an emulated PC that is to survive it.
pub fn boot<R: Send>(scenario: impl FnOnce(&Pc) -> R + Send) -> R {
    boot_with(Config::default(), scenario)
}

/// The same on a PC that is set up in some way.
pub fn boot_with<R: Send>(config: Config, scenario: impl FnOnce(&Pc) -> R + Send) -> R {
    emulated_pc::boot(config, scenario).unwrap_or_else(|stop| panic!("{stop}"))
}

/// What kinds of devices there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An MPU-401 with an interrupt.
    Mpu401,
    /// One without.
    PolledMpu401,
    /// A 16550 with an interrupt.
    Ns16550,
    /// One whose registers are mapped into memory.
    Ns16550InMemory,
    /// One without an interrupt.
    PolledNs16550,
    /// No chip; goes at MIDI's speed.
    Software,
    /// No chip; goes as fast as it can.
    UnpacedSoftware,
}

/// The kinds that have a chip.
pub const CHIPS: [Kind; 5] = [
    Kind::Mpu401,
    Kind::PolledMpu401,
    Kind::Ns16550,
    Kind::Ns16550InMemory,
    Kind::PolledNs16550,
];

/// The kinds that have an interrupt.
pub const INTERRUPTING: [Kind; 3] = [Kind::Mpu401, Kind::Ns16550, Kind::Ns16550InMemory];

/// All kinds.
pub const ALL: [Kind; 7] = [
    Kind::Mpu401,
    Kind::PolledMpu401,
    Kind::Ns16550,
    Kind::Ns16550InMemory,
    Kind::PolledNs16550,
    Kind::Software,
    Kind::UnpacedSoftware,
];

/// A device to be plugged in.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it is.
    pub kind: Kind,
    mpu401: Mpu401Switches,
    ns16550: Ns16550Switches,
    trigger: Trigger,
    parameters: Vec<(&'static str, u32)>,
}

impl Plan {
    /// A device without oddities.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            mpu401: Mpu401Switches::default(),
            ns16550: Ns16550Switches::default(),
            trigger: Trigger::Level,
            parameters: Vec::new(),
        }
    }

    /// Changes the chip, if it is an MPU-401.
    pub fn mpu401(mut self, change: impl FnOnce(&mut Mpu401Switches)) -> Self {
        change(&mut self.mpu401);
        self
    }

    /// Changes the chip, if it is a 16550.
    pub fn ns16550(mut self, change: impl FnOnce(&mut Ns16550Switches)) -> Self {
        change(&mut self.ns16550);
        self
    }

    /// Sets a parameter in the registry.
    pub fn parameter(mut self, name: &'static str, value: u32) -> Self {
        self.parameters.push((name, value));
        self
    }

    /// Has the interrupt be seen when the line rises, as on the ISA bus.
    pub fn edge_triggered(mut self) -> Self {
        self.trigger = Trigger::Edge;
        self
    }

    fn hardware(&self) -> Hardware {
        let mpu401 = || -> Box<dyn Chip> { Box::new(mpu401::Mpu401::new(self.mpu401.clone())) };
        let ns16550 = || -> Box<dyn Chip> { Box::new(ns16550::Ns16550::new(self.ns16550.clone())) };
        let trigger = Some(self.trigger);
        let mut hardware = match self.kind {
            Kind::Mpu401 => Hardware::at_ports(mpu401(), PORTS, trigger),
            Kind::PolledMpu401 => Hardware::at_ports(mpu401(), PORTS, None),
            Kind::Ns16550 => Hardware::at_ports(ns16550(), PORTS, trigger),
            Kind::Ns16550InMemory => Hardware::in_memory(ns16550(), ADDRESS, trigger),
            Kind::PolledNs16550 => Hardware::at_ports(ns16550(), PORTS, None),
            Kind::Software => Hardware::software(),
            Kind::UnpacedSoftware => {
                Hardware::software().with_registry("Paced", RegistryValue::Number(0))
            }
        };
        for (name, value) in &self.parameters {
            hardware = hardware.with_registry(name, RegistryValue::Number(*value));
        }
        hardware
    }

    /// Plugs the device in, loads the driver, and adds the device to it.
    pub fn add(&self, pc: &Pc) -> Rig {
        self.try_to_add(pc).expect("the driver takes the device")
    }

    /// The same; unloads the driver again if it does not take the device.
    pub fn try_to_add(&self, pc: &Pc) -> Result<Rig, NTSTATUS> {
        let device = pc.plug(self.hardware());
        let driver = pc.load(entry)?;
        match driver.add_device(&device) {
            Ok(function) => Ok(Rig {
                driver,
                device,
                function,
            }),
            Err(status) => {
                driver.unload();
                Err(status)
            }
        }
    }

    /// The same, and starts the device.
    pub fn start(&self, pc: &Pc) -> Rig {
        let rig = self.add(pc);
        assert_eq!(rig.function.start(), STATUS_SUCCESS, "{self:?}");
        rig
    }
}

/// A device with its driver.
pub struct Rig {
    /// The driver.
    pub driver: Driver,
    /// The device as hardware.
    pub device: Device,
    /// The device as its driver runs it.
    pub function: FunctionalDevice,
}

impl Rig {
    /// Opens the filter.
    pub fn filter(&self) -> Filter {
        let filter = self.function.open_filter(REFERENCE_STRING);
        filter.expect("the filter opens")
    }

    /// Removes the device and unloads the driver, which must have left nothing behind.
    pub fn unload(self) {
        assert_eq!(self.function.remove(), STATUS_SUCCESS);
        self.driver.unload();
    }
}

/// The value of one of the driver's counters.
pub fn counter(filter: &Filter, name: &str) -> u32 {
    let index = counters::NAMES.iter().position(|other| *other == name);
    let index = index.unwrap_or_else(|| panic!("there is no counter {name}"));
    let values = filter
        .property(
            KSPROPSETID_MidiUart,
            KSPROPERTY_MIDIUART_COUNTERS,
            &[],
            4 * counters::NAMES.len(),
        )
        .expect("the driver answers");
    let (values, _) = values.as_chunks();
    u32::from_le_bytes(values[index])
}

/// Opens the pin that plays, and brings it to RUN.
pub fn running_output(filter: &Filter) -> Pin {
    running(filter, RENDER_PIN)
}

/// Opens the pin that records, and brings it to RUN.
pub fn running_input(filter: &Filter) -> Pin {
    running(filter, CAPTURE_PIN)
}

fn running(filter: &Filter, pin: u32) -> Pin {
    let pin = filter.open_pin(pin).expect("the pin opens");
    assert_eq!(pin.set_state(KSSTATE_RUN), STATUS_SUCCESS);
    pin
}

/// Calls a stream's `Write` as the port does.
pub fn write(pc: &Pc, stream: &ComPtr<IMiniportMidiStream>, bytes: &[u8]) -> (NTSTATUS, ULONG) {
    let mut bytes = bytes.to_vec();
    let length = ULONG::try_from(bytes.len()).expect("a sane length");
    write_pointer(pc, stream, bytes.as_mut_ptr(), length)
}

/// The same with a null pointer.
pub fn write_null(
    pc: &Pc,
    stream: &ComPtr<IMiniportMidiStream>,
    length: ULONG,
) -> (NTSTATUS, ULONG) {
    write_pointer(pc, stream, std::ptr::null_mut(), length)
}

fn write_pointer(
    pc: &Pc,
    stream: &ComPtr<IMiniportMidiStream>,
    bytes: *mut u8,
    length: ULONG,
) -> (NTSTATUS, ULONG) {
    let mut written = ULONG::MAX;
    let status = pc.at_dispatch(|| {
        // SAFETY: the stream is live; the callers give null, or that many bytes.
        unsafe {
            IMiniportMidiStream::Write(stream.as_ptr(), bytes.cast(), length, &raw mut written)
        }
    });
    (status, written)
}

/// Calls a stream's `Read` as the port does.
pub fn read(pc: &Pc, stream: &ComPtr<IMiniportMidiStream>, capacity: usize) -> (NTSTATUS, Vec<u8>) {
    let mut buffer = vec![0; capacity];
    let mut taken = ULONG::MAX;
    let length = ULONG::try_from(capacity).expect("a sane length");
    let status = pc.at_dispatch(|| {
        // SAFETY: the stream is live, and the buffer holds that many bytes.
        unsafe {
            IMiniportMidiStream::Read(
                stream.as_ptr(),
                buffer.as_mut_ptr().cast(),
                length,
                &raw mut taken,
            )
        }
    });
    assert!(taken <= length, "{taken} bytes in a buffer of {length}");
    buffer.truncate(taken as usize);
    (status, buffer)
}

/// What went over the wire since this was last asked.
pub fn wire(device: &Device) -> Vec<u8> {
    device.wire_sent().iter().map(|byte| byte.value).collect()
}

/// Does something to a device's chip.
pub fn with_chip<R>(device: &Device, work: impl FnOnce(&mut dyn Chip) -> R) -> R {
    device.with_chip(work).expect("the device has a chip")
}

/// How long that many bytes take on the wire, and a little more.
pub fn time_for(bytes: usize) -> Duration {
    let bytes = u32::try_from(bytes).expect("some bytes");
    emulated_pc::hardware::wire::BYTE_TIME * bytes + Duration::from_millis(20)
}
