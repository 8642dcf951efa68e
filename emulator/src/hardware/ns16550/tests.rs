use std::collections::VecDeque;

use proptest::prelude::*;

use super::registers::{
    LSR_BREAK, LSR_DATA_READY, LSR_FIFO_ERROR, LSR_FRAMING, LSR_OVERRUN, LSR_PARITY,
};
use super::*;

const CHARACTER: Duration = Duration::from_micros(320);
const TRIGGER_4: u8 = 0x40;
const TRIGGER_14: u8 = 0xC0;
const EIGHT_BITS: u8 = 0x03;

const GOOD: LineFault = LineFault {
    framing: false,
    parity: false,
    break_condition: false,
};
const FRAMING: LineFault = LineFault {
    framing: true,
    ..GOOD
};
const PARITY: LineFault = LineFault {
    parity: true,
    ..GOOD
};
const BREAK: LineFault = LineFault {
    break_condition: true,
    ..GOOD
};

/// A chip, its clock and what it has sent.
struct Bench {
    chip: Ns16550,
    now: Instant,
    sent: Vec<WireByte>,
}

impl Bench {
    fn new(switches: Ns16550Switches) -> Self {
        Self {
            chip: Ns16550::new(switches),
            now: Instant::POWER_ON,
            sent: Vec::new(),
        }
    }

    /// Set up for MIDI with 24 MHz, FIFOs on and all interrupts off.
    fn for_midi(switches: Ns16550Switches) -> Self {
        let mut bench = Self::new(switches);
        bench.set_divisor(48);
        bench.write(LCR, EIGHT_BITS);
        bench.write(IIR_FCR, FCR_ENABLE);
        bench.write(MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
        bench
    }

    fn set_divisor(&mut self, divisor: u16) {
        let [low, high] = divisor.to_le_bytes();
        self.write(LCR, LCR_DLAB);
        self.write(RBR_THR_DLL, low);
        self.write(IER_DLM, high);
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.chip.advance(self.now, &mut self.sent);
    }

    /// Waits for almost `time`: one nanosecond less.
    fn wait_almost(&mut self, time: Duration) {
        self.wait(time.saturating_sub(Duration::from_nanos(1)));
    }

    fn read(&mut self, register: u16) -> u8 {
        self.chip.read(register, self.now)
    }

    fn write(&mut self, register: u16, value: u8) {
        self.chip.write(register, value, self.now);
    }

    fn receive(&mut self, value: u8, fault: LineFault) {
        self.chip.receive(value, fault, self.now);
    }

    fn identification(&mut self) -> u8 {
        self.read(IIR_FCR) & 0x0F
    }

    fn drain(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.read(LSR) & LSR_DATA_READY != 0 {
            bytes.push(self.read(RBR_THR_DLL));
        }
        bytes
    }

    fn sent_values(&self) -> Vec<u8> {
        self.sent.iter().map(|byte| byte.value).collect()
    }
}

fn usual() -> Ns16550Switches {
    Ns16550Switches::default()
}

fn of_kind(kind: Ns16550Kind) -> Ns16550Switches {
    Ns16550Switches { kind, ..usual() }
}

#[test]
fn registers_hold_what_exists_of_them() {
    let mut bench = Bench::new(usual());
    for value in [0xAA, 0x55] {
        bench.write(SCR, value);
        assert_eq!(bench.read(SCR), value);
    }
    bench.write(IER_DLM, 0xFF);
    assert_eq!(bench.read(IER_DLM), 0x0F);
    bench.write(MCR, 0xFF);
    assert_eq!(bench.read(MCR), 0x1F);
    bench.write(LCR, 0x83);
    bench.write(RBR_THR_DLL, 0x34);
    bench.write(IER_DLM, 0x12);
    assert_eq!((bench.read(RBR_THR_DLL), bench.read(IER_DLM)), (0x34, 0x12));
    assert_eq!(bench.read(LCR), 0x83);
    bench.write(LCR, 0x03);
    assert_eq!(bench.read(IER_DLM), 0x0F);
}

#[test]
fn the_kind_shows_in_the_identification() {
    for (kind, expected) in [
        (Ns16550Kind::Fifo16550A { depth: 16 }, 0xC1),
        (Ns16550Kind::BrokenFifo16550, 0x81),
        (Ns16550Kind::Uart16450, 0x01),
    ] {
        let mut bench = Bench::new(of_kind(kind));
        assert_eq!(bench.read(IIR_FCR), 0x01);
        bench.write(IIR_FCR, FCR_ENABLE | TRIGGER_14);
        assert_eq!(bench.read(IIR_FCR), expected, "{kind:?}");
        bench.write(IIR_FCR, 0);
        assert_eq!(bench.read(IIR_FCR), 0x01);
    }
}

#[test]
fn clock_divisor_and_format_make_the_character_time() {
    for (clock, divisor, control, nanoseconds) in [
        (24_000_000, 48, 0x03, 320_000),
        (500_000, 1, 0x03, 320_000),
        (1_843_200, 3, 0x03, 260_417),
        (14_745_600, 29, 0x03, 314_670),
        (24_000_000, 48, 0x07, 352_000),
        (24_000_000, 48, 0x0B, 352_000),
        (24_000_000, 48, 0x00, 224_000),
        (24_000_000, 48, 0x04, 240_000),
        (24_000_000, 0, 0x03, 436_906_667),
    ] {
        let mut bench = Bench::new(Ns16550Switches {
            baud_clock_hz: clock,
            ..usual()
        });
        bench.set_divisor(divisor);
        bench.write(LCR, control);
        let expected = Duration::from_nanos(nanoseconds);
        assert_eq!(
            bench.chip.character_time(),
            expected,
            "{clock} Hz / {divisor}, {control:#04x}"
        );
        bench.write(RBR_THR_DLL, 0xFF);
        bench.wait(expected);
        assert_eq!(bench.sent[0].end - bench.sent[0].start, expected);
        assert_eq!(bench.sent[0].value, 0xFF >> (3 - (control & 3)));
    }
}

#[test]
fn sends_a_full_fifo_without_gaps() {
    let mut bench = Bench::for_midi(usual());
    bench.wait(Duration::from_micros(50));
    let begin = bench.now;
    assert_eq!(bench.read(LSR), LSR_THRE | LSR_TEMT);
    for value in 0..17 {
        bench.write(RBR_THR_DLL, value);
    }
    assert_eq!(bench.chip.bytes_to_send(), 16);
    bench.write(RBR_THR_DLL, 99);
    assert_eq!(bench.chip.losses().refused_writes, 1);
    assert_eq!(bench.read(LSR), 0);
    bench.wait_almost(CHARACTER * 16);
    assert_eq!(bench.read(LSR), 0);
    bench.wait(Duration::from_nanos(1));
    assert_eq!(bench.read(LSR), LSR_THRE);
    bench.wait(CHARACTER);
    assert_eq!(bench.read(LSR), LSR_THRE | LSR_TEMT);
    assert_eq!(bench.sent_values(), (0..17).collect::<Vec<u8>>());
    for (index, byte) in (0_u32..).zip(&bench.sent) {
        assert_eq!(byte.start, begin + CHARACTER * index);
        assert_eq!(byte.end, byte.start + CHARACTER);
    }
}

#[test]
fn a_16450_holds_one_byte_each_way() {
    for kind in [Ns16550Kind::Uart16450, Ns16550Kind::BrokenFifo16550] {
        let mut bench = Bench::for_midi(of_kind(kind));
        for value in [1, 2, 3] {
            bench.write(RBR_THR_DLL, value);
        }
        bench.wait(CHARACTER * 5);
        assert_eq!(bench.sent_values(), [1, 2]);

        bench.receive(7, GOOD);
        bench.receive(8, FRAMING);
        assert_eq!(bench.chip.next_change(), None, "there is no time-out");
        assert_eq!(
            bench.read(LSR) & 0x9F,
            LSR_DATA_READY | LSR_OVERRUN | LSR_FRAMING
        );
        assert_eq!(bench.read(RBR_THR_DLL), 8, "the old byte is lost");
        assert_eq!(bench.chip.losses().receive_overruns, 1);
    }
}

#[test]
fn thre_is_raised_when_enabled_and_cleared_when_identified() {
    let mut bench = Bench::for_midi(usual());
    bench.write(IER_DLM, IER_THRE);
    assert!(bench.chip.interrupt_line());
    assert_eq!(bench.identification(), IIR_THRE);
    assert!(!bench.chip.interrupt_line());
    assert_eq!(bench.identification(), IIR_NONE);
    bench.write(IER_DLM, IER_THRE);
    assert!(!bench.chip.interrupt_line(), "it was enabled already");
    bench.write(IER_DLM, 0);
    bench.write(IER_DLM, IER_THRE);
    assert_eq!(bench.identification(), IIR_THRE);
}

#[test]
fn thre_comes_when_the_fifo_runs_empty() {
    let mut bench = Bench::for_midi(usual());
    bench.write(IER_DLM, IER_THRE);
    bench.write(RBR_THR_DLL, 1);
    assert!(
        bench.chip.interrupt_line(),
        "the byte went to the shift register"
    );
    bench.write(RBR_THR_DLL, 2);
    bench.write(RBR_THR_DLL, 3);
    assert!(!bench.chip.interrupt_line(), "the write takes it back");
    bench.wait_almost(CHARACTER * 2);
    assert!(!bench.chip.interrupt_line());
    bench.wait(Duration::from_nanos(1));
    assert!(bench.chip.interrupt_line());
    assert_eq!(bench.identification(), IIR_THRE);
    bench.wait(CHARACTER * 3);
    assert!(
        !bench.chip.interrupt_line(),
        "an empty shift register is no event"
    );
}

#[test]
fn a_higher_cause_keeps_thre_pending() {
    let mut bench = Bench::for_midi(usual());
    bench.write(IER_DLM, IER_THRE | IER_RECEIVED_DATA);
    bench.receive(1, GOOD);
    assert_eq!(bench.identification(), IIR_RECEIVED_DATA);
    assert_eq!(bench.identification(), IIR_RECEIVED_DATA);
    bench.read(RBR_THR_DLL);
    assert_eq!(bench.identification(), IIR_THRE);
    assert_eq!(bench.identification(), IIR_NONE);
}

#[test]
fn some_clones_do_not_raise_thre_again() {
    let mut bench = Bench::for_midi(Ns16550Switches {
        does_not_reraise_thre: true,
        ..usual()
    });
    bench.write(IER_DLM, IER_THRE);
    assert_eq!(bench.identification(), IIR_THRE);
    bench.write(IER_DLM, 0);
    bench.write(IER_DLM, IER_THRE);
    assert_eq!(bench.identification(), IIR_NONE);
    bench.write(RBR_THR_DLL, 1);
    assert_eq!(bench.identification(), IIR_THRE);
}

#[test]
fn received_data_interrupts_from_the_trigger_level_on() {
    let mut bench = Bench::for_midi(usual());
    bench.write(IIR_FCR, FCR_ENABLE | TRIGGER_4);
    bench.write(IER_DLM, IER_RECEIVED_DATA);
    for value in 0..3 {
        bench.receive(value, GOOD);
        assert!(!bench.chip.interrupt_line());
    }
    bench.receive(3, GOOD);
    assert_eq!(bench.identification(), IIR_RECEIVED_DATA);
    assert_eq!(bench.read(RBR_THR_DLL), 0);
    assert!(!bench.chip.interrupt_line());
    assert_eq!(bench.drain(), [1, 2, 3]);
}

#[test]
fn a_trigger_beyond_the_fifo_means_full() {
    let mut bench = Bench::for_midi(of_kind(Ns16550Kind::Fifo16550A { depth: 2 }));
    bench.write(IIR_FCR, FCR_ENABLE | TRIGGER_14);
    bench.write(IER_DLM, IER_RECEIVED_DATA);
    bench.receive(1, GOOD);
    assert!(!bench.chip.interrupt_line());
    bench.receive(2, GOOD);
    assert!(bench.chip.interrupt_line());
}

#[test]
fn waiting_bytes_time_out_after_four_characters() {
    let mut bench = Bench::for_midi(usual());
    bench.write(IIR_FCR, FCR_ENABLE | TRIGGER_14);
    bench.write(IER_DLM, IER_RECEIVED_DATA);
    bench.receive(1, GOOD);
    bench.wait_almost(CHARACTER * 4);
    bench.receive(2, GOOD);
    let deadline = bench.now + CHARACTER * 4;
    assert_eq!(bench.chip.next_change(), Some(deadline));
    bench.wait_almost(CHARACTER * 4);
    assert!(!bench.chip.interrupt_line());
    bench.wait(Duration::from_nanos(1));
    assert_eq!(bench.identification(), IIR_CHARACTER_TIME_OUT);
    assert_eq!(bench.chip.next_change(), None);
    bench.receive(3, GOOD);
    assert_eq!(
        bench.identification(),
        IIR_CHARACTER_TIME_OUT,
        "only a read ends it"
    );
    assert_eq!(bench.read(RBR_THR_DLL), 1);
    assert_eq!(bench.identification(), IIR_NONE);
    bench.wait(CHARACTER * 4);
    assert_eq!(bench.identification(), IIR_CHARACTER_TIME_OUT);
    assert_eq!(bench.drain(), [2, 3]);
    bench.wait(CHARACTER * 40);
    assert_eq!(bench.identification(), IIR_NONE);
}

#[test]
fn line_errors_belong_to_the_byte_at_the_top() {
    let mut bench = Bench::for_midi(usual());
    bench.write(IER_DLM, IER_LINE_STATUS);
    bench.receive(1, GOOD);
    bench.receive(2, PARITY);
    bench.receive(3, BREAK);
    assert!(!bench.chip.interrupt_line());
    let empty = LSR_THRE | LSR_TEMT;
    let ready = empty | LSR_DATA_READY;
    assert_eq!(bench.read(LSR), ready | LSR_FIFO_ERROR);
    assert_eq!(bench.read(RBR_THR_DLL), 1);
    assert_eq!(bench.identification(), IIR_LINE_STATUS);
    assert_eq!(bench.read(LSR), ready | LSR_FIFO_ERROR | LSR_PARITY);
    assert!(!bench.chip.interrupt_line());
    assert_eq!(bench.read(LSR), ready | LSR_FIFO_ERROR);
    assert_eq!(bench.read(RBR_THR_DLL), 2);
    assert_eq!(
        bench.read(LSR),
        ready | LSR_FIFO_ERROR | LSR_BREAK | LSR_FRAMING
    );
    assert_eq!(bench.read(LSR), ready);
    assert_eq!(bench.read(RBR_THR_DLL), 0, "a break reads as zero");
    assert_eq!(bench.read(LSR), empty);
}

#[test]
fn unread_errors_leave_with_their_byte() {
    let mut bench = Bench::for_midi(usual());
    bench.receive(1, FRAMING);
    assert_eq!(bench.read(RBR_THR_DLL), 1);
    assert_eq!(bench.read(LSR), LSR_THRE | LSR_TEMT);
}

#[test]
fn a_full_fifo_loses_the_new_byte_and_says_so_once() {
    let mut bench = Bench::for_midi(usual());
    bench.write(IER_DLM, IER_LINE_STATUS);
    for value in 0..16 {
        bench.receive(value, GOOD);
    }
    assert!(!bench.chip.interrupt_line());
    bench.receive(99, GOOD);
    assert_eq!(bench.identification(), IIR_LINE_STATUS);
    assert_eq!(bench.read(LSR) & LSR_ERRORS, LSR_OVERRUN);
    assert_eq!(bench.read(LSR) & LSR_ERRORS, 0);
    assert_eq!(bench.drain(), (0..16).collect::<Vec<u8>>());
    assert_eq!(bench.chip.losses().receive_overruns, 1);
}

#[test]
fn fifo_control_empties_fifos() {
    let mut bench = Bench::for_midi(usual());
    let fill = |bench: &mut Bench| {
        bench.receive(1, FRAMING);
        for value in [1, 2, 3] {
            bench.write(RBR_THR_DLL, value);
        }
    };
    fill(&mut bench);
    bench.write(IIR_FCR, FCR_ENABLE | FCR_CLEAR_RECEIVE);
    assert_eq!(bench.chip.bytes_to_read(), 0);
    assert_eq!(bench.chip.next_change(), Some(bench.now + CHARACTER));
    assert_eq!(bench.chip.bytes_to_send(), 2);
    bench.write(IER_DLM, IER_THRE);
    assert!(!bench.chip.interrupt_line());
    bench.write(IIR_FCR, FCR_ENABLE | FCR_CLEAR_TRANSMIT);
    assert!(bench.chip.interrupt_line());
    bench.wait(CHARACTER * 4);
    assert_eq!(bench.sent_values(), [1], "the shift register goes on");
    assert_eq!(bench.chip.losses().discarded_transmits, 2);

    fill(&mut bench);
    bench.write(IIR_FCR, FCR_CLEAR_RECEIVE);
    assert_eq!(bench.read(LSR), LSR_THRE, "the mode has changed");
    assert_eq!(bench.chip.losses().discarded_transmits, 4);
}

#[test]
fn out2_gates_the_line_unless_the_board_does_without() {
    for needs_out2 in [true, false] {
        let mut bench = Bench::for_midi(Ns16550Switches {
            interrupt_needs_out2: needs_out2,
            ..usual()
        });
        bench.write(IER_DLM, IER_RECEIVED_DATA);
        bench.receive(1, GOOD);
        assert!(bench.chip.interrupt_line());
        bench.write(MCR, MCR_DTR);
        assert_eq!(bench.chip.interrupt_line(), !needs_out2);
        assert_eq!(bench.identification(), IIR_RECEIVED_DATA);
        bench.write(MCR, MCR_OUT2 | MCR_LOOPBACK);
        assert_eq!(bench.chip.interrupt_line(), !needs_out2);
        bench.write(MCR, MCR_OUT2);
        assert!(bench.chip.interrupt_line());
    }
}

fn left_asserting(kind: Ns16550Kind) -> Bench {
    let bench = Bench::new(Ns16550Switches {
        left_asserting: true,
        ..of_kind(kind)
    });
    assert!(bench.chip.interrupt_line(), "{kind:?}");
    bench
}

const KINDS: [Ns16550Kind; 3] = [
    Ns16550Kind::Fifo16550A { depth: 16 },
    Ns16550Kind::BrokenFifo16550,
    Ns16550Kind::Uart16450,
];

#[test]
fn a_chip_that_was_left_asserting_is_silenced_behind_dlab_only() {
    for kind in KINDS {
        let mut bench = left_asserting(kind);
        bench.write(IER_DLM, 0);
        assert!(bench.chip.interrupt_line(), "that was the divisor");
        assert_eq!(bench.read(RBR_THR_DLL), 13, "this is the divisor, too");
        assert!(bench.chip.interrupt_line());
        bench.write(LCR, EIGHT_BITS);
        assert_eq!(bench.read(IER_DLM), IER_RECEIVED_DATA | IER_THRE);
        bench.write(IER_DLM, 0);
        assert!(!bench.chip.interrupt_line());
        assert_eq!(bench.drain(), [0x0D], "{kind:?}");
    }
}

#[test]
fn a_chip_that_was_left_asserting_is_served_like_any_other() {
    for kind in KINDS {
        let mut bench = left_asserting(kind);
        bench.write(LCR, EIGHT_BITS);
        assert_eq!(bench.drain(), [0x0D], "{kind:?}");
        assert!(bench.chip.interrupt_line(), "the FIFO is empty");
        assert_eq!(bench.identification(), IIR_THRE);
        assert!(!bench.chip.interrupt_line());
    }
}

#[test]
fn a_power_cycle_silences_a_chip_that_was_left_asserting() {
    for kind in KINDS {
        let mut bench = left_asserting(kind);
        bench.chip.power_cycle(bench.now);
        assert!(!bench.chip.interrupt_line(), "{kind:?}");
        assert_eq!(bench.chip.bytes_to_read(), 0);
        for register in [IER_DLM, LCR, MCR] {
            assert_eq!(bench.read(register), 0);
        }

        let mut bench = left_asserting(kind);
        bench.chip.set_condition(Condition::Gone);
        assert!(!bench.chip.interrupt_line());
        bench.chip.set_condition(Condition::Healthy);
        assert!(!bench.chip.interrupt_line());
    }
}

#[test]
fn loopback_hears_itself_and_nobody_else() {
    let mut bench = Bench::for_midi(usual());
    bench.write(MCR, MCR_LOOPBACK);
    bench.receive(9, GOOD);
    for value in 1..=3 {
        bench.write(RBR_THR_DLL, value);
    }
    bench.wait(CHARACTER * 10);
    assert_eq!(bench.sent, []);
    assert_eq!(bench.drain(), [1, 2, 3]);
    assert_eq!(bench.chip.losses().ignored_arrivals, 1);
}

#[test]
fn loopback_times_out_from_the_last_arrival() {
    let mut bench = Bench::for_midi(Ns16550Switches {
        interrupt_needs_out2: false,
        ..usual()
    });
    bench.write(IIR_FCR, FCR_ENABLE | TRIGGER_14);
    bench.write(IER_DLM, IER_RECEIVED_DATA);
    bench.write(MCR, MCR_LOOPBACK);
    for value in 1..=3 {
        bench.write(RBR_THR_DLL, value);
    }
    bench.wait_almost(CHARACTER * 7);
    assert_eq!(bench.identification(), IIR_NONE);
    bench.wait(Duration::from_nanos(1));
    assert_eq!(bench.identification(), IIR_CHARACTER_TIME_OUT);
}

#[test]
fn loopback_feeds_modem_outputs_to_inputs() {
    let mut bench = Bench::new(Ns16550Switches {
        interrupt_needs_out2: false,
        ..usual()
    });
    bench.write(IER_DLM, IER_MODEM_STATUS);
    assert_eq!(bench.read(MSR), 0);
    bench.write(MCR, MCR_LOOPBACK | MCR_RTS | MCR_OUT1);
    assert!(bench.chip.interrupt_line());
    assert_eq!(bench.identification(), IIR_MODEM_STATUS);
    assert_eq!(bench.read(MSR), MSR_CTS | MSR_RI | MSR_DELTA_CTS);
    assert!(!bench.chip.interrupt_line());
    bench.write(MCR, MCR_LOOPBACK | MCR_DTR | MCR_OUT2);
    assert_eq!(
        bench.read(MSR),
        MSR_DSR | MSR_DCD | MSR_DELTA_CTS | MSR_DELTA_DSR | MSR_TRAILING_EDGE_RI | MSR_DELTA_DCD
    );
    bench.write(MCR, 0);
    assert_eq!(bench.read(MSR), MSR_DELTA_DSR | MSR_DELTA_DCD);
    assert_eq!(bench.read(MSR), 0);
}

#[test]
fn broken_registers_read_what_they_are_stuck_at() {
    let mut bench = Bench::for_midi(Ns16550Switches {
        iir_stuck: Some(0xC4),
        line_status_reads_ff: true,
        ..usual()
    });
    assert_eq!(bench.read(IIR_FCR), 0xC4);
    assert_eq!(bench.read(LSR), 0xFF);
    assert!(!bench.chip.interrupt_line());
}

#[test]
fn every_nth_interrupt_is_lost_until_the_next_cause() {
    let mut bench = Bench::for_midi(Ns16550Switches {
        loses_every_nth_interrupt: Some(2),
        ..usual()
    });
    bench.write(IER_DLM, IER_RECEIVED_DATA);
    bench.receive(1, GOOD);
    assert!(bench.chip.interrupt_line());
    bench.drain();
    bench.receive(2, GOOD);
    assert!(!bench.chip.interrupt_line());
    bench.write(RBR_THR_DLL, 1);
    assert!(!bench.chip.interrupt_line(), "its cause is not enabled");
    bench.receive(3, GOOD);
    assert!(bench.chip.interrupt_line());
    assert_eq!(bench.drain(), [2, 3]);
}

#[test]
fn a_dead_chip_takes_nothing_and_goes_on_when_mended() {
    let mut bench = Bench::for_midi(usual());
    bench.write(IER_DLM, IER_THRE);
    for value in [1, 2] {
        bench.write(RBR_THR_DLL, value);
    }
    bench.wait(Duration::from_micros(100));
    bench.chip.set_condition(Condition::Dead);
    assert_eq!(bench.chip.next_change(), None);
    bench.write(RBR_THR_DLL, 9);
    bench.wait(Duration::from_secs(2));
    assert_eq!(bench.read(LSR) & (LSR_THRE | LSR_TEMT), 0);
    assert!(!bench.chip.interrupt_line());
    bench.receive(0x42, GOOD);
    assert_eq!(bench.drain(), [0x42]);
    assert_eq!(bench.sent, []);

    bench.chip.set_condition(Condition::Healthy);
    let revival = bench.now;
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.sent_values(), [1, 2]);
    assert_eq!(bench.sent[0].start, revival);
    assert_eq!(bench.sent[1].end, revival + CHARACTER * 2);
    assert_eq!(bench.identification(), IIR_THRE);
}

#[test]
fn an_empty_dead_chip_hides_its_thre() {
    let mut bench = Bench::for_midi(usual());
    bench.write(IER_DLM, IER_THRE);
    bench.chip.set_condition(Condition::Dead);
    assert!(!bench.chip.interrupt_line());
    assert_eq!(bench.identification(), IIR_NONE);
    assert_eq!(bench.read(LSR), 0);
    bench.chip.set_condition(Condition::Healthy);
    assert!(bench.chip.interrupt_line());
}

#[test]
fn a_gone_chip_floats_and_returns_as_from_power_on() {
    let mut bench = Bench::for_midi(usual());
    bench.write(IER_DLM, IER_RECEIVED_DATA | IER_THRE);
    bench.write(RBR_THR_DLL, 1);
    bench.receive(1, GOOD);
    bench.chip.set_condition(Condition::Gone);
    assert!(!bench.chip.interrupt_line());
    bench.write(SCR, 0x55);
    bench.receive(2, GOOD);
    bench.wait(Duration::from_secs(1));
    for register in 0..bench.chip.register_count() {
        assert_eq!(bench.read(register), 0xFF);
    }
    assert_eq!(bench.sent, []);
    bench.chip.set_condition(Condition::Healthy);
    assert_eq!((bench.read(SCR), bench.read(IER_DLM)), (0, 0));
    assert_eq!(bench.read(LSR), LSR_THRE | LSR_TEMT);
}

#[test]
fn power_cycle_forgets_everything_but_the_losses() {
    let mut bench = Bench::for_midi(usual());
    for value in [1, 2, 3] {
        bench.write(RBR_THR_DLL, value);
        bench.receive(value, FRAMING);
    }
    bench.chip.power_cycle(bench.now);
    assert_eq!(bench.read(LSR), LSR_THRE | LSR_TEMT);
    assert_eq!((bench.read(LCR), bench.read(MCR)), (0, 0));
    assert_eq!(bench.read(IIR_FCR), IIR_NONE);
    assert_eq!(bench.chip.next_change(), None);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.sent, []);
    assert_eq!(bench.chip.losses().discarded_transmits, 2);
}

#[derive(Clone, Debug)]
enum Action {
    FillWhenEmpty(Vec<u8>),
    Receive(u8, bool),
    Read,
    Wait(u64),
    EnableInterrupts(u8),
    Identify,
    Die(bool),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 1..=16).prop_map(Action::FillWhenEmpty),
        4 => any::<(u8, bool)>().prop_map(|(value, framing)| Action::Receive(value, framing)),
        4 => Just(Action::Read),
        4 => (0_u64..8_000_000).prop_map(Action::Wait),
        2 => (0_u8..16).prop_map(Action::EnableInterrupts),
        2 => Just(Action::Identify),
        1 => any::<bool>().prop_map(Action::Die),
    ];
    prop::collection::vec(action, 1..80)
}

proptest! {
    #[test]
    fn is_a_faithful_wire_in_both_directions(
        depth in 1_u8..=64,
        trigger in 0_u8..4,
        actions in actions(),
    ) {
        let mut bench = Bench::for_midi(of_kind(Ns16550Kind::Fifo16550A { depth }));
        bench.write(IIR_FCR, FCR_ENABLE | trigger << 6);
        let depth = usize::from(depth);
        let mut written = Vec::new();
        let mut model = VecDeque::new();
        let mut overruns = 0;
        for action in actions {
            match action {
                Action::FillWhenEmpty(values) => {
                    let status = bench.read(LSR);
                    if let Some((_, framing)) = model.front_mut() {
                        // The read that looks for room has shown and cleared it.
                        prop_assert_eq!(status & LSR_FRAMING != 0, *framing);
                        *framing = false;
                    }
                    if status & LSR_THRE != 0 {
                        for value in values.into_iter().take(depth) {
                            bench.write(RBR_THR_DLL, value);
                            written.push(value);
                        }
                    }
                }
                Action::Receive(value, framing) => {
                    bench.receive(value, LineFault { framing, ..GOOD });
                    if model.len() < depth {
                        model.push_back((value, framing));
                    } else {
                        overruns += 1;
                    }
                }
                Action::Read => {
                    let status = bench.read(LSR);
                    prop_assert_eq!(status & LSR_DATA_READY != 0, !model.is_empty());
                    if let Some((value, framing)) = model.pop_front() {
                        prop_assert_eq!(status & LSR_FRAMING != 0, framing);
                        prop_assert_eq!(bench.read(RBR_THR_DLL), value);
                    }
                }
                Action::Wait(nanoseconds) => bench.wait(Duration::from_nanos(nanoseconds)),
                Action::EnableInterrupts(bits) => bench.write(IER_DLM, bits),
                Action::Identify => {
                    let was_pulled = bench.chip.interrupt_line();
                    let nothing = bench.identification() == IIR_NONE;
                    prop_assert_eq!(was_pulled, !nothing);
                }
                Action::Die(dies) => bench.chip.set_condition(if dies {
                    Condition::Dead
                } else {
                    Condition::Healthy
                }),
            }
            prop_assert!(bench.chip.bytes_to_send() <= depth);
            prop_assert_eq!(bench.chip.bytes_to_read(), model.len());
            let level = [1, 4, 8, 14][usize::from(trigger)].min(depth);
            if bench.read(IER_DLM) & IER_RECEIVED_DATA != 0 && model.len() >= level {
                prop_assert!(bench.chip.interrupt_line());
            }
            if bench.read(IER_DLM) == 0 {
                prop_assert!(!bench.chip.interrupt_line());
            }
        }
        bench.chip.set_condition(Condition::Healthy);
        bench.wait(Duration::from_secs(1));
        prop_assert_eq!(bench.sent_values(), written);
        for pair in bench.sent.windows(2) {
            prop_assert!(pair[1].start >= pair[0].end);
        }
        let losses = bench.chip.losses();
        prop_assert_eq!(losses.receive_overruns, overruns);
        prop_assert_eq!(losses.refused_writes, 0);
    }

    #[test]
    fn coarse_and_fine_steps_do_the_same(
        bursts in prop::collection::vec((0_u8..=16, 0_u8..3, 0_u64..9_000_000), 1..12),
        loops_back: bool,
    ) {
        let mut coarse = Bench::for_midi(usual());
        let mut fine = Bench::for_midi(usual());
        for bench in [&mut coarse, &mut fine] {
            bench.write(IIR_FCR, FCR_ENABLE | TRIGGER_14);
            bench.write(IER_DLM, IER_RECEIVED_DATA | IER_THRE);
            bench.write(MCR, if loops_back { MCR_LOOPBACK } else { MCR_OUT2 });
        }
        for (count, reads, pause) in bursts {
            for bench in [&mut coarse, &mut fine] {
                for value in 0..count {
                    bench.write(RBR_THR_DLL, value);
                }
                for _ in 0..reads {
                    bench.read(RBR_THR_DLL);
                }
            }
            coarse.wait(Duration::from_nanos(pause));
            let end = fine.now + Duration::from_nanos(pause);
            while let Some(next) = fine.chip.next_change().filter(|&next| next <= end) {
                fine.wait(next - fine.now);
            }
            fine.wait(end - fine.now);
            prop_assert_eq!(&coarse.sent, &fine.sent);
            prop_assert_eq!(coarse.chip.interrupt_line(), fine.chip.interrupt_line());
            prop_assert_eq!(coarse.identification(), fine.identification());
            prop_assert_eq!(coarse.chip.bytes_to_read(), fine.chip.bytes_to_read());
            prop_assert_eq!(coarse.chip.next_change(), fine.chip.next_change());
        }
    }

    #[test]
    fn stays_gapless_while_fed_by_its_interrupt(
        depth in 1_u8..=64,
        latency_micros in 0_u64..320,
    ) {
        let mut bench = Bench::for_midi(of_kind(Ns16550Kind::Fifo16550A { depth }));
        bench.write(IER_DLM, IER_THRE);
        let mut value = 0_u8;
        for _ in 0..40 {
            prop_assert!(bench.chip.interrupt_line());
            prop_assert_eq!(bench.identification(), IIR_THRE);
            for _ in 0..depth {
                bench.write(RBR_THR_DLL, value);
                value = value.wrapping_add(1);
            }
            while !bench.chip.interrupt_line() {
                let next = bench.chip.next_change().expect("bytes are on their way");
                bench.wait(next - bench.now);
            }
            bench.wait(Duration::from_micros(latency_micros));
        }
        bench.wait(Duration::from_secs(1));
        prop_assert_eq!(bench.sent.len(), 40 * usize::from(depth));
        for pair in bench.sent.windows(2) {
            prop_assert_eq!(pair[1].start, pair[0].end);
            prop_assert_eq!(pair[1].value, pair[0].value.wrapping_add(1));
        }
    }
}
