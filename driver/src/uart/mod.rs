//! UARTs: how each kind of chip is set up, sent to and received from.
//!
//! Everything here is pure: no kernel call, no allocation. The callers bring bytes, a place for bytes,
//! the time, and a [`Budget`] of register accesses for the turn.

pub mod mpu401;
pub mod ns16550;
mod removed;
mod row;
pub mod software;

use core::ffi::CStr;

use crate::kernel::clock::InterruptTime;
use mpu401::Mpu401;
use ns16550::Ns16550;
pub use removed::RemovedUart;
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
    /// Bytes, good or damaged, that were taken from the UART.
    pub received: u32,
    /// The turn ended because its budget did, not because there was nothing more to do.
    pub unfinished: bool,
    /// The registers read as if no chip was there.
    pub missing: bool,
}

/// What setting a UART up, or making it quiet, needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// Call again: there is more to do than one call may.
    Continue,
    /// Call again when the chip has had some time, a millisecond or a tick of the clock.
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

/// What became of an interrupt that was not expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silenced {
    /// The chip was interrupting.
    pub was_active: bool,
    /// It does not interrupt any more.
    pub is_quiet: bool,
}

impl Silenced {
    /// The interrupt was the chip's: reading and writing its registers has ended it. Registers that read the
    /// same whatever is done, as where no chip is, have no interrupt.
    #[must_use]
    pub const fn was_ours(self) -> bool {
        self.was_active && self.is_quiet
    }
}

/// A UART chip.
pub trait Uart {
    /// Whether setting the chip up takes time, because it acknowledges commands when it likes.
    fn setup_waits(&self) -> bool {
        false
    }

    /// Whether the chip interrupts for no cause that is masked. One without a mask interrupts whenever it
    /// has received a byte.
    fn has_mask(&self) -> bool {
        true
    }

    /// Begins to set the chip up, from whatever state it is in. At most [`Budget::TURN`] register
    /// accesses.
    fn begin_setup(&mut self);

    /// Goes on to set the chip up. At most [`Budget::TURN`] register accesses.
    fn setup(&mut self, now: InterruptTime) -> Setup;

    /// Ends the chip's interrupt, when no interrupt is expected: before it is set up, while it is, or when
    /// that has failed. What comes in is thrown away. At most the budget's accesses.
    fn silence(&mut self, budget: &mut Budget) -> Silenced;

    /// How many received bytes were thrown away by setting up and silencing since this was last asked.
    fn take_discarded(&mut self) -> u32 {
        0
    }

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

    /// The longest time, in microseconds, for which a healthy UART accepts no byte.
    fn longest_hold(&self) -> u32;

    /// Whether it holds bytes back that it has read, until it knows what they are.
    fn holds_back(&self) -> bool {
        false
    }

    /// Has the chip not interrupt any more, as its interrupts can't be ended one by one; until it is set up
    /// again. Returns whether it works without. At most four register accesses.
    fn give_up_interrupts(&mut self) -> bool {
        false
    }

    /// Whether everything that was accepted has left the chip, or how many microseconds that may
    /// still take.
    fn drain_time(&mut self, now: InterruptTime) -> u32;

    /// Whether the registers answer at all; one access. `true` does not mean that it is the right chip.
    fn answers(&mut self) -> bool;

    /// Begins to make the chip quiet, for good or for sleep. At most [`Budget::TURN`] register accesses.
    fn begin_quiescing(&mut self) {}

    /// Goes on to make the chip quiet, until that is [`Setup::Ready`]. At most [`Budget::TURN`] register
    /// accesses.
    fn quiesce(&mut self, now: InterruptTime) -> Setup;
}

/// One of the UARTs.
pub enum AnyUart<B: Bus> {
    /// An MPU-401 in UART mode.
    Mpu401(Mpu401<B>),
    /// A UART of the 16550's family.
    Ns16550(Ns16550<B>),
    /// A UART in software, looped back.
    Software(SoftwareUart),
    /// The registers were given back.
    Removed(RemovedUart),
}

impl<B: Bus> AnyUart<B> {
    /// Its name in events.
    pub(crate) const fn name(&self) -> &'static CStr {
        match self {
            Self::Mpu401(_) => c"MPU-401",
            Self::Ns16550(_) => c"16550",
            Self::Software(_) => c"software",
            Self::Removed(_) => c"removed",
        }
    }
}

macro_rules! each {
    ($self:ident, $uart:ident => $call:expr) => {
        match $self {
            Self::Mpu401($uart) => $call,
            Self::Ns16550($uart) => $call,
            Self::Software($uart) => $call,
            Self::Removed($uart) => $call,
        }
    };
}

impl<B: Bus> Uart for AnyUart<B> {
    fn setup_waits(&self) -> bool {
        each!(self, uart => uart.setup_waits())
    }

    fn has_mask(&self) -> bool {
        each!(self, uart => uart.has_mask())
    }

    fn begin_setup(&mut self) {
        each!(self, uart => uart.begin_setup());
    }

    fn setup(&mut self, now: InterruptTime) -> Setup {
        each!(self, uart => uart.setup(now))
    }

    fn silence(&mut self, budget: &mut Budget) -> Silenced {
        each!(self, uart => uart.silence(budget))
    }

    fn take_discarded(&mut self) -> u32 {
        each!(self, uart => uart.take_discarded())
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

    fn longest_hold(&self) -> u32 {
        each!(self, uart => uart.longest_hold())
    }

    fn drain_time(&mut self, now: InterruptTime) -> u32 {
        each!(self, uart => uart.drain_time(now))
    }

    fn answers(&mut self) -> bool {
        each!(self, uart => uart.answers())
    }

    fn holds_back(&self) -> bool {
        each!(self, uart => uart.holds_back())
    }

    fn give_up_interrupts(&mut self) -> bool {
        each!(self, uart => uart.give_up_interrupts())
    }

    fn begin_quiescing(&mut self) {
        each!(self, uart => uart.begin_quiescing());
    }

    fn quiesce(&mut self, now: InterruptTime) -> Setup {
        each!(self, uart => uart.quiesce(now))
    }
}
