//! Which ports there are, as `EMULATED_PORTS` says.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use emulated_pc::clients::Client;
use midiuart_pc::{Installation, Uart, quirks};

/// The environment variable's name.
pub(crate) const VARIABLE: &str = "EMULATED_PORTS";
/// The ports if the variable is not set.
pub(crate) const DEFAULT: &str = "software,16550,mpu401";

/// The Windows components that may use the driver, by name.
const CLIENTS: [(&str, Client); 2] = [("wdmaud", Client::Wdmaud), ("midisrv", Client::MidiSrv)];
/// Another program has the port open, both ways.
const BUSY: &str = "busy";
/// Nothing is at the other end of the wire.
const NO_CABLE: &str = "no-cable";
/// The device is pulled out so many milliseconds after it was first opened.
const VANISH_AFTER: &str = "vanish-after-";
/// The chip takes no byte any more, so many milliseconds after it was first opened.
const DEAD_AFTER: &str = "dead-after-";

/// A port that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortConfiguration {
    /// The kind of UART.
    pub(crate) uart: Uart,
    /// The hardware's variations.
    pub(crate) quirks: Vec<String>,
    /// Which Windows component uses the driver.
    pub(crate) client: Client,
    /// Whether another program has it open.
    pub(crate) busy: bool,
    /// Whether a cable leads from the output to the input.
    pub(crate) loop_cable: bool,
    /// When the device is pulled out, counted from when it is first opened.
    pub(crate) vanish_after: Option<Duration>,
    /// When the chip breaks, counted from when it is first opened.
    pub(crate) dead_after: Option<Duration>,
}

impl PortConfiguration {
    /// The PC that the port is part of.
    pub(crate) fn installation(&self, seed: u64) -> Installation {
        Installation {
            uart: self.uart,
            quirks: self.quirks.clone(),
            loop_cable: self.loop_cable,
            seed,
            driver: None,
            ..Installation::default()
        }
    }
}

/// What is wrong with a list of ports, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadConfiguration(String);

impl fmt::Display for BadConfiguration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for PortConfiguration {
    type Err = BadConfiguration;

    fn from_str(text: &str) -> Result<Self, BadConfiguration> {
        let mut words = text.split('+').map(str::trim);
        let uart: Uart =
            words.next().unwrap_or_default().parse().map_err(
                |unknown: midiuart_pc::UnknownUart| BadConfiguration(unknown.to_string()),
            )?;
        let mut port = Self {
            uart,
            quirks: Vec::new(),
            client: Client::Wdmaud,
            busy: false,
            loop_cable: uart != Uart::Software,
            vanish_after: None,
            dead_after: None,
        };
        for word in words {
            port.add(word)?;
        }
        Ok(port)
    }
}

impl PortConfiguration {
    fn add(&mut self, option: &str) -> Result<(), BadConfiguration> {
        let is_chip = self.uart != Uart::Software;
        if let Some((_, client)) = CLIENTS.iter().find(|(name, _)| *name == option) {
            self.client = *client;
        } else if option == BUSY {
            self.busy = true;
        } else if option == NO_CABLE && is_chip {
            self.loop_cable = false;
        } else if let Some(milliseconds) = option.strip_prefix(VANISH_AFTER) {
            self.vanish_after = Some(duration(option, milliseconds)?);
        } else if let Some(milliseconds) = option.strip_prefix(DEAD_AFTER)
            && is_chip
        {
            self.dead_after = Some(duration(option, milliseconds)?);
        } else if quirks(self.uart).contains(&option) {
            self.quirks.push(option.to_owned());
        } else {
            return Err(self.unknown(option));
        }
        Ok(())
    }

    fn unknown(&self, option: &str) -> BadConfiguration {
        let mut accepted = quirks(self.uart);
        accepted.extend(CLIENTS.iter().map(|(name, _)| *name));
        accepted.extend([BUSY, "vanish-after-MILLISECONDS"]);
        if self.uart != Uart::Software {
            accepted.extend(["dead-after-MILLISECONDS", NO_CABLE]);
        }
        BadConfiguration(format!(
            "unknown option '{option}' of '{}'; accepted: {}",
            self.uart,
            accepted.join(", ")
        ))
    }
}

fn duration(option: &str, milliseconds: &str) -> Result<Duration, BadConfiguration> {
    let parsed = milliseconds.parse().map(Duration::from_millis);
    parsed.map_err(|_| BadConfiguration(format!("'{option}' does not end with milliseconds")))
}

/// The ports that a list has: names separated by commas, options after plus signs. An empty list has
/// none.
pub(crate) fn parse(list: &str) -> Result<Vec<PortConfiguration>, BadConfiguration> {
    if list.trim().is_empty() {
        return Ok(Vec::new());
    }
    list.split(',').map(str::parse).collect()
}

/// The ports' names, numbered where there are several alike, as Windows does it.
pub(crate) fn names(ports: &[PortConfiguration]) -> Vec<String> {
    let number = |position: usize| {
        let same = |port: &&PortConfiguration| port.uart == ports[position].uart;
        ports[..=position].iter().filter(same).count()
    };
    (0..ports.len())
        .map(|position| {
            let name = format!("MIDI UART ({})", ports[position].uart);
            match number(position) {
                1 => name,
                number => format!("{number}- {name}"),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(list: &str) -> String {
        parse(list).expect_err("a bad list").to_string()
    }

    #[test]
    fn the_default_has_three_ports_that_hear_themselves() {
        let ports = parse(DEFAULT).expect("a good list");
        let uarts: Vec<Uart> = ports.iter().map(|port| port.uart).collect();
        assert_eq!(uarts, [Uart::Software, Uart::Ns16550, Uart::Mpu401]);
        let cables: Vec<bool> = ports.iter().map(|port| port.loop_cable).collect();
        assert_eq!(cables, [false, true, true]);
        assert_eq!(parse(" "), Ok(Vec::new()));
    }

    #[test]
    fn options_are_understood() {
        let ports =
            parse("mpu401+fifo-2+midisrv+busy, 16550+no-cable+vanish-after-2000+dead-after-7")
                .expect("a good list");
        assert_eq!(ports[0].quirks, ["fifo-2"]);
        assert_eq!(ports[0].client, Client::MidiSrv);
        assert!(ports[0].busy);
        assert!(!ports[1].busy);
        assert!(!ports[1].loop_cable);
        assert_eq!(ports[1].vanish_after, Some(Duration::from_secs(2)));
        assert_eq!(ports[1].dead_after, Some(Duration::from_millis(7)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(
            refused("8250"),
            "unknown UART '8250'; accepted: mpu401, 16550, software"
        );
        assert_eq!(
            refused("software+no-cable"),
            "unknown option 'no-cable' of 'software'; accepted: unpaced, wdmaud, midisrv, busy, \
             vanish-after-MILLISECONDS"
        );
        assert_eq!(
            refused("16550+vanish-after-soon"),
            "'vanish-after-soon' does not end with milliseconds"
        );
        assert!(refused("software,").starts_with("unknown UART ''"));
    }

    #[test]
    fn names_are_unique_and_short() {
        let ports = parse("16550,software,16550+no-cable,16550").expect("a good list");
        let names = names(&ports);
        assert_eq!(
            names,
            [
                "MIDI UART (16550)",
                "MIDI UART (software)",
                "2- MIDI UART (16550)",
                "3- MIDI UART (16550)"
            ]
        );
        assert!(names.iter().all(|name| name.encode_utf16().count() < 32));
    }
}
