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

/// What an interrupt costs that follows on another: end of interrupt, return and entry. So a storm takes time,
/// whatever its routines do.
pub(crate) const COST_OF_RETURN: Duration = Duration::from_micros(1);

/// What became of the interrupts of a line since power-on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterruptCounts {
    /// Those that the processor took.
    pub delivered: u64,
    /// Those that a service routine claimed.
    pub claimed: u64,
    /// Those that none claimed.
    pub unclaimed: u64,
    /// What each connection to the line was called for, in the order in which they were made. A device that was
    /// disconnected and connected again has a second entry. If devices share the line, one of them must not
    /// claim what another raised.
    pub connections: Vec<ConnectionCounts>,
}

/// What became of the interrupts that an interrupt object was called for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// How often its service routines were called.
    pub called: u64,
    /// How often they claimed the interrupt.
    pub claimed: u64,
}

/// Passes over the routines of a shared edge-triggered line after which a machine counts as hung.
const MOST_PASSES: u32 = 1000;

#[derive(Default)]
pub(crate) struct Line {
    trigger: Trigger,
    /// The devices that drive the line, by their numbers on the bus; it is active while any does.
    active: BTreeSet<usize>,
    /// When the processor will take notice, if it has something to notice.
    pending_from: Option<Instant>,
    connected: Vec<Connected>,
    counts: InterruptCounts,
}

/// What is connected to a line.
#[derive(Clone)]
struct Connected {
    connection: usize,
    chain: ServiceChain,
    /// Its place in the line's counts.
    place: usize,
}

/// An interrupt that the processor takes.
pub(crate) struct Taken {
    line: usize,
    trigger: Trigger,
    connected: Vec<Connected>,
}

/// An interrupt that was served.
pub(crate) struct Served {
    line: usize,
    claimed: bool,
    /// The line is active although it was served.
    still_active: bool,
}

/// Interrupts that follow on each other, so that the interrupted code does not go on.
#[derive(Default)]
pub(crate) struct Storm {
    since: Option<Instant>,
    any_claimed: bool,
}

impl Storm {
    /// Whether the next interrupt follows on another.
    pub(crate) const fn has_begun(&self) -> bool {
        self.since.is_some()
    }

    /// An interrupt that came at `at` was served. Returns what is wrong if interrupts have followed on each other
    /// for longer than `most`.
    pub(crate) fn add(
        &mut self,
        served: &Served,
        at: Instant,
        now: Instant,
        most: Duration,
    ) -> Option<String> {
        self.any_claimed |= served.claimed;
        let since = *self.since.get_or_insert(at);
        if since == at || now.since(since) <= most {
            return None;
        }
        let what = match (self.any_claimed, served.still_active) {
            (false, _) => "no service routine claims its interrupts",
            (true, true) => "its interrupts are claimed, and the line is still active",
            (true, false) => "its interrupts are claimed, and others follow without a pause",
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
        line.connected.push(Connected {
            connection,
            chain,
            place: line.counts.connections.len(),
        });
        line.counts.connections.push(ConnectionCounts::default());
        if !line.active.is_empty() && line.trigger == Trigger::Level {
            line.pending_from = Some(now);
        }
        connection
    }

    /// Disconnects a chain. The line of the last one is masked: what was pending is dropped.
    pub(crate) fn disconnect(&mut self, connection: usize) {
        for line in &mut self.lines {
            line.connected
                .retain(|other| other.connection != connection);
            if line.connected.is_empty() {
                line.pending_from = None;
            }
        }
    }

    /// A connection's routines were called.
    fn called(&mut self, line: usize, connected: &Connected, claimed: bool) {
        let counts = &mut self.lines[line].counts.connections[connected.place];
        counts.called += 1;
        counts.claimed += u64::from(claimed);
    }

    /// What became of a line's interrupts.
    pub(crate) fn counts(&self, line: usize) -> InterruptCounts {
        self.lines[line].counts.clone()
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
        Some(Taken {
            line: number,
            trigger: line.trigger,
            connected: line.connected.clone(),
        })
    }

    /// The interrupt was served: a level-triggered line that is still active interrupts again.
    pub(crate) fn served(&mut self, taken: &Taken, claimed: bool, now: Instant) -> Served {
        let line = &mut self.lines[taken.line];
        line.counts.delivered += 1;
        if claimed {
            line.counts.claimed += 1;
        } else {
            line.counts.unclaimed += 1;
        }
        let still_active = !line.active.is_empty();
        if still_active && line.trigger == Trigger::Level {
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
        let call = |connected: &Connected| {
            let claimed = (connected.chain)();
            let mut interrupts = self.interrupts.borrow_mut();
            interrupts.called(taken.line, connected, claimed);
            claimed
        };
        match (taken.trigger, &taken.connected[..]) {
            (Trigger::Level, connected) => connected.iter().any(call),
            (Trigger::Edge, [only]) => call(only),
            (Trigger::Edge, connected) => {
                let pass = || connected.iter().filter(|one| call(one)).count() > 0;
                self.repeat(taken.line, pass)
            }
        }
    }

    /// Repeats a pass over the routines of a shared edge-triggered line while it claims; returns whether any did.
    fn repeat(&self, line: usize, pass: impl Fn() -> bool) -> bool {
        for claims in 0..MOST_PASSES {
            if !pass() {
                return claims > 0;
            }
        }
        self.bug_check(
            BugCheck::DpcWatchdogViolation,
            format!("the routines of the shared, edge-triggered line {line} claim without end"),
        )
    }
}
