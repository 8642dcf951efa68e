//! `panic`: silence.

use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::choose::{self, Use};
use crate::Host;
use crate::backend::winmm::{Output, Refusal, Side};
use crate::backend::{PortInfo, Setup};
use crate::cli::Panic;
use crate::failure::{CLEAN, DEVICE_ERROR, Failure};
use crate::midi::wire_time;
use crate::output;
use crate::report::json;
use crate::table::Table;

/// Controllers that silence a channel, in the order in which they are sent: pedals up, all notes off, all
/// sound off.
const SILENCING: [u8; 4] = [64, 66, 123, 120];

/// The longest time that a cable is given for what was sent, before the reset.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What was done, for `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct PanicReport {
    ports: Vec<Silenced>,
}

/// What was done at a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Silenced {
    /// The port's name.
    port: String,
    /// How many messages were sent.
    messages: usize,
    /// Why it was not done, if it was not.
    failure: Option<String>,
}

pub fn run(options: &Panic, host: &mut Host<'_>) -> Result<u8, Failure> {
    let setup = Setup::default();
    let ports = if options.all {
        host.winmm.ports(&setup)?.outputs
    } else {
        let chosen = choose::ports(setup, &options.ports, Use::Send, host.winmm)?;
        chosen.output.into_iter().collect()
    };
    if ports.is_empty() {
        return Err(Failure::NoSuchPort("there is no output".to_owned()));
    }
    let messages = messages(options.every_note);
    let mut report = PanicReport { ports: Vec::new() };
    for port in ports {
        let failure = silence(&port, &messages).err();
        if let Some(failure) = &failure {
            failure.tell(host.errors);
        }
        report.ports.push(Silenced {
            port: port.name,
            messages: if failure.is_none() { messages.len() } else { 0 },
            failure: failure.map(|failure| failure.to_string()),
        });
    }
    let text = if options.json {
        json(&report)?
    } else {
        let mut lines = Table::default();
        for done in report.ports.iter().filter(|port| port.failure.is_none()) {
            lines.row(&done.port, [format!("{} messages, reset", done.messages)]);
        }
        lines.to_string()
    };
    output::print(host.output, &text)?;
    let failed = report.ports.iter().any(|port| port.failure.is_some());
    Ok(if failed { DEVICE_ERROR } else { CLEAN })
}

/// What is sent: for each of the sixteen channels.
fn messages(every_note: bool) -> Vec<[u8; 3]> {
    let mut messages = Vec::new();
    for channel in 0..16 {
        messages.extend(SILENCING.map(|controller| [0xB0 | channel, controller, 0]));
        messages.push([0xE0 | channel, 0, 64]);
        if every_note {
            messages.extend((0..128).map(|note| [0x80 | channel, note, 64]));
        }
    }
    messages
}

fn silence(port: &PortInfo, messages: &[[u8; 3]]) -> Result<(), Failure> {
    let refused = |refusal: Refusal| refusal.failure(&port.name);
    let mut output = Output::open(port.index).map_err(refused)?;
    let sent = messages
        .iter()
        .try_for_each(|message| output.short_message(message));
    if sent.is_ok() {
        // A reset may take back what a driver has not sent yet.
        thread::sleep(wire_time(3 * messages.len()).min(LONGEST_WAIT));
    }
    let reset = sent.and_then(|()| output.reset());
    let closed = output.close().result(Side::Output, &port.name);
    reset.map_err(refused).and(closed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::midi::sounding::Sounding;

    #[test]
    fn whatever_sounds_is_ended() {
        for every_note in [false, true] {
            let mut sounding = Sounding::default();
            for channel in 0..16 {
                sounding.follow(&[0x90 | channel, 60 + channel, 100]);
                sounding.follow(&[0xB0 | channel, 64, 127]);
            }
            for message in messages(every_note) {
                sounding.follow(&message);
            }
            assert!(sounding.is_silent());
        }
        assert_eq!(messages(false).len(), 16 * 5);
        assert_eq!(messages(true).len(), 16 * (5 + 128));
    }
}
