//! Names for the oddities of real chips, to choose from on a command line.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::mpu401::Mpu401Switches;
use super::ns16550::{Ns16550Kind, Ns16550Switches};

/// The chips that can be plugged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChipKind {
    /// An MPU-401 compatible chip.
    Mpu401,
    /// A 16550-class UART.
    Ns16550,
}

impl fmt::Display for ChipKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Mpu401 => "MPU-401",
            Self::Ns16550 => "16550",
        })
    }
}

/// An oddity that some chips have.
#[derive(Clone, Copy, Debug)]
pub struct Quirk {
    /// How it is called on the command line.
    pub name: &'static str,
    /// Which chips can have it.
    pub applies_to: &'static [ChipKind],
    /// What such a chip does.
    pub what: &'static str,
    /// Where it has been seen.
    pub source: &'static str,
    effect: fn(&mut ChipOptions),
}

/// How to build a chip: what a list of quirks comes to. The switches of the chip that was not
/// chosen mean nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipOptions {
    /// The switches of an MPU-401.
    pub mpu401: Mpu401Switches,
    /// The switches of a 16550.
    pub ns16550: Ns16550Switches,
    /// Whether the chip's interrupt line is connected at all.
    pub has_interrupt: bool,
}

impl Default for ChipOptions {
    fn default() -> Self {
        Self {
            mpu401: Mpu401Switches::default(),
            ns16550: Ns16550Switches::default(),
            has_interrupt: true,
        }
    }
}

/// A quirk that the chip cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownQuirk {
    /// The name that was asked for.
    pub name: String,
    /// The chip that it was asked of.
    pub chip: ChipKind,
}

impl fmt::Display for UnknownQuirk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "no quirk of the {} is called \"{}\"; there are",
            self.chip, self.name
        )?;
        for (index, quirk) in quirks_of(self.chip).enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            write!(formatter, "{separator}{}", quirk.name)?;
        }
        Ok(())
    }
}

impl Error for UnknownQuirk {}

/// The quirks that `chip` can have, as they stand in [`QUIRKS`].
pub fn quirks_of(chip: ChipKind) -> impl Iterator<Item = &'static Quirk> {
    QUIRKS
        .iter()
        .filter(move |quirk| quirk.applies_to.contains(&chip))
}

/// Builds up a chip's switches from names of quirks; where two set the same switch, the later
/// one counts.
///
/// # Errors
///
/// [`UnknownQuirk`] for the first name that `chip` has no quirk for; its message lists those
/// that there are.
pub fn options_for<Name: AsRef<str>>(
    chip: ChipKind,
    names: impl IntoIterator<Item = Name>,
) -> Result<ChipOptions, UnknownQuirk> {
    let mut options = ChipOptions::default();
    for name in names {
        let name = name.as_ref();
        let quirk = quirks_of(chip)
            .find(|quirk| quirk.name == name)
            .ok_or_else(|| UnknownQuirk {
                name: name.to_owned(),
                chip,
            })?;
        (quirk.effect)(&mut options);
    }
    Ok(options)
}

const MPU401: &[ChipKind] = &[ChipKind::Mpu401];
const NS16550: &[ChipKind] = &[ChipKind::Ns16550];
const BOTH: &[ChipKind] = &[ChipKind::Mpu401, ChipKind::Ns16550];

/// `DOSBox` mpu401.cpp: how long its output stays busy after a reset.
const SLOW_RESET: Duration = Duration::from_millis(14);

/// What a chip may have caught before anybody looked: the tail of a note, and real-time bytes.
const STALE_BYTES: [u8; 5] = [0x40, 0x7F, 0xFE, 0xF8, 0x90];

/// Linux `mpu401_uart.c` finds such chips ready when it asks a second time.
const BUSY_POLLS_AFTER_WRITE: u32 = 1;

/// Often enough to hit every run, seldom enough to be mistaken for a working line.
const LOST_INTERRUPT_INTERVAL: u32 = 7;

/// All quirks.
pub const QUIRKS: &[Quirk] = &[
    Quirk {
        name: "no-ack",
        applies_to: MPU401,
        what: "acknowledges no command",
        source: "Linux mpu401_uart.c (MPU401_INFO_NO_ACK)",
        effect: |options| {
            options.mpu401.acknowledges_reset = false;
            options.mpu401.acknowledges_enter_uart = false;
        },
    },
    Quirk {
        name: "no-uart-ack",
        applies_to: MPU401,
        what: "does not acknowledge the command to enter UART mode",
        source: "Linux mpu401_uart.c does not ask for it",
        effect: |options| options.mpu401.acknowledges_enter_uart = false,
    },
    Quirk {
        name: "ack-on-uart-reset",
        applies_to: MPU401,
        what: "acknowledges a reset in UART mode too",
        source: "Bochs sb16.cc",
        effect: |options| options.mpu401.acknowledges_reset_in_uart_mode = true,
    },
    Quirk {
        name: "ack-everything",
        applies_to: MPU401,
        what: "acknowledges every command, known or not",
        source: "Bochs sb16.cc",
        effect: |options| {
            options.mpu401.acknowledges_every_command = true;
            options.mpu401.acknowledges_reset_in_uart_mode = true;
        },
    },
    Quirk {
        name: "ack-behind",
        applies_to: MPU401,
        what: "queues acknowledgements behind unread bytes, which it keeps",
        source: "Linux mpu401_uart.c skips foreign bytes",
        effect: |options| {
            options.mpu401.acknowledge_in_front = false;
            options.mpu401.keeps_unread_bytes = true;
        },
    },
    Quirk {
        name: "first-ack-lost",
        applies_to: MPU401,
        what: "swallows the first acknowledgement after power-on",
        source: "DMusUART ignores a missing first one",
        effect: |options| options.mpu401.missing_acknowledges = 1,
    },
    Quirk {
        name: "two-acks-lost",
        applies_to: MPU401,
        what: "swallows the first two acknowledgements after power-on",
        source: "one worse than first-ack-lost",
        effect: |options| options.mpu401.missing_acknowledges = 2,
    },
    Quirk {
        name: "fifo-1",
        applies_to: MPU401,
        what: "transmit FIFO of one byte",
        source: "chips with a holding register only",
        effect: |options| options.mpu401.transmit_fifo_depth = 1,
    },
    Quirk {
        name: "fifo-2",
        applies_to: MPU401,
        what: "transmit FIFO of 2 bytes",
        source: "AWE64, by Linux mpu401_uart.c",
        effect: |options| options.mpu401.transmit_fifo_depth = 2,
    },
    Quirk {
        name: "fifo-8",
        applies_to: MPU401,
        what: "transmit FIFO of 8 bytes",
        source: "SonicVibes, by Linux mpu401_uart.c",
        effect: |options| options.mpu401.transmit_fifo_depth = 8,
    },
    Quirk {
        name: "fifo-12",
        applies_to: MPU401,
        what: "transmit FIFO of 12 bytes",
        source: "ES1688, by Linux mpu401_uart.c",
        effect: |options| options.mpu401.transmit_fifo_depth = 12,
    },
    Quirk {
        name: "fifo-32",
        applies_to: NS16550,
        what: "FIFOs of 32 bytes",
        source: "16650 and 16950 in 550 mode with deep FIFOs",
        effect: |options| options.ns16550.kind = Ns16550Kind::Fifo16550A { depth: 32 },
    },
    Quirk {
        name: "fifo-64",
        applies_to: BOTH,
        what: "FIFOs of 64 bytes in both directions",
        source: "Bochs sb16.cc; TI TL16C750",
        effect: |options| {
            options.mpu401.transmit_fifo_depth = 64;
            options.mpu401.receive_fifo_depth = 64;
            options.ns16550.kind = Ns16550Kind::Fifo16550A { depth: 64 };
        },
    },
    Quirk {
        name: "busy-after-write",
        applies_to: MPU401,
        what: "shows busy at the first look after every data byte",
        source: "Linux mpu401_uart.c tries twice",
        effect: |options| options.mpu401.busy_polls_after_write = BUSY_POLLS_AFTER_WRITE,
    },
    Quirk {
        name: "slow-reset",
        applies_to: MPU401,
        what: "stays busy for 14 ms after a reset",
        source: "DOSBox mpu401.cpp",
        effect: |options| options.mpu401.reset_busy = SLOW_RESET,
    },
    Quirk {
        name: "stale-bytes",
        applies_to: MPU401,
        what: "holds old received bytes at power-on and keeps them over a reset",
        source: "Linux mpu401_uart.c throws up to 64 away",
        effect: |options| {
            options.mpu401.stale_bytes = STALE_BYTES.to_vec();
            options.mpu401.keeps_unread_bytes = true;
        },
    },
    Quirk {
        name: "reserved-bits",
        applies_to: MPU401,
        what: "reads ones from the reserved bits of the status register",
        source: "DOSBox mpu401.cpp",
        effect: |options| options.mpu401.reserved_status_bits = 0x3F,
    },
    Quirk {
        name: "stuck-ready",
        applies_to: MPU401,
        what: "always claims that a byte can be read",
        source: "a broken chip",
        effect: |options| options.mpu401.data_ready_stuck = true,
    },
    Quirk {
        name: "stuck-busy",
        applies_to: MPU401,
        what: "always claims that no byte can be written",
        source: "a broken chip",
        effect: |options| options.mpu401.output_stuck_busy = true,
    },
    Quirk {
        name: "uart-16450",
        applies_to: NS16550,
        what: "has no FIFOs",
        source: "16450 and 8250",
        effect: |options| options.ns16550.kind = Ns16550Kind::Uart16450,
    },
    Quirk {
        name: "broken-fifo",
        applies_to: NS16550,
        what: "has FIFOs that do not work, and says so",
        source: "the first 16550, by Linux 8250_port.c",
        effect: |options| options.ns16550.kind = Ns16550Kind::BrokenFifo16550,
    },
    Quirk {
        name: "no-thre-reraise",
        applies_to: NS16550,
        what: "does not raise the transmit interrupt again when it is enabled once more",
        source: "clones that Linux 8250_port.c probes for",
        effect: |options| options.ns16550.does_not_reraise_thre = true,
    },
    Quirk {
        name: "no-out2-gate",
        applies_to: NS16550,
        what: "interrupts without OUT2",
        source: "boards that do not wire OUT2, by Linux serial-u16550.c",
        effect: |options| options.ns16550.interrupt_needs_out2 = false,
    },
    Quirk {
        name: "stuck-iir",
        applies_to: NS16550,
        what: "always names received data as the interrupt's cause",
        source: "a broken chip",
        effect: |options| options.ns16550.iir_stuck = Some(0xC4),
    },
    Quirk {
        name: "line-status-ff",
        applies_to: NS16550,
        what: "reads 0xFF from the line status register",
        source: "missing chips, by Linux 8250_port.c",
        effect: |options| options.ns16550.line_status_reads_ff = true,
    },
    Quirk {
        name: "left-asserting",
        applies_to: BOTH,
        what: "interrupts from power-on, as firmware or a previous driver left it",
        source: "UARTs that firmware, a debugger or a driver without a clean end has used",
        effect: |options| {
            options.mpu401.left_asserting = true;
            options.ns16550.left_asserting = true;
        },
    },
    Quirk {
        name: "lost-interrupts",
        applies_to: BOTH,
        what: "loses every seventh interrupt",
        source: "edge-triggered ISA lines",
        effect: |options| {
            options.mpu401.loses_every_nth_interrupt = Some(LOST_INTERRUPT_INTERVAL);
            options.ns16550.loses_every_nth_interrupt = Some(LOST_INTERRUPT_INTERVAL);
        },
    },
    Quirk {
        name: "no-interrupt",
        applies_to: BOTH,
        what: "has no interrupt line",
        source: "Linux mpu401_uart.c polls such cards",
        effect: |options| options.has_interrupt = false,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const CHIPS: [ChipKind; 2] = [ChipKind::Mpu401, ChipKind::Ns16550];

    #[test]
    fn names_are_unique_and_every_quirk_changes_its_chip() {
        let names: HashSet<_> = QUIRKS.iter().map(|quirk| quirk.name).collect();
        assert_eq!(names.len(), QUIRKS.len());
        let usual = ChipOptions::default();
        for chip in CHIPS {
            for quirk in quirks_of(chip) {
                let options = options_for(chip, [quirk.name]).expect(quirk.name);
                let differs = match chip {
                    ChipKind::Mpu401 => options.mpu401 != usual.mpu401,
                    ChipKind::Ns16550 => options.ns16550 != usual.ns16550,
                };
                assert_eq!(
                    differs, options.has_interrupt,
                    "{} is about the switches or about the line",
                    quirk.name
                );
            }
        }
    }

    #[test]
    fn a_quirk_of_one_chip_leaves_the_other_alone() {
        let usual = ChipOptions::default();
        for quirk in QUIRKS {
            let mut options = usual.clone();
            (quirk.effect)(&mut options);
            if !quirk.applies_to.contains(&ChipKind::Mpu401) {
                assert_eq!(options.mpu401, usual.mpu401, "{}", quirk.name);
            }
            if !quirk.applies_to.contains(&ChipKind::Ns16550) {
                assert_eq!(options.ns16550, usual.ns16550, "{}", quirk.name);
            }
        }
    }

    #[test]
    fn quirks_add_up_and_the_later_one_counts() {
        let names = ["fifo-2", "no-ack", "fifo-8", "no-interrupt"];
        let options = options_for(ChipKind::Mpu401, names).expect("all are known");
        assert_eq!(options.mpu401.transmit_fifo_depth, 8);
        assert!(!options.mpu401.acknowledges_reset);
        assert!(!options.has_interrupt);
    }

    #[test]
    fn no_quirks_give_the_usual_chip() {
        let options = options_for(ChipKind::Ns16550, [] as [&str; 0]);
        assert_eq!(options, Ok(ChipOptions::default()));
    }

    #[test]
    fn an_unknown_quirk_is_named_with_those_of_the_chip() {
        let error = options_for(ChipKind::Ns16550, ["uart-16450", "no-ack"])
            .expect_err("a 16550 knows no acknowledgement");
        let message = error.to_string();
        assert!(message.contains("16550 is called \"no-ack\""), "{message}");
        assert!(message.contains("uart-16450, broken-fifo"), "{message}");
        assert!(!message.contains("slow-reset"), "{message}");
    }
}
