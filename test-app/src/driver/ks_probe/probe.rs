//! The run: opens the pins as Windows MIDI Services does, sends, and reads what comes back.

use std::time::Duration;

use super::advice;
use super::beside::Beside;
use super::records::{Fault, parse};
use super::report::{Compared, ReadReport, Report, StepReport};
use super::streaming::{KernelStreaming, Pin, State};
use crate::driver::windows::{Called, SystemError};
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// How long the pins run before something is sent: time stamps that count from a pin's start differ from
/// those that are 0 then.
pub const SETTLE: Duration = Duration::from_millis(300);
/// How long after it was sent something may come back.
const ECHO: Duration = Duration::from_secs(1);
/// How long something may come that should not.
const AFTERMATH: Duration = Duration::from_millis(100);
/// Between two looks at Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);
/// After so many reads of a step in a row without a byte no more are made.
const FRUITLESS: usize = 4;

/// Begins the note.
const NOTE_ON: &[u8] = &[0x90, 60, 64];
/// Ends it.
const NOTE_OFF: &[u8] = &[0x80, 60, 0];
/// A System Exclusive message of the manufacturer number for non-commercial use.
const SYSEX: &[u8] = &[0xF0, 0x7D, 1, 2, 3, 0xF7];

/// What is sent together.
struct Step {
    name: &'static str,
    messages: &'static [&'static [u8]],
}

/// What is sent, in order. The notes are ended in the last step.
const STEPS: [Step; 3] = [
    Step {
        name: "note",
        messages: &[NOTE_ON],
    },
    Step {
        name: "sysex",
        messages: &[SYSEX],
    },
    Step {
        name: "burst",
        messages: &[
            NOTE_OFF,
            &[0x90, 62, 64],
            &[0x90, 64, 64],
            &[0x80, 62, 0],
            &[0x80, 64, 0],
            &[0xB0, 7, 100],
            &[0xC0, 5],
            &[0xD0, 5],
        ],
    },
];

/// All that is sent.
#[must_use]
pub fn messages() -> Vec<&'static [u8]> {
    let steps = STEPS.iter().flat_map(|step| step.messages);
    steps.copied().collect()
}

/// Makes the run on the open filter of `device`, and the same through `beside` when its pins are closed.
///
/// # Errors
/// [`Failure::Device`], with what to do, if kernel streaming refuses something.
pub fn probe(
    device: &str,
    mut streaming: Box<dyn KernelStreaming + '_>,
    beside: Result<&mut dyn Beside, String>,
    interrupt: &Interrupt,
) -> Result<Report, Failure> {
    let refused = |error: Refused| advice::refused(device, &error);
    let mut run = Run {
        streaming: streaming.as_mut(),
        interrupt,
        started: Duration::ZERO,
    };
    let steps = run.all().map_err(refused)?;
    let asking = streaming.asking();
    // A pin that stays open refuses the other way.
    drop(streaming);
    let compared = match beside {
        Err(reason) => Compared::not(reason),
        Ok(_) if interrupt.is_raised() => Compared::not("the run was ended early".to_owned()),
        Ok(beside) => Compared::new(beside.name(), beside.loop_back(&messages())),
    };
    Ok(Report::new(device, asking, steps, compared))
}

/// What was refused, and during what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What was being done.
    pub doing: String,
    /// What Windows answered.
    pub error: SystemError,
}

fn during<T>(doing: impl Into<String>, called: Called<T>) -> Result<T, Refused> {
    called.map_err(|error| Refused {
        doing: doing.into(),
        error,
    })
}

struct Run<'r> {
    streaming: &'r mut dyn KernelStreaming,
    interrupt: &'r Interrupt,
    /// When the input ran.
    started: Duration,
}

impl Run<'_> {
    fn all(&mut self) -> Result<Vec<StepReport>, Refused> {
        self.open(Pin::Input)?;
        self.started = self.streaming.now();
        self.pend_read()?;
        self.open(Pin::Output)?;
        self.streaming.wait(SETTLE);
        let mut steps = Vec::new();
        let mut done = Ok(());
        for step in &STEPS {
            if self.interrupt.is_raised() {
                break;
            }
            let mut report = self.sent(step);
            done = self.step(step, &mut report);
            steps.push(report);
            if done.is_err() {
                break;
            }
        }
        let interrupted = steps.len() < STEPS.len();
        if !steps.is_empty() && (interrupted || done.is_err()) {
            // No note stays; it is too late for a second refusal.
            let _ = self.streaming.write(NOTE_OFF);
        }
        done?;
        for pin in [Pin::Output, Pin::Input] {
            for state in [State::Pause, State::Acquire, State::Stop] {
                let doing = format!("the {} can't be stopped", pin.name());
                during(doing, self.streaming.set_state(pin, state))?;
            }
        }
        Ok(steps)
    }

    fn open(&mut self, pin: Pin) -> Result<(), Refused> {
        let doing = format!("the {} can't be opened", pin.name());
        during(doing, self.streaming.open(pin))?;
        for state in [State::Acquire, State::Pause, State::Run] {
            let doing = format!("the {} can't be brought to {state:?}", pin.name());
            during(doing, self.streaming.set_state(pin, state))?;
        }
        Ok(())
    }

    fn pend_read(&mut self) -> Result<(), Refused> {
        during("the input can't be read", self.streaming.pend_read())
    }

    fn since_start(&self) -> Duration {
        self.streaming.now().saturating_sub(self.started)
    }

    fn sent(&self, step: &Step) -> StepReport {
        StepReport {
            name: step.name,
            at: self.since_start(),
            sent: step.messages.iter().map(|it| it.to_vec()).collect(),
            reads: Vec::new(),
        }
    }

    fn step(&mut self, step: &Step, report: &mut StepReport) -> Result<(), Refused> {
        for message in step.messages {
            during(
                "the output can't be written to",
                self.streaming.write(message),
            )?;
        }
        let wanted: usize = step.messages.iter().map(|message| message.len()).sum();
        let mut limit = self.streaming.now() + ECHO;
        let mut fruitless = 0;
        let mut was_whole = false;
        while fruitless < FRUITLESS {
            if report.bytes().count() >= wanted && !was_whole {
                was_whole = true;
                limit = self.streaming.now() + AFTERMATH;
            }
            let Some(read) = self.read_until(limit)? else {
                return Ok(());
            };
            fruitless = if read.records.is_empty() {
                fruitless + 1
            } else {
                0
            };
            report.reads.push(read);
        }
        Ok(())
    }

    /// The next read that completes, after which another is pended.
    fn read_until(&mut self, limit: Duration) -> Result<Option<ReadReport>, Refused> {
        loop {
            let left = limit.saturating_sub(self.streaming.now());
            if left.is_zero() || self.interrupt.is_raised() {
                return Ok(None);
            }
            let completed = self.streaming.completed_read(left.min(LOOK));
            let Some(frame) = during("a read of the input failed", completed)? else {
                continue;
            };
            let at = self.since_start();
            self.pend_read()?;
            let parsed = parse(&frame);
            return Ok(Some(ReadReport {
                at,
                is_zeroed: parsed.fault == Some(Fault::Zeroed),
                fault: match parsed.fault {
                    Some(Fault::Malformed(text)) => Some(text),
                    Some(Fault::Zeroed) | None => None,
                },
                records: parsed.records,
                frame,
            }));
        }
    }
}
