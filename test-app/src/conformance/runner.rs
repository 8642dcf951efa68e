//! Carries out checks one after the other, and ends those that hang.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::bench::{Bench, Ports};
use super::check::{Check, Source};
use super::functions::{Calls, Watched, Winmm};
use super::input::Input;
use super::output::Output;
use super::verdict::{Checked, Finding, Objection, Verdict};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::midi::wire_time;

/// How long a check may take besides the time on the wire.
const TIME_LIMIT: Duration = Duration::from_mins(1);
/// How many times longer than at MIDI's speed its bytes may take.
const SLOWNESS: u32 = 4;
/// What nobody hears: the end of a note that does not sound.
const PROBE: [u8; 3] = [0x8F, 0x00, 0x40];

/// What comes before all checks.
const PROBE_CHECK: Check = Check::new(
    "loop",
    "what is sent comes back",
    Source::LogoTest("loopback cable"),
    probe,
);

/// Carries out checks on one pair of ports.
pub struct Runner {
    winmm: Arc<dyn Winmm>,
    ports: Ports,
    time_limit: Duration,
}

/// How a run of checks went on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// All were carried out.
    #[default]
    All,
    /// The user wanted no more.
    Interrupted,
    /// One hung; what it holds of the port can't be had any more.
    Hung,
}

impl Runner {
    /// Checks `ports` through `winmm`.
    #[must_use]
    pub fn new(winmm: Arc<dyn Winmm>, ports: Ports) -> Self {
        Self {
            winmm,
            ports,
            time_limit: TIME_LIMIT,
        }
    }

    /// Lets no check take longer than `limit` besides the time on the wire.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Whether what is sent comes back at all.
    ///
    /// # Errors
    /// [`Failure::NoLoop`] if it does not, [`Failure::Device`] if the ports can't be used.
    pub fn find_loop(&self) -> Result<(), Failure> {
        let (objection, _) = self.watch(&PROBE_CHECK);
        match objection {
            Ok(()) => Ok(()),
            Err(Stopped::Objection(Objection::Impossible(reason))) => Err(Failure::NoLoop(reason)),
            Err(Stopped::Objection(Objection::Wrong { expected, got })) => {
                Err(Failure::Device(format!(
                    "the ports can't be used: expected {expected}, got {got}; close other programs that use them"
                )))
            }
            Err(Stopped::Hung(where_)) => Err(Failure::Device(format!(
                "the ports can't be used: {where_} does not return"
            ))),
        }
    }

    /// Carries out `checks`; hands each outcome to `report`.
    ///
    /// # Errors
    /// Those of `report`.
    pub fn run(
        &self,
        checks: &[&'static Check],
        interrupt: &Interrupt,
        mut report: impl FnMut(Finding) -> Result<(), Failure>,
    ) -> Result<End, Failure> {
        for check in checks {
            if interrupt.is_raised() {
                return Ok(End::Interrupted);
            }
            let started = Instant::now();
            let (outcome, remark) = self.watch(check);
            let (verdict, hung) = match outcome {
                Ok(()) => (Verdict::Pass { remark }, false),
                Err(Stopped::Objection(Objection::Wrong { expected, got })) => {
                    (Verdict::Fail { expected, got }, false)
                }
                Err(Stopped::Objection(Objection::Impossible(reason))) => {
                    (Verdict::Skip { reason }, false)
                }
                Err(Stopped::Hung(place)) => (
                    Verdict::Fail {
                        expected: format!("an end within {} s", self.limit(check).as_secs()),
                        got: format!("none: {place} does not return"),
                    },
                    true,
                ),
            };
            report(Finding {
                name: check.name,
                verdict,
                elapsed_s: started.elapsed().as_secs_f64(),
            })?;
            if hung {
                return Ok(End::Hung);
            }
        }
        Ok(End::All)
    }

    fn limit(&self, check: &Check) -> Duration {
        let bytes = check.traffic.bytes(self.ports.messages);
        self.time_limit + wire_time(bytes) * SLOWNESS
    }

    /// Carries out a check on a thread of its own, which is left behind if it hangs.
    fn watch(&self, check: &Check) -> (Result<(), Stopped>, Option<String>) {
        let calls = Calls::default();
        let winmm = Watched::new(Arc::clone(&self.winmm), calls.clone());
        let bench = Bench::new(Arc::new(winmm), self.ports);
        let carry_out = check.run;
        let (tell, told) = mpsc::channel();
        let worker = thread::spawn(move || {
            let outcome = wait_for_silence(&bench).and_then(|()| carry_out(&bench));
            // Nobody is there to be told if the time is over.
            let _ = tell.send((outcome, bench.take_remark()));
        });
        match told.recv_timeout(self.limit(check)) {
            Ok((outcome, remark)) => (outcome.map_err(Stopped::Objection), remark),
            Err(RecvTimeoutError::Timeout) => {
                let place = calls.current().unwrap_or("no function: the check itself");
                (Err(Stopped::Hung(place.to_owned())), None)
            }
            Err(RecvTimeoutError::Disconnected) => {
                let panic = worker.join().err();
                let text = panic.and_then(|panic| panic.downcast_ref::<String>().cloned());
                let text = text.unwrap_or_else(|| "a panic".to_owned());
                let wrong = Objection::wrong("the check to end", text);
                (Err(Stopped::Objection(wrong)), None)
            }
        }
    }
}

/// Why a check did not pass.
enum Stopped {
    /// It objects.
    Objection(Objection),
    /// It is still in that function.
    Hung(String),
}

/// What an earlier check left on the wire must not come in the middle of this one.
fn wait_for_silence(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    input.settle();
    Ok(())
}

/// Sends something and waits for it.
fn probe(bench: &Bench) -> Checked {
    let input = Input::started(bench)?;
    let output = Output::open(bench)?;
    output.send(&PROBE)?;
    input.await_message(&PROBE, 0).map_err(|_| {
        Objection::Impossible(
            "nothing came back: connect the output to the input with a MIDI cable, or choose with \
             --out and --in ports that are connected"
                .into(),
        )
    })
}
