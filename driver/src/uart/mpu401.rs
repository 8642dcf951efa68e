//! An MPU-401, or what sound cards have in its place, in UART mode.
//!
//! Such a chip interrupts for received bytes only, so sending goes by a timer. Data sheets and drivers
//! disagree about nearly everything else; see the constants.

use super::row::Row;
use super::{Budget, Exchange, Received, Setup, SetupError, Silenced, Turn, Uart};
use crate::bus::Bus;
use crate::kernel::clock::{InterruptTime, MILLISECOND};

const DATA: u8 = 0;
const STATUS: u8 = 1;
const COMMAND: u8 = 1;

/// Nothing to read, when set ("DSR", active low; Creative SB16 and SMSC LPC47M102 data sheets).
const NOTHING_TO_READ: u8 = 0x80;
/// Can't be written to, when set ("DRR", active low).
const CANNOT_WRITE: u8 = 0x40;

/// All bits set: no chip drives the bus.
const NO_CHIP: u8 = 0xFF;

/// Leaves UART mode. In UART mode chips after SMSC's data sheet do not acknowledge it, those of the
/// SB16 family (as emulated by Bochs) do; outside of it all do, but for the ones that never do.
const COMMAND_RESET: u8 = 0xFF;
/// Enters UART mode. Not all chips acknowledge it (Linux's `mpu401_uart` asks for none).
const COMMAND_UART_MODE: u8 = 0x3F;
const ACKNOWLEDGE: u8 = 0xFE;

/// Some chips look busy right after every write (Linux's `mpu401_uart`: "try twice"; `DMusUART` too).
const BUSY_TESTS: u32 = 2;
/// How long to wait for the chip to take a command, or to acknowledge it. `DOSBox` is busy for
/// 14 ms after a reset; Linux waits 10 ms.
const PATIENCE: InterruptTime = 25 * MILLISECOND;
/// How long to wait for a chip that has acknowledged no reset to acknowledge that it entered UART mode.
const UART_MODE_PATIENCE: InterruptTime = 2 * MILLISECOND;
/// Old bytes may lie in front of the acknowledgement: 64 in the deepest receive FIFO that is known
/// (Bochs), and as many that come in while it is emptied. A chip that has still more is stuck.
const MOST_STALE_BYTES: u32 = 128;
/// Register accesses for each call of `setup`, its command and final looks included.
const SETUP_ACCESSES: u32 = Budget::TURN - 3;
/// Bytes in the deepest known transmit FIFO (64: Bochs sb16.cc; CS4237B and SMSC: 16, Linux's `mpu401_uart`),
/// and the one being sent.
const MOST_BYTES_INSIDE: u32 = 65;
/// Microseconds that a byte takes on the wire.
const BYTE_TIME: u32 = 320;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The first reset may only leave UART mode, and then need not be acknowledged.
    FirstReset,
    SecondReset,
    /// UART mode was asked for; the acknowledgement, if any, is to be swallowed.
    EnterUartMode,
    Ready,
    /// It is made quiet.
    Quiesce,
}

/// An MPU-401 in UART mode.
pub struct Mpu401<B: Bus> {
    bus: B,
    expects_acknowledge: bool,
    phase: Phase,
    command_pending: bool,
    /// The interrupt routine came across the acknowledgement.
    acknowledged: bool,
    /// How long to wait for the acknowledgement of UART mode: a chip that has acknowledged a reset will
    /// acknowledge that, too, however late.
    uart_mode_patience: InterruptTime,
    /// When the phase, or the wait for the acknowledgement of its command, began.
    since: Option<InterruptTime>,
    stale_bytes: u32,
    row: Row,
    /// Zeros in it that were not given away yet, read from registers that all read zero.
    held_zeros: u32,
    /// Received bytes that were thrown away and not reported yet.
    discarded: u32,
}

impl<B: Bus> Mpu401<B> {
    /// An MPU-401 behind these registers. `expects_acknowledge` is false for chips that never
    /// acknowledge a reset; for them, any two registers look like such a chip.
    #[must_use]
    pub fn new(bus: B, expects_acknowledge: bool) -> Self {
        Self {
            bus,
            expects_acknowledge,
            phase: Phase::FirstReset,
            command_pending: true,
            acknowledged: false,
            uart_mode_patience: UART_MODE_PATIENCE,
            since: None,
            stale_bytes: 0,
            row: Row::default(),
            held_zeros: 0,
            discarded: 0,
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.command_pending = phase != Phase::Ready;
        self.acknowledged = false;
        self.since = None;
        self.stale_bytes = 0;
    }

    /// Whether a byte can be read.
    fn is_readable(&mut self, budget: &mut Budget) -> bool {
        budget.spend(1);
        self.bus.read(STATUS) & NOTHING_TO_READ == 0
    }

    /// Reads a byte that is none of the music.
    fn discard(&mut self, budget: &mut Budget) -> u8 {
        budget.spend(1);
        let byte = self.bus.read(DATA);
        if byte != ACKNOWLEDGE {
            self.discarded += 1;
        }
        byte
    }

    /// Reads a byte if there is one and it is not one too many.
    fn read_stale(&mut self, budget: &mut Budget) -> Option<u8> {
        if !budget.allows(2) || self.stale_bytes >= MOST_STALE_BYTES || !self.is_readable(budget) {
            return None;
        }
        self.stale_bytes += 1;
        Some(self.discard(budget))
    }

    /// Reads bytes until the acknowledgement is found; returns whether it was.
    fn find_acknowledge(&mut self, budget: &mut Budget) -> bool {
        while let Some(byte) = self.read_stale(budget) {
            if byte == ACKNOWLEDGE {
                return true;
            }
        }
        false
    }

    /// Reads all there is, as nothing older than UART mode is music; returns whether that came to an
    /// end.
    fn read_all(&mut self, budget: &mut Budget) -> bool {
        while let Some(byte) = self.read_stale(budget) {
            self.acknowledged |= byte == ACKNOWLEDGE;
        }
        budget.allows(2)
    }

    /// What follows when a command was, or was not, acknowledged in time.
    fn next_phase(&mut self, acknowledged: bool) -> Setup {
        if matches!(self.phase, Phase::FirstReset | Phase::SecondReset) {
            self.uart_mode_patience = if acknowledged {
                PATIENCE
            } else {
                UART_MODE_PATIENCE
            };
        }
        match self.phase {
            Phase::FirstReset if acknowledged => self.enter(Phase::EnterUartMode),
            Phase::FirstReset => self.enter(Phase::SecondReset),
            Phase::SecondReset if acknowledged || !self.expects_acknowledge => {
                self.enter(Phase::EnterUartMode);
            }
            Phase::SecondReset => return Setup::Failed(SetupError::NoAcknowledge),
            Phase::EnterUartMode | Phase::Ready => {
                self.enter(Phase::Ready);
                self.row.end();
                self.discarded += core::mem::take(&mut self.held_zeros);
                return Setup::Ready;
            }
            Phase::Quiesce => return Setup::Ready,
        }
        Setup::Continue
    }

    /// Gives away the zeros that were bytes after all.
    fn release_zeros(&mut self, exchange: &mut impl Exchange) {
        for _ in 0..core::mem::take(&mut self.held_zeros) {
            exchange.received(Received::Byte(0));
        }
    }

    /// The status, read again if the chip seems busy, as busy is tested twice.
    fn status(&mut self, budget: &mut Budget) -> u8 {
        let mut status = NOTHING_TO_READ | CANNOT_WRITE;
        for _ in 0..BUSY_TESTS {
            budget.spend(1);
            status = self.bus.read(STATUS);
            if status & CANNOT_WRITE == 0 || status & NOTHING_TO_READ == 0 {
                break;
            }
        }
        status
    }
}

impl<B: Bus> Uart for Mpu401<B> {
    fn setup_waits(&self) -> bool {
        true
    }

    fn has_mask(&self) -> bool {
        false
    }

    fn begin_setup(&mut self) {
        self.enter(Phase::FirstReset);
    }

    fn setup(&mut self, now: InterruptTime) -> Setup {
        let mut budget = Budget::of(SETUP_ACCESSES);
        let mut waited = now.saturating_sub(*self.since.get_or_insert(now));
        if self.command_pending {
            let status = self.bus.read(STATUS);
            if status & CANNOT_WRITE != 0 && waited < PATIENCE {
                // Unread bytes keep old chips from taking commands.
                self.find_acknowledge(&mut budget);
                return Setup::Wait;
            }
            // A chip that is busy for that long may still take a reset. What lies unread now is older
            // than the acknowledgement.
            self.acknowledged = false;
            self.bus.write(
                COMMAND,
                match self.phase {
                    Phase::EnterUartMode => COMMAND_UART_MODE,
                    _ => COMMAND_RESET,
                },
            );
            self.command_pending = false;
            self.since = Some(now);
            waited = 0;
            self.stale_bytes = 0;
        }
        if self.phase == Phase::EnterUartMode {
            // The acknowledgement need not come, but if it does, it is none of the music.
            let empty = self.read_all(&mut budget);
            if self.stale_bytes >= MOST_STALE_BYTES {
                return Setup::Failed(SetupError::NotThere);
            }
            return match (
                empty,
                self.acknowledged || waited >= self.uart_mode_patience,
            ) {
                (false, _) => Setup::Continue,
                (true, false) => Setup::Wait,
                (true, true) => self.next_phase(true),
            };
        }
        if self.acknowledged || self.find_acknowledge(&mut budget) {
            return self.next_phase(true);
        }
        if self.stale_bytes >= MOST_STALE_BYTES {
            return self.next_phase(false);
        }
        if !budget.allows(2) {
            // The acknowledgement may lie behind what could not be read yet.
            return Setup::Continue;
        }
        if waited < PATIENCE {
            return Setup::Wait;
        }
        self.next_phase(false)
    }

    fn silence(&mut self, budget: &mut Budget) -> Silenced {
        // The chip interrupts as long as a byte can be read. However many there were: one that is left keeps
        // the line active.
        let was_active = self.is_readable(budget);
        let mut is_quiet = !was_active;
        while !is_quiet && budget.allows(2) {
            self.acknowledged |= self.discard(budget) == ACKNOWLEDGE;
            is_quiet = !self.is_readable(budget);
        }
        Silenced {
            was_active,
            is_quiet,
        }
    }

    fn take_discarded(&mut self) -> u32 {
        core::mem::take(&mut self.discarded)
    }

    fn is_interrupting(&mut self, budget: &mut Budget) -> bool {
        self.is_readable(budget)
    }

    fn turn(
        &mut self,
        exchange: &mut impl Exchange,
        now: InterruptTime,
        budget: &mut Budget,
    ) -> Turn {
        let mut turn = Turn::default();
        loop {
            // One look at the status, if need be two, and a byte each way.
            if !budget.allows(BUSY_TESTS + 2) {
                turn.unfinished = true;
                break;
            }
            let status = self.status(budget);
            let readable = status & NOTHING_TO_READ == 0;
            if !readable {
                self.row.end();
                self.release_zeros(exchange);
            }
            if readable {
                budget.spend(1);
                let byte = self.bus.read(DATA);
                if !self.row.goes_on(now, BYTE_TIME) {
                    // What is read there is no music, and what is written goes nowhere. It is read all the same: a
                    // chip that is well again has nothing to read then.
                    self.held_zeros = 0;
                    turn.missing = true;
                    continue;
                }
                turn.received += 1;
                if status == 0 && byte == 0 {
                    // It may be a byte, or registers that all read zero: that is decided by what follows. What
                    // is written meanwhile might go nowhere.
                    self.held_zeros += 1;
                    continue;
                }
                self.release_zeros(exchange);
                exchange.received(Received::Byte(byte));
            }
            let mut wrote = false;
            if status & CANNOT_WRITE == 0
                && let Some(byte) = exchange.next()
            {
                budget.spend(1);
                self.bus.write(DATA, byte);
                turn.sent += 1;
                wrote = true;
            }
            if !readable && !wrote {
                break;
            }
        }
        turn
    }

    fn longest_hold(&self) -> u32 {
        MOST_BYTES_INSIDE * BYTE_TIME
    }

    fn drain_time(&mut self, _now: InterruptTime) -> u32 {
        // Whether the FIFO is empty can't be seen.
        MOST_BYTES_INSIDE * BYTE_TIME
    }

    fn answers(&mut self) -> bool {
        self.bus.read(STATUS) != NO_CHIP
    }

    fn holds_back(&self) -> bool {
        self.held_zeros > 0
    }

    fn give_up_interrupts(&mut self) -> bool {
        // Outside of UART mode received bytes raise no interrupt.
        self.bus.write(COMMAND, COMMAND_RESET);
        false
    }

    fn begin_quiescing(&mut self) {
        self.discarded += core::mem::take(&mut self.held_zeros);
        self.enter(Phase::Quiesce);
    }

    fn quiesce(&mut self, now: InterruptTime) -> Setup {
        // The next user, perhaps DOS, finds the chip out of UART mode; and outside of it received
        // bytes raise no interrupt.
        let mut budget = Budget::of(SETUP_ACCESSES);
        let mut waited = now.saturating_sub(*self.since.get_or_insert(now));
        if self.command_pending {
            let status = self.bus.read(STATUS);
            if status & CANNOT_WRITE != 0 && waited < PATIENCE {
                self.find_acknowledge(&mut budget);
                return Setup::Wait;
            }
            self.acknowledged = false;
            self.bus.write(COMMAND, COMMAND_RESET);
            self.command_pending = false;
            self.since = Some(now);
            waited = 0;
            self.stale_bytes = 0;
        }
        // In UART mode not every chip acknowledges; one that does keeps the line active until that is read.
        if self.acknowledged || self.find_acknowledge(&mut budget) || waited >= PATIENCE {
            return Setup::Ready;
        }
        if budget.allows(2) || self.stale_bytes >= MOST_STALE_BYTES {
            Setup::Wait
        } else {
            Setup::Continue
        }
    }
}
