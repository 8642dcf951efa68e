//! Interrupt lines, the devices that drive them, and what is connected to them.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use super::Machine;
use super::stop::BugCheck;
use crate::time::Instant;

/// How a line makes the processor take notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trigger {
    /// As long as the line is active (PCI). A line that is active when a routine is connected to it
    /// interrupts before the connect returns.
    #[default]
    Level,
    /// When the line becomes active (ISA). An edge that comes while no routine is connected is lost: the
    /// line's input at the I/O APIC, which every PC with 64-bit Windows has, is masked then, and the
    /// 82093AA's data sheet has edges at a masked input neither delivered nor held. (An 8259 would
    /// have kept it.)
    Edge,
}

/// Calls all that is connected to a line; returns whether anybody claimed the interrupt.
pub(crate) type ServiceChain = Rc<dyn Fn() -> bool>;

/// What an interrupt costs whose line is still active afterwards: entry, end of interrupt, and entry
/// again. So a storm takes time, whatever its routines do.
pub(crate) const COST_OF_RETURN: Duration = Duration::from_micros(1);

/// Passes over the routines of a shared edge-triggered line after which a machine counts as hung.
const MOST_PASSES: u32 = 1000;

#[derive(Default)]
pub(crate) struct Line {
    trigger: Trigger,
    /// The devices that drive the line, by their numbers on the bus; it is active while any does.
    active: BTreeSet<usize>,
    /// When the processor will take notice, if it has something to notice.
    pending_from: Option<Instant>,
    connected: Vec<(usize, ServiceChain)>,
}

/// An interrupt that the processor takes.
pub(crate) struct Taken {
    line: usize,
    trigger: Trigger,
    chains: Vec<ServiceChain>,
}

/// An interrupt that was served.
pub(crate) struct Served {
    pub(crate) line: usize,
    pub(crate) claimed: bool,
    /// The line is level-triggered and still active: the next interrupt follows on this one.
    pub(crate) still_active: bool,
}

/// Interrupts that follow on each other, so that the interrupted code does not go on.
#[derive(Default)]
pub(crate) struct Storm {
    since: Option<Instant>,
    any_claimed: bool,
}

impl Storm {
    /// An interrupt that came at `at` was served. Returns what is wrong if the interrupted code has been
    /// waiting for longer than `most`.
    pub(crate) fn add(
        &mut self,
        served: &Served,
        at: Instant,
        now: Instant,
        most: Duration,
    ) -> Option<String> {
        let since = *self.since.get_or_insert(at);
        self.any_claimed |= served.claimed;
        if !served.still_active || now.since(since) <= most {
            return None;
        }
        let what = if self.any_claimed {
            "its interrupts are claimed, and the line is still active"
        } else {
            "no service routine claims its interrupts"
        };
        let line = served.line;
        Some(format!(
            "interrupt storm: line {line} has kept the processor from going on for {most:?}; {what}"
        ))
    }
}

/// All lines by their vectors.
#[derive(Default)]
pub(crate) struct Interrupts {
    lines: Vec<Line>,
    next_connection: usize,
}

impl Interrupts {
    pub(crate) fn add_line(&mut self, trigger: Trigger) -> usize {
        self.lines.push(Line {
            trigger,
            ..Line::default()
        });
        self.lines.len() - 1
    }

    /// How a line makes the processor take notice.
    pub(crate) fn trigger(&self, line: usize) -> Trigger {
        self.lines[line].trigger
    }

    /// A device drives its line, at `level`; `notice_at` is when the processor sees a rise. Returns
    /// whether the line rose, for the processor to see.
    pub(crate) fn drive(
        &mut self,
        line: usize,
        device: usize,
        level: bool,
        notice_at: Instant,
    ) -> bool {
        let line = &mut self.lines[line];
        let was_active = !line.active.is_empty();
        if level {
            line.active.insert(device);
        } else {
            line.active.remove(&device);
        }
        let is_active = !line.active.is_empty();
        if line.connected.is_empty() {
            return false;
        }
        let rose = is_active && !was_active;
        if rose {
            line.pending_from.get_or_insert(notice_at);
        } else if !is_active && line.trigger == Trigger::Level {
            line.pending_from = None;
        }
        rose
    }

    /// Connects a chain of routines. A level-triggered line that is active interrupts from `now` on.
    pub(crate) fn connect(&mut self, line: usize, chain: ServiceChain, now: Instant) -> usize {
        self.next_connection += 1;
        let connection = self.next_connection;
        let line = &mut self.lines[line];
        line.connected.push((connection, chain));
        if !line.active.is_empty() && line.trigger == Trigger::Level {
            line.pending_from = Some(now);
        }
        connection
    }

    /// Disconnects a chain. The line of the last one is masked: what was pending is dropped.
    pub(crate) fn disconnect(&mut self, connection: usize) {
        for line in &mut self.lines {
            line.connected.retain(|(other, _)| *other != connection);
            if line.connected.is_empty() {
                line.pending_from = None;
            }
        }
    }

    /// Whether anything is connected to any line.
    pub(crate) fn anything_connected(&self) -> bool {
        self.lines.iter().any(|line| !line.connected.is_empty())
    }

    /// The interrupt that the processor takes now.
    pub(crate) fn take_pending(&mut self, now: Instant) -> Option<Taken> {
        let (number, line) = self
            .lines
            .iter_mut()
            .enumerate()
            .find(|(_, line)| line.pending_from.is_some_and(|from| from <= now))?;
        line.pending_from = None;
        let chains = line.connected.iter().map(|(_, chain)| Rc::clone(chain));
        Some(Taken {
            line: number,
            trigger: line.trigger,
            chains: chains.collect(),
        })
    }

    /// The interrupt was served: a level-triggered line that is still active interrupts again.
    pub(crate) fn served(&mut self, taken: &Taken, claimed: bool, now: Instant) -> Served {
        let line = &mut self.lines[taken.line];
        let still_active = !line.active.is_empty() && line.trigger == Trigger::Level;
        if still_active {
            line.pending_from.get_or_insert(now);
        }
        Served {
            line: taken.line,
            claimed,
            still_active,
        }
    }
}

impl Machine {
    /// Calls what is connected to a line, in the order in which it was connected; returns whether the interrupt
    /// was claimed. As in Windows, that of a level-triggered line ends with the first routine that claims it, and
    /// comes again while the line is active; for a shared edge-triggered line all are called, until there
    /// was a whole pass in which no routine claimed, since an edge may hide behind another.
    pub(crate) fn serve(&self, taken: &Taken) -> bool {
        match (taken.trigger, &taken.chains[..]) {
            (Trigger::Level, chains) => chains.iter().any(|chain| chain()),
            (Trigger::Edge, [chain]) => chain(),
            (Trigger::Edge, chains) => self.serve_shared_edge(taken.line, chains),
        }
    }

    fn serve_shared_edge(&self, line: usize, chains: &[ServiceChain]) -> bool {
        for pass in 0..MOST_PASSES {
            let claims = chains.iter().filter(|chain| chain()).count();
            if claims == 0 {
                return pass > 0;
            }
        }
        self.bug_check(
            BugCheck::DpcWatchdogViolation,
            format!("the routines of the shared, edge-triggered line {line} claim without end"),
        )
    }
}
