//! Interrupt lines and what is connected to them.

use std::rc::Rc;

use crate::time::Instant;

/// How a line makes the processor take notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trigger {
    /// As long as the line is active (PCI).
    #[default]
    Level,
    /// When the line becomes active (ISA).
    Edge,
}

/// Calls all that is connected to a line; returns whether anybody claimed the interrupt.
pub(crate) type ServiceChain = Rc<dyn Fn() -> bool>;

#[derive(Default)]
pub(crate) struct Line {
    trigger: Trigger,
    active: bool,
    /// When the processor will take notice, if it has something to notice.
    pending_from: Option<Instant>,
    unclaimed: u32,
    connected: Vec<(usize, ServiceChain)>,
}

/// Unclaimed interrupts in a row after which a machine counts as hung.
const MOST_UNCLAIMED: u32 = 1000;

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

    /// The line's level as the device drives it; `notice_at` is when the processor sees a rise.
    /// Returns whether it rose.
    pub(crate) fn drive(&mut self, line: usize, active: bool, notice_at: Instant) -> bool {
        let line = &mut self.lines[line];
        let rose = active && !line.active;
        line.active = active;
        if rose {
            line.pending_from.get_or_insert(notice_at);
        } else if !active && line.trigger == Trigger::Level {
            line.pending_from = None;
        }
        rose
    }

    pub(crate) fn connect(&mut self, line: usize, chain: ServiceChain) -> usize {
        self.next_connection += 1;
        let connection = self.next_connection;
        self.lines[line].connected.push((connection, chain));
        connection
    }

    pub(crate) fn disconnect(&mut self, connection: usize) {
        for line in &mut self.lines {
            line.connected.retain(|(other, _)| *other != connection);
        }
    }

    /// Whether anything is connected to any line.
    pub(crate) fn anything_connected(&self) -> bool {
        self.lines.iter().any(|line| !line.connected.is_empty())
    }

    /// A line whose interrupt the processor takes now, with what is connected to it.
    pub(crate) fn take_pending(&mut self, now: Instant) -> Option<(usize, Vec<ServiceChain>)> {
        let (number, line) = self.lines.iter_mut().enumerate().find(|(_, line)| {
            !line.connected.is_empty() && line.pending_from.is_some_and(|from| from <= now)
        })?;
        line.pending_from = None;
        let chains = line
            .connected
            .iter()
            .map(|(_, chain)| Rc::clone(chain))
            .collect();
        Some((number, chains))
    }

    /// The interrupt was served. Returns false when it looks as if the machine hung in an
    /// endless chain of interrupts that nobody claims.
    pub(crate) fn served(&mut self, line: usize, claimed: bool, now: Instant) -> bool {
        let line = &mut self.lines[line];
        line.unclaimed = if claimed { 0 } else { line.unclaimed + 1 };
        if line.active && line.trigger == Trigger::Level {
            line.pending_from.get_or_insert(now);
        }
        line.unclaimed < MOST_UNCLAIMED
    }
}
