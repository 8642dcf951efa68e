//! UARTs: how each kind of chip is set up, sent to and received from.
//!
//! Everything here is pure: no kernel call, no allocation. The callers bring bytes, a place for bytes,
//! the time, and a [`Budget`] of register accesses for the turn.

pub mod mpu401;
pub mod ns16550;
pub mod software;

use core::ffi::CStr;

use crate::kernel::clock::InterruptTime;
use mpu401::Mpu401;
use ns16550::Ns16550;
use software::SoftwareUart;

use crate::bus::Bus;

/// Register accesses that a turn may still make; each takes about 1 µs on a real bus, and 25 µs are
/// the limit under a spin lock and in an interrupt routine.
#[derive(Debug)]
pub struct Budget(u32);

impl Budget {
    /// What one turn under the device's lock, or in its interrupt routine, may make.
    pub const TURN: u32 = 21;

    /// A budget of that many accesses.
    #[must_use]
    pub const fn of(accesses: u32) -> Self {
        Self(accesses)
    }

    /// Whether that many accesses can still be made.
    #[must_use]
    pub const fn allows(&self, accesses: u32) -> bool {
        self.0 >= accesses
    }

    /// Counts accesses that are made now.
    pub const fn spend(&mut self, accesses: u32) {
        self.0 = self.0.saturating_sub(accesses);
    }
}

/// A byte that came in, or what came in its stead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A good byte.
    Byte(u8),
    /// A byte whose stop bit was missing; its value can't be trusted.
    FramingError,
    /// A byte whose parity was wrong, which MIDI does not have.
    ParityError,
    /// The line was held low for a whole byte.
    Break,
    /// The chip had to throw a byte away because nobody took the ones before.
    Overrun,
}

/// What a UART exchanges bytes with during a turn.
pub trait Exchange {
    /// Takes the next byte to send, if there is one.
    fn next(&mut self) -> Option<u8>;

    /// Whether there is a byte to send.
    fn has_next(&self) -> bool;

    /// Gives away what came in.
    fn received(&mut self, received: Received);

    /// Whether a byte that comes in finds a place. Only a UART that can hold bytes back asks.
    fn has_room(&self) -> bool;
}

/// What happened in a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Bytes that the UART has accepted to send.
    pub sent: u32,
    /// The turn ended because its budget did, not because there was nothing more to do.
    pub unfinished: bool,
    /// The registers read as if no chip was there.
    pub missing: bool,
}

/// What setting a UART up needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// Call again in about a millisecond.
    Wait,
    /// It is ready.
    Ready,
    /// It can't be set up.
    Failed(SetupError),
}

/// Why a UART can't be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// No chip of that kind answers.
    NotThere,
    /// The chip does not acknowledge its commands.
    NoAcknowledge,
    /// The chip's clock can't be divided to the baud rate within 1 %.
    BaudRate,
}

/// A UART chip.
pub trait Uart {
    /// Begins to set the chip up, from whatever state it is in. At most [`Budget::TURN`] register
    /// accesses.
    fn begin_setup(&mut self);

    /// Goes on to set the chip up. At most [`Budget::TURN`] register accesses.
    fn setup(&mut self) -> Setup;

    /// The chip interrupts while it is being set up: calms it. At most the budget's accesses.
    fn interrupt_during_setup(&mut self, budget: &mut Budget);

    /// Whether the chip raises its interrupt now. What had to be read to find out is acknowledged;
    /// if it is not this chip's interrupt, nothing was touched that matters.
    fn is_interrupting(&mut self, budget: &mut Budget) -> bool;

    /// Exchanges bytes, both ways, as long as there are any and the budget allows.
    fn turn(
        &mut self,
        exchange: &mut impl Exchange,
        now: InterruptTime,
        budget: &mut Budget,
    ) -> Turn;

    /// Whether everything that was accepted has left the chip, or how many microseconds that may
    /// still take.
    fn drain_time(&mut self, now: InterruptTime) -> u32;

    /// Makes the chip quiet, for good or for sleep. At most [`Budget::TURN`] register accesses.
    fn quiesce(&mut self);
}

/// One of the UARTs.
pub enum AnyUart<B: Bus> {
    /// An MPU-401 in UART mode.
    Mpu401(Mpu401<B>),
    /// A UART of the 16550's family.
    Ns16550(Ns16550<B>),
    /// A UART in software, looped back.
    Software(SoftwareUart),
}

impl<B: Bus> AnyUart<B> {
    /// Its name in events.
    pub(crate) const fn name(&self) -> &'static CStr {
        match self {
            Self::Mpu401(_) => c"MPU-401",
            Self::Ns16550(_) => c"16550",
            Self::Software(_) => c"software",
        }
    }
}

macro_rules! each {
    ($self:ident, $uart:ident => $call:expr) => {
        match $self {
            Self::Mpu401($uart) => $call,
            Self::Ns16550($uart) => $call,
            Self::Software($uart) => $call,
        }
    };
}

impl<B: Bus> Uart for AnyUart<B> {
    fn begin_setup(&mut self) {
        each!(self, uart => uart.begin_setup());
    }

    fn setup(&mut self) -> Setup {
        each!(self, uart => uart.setup())
    }

    fn interrupt_during_setup(&mut self, budget: &mut Budget) {
        each!(self, uart => uart.interrupt_during_setup(budget));
    }

    fn is_interrupting(&mut self, budget: &mut Budget) -> bool {
        each!(self, uart => uart.is_interrupting(budget))
    }

    fn turn(
        &mut self,
        exchange: &mut impl Exchange,
        now: InterruptTime,
        budget: &mut Budget,
    ) -> Turn {
        each!(self, uart => uart.turn(exchange, now, budget))
    }

    fn drain_time(&mut self, now: InterruptTime) -> u32 {
        each!(self, uart => uart.drain_time(now))
    }

    fn quiesce(&mut self) {
        each!(self, uart => uart.quiesce());
    }
}
