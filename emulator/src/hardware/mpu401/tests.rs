use proptest::prelude::*;

use super::*;

/// A chip, its clock and what it has sent.
struct Bench {
    chip: Mpu401,
    now: Instant,
    sent: Vec<WireByte>,
}

impl Bench {
    fn new(switches: Mpu401Switches) -> Self {
        Self {
            chip: Mpu401::new(switches),
            now: Instant::POWER_ON,
            sent: Vec::new(),
        }
    }

    fn in_uart_mode(switches: Mpu401Switches) -> Self {
        let mut bench = Self::new(switches);
        bench.command(COMMAND_ENTER_UART);
        bench.drain();
        bench
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.chip.advance(self.now, &mut self.sent);
    }

    /// Waits for almost `time`: one nanosecond less.
    fn wait_almost(&mut self, time: Duration) {
        self.wait(time.saturating_sub(Duration::from_nanos(1)));
    }

    fn command(&mut self, command: u8) {
        self.chip.write(STATUS_COMMAND_REGISTER, command, self.now);
    }

    fn write(&mut self, value: u8) {
        self.chip.write(DATA_REGISTER, value, self.now);
    }

    fn status(&mut self) -> u8 {
        self.chip.read(STATUS_COMMAND_REGISTER, self.now)
    }

    fn is_busy(&mut self) -> bool {
        self.status() & STATUS_OUTPUT_BUSY != 0
    }

    fn is_empty(&mut self) -> bool {
        self.status() & STATUS_INPUT_EMPTY != 0
    }

    fn read(&mut self) -> u8 {
        self.chip.read(DATA_REGISTER, self.now)
    }

    /// Reads what there is, up to more than any FIFO holds.
    fn drain(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while !self.is_empty() && bytes.len() < 100 {
            bytes.push(self.read());
        }
        bytes
    }

    fn receive(&mut self, value: u8) {
        self.chip.receive(value, LineFault::default(), self.now);
    }

    fn sent_values(&self) -> Vec<u8> {
        self.sent.iter().map(|byte| byte.value).collect()
    }
}

fn smsc() -> Mpu401Switches {
    Mpu401Switches::default()
}

#[test]
fn is_empty_and_ready_at_power_on() {
    let mut bench = Bench::new(smsc());
    assert_eq!(bench.status(), STATUS_INPUT_EMPTY);
    assert!(!bench.chip.interrupt_line());
    assert_eq!(bench.chip.next_change(), None);
}

#[test]
fn acknowledges_a_reset_outside_uart_mode_only() {
    let mut bench = Bench::new(smsc());
    bench.command(COMMAND_RESET);
    assert!(bench.chip.interrupt_line());
    assert_eq!(bench.drain(), [ACKNOWLEDGE]);
    assert!(!bench.chip.interrupt_line());
    bench.command(COMMAND_ENTER_UART);
    assert_eq!(bench.drain(), [ACKNOWLEDGE]);
    assert!(bench.chip.is_in_uart_mode());
    bench.command(COMMAND_RESET);
    assert_eq!(bench.drain(), []);
    assert!(!bench.chip.is_in_uart_mode());
    bench.command(COMMAND_RESET);
    assert_eq!(bench.drain(), [ACKNOWLEDGE]);
}

#[test]
fn ignores_other_commands() {
    let mut bench = Bench::new(smsc());
    bench.command(0xAC);
    assert!(bench.is_empty());
    let mut bench = Bench::in_uart_mode(smsc());
    bench.receive(0x90);
    bench.command(COMMAND_ENTER_UART);
    bench.command(0xAC);
    assert_eq!(bench.drain(), [0x90]);
    assert!(bench.chip.is_in_uart_mode());
}

#[test]
fn bochs_acknowledges_everything() {
    let mut bench = Bench::new(Mpu401Switches {
        acknowledges_every_command: true,
        ..smsc()
    });
    for command in [0xAC, COMMAND_ENTER_UART, 0xAC, COMMAND_RESET] {
        bench.command(command);
        assert_eq!(bench.drain(), [ACKNOWLEDGE], "{command:#04x}");
    }
}

#[test]
fn acknowledgement_switches_do_what_they_say() {
    let mut bench = Bench::in_uart_mode(Mpu401Switches {
        acknowledges_reset_in_uart_mode: true,
        ..smsc()
    });
    bench.command(COMMAND_RESET);
    assert_eq!(bench.drain(), [ACKNOWLEDGE]);

    let mut bench = Bench::new(Mpu401Switches {
        acknowledges_reset: false,
        acknowledges_enter_uart: false,
        ..smsc()
    });
    bench.command(COMMAND_RESET);
    bench.command(COMMAND_ENTER_UART);
    assert!(bench.is_empty());
    assert!(bench.chip.is_in_uart_mode());
}

#[test]
fn missing_acknowledges_come_back_after_power_on_only() {
    let mut bench = Bench::new(Mpu401Switches {
        missing_acknowledges: 2,
        ..smsc()
    });
    for _ in 0..2 {
        for expected in [&[][..], &[], &[ACKNOWLEDGE], &[ACKNOWLEDGE]] {
            bench.command(COMMAND_RESET);
            assert_eq!(bench.drain(), expected);
        }
        bench.chip.power_cycle(bench.now);
    }
}

#[test]
fn data_outside_uart_mode_goes_nowhere() {
    let mut bench = Bench::new(smsc());
    bench.write(0x90);
    bench.receive(0x90);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.sent, []);
    assert!(bench.is_empty());
    let losses = bench.chip.losses();
    assert_eq!((losses.refused_writes, losses.ignored_arrivals), (1, 1));
}

#[test]
fn sends_at_midi_speed_without_gaps() {
    let mut bench = Bench::in_uart_mode(smsc());
    bench.wait(Duration::from_micros(100));
    let begin = bench.now;
    for value in 0..17 {
        assert!(!bench.is_busy(), "there is room for byte {value}");
        bench.write(value);
    }
    assert!(bench.is_busy());
    bench.write(99);
    assert_eq!(bench.chip.losses().refused_writes, 1);
    assert_eq!(bench.chip.next_change(), Some(begin + CHARACTER));
    bench.wait_almost(CHARACTER);
    assert!(bench.is_busy() && bench.sent.is_empty());
    bench.wait(Duration::from_nanos(1));
    assert!(!bench.is_busy());
    assert_eq!(bench.sent.len(), 1);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.sent_values(), (0..17).collect::<Vec<u8>>());
    assert_eq!(bench.sent[0].start, begin);
    assert_eq!(bench.sent[16].end, begin + CHARACTER * 17);
}

#[test]
fn an_idle_chip_starts_with_the_write() {
    let mut bench = Bench::in_uart_mode(smsc());
    bench.write(1);
    bench.wait(Duration::from_millis(7));
    let second = bench.now;
    bench.write(2);
    bench.wait(Duration::from_millis(7));
    assert_eq!(bench.sent[1].start, second);
    assert_eq!(bench.sent[1].end, second + CHARACTER);
}

#[test]
fn a_reset_throws_away_what_has_not_begun() {
    let mut bench = Bench::in_uart_mode(smsc());
    for value in [1, 2, 3] {
        bench.write(value);
    }
    bench.command(COMMAND_RESET);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.sent_values(), [1]);
    assert_eq!(bench.chip.losses().discarded_transmits, 2);
}

#[test]
fn a_full_receive_fifo_loses_the_new_byte() {
    let mut bench = Bench::in_uart_mode(Mpu401Switches {
        receive_fifo_depth: 4,
        ..smsc()
    });
    for value in 0..6 {
        bench.receive(value);
    }
    assert_eq!(bench.chip.losses().receive_overruns, 2);
    assert_eq!(bench.drain(), [0, 1, 2, 3]);
}

#[test]
fn the_line_follows_the_receive_fifo() {
    let mut bench = Bench::in_uart_mode(smsc());
    bench.receive(1);
    bench.receive(2);
    assert!(bench.chip.interrupt_line());
    assert_eq!(bench.read(), 1);
    assert!(bench.chip.interrupt_line());
    assert_eq!(bench.read(), 2);
    assert!(!bench.chip.interrupt_line());
    assert_eq!(bench.read(), 2, "an empty data register repeats itself");
}

/// It interrupts before anything was done to it, and only until it loses its power.
#[test]
fn a_chip_that_was_left_asserting() {
    let left = || {
        let bench = Bench::new(Mpu401Switches {
            left_asserting: true,
            ..smsc()
        });
        assert!(bench.chip.interrupt_line());
        assert!(bench.chip.is_in_uart_mode());
        bench
    };
    let mut bench = left();
    assert_eq!(bench.drain(), [0x90, 0x40, 0x7F]);
    assert!(!bench.chip.interrupt_line());
    bench.receive(0xF8);
    assert!(bench.chip.interrupt_line(), "it goes on receiving");

    let mut bench = left();
    bench.command(COMMAND_RESET);
    assert!(!bench.chip.interrupt_line());
    assert!(bench.is_empty(), "a reset in UART mode is not acknowledged");

    let mut bench = left();
    bench.chip.power_cycle(bench.now);
    assert!(!bench.chip.interrupt_line());
    assert!(!bench.chip.is_in_uart_mode());
    assert!(bench.is_empty());

    let mut bench = left();
    bench.chip.set_condition(Condition::Gone);
    assert!(!bench.chip.interrupt_line());
    bench.chip.set_condition(Condition::Healthy);
    assert!(!bench.chip.interrupt_line());
}

#[test]
fn a_break_reads_as_zero() {
    let mut bench = Bench::in_uart_mode(smsc());
    let fault = LineFault {
        break_condition: true,
        ..LineFault::default()
    };
    bench.chip.receive(0x55, fault, bench.now);
    assert_eq!(bench.drain(), [0]);
}

#[test]
fn kept_bytes_follow_or_precede_the_acknowledgement() {
    let keeps = Mpu401Switches {
        keeps_unread_bytes: true,
        stale_bytes: vec![1, 2],
        receive_fifo_depth: 3,
        ..smsc()
    };
    let mut bench = Bench::new(keeps.clone());
    assert!(bench.chip.interrupt_line(), "stale bytes can be read");
    bench.command(COMMAND_RESET);
    assert_eq!(bench.drain(), [ACKNOWLEDGE, 1, 2]);

    let mut bench = Bench::new(Mpu401Switches {
        acknowledge_in_front: false,
        ..keeps
    });
    bench.command(COMMAND_RESET);
    bench.command(COMMAND_RESET);
    assert_eq!(bench.chip.losses().receive_overruns, 1, "it was full");
    assert_eq!(bench.drain(), [1, 2, ACKNOWLEDGE]);

    let mut bench = Bench::new(Mpu401Switches {
        stale_bytes: vec![1, 2],
        ..smsc()
    });
    bench.command(COMMAND_RESET);
    assert_eq!(bench.drain(), [ACKNOWLEDGE], "SMSC clears its FIFO");
}

#[test]
fn busy_after_write_shows_at_so_many_polls() {
    let mut bench = Bench::in_uart_mode(Mpu401Switches {
        busy_polls_after_write: 2,
        ..smsc()
    });
    bench.write(1);
    assert!(bench.is_busy());
    assert!(bench.is_busy());
    assert!(!bench.is_busy());
    bench.write(2);
    assert!(bench.is_busy());
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.sent_values(), [1, 2]);
}

#[test]
fn a_slow_reset_holds_the_next_command_back() {
    let reset_busy = Duration::from_millis(14);
    let mut bench = Bench::new(Mpu401Switches {
        reset_busy,
        ..smsc()
    });
    bench.command(COMMAND_RESET);
    assert_eq!(bench.chip.next_change(), Some(bench.now + reset_busy));
    assert!(bench.is_busy());
    assert_eq!(bench.read(), ACKNOWLEDGE);
    bench.wait(Duration::from_millis(10));
    bench.command(COMMAND_RESET);
    assert_eq!(bench.drain(), [ACKNOWLEDGE], "a second reset starts anew");
    bench.command(COMMAND_ENTER_UART);
    bench.wait_almost(reset_busy);
    assert!(bench.is_busy() && !bench.chip.is_in_uart_mode());
    bench.wait(Duration::from_nanos(1));
    assert!(!bench.is_busy() && bench.chip.is_in_uart_mode());
    assert_eq!(bench.drain(), [ACKNOWLEDGE]);
    assert_eq!(bench.chip.next_change(), None);
}

#[test]
fn a_second_reset_forgets_the_command_that_was_held_back() {
    let mut bench = Bench::new(Mpu401Switches {
        reset_busy: Duration::from_millis(14),
        ..smsc()
    });
    for command in [COMMAND_RESET, COMMAND_ENTER_UART, COMMAND_RESET] {
        bench.command(command);
    }
    bench.wait(Duration::from_secs(1));
    assert!(!bench.chip.is_in_uart_mode());
}

#[test]
fn a_reset_takes_an_unread_acknowledgement_away() {
    let mut bench = Bench::new(smsc());
    bench.command(COMMAND_ENTER_UART);
    bench.command(COMMAND_RESET);
    assert!(bench.is_empty());
    assert!(!bench.chip.interrupt_line());
}

#[test]
fn stuck_bits_stick() {
    let mut bench = Bench::in_uart_mode(Mpu401Switches {
        output_stuck_busy: true,
        reserved_status_bits: 0xFF,
        ..smsc()
    });
    assert_eq!(bench.status(), 0xFF);
    bench.write(7);
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.sent_values(), [7]);

    let mut bench = Bench::new(Mpu401Switches {
        data_ready_stuck: true,
        ..smsc()
    });
    assert_eq!(bench.drain().len(), 100);
    assert!(!bench.chip.interrupt_line());
}

#[test]
fn every_nth_interrupt_is_lost() {
    let mut bench = Bench::in_uart_mode(Mpu401Switches {
        loses_every_nth_interrupt: Some(3),
        ..smsc()
    });
    // Entering UART mode was the first one.
    let mut seen = Vec::new();
    for value in 0..5 {
        bench.receive(value);
        seen.push(bench.chip.interrupt_line());
        assert_eq!(bench.drain(), [value]);
    }
    assert_eq!(seen, [true, false, true, true, false]);
}

#[test]
fn a_dead_chip_takes_nothing_and_goes_on_when_mended() {
    let mut bench = Bench::in_uart_mode(smsc());
    for value in [1, 2, 3] {
        bench.write(value);
    }
    bench.wait(Duration::from_micros(400));
    bench.chip.set_condition(Condition::Dead);
    assert!(bench.is_busy());
    assert_eq!(bench.chip.next_change(), None);
    bench.write(9);
    bench.command(COMMAND_RESET);
    assert!(bench.chip.is_in_uart_mode());
    bench.receive(0x42);
    assert_eq!(bench.drain(), [0x42]);
    bench.wait(Duration::from_secs(2));
    assert_eq!(bench.sent_values(), [1]);

    bench.chip.set_condition(Condition::Healthy);
    let revival = bench.now;
    assert!(!bench.is_busy());
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.sent_values(), [1, 2, 3]);
    assert_eq!(bench.sent[1].start, revival);
    assert_eq!(bench.sent[2].end, revival + CHARACTER * 2);
}

#[test]
fn a_gone_chip_floats_and_returns_as_from_power_on() {
    let mut bench = Bench::in_uart_mode(smsc());
    bench.write(1);
    bench.write(2);
    bench.receive(3);
    bench.chip.set_condition(Condition::Gone);
    assert!(!bench.chip.interrupt_line());
    bench.write(9);
    bench.command(COMMAND_RESET);
    bench.receive(4);
    bench.wait(Duration::from_secs(1));
    assert_eq!((bench.read(), bench.status()), (0xFF, 0xFF));
    assert_eq!(bench.sent, []);
    bench.chip.set_condition(Condition::Healthy);
    assert_eq!(bench.status(), STATUS_INPUT_EMPTY);
    assert!(!bench.chip.is_in_uart_mode());
}

#[test]
fn power_cycle_forgets_everything_but_the_losses() {
    let mut bench = Bench::in_uart_mode(smsc());
    for value in [1, 2, 3] {
        bench.write(value);
        bench.receive(value);
    }
    bench.chip.power_cycle(bench.now);
    assert_eq!(bench.status(), STATUS_INPUT_EMPTY);
    assert!(!bench.chip.interrupt_line());
    assert!(!bench.chip.is_in_uart_mode());
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.sent, []);
    assert_eq!(bench.chip.losses().discarded_transmits, 2);
}

#[derive(Clone, Debug)]
enum Action {
    WriteWhileReady(Vec<u8>),
    Receive(u8),
    Read,
    Wait(u64),
    Condition(bool),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 1..24).prop_map(Action::WriteWhileReady),
        3 => any::<u8>().prop_map(Action::Receive),
        3 => Just(Action::Read),
        4 => (0_u64..8_000_000).prop_map(Action::Wait),
        1 => any::<bool>().prop_map(Action::Condition),
    ];
    prop::collection::vec(action, 1..80)
}

proptest! {
    #[test]
    fn is_a_faithful_wire_in_both_directions(
        transmit_fifo_depth in 1_usize..=20,
        receive_fifo_depth in 1_usize..=20,
        busy_polls_after_write in 0_u32..2,
        actions in actions(),
    ) {
        let mut bench = Bench::in_uart_mode(Mpu401Switches {
            transmit_fifo_depth,
            receive_fifo_depth,
            busy_polls_after_write,
            ..smsc()
        });
        let mut written = Vec::new();
        let mut model = VecDeque::new();
        let mut overruns = 0;
        for action in actions {
            match action {
                Action::WriteWhileReady(values) => for value in values {
                    // Some chips are busy at the first look.
                    if bench.is_busy() && bench.is_busy() {
                        break;
                    }
                    bench.write(value);
                    written.push(value);
                },
                Action::Receive(value) => {
                    bench.receive(value);
                    if model.len() < receive_fifo_depth {
                        model.push_back(value);
                    } else {
                        overruns += 1;
                    }
                }
                Action::Read => if !bench.is_empty() {
                    let value = bench.read();
                    prop_assert_eq!(Some(value), model.pop_front());
                },
                Action::Wait(nanoseconds) => bench.wait(Duration::from_nanos(nanoseconds)),
                Action::Condition(is_dead) => bench.chip.set_condition(if is_dead {
                    Condition::Dead
                } else {
                    Condition::Healthy
                }),
            }
            prop_assert!(bench.chip.bytes_to_send() <= transmit_fifo_depth);
            prop_assert_eq!(bench.chip.bytes_to_read(), model.len());
            prop_assert_eq!(bench.chip.interrupt_line(), !model.is_empty());
        }
        bench.chip.set_condition(Condition::Healthy);
        bench.wait(Duration::from_secs(1));
        prop_assert_eq!(bench.sent_values(), written);
        for byte in &bench.sent {
            prop_assert_eq!(byte.end, byte.start + CHARACTER);
        }
        for pair in bench.sent.windows(2) {
            prop_assert!(pair[1].start >= pair[0].end);
        }
        let losses = bench.chip.losses();
        prop_assert_eq!(losses.receive_overruns, overruns);
        prop_assert_eq!(losses.refused_writes, 0);
    }

    #[test]
    fn coarse_and_fine_steps_send_the_same(
        bursts in prop::collection::vec((1_u8..=17, 0_u64..9_000_000), 1..12),
    ) {
        let mut coarse = Bench::in_uart_mode(smsc());
        let mut fine = Bench::in_uart_mode(smsc());
        for (count, pause) in bursts {
            for value in 0..count {
                coarse.write(value);
                fine.write(value);
            }
            coarse.wait(Duration::from_nanos(pause));
            let end = fine.now + Duration::from_nanos(pause);
            while let Some(next) = fine.chip.next_change().filter(|&next| next <= end) {
                fine.wait(next - fine.now);
            }
            fine.wait(end - fine.now);
            prop_assert_eq!(&coarse.sent, &fine.sent);
        }
    }

    #[test]
    fn stays_gapless_while_fed(
        transmit_fifo_depth in 1_usize..=16,
        poll_micros in 1_u64..=320,
    ) {
        let mut bench = Bench::in_uart_mode(Mpu401Switches {
            transmit_fifo_depth,
            ..smsc()
        });
        let mut value = 0_u8;
        for _ in 0..600 {
            while !bench.is_busy() {
                bench.write(value);
                value = value.wrapping_add(1);
            }
            bench.wait(Duration::from_micros(poll_micros));
        }
        for (index, pair) in bench.sent.windows(2).enumerate() {
            prop_assert_eq!(pair[1].start, pair[0].end, "after byte {}", index);
            prop_assert_eq!(pair[1].value, pair[0].value.wrapping_add(1));
        }
        prop_assert!(bench.sent.len() as u64 >= (600 * poll_micros) / 320 - 1);
    }
}
