//! `send`: messages in words, to a port.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::choose::{self, Use};
use crate::Host;
use crate::backend::{Session, Setup};
use crate::cli::Send;
use crate::failure::{CLEAN, Failure};
use crate::interrupt::Interrupt;
use crate::midi::message::SYSEX_BEGIN;
use crate::midi::sounding::Sounding;
use crate::midi::wire_time;
use crate::midi::words::{Fault, Step, WordReader, split};
use crate::output;
use crate::report::json;
use crate::visible;

/// Stands for standard input.
const STANDARD_INPUT: &str = "-";

/// How long a wait goes on before Ctrl-C is heeded.
const STEP: Duration = Duration::from_millis(50);

/// How much longer than a cable the port may take.
const PATIENCE: u32 = 8;

/// How long it may take in any case.
const LEAST_PATIENCE: Duration = Duration::from_secs(10);

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct SendReport {
    /// The port's name.
    port: String,
    /// How many messages were sent.
    messages: u64,
    /// How many bytes they had.
    bytes: u64,
    /// From opening the port until it had taken all, in seconds.
    elapsed_s: f64,
    /// Whether the user ended it early.
    interrupted: bool,
}

pub fn run(options: &Send, host: &mut Host<'_>) -> Result<u8, Failure> {
    let mut reader = WordReader::default();
    let mut source = if from_standard_input(&options.words) {
        let input = io::stdin();
        if input.is_terminal() {
            Source::Console(console())
        } else {
            let mut text = String::new();
            let read = input.lock().read_to_string(&mut text);
            read.map_err(|error| Failure::Usage(format!("standard input: {error}")))?;
            Source::Script(script(&mut reader, &text)?)
        }
    } else {
        let steps = reader
            .arguments(&options.words)
            .map_err(|fault| unusable(&fault))?;
        Source::Script(with_files(steps)?)
    };
    let setup = choose::ports(Setup::default(), &options.ports, Use::Send, host.winmm)?;
    let setup = Setup {
        input: None,
        ..setup
    };
    let mut sender = Sender {
        interrupt: host.interrupt,
        sounding: Sounding::default(),
        report: SendReport {
            port: setup.output_name().to_owned(),
            ..SendReport::default()
        },
    };
    host.winmm.run(&setup, &mut |session| {
        sender.send_all(session, &mut source, &mut reader)
    })?;
    let report = sender.report;
    let text = if options.json {
        json(&report)?
    } else {
        let ended = if report.interrupted {
            ", ended by Ctrl-C"
        } else {
            ""
        };
        format!(
            "{}: messages {}, bytes {}, {:.3} s{ended}\n",
            visible::line(&report.port),
            report.messages,
            report.bytes,
            report.elapsed_s
        )
    };
    output::print(host.output, &text)?;
    Ok(CLEAN)
}

fn from_standard_input(words: &[String]) -> bool {
    words.is_empty() || words == [STANDARD_INPUT]
}

/// Where the messages come from.
enum Source {
    /// They have all been read.
    Script(Vec<Action>),
    /// They come line by line.
    Console(Receiver<io::Result<String>>),
}

/// Something to do; files have been read.
enum Action {
    Send(Vec<u8>),
    Wait(Duration),
}

fn unusable(fault: &Fault) -> Failure {
    Failure::Usage(fault.to_string())
}

/// Reads a whole text.
fn script(reader: &mut WordReader, text: &str) -> Result<Vec<Action>, Failure> {
    let mut steps = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        steps.extend(
            reader
                .line(number, line)
                .map_err(|fault| unusable(&fault))?,
        );
    }
    with_files(steps)
}

fn with_files(steps: Vec<Step>) -> Result<Vec<Action>, Failure> {
    let mut actions = Vec::new();
    for step in steps {
        match step {
            Step::Send(bytes) => actions.push(Action::Send(bytes)),
            Step::Wait(time) => actions.push(Action::Wait(time)),
            Step::File(path) => {
                let messages = exclusive_file(&path)?;
                actions.extend(messages.into_iter().map(Action::Send));
            }
        }
    }
    Ok(actions)
}

/// The messages of a file that has nothing but System Exclusive messages.
fn exclusive_file(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let unusable = |fault: String| Failure::Usage(format!("{}: {fault}", path.display()));
    let bytes = fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let fault = |at: usize| {
        unusable(format!(
            "no complete System Exclusive message begins at byte {at}; accepted are files of them alone, \
             each from F0 to F7"
        ))
    };
    let messages = split(&bytes).map_err(fault)?;
    let mut at = 0;
    for message in &messages {
        if message[0] != SYSEX_BEGIN {
            return Err(fault(at));
        }
        at += message.len();
    }
    if messages.is_empty() {
        return Err(unusable("is empty".to_owned()));
    }
    Ok(messages)
}

/// The lines of standard input as they come. The thread that waits for them ends with the program.
fn console() -> Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

struct Sender<'i> {
    interrupt: &'i Interrupt,
    sounding: Sounding,
    report: SendReport,
}

impl Sender<'_> {
    fn send_all(
        &mut self,
        session: &mut dyn Session,
        source: &mut Source,
        reader: &mut WordReader,
    ) -> Result<(), Failure> {
        session.open_output()?;
        let opened = session.now();
        match source {
            Source::Script(actions) => self.carry_out(session, actions)?,
            Source::Console(lines) => self.follow(session, lines, reader)?,
        }
        if self.interrupt.is_raised() {
            self.report.interrupted = true;
            for message in std::mem::take(&mut self.sounding).ends() {
                self.send(session, &message)?;
            }
        }
        let sent = usize::try_from(self.report.bytes).unwrap_or(usize::MAX);
        let limit = wire_time(sent).saturating_mul(PATIENCE);
        session.drain(limit.max(LEAST_PATIENCE))?;
        session.close_output()?;
        self.report.elapsed_s = session.now().saturating_sub(opened).as_secs_f64();
        Ok(())
    }

    /// Sends what the user types, line by line. A line with a fault is told and left out.
    fn follow(
        &mut self,
        session: &mut dyn Session,
        lines: &Receiver<io::Result<String>>,
        reader: &mut WordReader,
    ) -> Result<(), Failure> {
        let mut number = 0;
        while !self.interrupt.is_raised() {
            let line = match lines.recv_timeout(STEP) {
                Ok(line) => {
                    line.map_err(|error| Failure::Device(format!("standard input: {error}")))?
                }
                Err(RecvTimeoutError::Timeout) => {
                    session.wait_until(session.now())?;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            number += 1;
            let steps = reader.line(number, &line).map_err(|fault| unusable(&fault));
            match steps.and_then(with_files) {
                Ok(actions) => self.carry_out(session, &actions)?,
                Err(fault) => _ = fault.tell(&mut io::stderr()),
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, session: &mut dyn Session, actions: &[Action]) -> Result<(), Failure> {
        for action in actions {
            if self.interrupt.is_raised() {
                return Ok(());
            }
            match action {
                Action::Send(bytes) => self.send(session, bytes)?,
                Action::Wait(time) => self.wait(session, *time)?,
            }
        }
        Ok(())
    }

    fn send(&mut self, session: &mut dyn Session, bytes: &[u8]) -> Result<(), Failure> {
        session.send(bytes)?;
        self.sounding.follow(bytes);
        self.report.messages += 1;
        self.report.bytes += bytes.len() as u64;
        Ok(())
    }

    fn wait(&self, session: &mut dyn Session, time: Duration) -> Result<(), Failure> {
        let end = session.now() + time;
        while session.now() < end && !self.interrupt.is_raised() {
            session.wait_until(end.min(session.now() + STEP))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tempfile::NamedTempFile;

    use super::*;

    fn read(contents: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        let file = NamedTempFile::new().expect("a file");
        fs::write(file.path(), contents).expect("a file");
        let name = file.path().display().to_string();
        exclusive_file(file.path()).map_err(|failure| failure.to_string().replace(&name, "FILE"))
    }

    #[test]
    fn files_have_system_exclusive_messages_alone() {
        assert_eq!(
            read(&[0xF0, 1, 0xF7, 0xF0, 0xF7]),
            Ok(vec![vec![0xF0, 1, 0xF7], vec![0xF0, 0xF7]])
        );
        for (contents, at) in [
            (&[0xF0, 1][..], 0),
            (&[0xF0, 0xF7, 0x90, 1, 2], 2),
            (&[1], 0),
        ] {
            let fault = read(contents).expect_err("a fault");
            let said = format!("FILE: no complete System Exclusive message begins at byte {at};");
            assert!(fault.starts_with(&said), "{fault}");
        }
        assert_eq!(read(&[]), Err("FILE: is empty".to_owned()));
    }
}
