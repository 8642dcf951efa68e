//! The UARTs that a PC can have.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The kind of UART behind a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Uart {
    /// An MPU-401 in UART mode.
    Mpu401,
    /// A 16550 whose clock gives 31250 baud.
    #[default]
    Ns16550,
    /// The loopback device: a UART in software.
    Software,
}

impl Uart {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Mpu401, Self::Ns16550, Self::Software];

    /// The name on command lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mpu401 => "mpu401",
            Self::Ns16550 => "16550",
            Self::Software => "software",
        }
    }
}

impl fmt::Display for Uart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Uart {
    type Err = UnknownUart;

    fn from_str(name: &str) -> Result<Self, UnknownUart> {
        let found = Self::ALL.into_iter().find(|uart| uart.name() == name);
        found.ok_or_else(|| UnknownUart(name.to_owned()))
    }
}

impl Serialize for Uart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A name that no [`Uart`] has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownUart(String);

impl fmt::Display for UnknownUart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "unknown UART '{}'; accepted: {}",
            self.0,
            Uart::ALL.map(Uart::name).join(", ")
        )
    }
}

impl std::error::Error for UnknownUart {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_understood() {
        for uart in Uart::ALL {
            assert_eq!(uart.name().parse(), Ok(uart));
        }
        let unknown = "8250".parse::<Uart>().expect_err("no such UART");
        assert_eq!(
            unknown.to_string(),
            "unknown UART '8250'; accepted: mpu401, 16550, software"
        );
    }
}
