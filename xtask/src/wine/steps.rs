//! The driver's life, by what the stand-in for portcls.sys says.

/// Something that happens once in the driver's life, and how to tell.
pub struct Step {
    /// What happens.
    pub name: &'static str,
    /// The line that says so.
    pub line: Line,
}

/// A line by its beginning and end. What lies between are addresses and counts.
pub struct Line(pub &'static str, pub &'static str);

impl Line {
    /// Whether that is such a line.
    pub fn is(&self, line: &str) -> bool {
        line.starts_with(self.0) && line.ends_with(self.1)
    }
}

/// A life with one device, in the order in which things have to happen.
pub const ONE_DEVICE: &[&[Step]] = &[BEGIN, END];
/// And with a second one.
pub const TWO_DEVICES: &[&[Step]] = &[BEGIN, SECOND_DEVICE, END];

const BEGIN: &[Step] = &[
    Step {
        name: "DriverEntry reaches PcInitializeAdapterDriver",
        line: Line(
            r"PcInitializeAdapterDriver: \Registry\Machine\System\CurrentControlSet\Services\midiuart, ",
            "inside the image",
        ),
    },
    Step {
        name: "AddDevice makes a device",
        line: Line("PcAddAdapterDevice: 1 subdevice, ", "STATUS_SUCCESS"),
    },
    Step {
        name: "StartDevice opens the software key",
        line: Line("PcNewRegistryKey: kind 2, ", "STATUS_SUCCESS"),
    },
    Step {
        name: "reads a number from it",
        line: Line(
            "IRegistryKey::QueryValueKey: PollPeriodMicroseconds ",
            "STATUS_SUCCESS",
        ),
    },
    Step {
        name: "reads a text from it",
        line: Line("IRegistryKey::QueryValueKey: PortName ", "STATUS_SUCCESS"),
    },
    Step {
        name: "registers for power",
        line: Line("PcRegisterAdapterPowerManagement ", "STATUS_SUCCESS"),
    },
    Step {
        name: "makes a MIDI port",
        line: Line("PcNewPort: CLSID_PortMidi ", "STATUS_SUCCESS"),
    },
    Step {
        name: "makes a service group",
        line: Line("PcNewServiceGroup ", "STATUS_SUCCESS"),
    },
    Step {
        name: "the miniport binds itself to the port",
        line: Line("IMiniportMidi::Init ", "STATUS_SUCCESS, a service group"),
    },
    Step {
        name: "its filter has a pin to play and one to record",
        line: Line("IPort::Init: pins ", ""),
    },
    Step {
        name: "StartDevice registers the subdevice",
        line: Line("PcRegisterSubdevice: UART ", "STATUS_SUCCESS"),
    },
    Step {
        name: "and is content",
        line: Line("StartDevice ", "STATUS_SUCCESS"),
    },
    Step {
        name: "what is played comes back",
        line: Line("music: 3000 bytes written, 3000 read, all the same", ""),
    },
    Step {
        name: "and after D3 and D0 again",
        line: Line(
            "music after sleep: 3000 bytes written, 3000 read, all the same",
            "",
        ),
    },
];

const SECOND_DEVICE: &[Step] = &[
    Step {
        name: "a second device starts",
        line: Line("StartDevice ", "STATUS_SUCCESS"),
    },
    Step {
        name: "and plays at full speed",
        line: Line("music: 3000 bytes written, 3000 read, all the same", ""),
    },
];

const END: &[Step] = &[
    Step {
        name: "a surprise removal ends power management",
        line: Line("PcUnregisterAdapterPowerManagement ", "STATUS_SUCCESS"),
    },
    Step {
        name: "the last removal leaves no object",
        line: Line("the device is removed: ", ": 0 objects left"),
    },
    Step {
        name: "the driver is unloaded",
        line: Line("DriverUnload: ", ": 0 objects left"),
    },
];
