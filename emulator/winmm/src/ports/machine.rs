//! The life of a port's PC: commands from the program's threads, and time that passes.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use emulated_pc::clients;
use emulated_pc::hardware::chip::Condition;
use emulated_pc::time::Instant as VirtualInstant;
use midiuart_pc::{CAPTURE_PIN, Installation, RENDER_PIN, Started, Trouble};

use super::Port;
use super::clock::Clock;
use crate::input::Input;
use crate::output::Output;

/// What the Windows component keeps under way. More is handed over as the driver accepts it, so that
/// a reset finds the rest still here.
const MOST_UNDER_WAY: usize = 1024;
/// A component that comes no further for so long is closed as it is.
const PATIENCE: Duration = Duration::from_secs(5);
/// A PC on which nothing happens is looked after that often.
const IDLE: Duration = Duration::from_secs(1);
/// The same while received bytes wait for a buffer.
const HOLDING: Duration = Duration::from_millis(5);

/// What a program's thread wants of the PC.
pub(super) enum Command {
    /// There is something to send.
    Wake,
    /// Open the render pin; whether that worked is the answer.
    OpenOutput(Arc<Output>, Sender<bool>),
    /// Close it.
    CloseOutput(Sender<()>),
    /// Open the capture pin; whether that worked is the answer.
    OpenInput(Arc<Input>, Sender<bool>),
    /// Close it.
    CloseInput(Sender<()>),
    /// Pull the device out.
    PullOut(Sender<()>),
    /// Break the chip.
    BreakChip(Sender<()>),
}

/// The render pin, and who sends through it.
struct Sending {
    pin: clients::Output,
    output: Arc<Output>,
    failures: u64,
    /// Bytes that the pin has been given.
    given: u64,
    /// Bytes that it has done with.
    finished: u64,
    progress: VirtualInstant,
    closing: Option<Sender<()>>,
}

/// The capture pin, and who receives from it.
struct Receiving {
    pin: clients::Input,
    input: Arc<Input>,
}

/// A PC at work.
struct Machine<'s, 'pc> {
    started: &'s Started<'pc>,
    port: &'static Port,
    clock: Clock,
    sending: Option<Sending>,
    receiving: Option<Receiving>,
    was_opened: bool,
    pull_out_at: Option<VirtualInstant>,
}

/// Runs a PC until its device is pulled out, or something goes wrong.
pub(super) fn run(
    installation: &Installation,
    port: &'static Port,
    commands: Receiver<Command>,
) -> Result<(), Trouble> {
    midiuart_pc::run(installation, move |started| {
        let mut machine = Machine {
            started,
            port,
            clock: Clock::new(Instant::now(), started.pc.now()),
            sending: None,
            receiving: None,
            was_opened: false,
            pull_out_at: None,
        };
        machine.serve(&commands);
        Ok(())
    })
}

impl Machine<'_, '_> {
    fn serve(&mut self, commands: &Receiver<Command>) {
        loop {
            let first = match commands.recv_timeout(self.pause()) {
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            self.catch_up();
            for command in first.into_iter().chain(commands.try_iter()) {
                if self.obey(command).is_break() {
                    return;
                }
            }
            self.exchange();
            if self
                .pull_out_at
                .is_some_and(|at| self.started.pc.now() >= at)
            {
                return self.pull_out();
            }
        }
    }

    /// How long nothing will happen by itself.
    fn pause(&self) -> Duration {
        let now = Instant::now();
        let next = self.started.pc.next_event();
        let holding = self.receiving.as_ref().is_some_and(|at| at.input.holds());
        [next, self.pull_out_at]
            .into_iter()
            .flatten()
            .map(|at| self.clock.until(at, now))
            .min()
            .unwrap_or(IDLE)
            .min(if holding { HOLDING } else { IDLE })
    }

    fn catch_up(&self) {
        let now = self.clock.pc_time(Instant::now());
        self.started.pc.run_until(now);
    }

    fn obey(&mut self, command: Command) -> ControlFlow<()> {
        match command {
            Command::Wake => {}
            Command::OpenOutput(output, reply) => {
                let opened = self.open_output(output);
                answer(&reply, opened);
            }
            Command::CloseOutput(reply) => match &mut self.sending {
                Some(sending) => sending.closing = Some(reply),
                None => answer(&reply, ()),
            },
            Command::OpenInput(input, reply) => {
                let opened = self.open_input(input);
                answer(&reply, opened);
            }
            Command::CloseInput(reply) => {
                if let Some(receiving) = self.receiving.take() {
                    // Nobody is there to take what it has received last.
                    drop(receiving.pin.close());
                }
                answer(&reply, ());
            }
            Command::PullOut(reply) => {
                self.pull_out();
                answer(&reply, ());
                return ControlFlow::Break(());
            }
            Command::BreakChip(reply) => {
                self.started.device.set_condition(Condition::Dead);
                answer(&reply, ());
            }
        }
        ControlFlow::Continue(())
    }

    /// What is to happen some time after the device is first opened.
    fn opened(&mut self) {
        if std::mem::replace(&mut self.was_opened, true) {
            return;
        }
        let now = self.started.pc.now();
        self.pull_out_at = self
            .port
            .configuration
            .vanish_after
            .map(|after| now + after);
        if let Some(after) = self.port.configuration.dead_after {
            self.started.device.at(now + after, Condition::Dead);
        }
    }

    fn open_output(&mut self, output: Arc<Output>) -> bool {
        let client = self.port.configuration.client;
        let pin = client.open_output(&self.started.filter, RENDER_PIN);
        let Ok(pin) = pin else { return false };
        self.opened();
        self.sending = Some(Sending {
            pin,
            output,
            failures: 0,
            given: 0,
            finished: 0,
            progress: self.started.pc.now(),
            closing: None,
        });
        true
    }

    fn open_input(&mut self, input: Arc<Input>) -> bool {
        let client = self.port.configuration.client;
        let pin = client.open_input(&self.started.filter, CAPTURE_PIN);
        let Ok(pin) = pin else { return false };
        self.opened();
        self.receiving = Some(Receiving { pin, input });
        true
    }

    /// Takes what has come in, and hands on what is to go out.
    fn exchange(&mut self) {
        if let Some(receiving) = &self.receiving {
            for received in receiving.pin.take_received() {
                let at = self.clock.host_time(received.at);
                receiving.input.receive(at, &received.bytes);
            }
            receiving.input.try_held();
        }
        let now = self.started.pc.now();
        if let Some(sending) = &mut self.sending {
            sending.send(now);
            if sending.closing.is_some() && sending.is_over(now) {
                self.finish_sending();
            }
        }
        // Nobody listens at the wire.
        drop(self.started.device.wire_sent());
    }

    fn finish_sending(&mut self) {
        if let Some(sending) = self.sending.take() {
            sending.pin.close();
            if let Some(reply) = sending.closing {
                answer(&reply, ());
            }
        }
    }

    fn pull_out(&mut self) {
        // The driver's answer to a surprise does not matter: the device is gone.
        let _ = self.started.functional.surprise_remove();
        if let Some(sending) = self.sending.take() {
            sending.pin.abandon();
        }
        if let Some(receiving) = self.receiving.take() {
            receiving.pin.abandon();
        }
        self.port.vanish();
    }
}

impl Sending {
    fn send(&mut self, now: VirtualInstant) {
        self.note_progress(now);
        while self.pin.queued_bytes() < MOST_UNDER_WAY
            && let Some(bytes) = self.output.next_piece(MOST_UNDER_WAY)
        {
            self.given += bytes.len() as u64;
            self.pin.send(&bytes);
        }
        self.note_progress(now);
    }

    /// Tells the output what the driver has done with.
    fn note_progress(&mut self, now: VirtualInstant) {
        let finished = self.given - self.pin.queued_bytes() as u64;
        if finished != self.finished {
            self.finished = finished;
            self.progress = now;
        }
        let (failures, _) = self.pin.failures();
        let failed = failures != self.failures || self.pin.is_disabled();
        self.failures = failures;
        self.output.finished(finished, failed);
    }

    /// Whether there is nothing left to send, or no hope for it.
    fn is_over(&self, now: VirtualInstant) -> bool {
        let sent = self.output.is_empty() && self.pin.is_idle();
        sent || now.since(self.progress) > PATIENCE
    }
}

fn answer<T>(reply: &Sender<T>, value: T) {
    // Whoever asked waits for exactly this.
    reply.send(value).ok();
}
