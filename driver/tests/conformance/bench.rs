//! A chip on a bench: no PC around it, and a clock that is moved by hand.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::AtomicU8;
use std::time::Duration;

use emulated_pc::hardware::chip::{Chip, LineFault};
use emulated_pc::hardware::mpu401::{Mpu401Switches, STATUS_COMMAND_REGISTER};
use emulated_pc::hardware::ns16550::Ns16550Switches;
use emulated_pc::hardware::wire::{BYTE_TIME, MidiWire};
use emulated_pc::hardware::{mpu401, ns16550};
use emulated_pc::time::Instant;
use midiuart::bus::Bus;
use midiuart::kernel::clock::InterruptTime;
use midiuart::ring::Ring;
use midiuart::uart::mpu401::Mpu401;
use midiuart::uart::ns16550::{Ns16550, Settings};
use midiuart::uart::{Budget, Exchange, Received, Setup, Turn, Uart};

/// What a register access takes on a real bus.
const ACCESS: Duration = Duration::from_micros(1);
/// Calls of `Uart::setup` after which the driver gives up.
pub const MOST_SETUP_CALLS: u32 = 200;

/// A chip with its cable. Clones are the same chip.
pub struct Bench<C: Chip>(Rc<RefCell<State<C>>>);

struct State<C: Chip> {
    chip: C,
    wire: MidiWire,
    now: Instant,
    accesses: u32,
    /// A byte that arrives with a register access to come, counted as `accesses`.
    arrival: Option<(u32, u8)>,
}

impl<C: Chip> Clone for Bench<C> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<C: Chip> State<C> {
    fn pass(&mut self, time: Duration) {
        self.now += time;
        while let Some(at) = self.wire.next_arrival().filter(|at| *at <= self.now) {
            self.chip.advance(at, self.wire.record());
            if let Some((value, fault)) = self.wire.take_arrival(at) {
                self.chip.receive(value, fault, at);
            }
        }
        self.chip.advance(self.now, self.wire.record());
    }

    fn access(&mut self) {
        self.pass(ACCESS);
        self.accesses += 1;
        if let Some((_, byte)) = self.arrival.take_if(|(at, _)| *at == self.accesses) {
            self.chip.receive(byte, LineFault::default(), self.now);
        }
    }
}

impl<C: Chip> Bus for Bench<C> {
    fn read(&mut self, offset: u8) -> u8 {
        let mut state = self.0.borrow_mut();
        state.access();
        let now = state.now;
        state.chip.read(offset.into(), now)
    }

    fn write(&mut self, offset: u8, value: u8) {
        let mut state = self.0.borrow_mut();
        state.access();
        let now = state.now;
        state.chip.write(offset.into(), value, now);
    }
}

impl<C: Chip> Bench<C> {
    /// Puts a chip on the bench.
    pub fn new(chip: C) -> Self {
        Self(Rc::new(RefCell::new(State {
            chip,
            wire: MidiWire::new(),
            now: Instant::POWER_ON,
            accesses: 0,
            arrival: None,
        })))
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.0.borrow_mut().pass(time);
    }

    /// The time as the kernel counts it.
    pub fn time(&self) -> InterruptTime {
        self.0.borrow().now.as_nanos() / 100
    }

    /// Gives access to the chip itself.
    pub fn chip<R>(&self, work: impl FnOnce(&mut C) -> R) -> R {
        work(&mut self.0.borrow_mut().chip)
    }

    /// Reads a register without the driver.
    pub fn peek(&self, register: u16) -> u8 {
        let mut state = self.0.borrow_mut();
        let now = state.now;
        state.chip.read(register, now)
    }

    /// Whether the chip interrupts.
    pub fn interrupts(&self) -> bool {
        self.0.borrow().chip.interrupt_line()
    }

    /// Everything that the chip has sent.
    pub fn sent(&self) -> Vec<u8> {
        self.0.borrow().wire.bytes()
    }

    /// Has the far end send.
    pub fn far_end_send(&self, bytes: &[u8]) {
        let mut state = self.0.borrow_mut();
        let now = state.now;
        state.wire.far_end_mut().send(bytes, now);
    }

    /// Has a byte arrive whole with the `n`-th register access from now, right before it takes effect.
    pub fn receive_at_access(&self, n: u32, byte: u8) {
        let mut state = self.0.borrow_mut();
        state.arrival = Some((state.accesses + n, byte));
    }

    /// Whether the byte of [`Self::receive_at_access`] has arrived.
    pub fn has_arrived(&self) -> bool {
        self.0.borrow().arrival.is_none()
    }

    /// Has the far end send damaged bytes.
    pub fn far_end_send_damaged(&self, bytes: &[(u8, LineFault)]) {
        let mut state = self.0.borrow_mut();
        let now = state.now;
        state.wire.far_end_mut().send_damaged(bytes, now);
    }

    /// Does `work` and returns how many register accesses it made.
    pub fn accesses_of<R>(&self, work: impl FnOnce() -> R) -> (R, u32) {
        let before = self.0.borrow().accesses;
        let result = work();
        (result, self.0.borrow().accesses - before)
    }

    /// Does `work`, which may make at most `most` register accesses.
    pub fn within<R>(&self, most: u32, work: impl FnOnce() -> R) -> R {
        let (result, accesses) = self.accesses_of(work);
        assert!(accesses <= most, "{accesses} accesses, {most} allowed");
        result
    }

    /// Sets a UART up as the driver does: look, wait a millisecond, look again.
    pub fn set_up(&self, uart: &mut impl Uart) -> Setup {
        self.within(Budget::TURN, || uart.begin_setup());
        self.steps(|| uart.setup(self.time()))
    }

    /// Makes a UART quiet as the driver does.
    pub fn quiesce(&self, uart: &mut impl Uart) {
        self.within(Budget::TURN, || uart.begin_quiescing());
        assert_eq!(self.steps(|| uart.quiesce(self.time())), Setup::Ready);
    }

    /// Makes steps until one is the last.
    fn steps(&self, mut step: impl FnMut() -> Setup) -> Setup {
        for _ in 0..MOST_SETUP_CALLS {
            match self.within(Budget::TURN, &mut step) {
                Setup::Continue => {}
                Setup::Wait => self.pass(Duration::from_millis(1)),
                done => return done,
            }
        }
        panic!("neither ready nor failed after {MOST_SETUP_CALLS} calls");
    }

    /// A turn with a whole budget.
    pub fn turn(&self, uart: &mut impl Uart, side: &mut Side) -> Turn {
        let now = self.time();
        self.within(Budget::TURN, || {
            uart.turn(side, now, &mut Budget::of(Budget::TURN))
        })
    }

    /// Plays what waits at `side` by a turn each millisecond; returns what went over the wire.
    pub fn play_by_timer(&self, uart: &mut impl Uart, side: &mut Side) -> Vec<u8> {
        let before = self.sent().len();
        let bytes = u32::try_from(side.outgoing.len()).expect("some bytes");
        let limit = BYTE_TIME * bytes * 4 + Duration::from_millis(100);
        let end = self.0.borrow().now + limit;
        while self.0.borrow().now < end {
            self.turn(uart, side);
            self.pass(Duration::from_millis(1));
        }
        self.sent().split_off(before)
    }

    /// Lets time pass, and serves each interrupt; returns how many there were.
    pub fn serve_interrupts(&self, uart: &mut impl Uart, side: &mut Side, time: Duration) -> u32 {
        let end = self.0.borrow().now + time;
        let mut interrupts = 0;
        while self.0.borrow().now < end {
            if self.interrupts() {
                interrupts += 1;
                let now = self.time();
                self.within(Budget::TURN, || {
                    let mut budget = Budget::of(Budget::TURN);
                    while budget.allows(2) && uart.is_interrupting(&mut budget) {
                        uart.turn(side, now, &mut budget);
                    }
                });
            }
            self.pass(Duration::from_micros(10));
        }
        interrupts
    }
}

impl Bench<mpu401::Mpu401> {
    /// An MPU-401 and the driver's half of it.
    pub fn mpu401(switches: Mpu401Switches) -> (Self, Mpu401<Self>) {
        let bench = Self::new(mpu401::Mpu401::new(switches));
        let uart = Mpu401::new(bench.clone(), true);
        (bench, uart)
    }

    /// The same, set up.
    pub fn ready_mpu401(switches: Mpu401Switches) -> (Self, Mpu401<Self>) {
        let (bench, mut uart) = Self::mpu401(switches);
        assert_eq!(bench.set_up(&mut uart), Setup::Ready);
        (bench, uart)
    }

    /// The chip's status register.
    pub fn status(&self) -> u8 {
        self.peek(STATUS_COMMAND_REGISTER)
    }
}

/// A 16550 with an interrupt, as MIDI needs it.
pub const SETTINGS: Settings = Settings {
    baud_clock: 24_000_000,
    baud_rate: 31_250,
    fifo_depth: 16,
    has_interrupt: true,
};

impl Bench<ns16550::Ns16550> {
    /// A 16550 and the driver's half of it.
    pub fn ns16550(switches: Ns16550Switches, settings: Settings) -> (Self, Ns16550<Self>) {
        let bench = Self::new(ns16550::Ns16550::new(switches));
        let uart = Ns16550::new(bench.clone(), settings);
        (bench, uart)
    }

    /// The same, set up.
    pub fn ready_ns16550(switches: Ns16550Switches, settings: Settings) -> (Self, Ns16550<Self>) {
        let (bench, mut uart) = Self::ns16550(switches, settings);
        assert_eq!(bench.set_up(&mut uart), Setup::Ready);
        (bench, uart)
    }
}

/// What a UART exchanges bytes with.
#[derive(Debug)]
pub struct Side {
    /// What is to be sent.
    pub outgoing: VecDeque<u8>,
    /// What came in.
    pub received: Vec<Received>,
    /// For how many more bytes there is room.
    pub room: usize,
}

impl Side {
    /// Something to send, and room without end.
    pub fn sending(bytes: &[u8]) -> Self {
        Self {
            outgoing: bytes.iter().copied().collect(),
            received: Vec::new(),
            room: usize::MAX,
        }
    }

    /// Nothing to send.
    pub fn silent() -> Self {
        Self::sending(&[])
    }

    /// The good bytes that came in.
    pub fn bytes(&self) -> Vec<u8> {
        let good = self.received.iter().filter_map(|received| match received {
            Received::Byte(byte) => Some(*byte),
            _ => None,
        });
        good.collect()
    }
}

impl Exchange for Side {
    fn next(&mut self) -> Option<u8> {
        self.outgoing.pop_front()
    }

    fn has_next(&self) -> bool {
        !self.outgoing.is_empty()
    }

    fn received(&mut self, received: Received) {
        self.room = self.room.saturating_sub(1);
        self.received.push(received);
    }

    fn has_room(&self) -> bool {
        self.room > 0
    }
}

/// A ring of that many bytes.
pub fn ring(capacity: usize) -> Ring<Box<[AtomicU8]>> {
    Ring::new((0..capacity).map(|_| AtomicU8::new(0)).collect())
}

/// Bytes of all values, none like its neighbours.
pub fn pattern(length: usize) -> Vec<u8> {
    (0_u8..=255).cycle().take(length).collect()
}
