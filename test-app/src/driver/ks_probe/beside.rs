//! The same loop read through winmm, to compare with.

use std::thread;
use std::time::{Duration, Instant};

use super::probe::SETTLE;
use crate::backend::PortInfo;
use crate::backend::winmm::{Heard, Input, Output, Side};
use crate::midi::message::{SYSEX_BEGIN, SYSEX_END};

/// How long after a message its echo may come.
const ECHO: Duration = Duration::from_millis(500);

/// What a program got through winmm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BesideRead {
    /// The time stamp: milliseconds since `midiInStart`.
    pub stamp_ms: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Another way to the same loop.
pub trait Beside {
    /// What it is, for people.
    fn name(&self) -> String;

    /// Sends the messages, and returns what came back until there was nothing more.
    ///
    /// # Errors
    /// Why that can't be done, in a line.
    fn loop_back(&mut self, messages: &[&[u8]]) -> Result<Vec<BesideRead>, String>;
}

/// A port of winmm's whose output is led back to its input.
#[derive(Clone, Debug)]
pub struct WinmmPort {
    /// What is sent to.
    pub output: PortInfo,
    /// What is received from.
    pub input: PortInfo,
}

impl Beside for WinmmPort {
    fn name(&self) -> String {
        format!("winmm, port '{}'", self.input.name)
    }

    fn loop_back(&mut self, messages: &[&[u8]]) -> Result<Vec<BesideRead>, String> {
        let names = [&self.output.name, &self.input.name];
        let failed = |refusal: crate::backend::winmm::Refusal| match refusal.side {
            Side::Output => refusal.failure(names[0]).to_string(),
            Side::Input => refusal.failure(names[1]).to_string(),
        };
        let mut input = Input::open(self.input.index).map_err(failed)?;
        let mut output = Output::open(self.output.index).map_err(failed)?;
        thread::sleep(SETTLE);
        for message in messages {
            match message {
                [SYSEX_BEGIN, ..] => output.long_message(message),
                _ => output.short_message(message),
            }
            .map_err(failed)?;
        }
        let wanted: usize = messages.iter().map(|message| message.len()).sum();
        let mut reads = Vec::new();
        let end = Instant::now() + ECHO;
        while count(&reads) < wanted && Instant::now() < end && input.over().is_none() {
            input.wait(Duration::from_millis(20));
            take(&input, &mut reads);
        }
        // The input first: an output that is closed may end notes, and that comes back too.
        let closed = input.close().result(Side::Input, names[1]);
        take(&input, &mut reads);
        let others = output.close().result(Side::Output, names[0]);
        closed.and(others).map_err(|failure| failure.to_string())?;
        Ok(reads)
    }
}

fn count(reads: &[BesideRead]) -> usize {
    reads.iter().map(|read| read.bytes.len()).sum()
}

/// Takes what was heard; pieces of a System Exclusive message are one read.
fn take(input: &Input, reads: &mut Vec<BesideRead>) {
    for Heard { stamp_ms, what, .. } in input.take() {
        let mut bytes = what.into_bytes();
        let last = reads.last_mut().map(|last| &mut last.bytes);
        let goes_on = last.filter(|last| {
            last.first() == Some(&SYSEX_BEGIN)
                && last.last() != Some(&SYSEX_END)
                && bytes
                    .first()
                    .is_some_and(|byte| *byte < 0x80 || *byte == SYSEX_END)
        });
        match goes_on {
            Some(last) => last.append(&mut bytes),
            None => reads.push(BesideRead {
                stamp_ms: stamp_ms.into(),
                bytes,
            }),
        }
    }
}
