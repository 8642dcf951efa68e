//! `monitor`: what a port receives.

mod assembly;
mod line;
mod record;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::choose::{self, Use};
use crate::Host;
use crate::backend::winmm::{Input, Over, Side, gone};
use crate::backend::{PortInfo, Setup};
use crate::cli::Monitor;
use crate::failure::{CLEAN, Failure};
use crate::interrupt::Interrupt;
use crate::midi::decode::{Group, Meaning, broken, meaning};
use crate::visible;
use assembly::{Assembly, Received};
use line::Line;
use record::Record;

/// How long to wait for messages before Ctrl-C is heeded.
const STEP: Duration = Duration::from_millis(50);

/// How many bytes of a System Exclusive message are shown.
const SHOWN: usize = 24;

pub fn run(options: &Monitor, host: &mut Host<'_>) -> Result<u8, Failure> {
    let record = options.record.as_deref().map(Record::check).transpose()?;
    let setup = choose::ports(Setup::default(), &options.ports, Use::Listen, host.winmm)?;
    let port = setup.input.unwrap_or_default();
    let origin = Instant::now();
    let mut input = Input::open(port.index).map_err(|refusal| refusal.failure(&port.name))?;
    let mut listener = Listener {
        options,
        interrupt: host.interrupt,
        output: host.output,
        origin,
        assembly: Assembly::default(),
        record,
        counts: Counts::default(),
        finished: false,
    };
    let mut heard_all = listener.listen(&input, &port);
    let closed = input.close().result(Side::Input, &port.name);
    if heard_all.is_ok() {
        // What came in until the port was closed, and a message that did not end.
        heard_all = listener.take(&input).and_then(|()| listener.end());
    }
    heard_all?;
    closed?;
    let lost = input.counts().overflowed;
    if lost > 0 {
        return Err(Failure::Device(format!(
            "this program was too slow: {lost} messages were lost in it, not in the port; show fewer with \
             --only"
        )));
    }
    Ok(CLEAN)
}

/// How many messages there were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Counts {
    /// Those that were shown, by kind.
    shown: BTreeMap<Group, u64>,
    /// Those that the options hide.
    hidden: u64,
}

impl Counts {
    fn shown(&self) -> u64 {
        self.shown.values().sum()
    }
}

/// The first line of `--json`.
#[derive(Serialize)]
struct Beginning<'p> {
    /// The port's name.
    listening: &'p str,
}

/// The last line of `--json`.
#[derive(Serialize)]
struct Summary<'c> {
    counts: &'c Counts,
}

struct Listener<'l, 'o> {
    options: &'l Monitor,
    interrupt: &'l Interrupt,
    output: &'o mut dyn io::Write,
    origin: Instant,
    assembly: Assembly,
    record: Option<Record>,
    counts: Counts,
    /// Nobody wants to see more.
    finished: bool,
}

impl Listener<'_, '_> {
    fn listen(&mut self, input: &Input, port: &PortInfo) -> Result<(), Failure> {
        let first_line = if self.options.json {
            line::json(&Beginning {
                listening: &port.name,
            })?
        } else {
            format!("{}: listening; Ctrl-C ends\n", visible::line(&port.name))
        };
        self.print(&first_line)?;
        let end = self.options.listen_for.map(|time| self.origin + time);
        while !self.is_over(end) {
            let left = end.map_or(STEP, |end| end.saturating_duration_since(Instant::now()));
            input.wait(left.min(STEP));
            let over = input.over();
            self.take(input)?;
            if let Some(over) = over {
                // What was received is shown and written all the same.
                self.end()?;
                return Err(match over {
                    Over::Closed => Failure::Device(gone(&port.name, "Windows has closed it")),
                    Over::Refused(refusal) => refusal.failure(&port.name),
                });
            }
        }
        Ok(())
    }

    fn is_over(&self, end: Option<Instant>) -> bool {
        let is_late = end.is_some_and(|end| Instant::now() >= end);
        self.finished || is_late || self.interrupt.is_raised()
    }

    /// Shows what was received since last asked.
    fn take(&mut self, input: &Input) -> Result<(), Failure> {
        let mut text = String::new();
        for heard in input.take() {
            for received in self.assembly.push(heard) {
                self.show(&received, &mut text)?;
            }
        }
        self.print(&text)
    }

    /// Shows what is left, writes the record and the counts.
    fn end(&mut self) -> Result<(), Failure> {
        let mut text = String::new();
        if let Some(received) = self.assembly.finish() {
            self.show(&received, &mut text)?;
        }
        if self.options.json {
            let summary = Summary {
                counts: &self.counts,
            };
            text += &line::json(&summary)?;
        } else {
            text += &self.closing_line();
        }
        if let Some(record) = self.record.take() {
            record.write()?;
        }
        self.print(&text)
    }

    fn closing_line(&self) -> String {
        let counts = &self.counts;
        let kinds: Vec<_> = counts
            .shown
            .iter()
            .map(|(group, count)| format!("{} {count}", line::name(*group)))
            .collect();
        let of_which = if kinds.is_empty() { "" } else { ": " };
        let hidden = match counts.hidden {
            0 => String::new(),
            hidden => format!("; not shown {hidden}"),
        };
        format!(
            "messages {}{of_which}{}{hidden}\n",
            counts.shown(),
            kinds.join(", ")
        )
    }

    fn show(&mut self, received: &Received, text: &mut String) -> Result<(), Failure> {
        if self.finished {
            return Ok(());
        }
        let shown = if self.options.full { usize::MAX } else { SHOWN };
        let meaning = if received.is_broken {
            broken(&received.bytes, shown)
        } else {
            meaning(&received.bytes, shown)
        };
        if !self.wants(&meaning) {
            self.counts.hidden += 1;
            return Ok(());
        }
        *self.counts.shown.entry(meaning.group).or_default() += 1;
        let at = received.at.saturating_duration_since(self.origin);
        if let Some(record) = &mut self.record {
            record.push(at, &received.bytes, meaning.group);
        }
        let line = Line {
            at,
            received,
            meaning: &meaning,
        };
        *text += &if self.options.json {
            line.json()?
        } else {
            line.text()
        };
        self.finished = self.options.count == Some(self.counts.shown());
        Ok(())
    }

    fn wants(&self, meaning: &Meaning) -> bool {
        let options = self.options;
        let is_only = options.only.is_empty() || options.only.contains(&meaning.group);
        let is_channel = match (options.channel, meaning.channel) {
            (Some(wanted), Some(channel)) => wanted == channel,
            _ => true,
        };
        is_only && is_channel && !options.not.contains(&meaning.group)
    }

    /// Prints. A reader that went away has seen enough.
    fn print(&mut self, text: &str) -> Result<(), Failure> {
        let written = self.output.write_all(visible::lines(text).as_bytes());
        match written.and_then(|()| self.output.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.finished = true;
                Ok(())
            }
            Err(error) => Err(Failure::Device(format!("cannot write the output: {error}"))),
        }
    }
}
