//! Parameters of a device: values of its software key, with their ranges and defaults.
//!
//! The INF file writes them; a value out of range counts as if it was not there, and is counted.

use core::ops::RangeInclusive;

use portcls::com::ComPtr;
use portcls::interfaces::IRegistryKey;
use portcls::status::{STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL};

use crate::tracing::{FieldDescription, Payload, Put};

/// UTF-16 of an ASCII text, for constants.
///
/// # Panics
/// If the text is not `N` ASCII characters long; in a constant this is an error at compile time.
#[must_use]
pub const fn utf16<const N: usize>(text: &str) -> [u16; N] {
    let bytes = text.as_bytes();
    assert!(bytes.len() == N, "the length has to be that of the text");
    let mut units = [0; N];
    let mut index = 0;
    while index < N {
        assert!(bytes[index].is_ascii(), "ASCII only");
        units[index] = bytes[index] as u16;
        index += 1;
    }
    units
}

/// Longest name of a port, in UTF-16 units: winmm's `MAXPNAMELEN` without the closing zero.
pub const LONGEST_PORT_NAME: usize = 31;
/// The name of a port where none is given.
pub const DEFAULT_PORT_NAME: &str = "midiuart";
/// The value that names the port (a text of 1 to 31 units).
pub const PORT_NAME_VALUE: &str = "PortName";

/// A numeric parameter.
pub struct Number {
    /// The value's name.
    pub name: &'static str,
    name_utf16: &'static [u16],
    /// What is accepted.
    pub range: RangeInclusive<u32>,
    /// What is in force where the value is missing or out of range.
    pub default: u32,
}

macro_rules! numbers {
    ($($(#[$attribute:meta])* $field:ident: $name:literal, $range:expr, $default:expr;)+) => {
        /// The parameters of a device.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Parameters {
            $($(#[$attribute])* pub $field: u32,)+
            /// The port's name.
            pub port_name: PortName,
        }

        /// Every numeric parameter, for documentation and for the INF file's checks.
        pub const NUMBERS: &[Number] = &[
            $(Number {
                name: $name,
                name_utf16: &utf16::<{ $name.len() }>($name),
                range: $range,
                default: $default,
            }),+
        ];

        /// The fields of the event that tells the parameters.
        pub(crate) const FIELDS: &[FieldDescription] = &[
            ("OutOfRange", u32::IN_TYPE),
            (PORT_NAME_VALUE, PortName::IN_TYPE),
            $(($name, u32::IN_TYPE)),+
        ];

        impl Default for Parameters {
            fn default() -> Self {
                Self {
                    $($field: $default,)+
                    port_name: PortName::default(),
                }
            }
        }

        impl Parameters {
            /// Puts the parameters down for an event.
            pub(crate) fn put(&self, payload: &mut Payload) {
                self.port_name.put(payload);
                $(self.$field.put(payload);)+
            }

            /// Reads the parameters; returns them and how many were out of range.
            /// `PASSIVE_LEVEL`.
            #[must_use]
            #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
            pub fn read(key: &ComPtr<IRegistryKey>) -> (Self, u32) {
                let mut parameters = Self::default();
                let mut out_of_range = 0;
                let mut numbers = NUMBERS.iter();
                $(if let Some(number) = numbers.next()
                    && let Ok(value) = key.number(number.name_utf16)
                {
                    if number.range.contains(&value) {
                        parameters.$field = value;
                    } else {
                        out_of_range += 1;
                    }
                })+
                match PortName::read(key) {
                    Some(Ok(name)) => parameters.port_name = name,
                    Some(Err(OutOfRange)) => out_of_range += 1,
                    None => {}
                }
                (parameters, out_of_range)
            }
        }
    };
}

numbers! {
    /// Kind of UART: 0 by the resources, 1 MPU-401, 2 16550, 3 software.
    uart: "Uart", 0..=3, 0;
    /// Bytes that wait to be sent at most: as many as 0.33 s of music.
    transmit_ring_bytes: "TransmitRingBytes", 64..=65_536, 1024;
    /// Bytes that wait to be read at most: as many as 2.6 s of music.
    receive_ring_bytes: "ReceiveRingBytes", 256..=65_536, 8192;
    /// Hertz at the clock input of a 16550.
    baud_clock: "BaudClockHz", 100_000..=1_000_000_000, 24_000_000;
    /// Bits per second on the wire of a 16550.
    baud_rate: "BaudRate", 1200..=115_200, 31_250;
    /// Bytes in the transmit FIFO of a 16550 whose FIFO works.
    fifo_depth: "FifoDepth", 1..=64, 16;
    /// Whether an MPU-401 has to acknowledge a reset: 0 no, 1 yes.
    acknowledge_expected: "AcknowledgeExpected", 0..=1, 1;
    /// Whether the software UART goes at MIDI's speed: 0 no, 1 yes.
    paced: "Paced", 0..=1, 1;
    /// Microseconds between two looks at a UART that has bytes to send, or no interrupt.
    poll_period: "PollPeriodMicroseconds", 500..=10_000, 1000;
}

/// The name of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortName {
    units: [u16; LONGEST_PORT_NAME],
    length: usize,
}

struct OutOfRange;

impl Default for PortName {
    fn default() -> Self {
        const UNITS: [u16; DEFAULT_PORT_NAME.len()] = utf16(DEFAULT_PORT_NAME);
        let mut units = [0; LONGEST_PORT_NAME];
        units[..UNITS.len()].copy_from_slice(&UNITS);
        Self {
            units,
            length: UNITS.len(),
        }
    }
}

impl PortName {
    /// The name in UTF-16, without a closing zero.
    #[must_use]
    pub fn units(&self) -> &[u16] {
        &self.units[..self.length]
    }

    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    fn read(key: &ComPtr<IRegistryKey>) -> Option<Result<Self, OutOfRange>> {
        const NAME: [u16; PORT_NAME_VALUE.len()] = utf16(PORT_NAME_VALUE);
        let mut units = [0; LONGEST_PORT_NAME];
        match key.text(&NAME, &mut units) {
            Ok(0) | Err(STATUS_BUFFER_TOO_SMALL | STATUS_BUFFER_OVERFLOW) => Some(Err(OutOfRange)),
            Ok(length) => Some(Ok(Self { units, length })),
            Err(_) => None,
        }
    }
}
