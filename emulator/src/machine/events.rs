//! What will happen, in order of time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::time::Instant;

/// Something that happens by itself.
pub(crate) enum Event {
    /// A device may change: a character has shifted out, or one arrives.
    Device(usize),
    /// A timer runs off, if it is still set with this generation.
    Timer { timer: usize, generation: u64 },
    /// The processor may take an interrupt or a DPC that it was slow to take.
    Wake,
    /// Anything else, in no processor's context.
    Call(Box<dyn FnOnce()>),
}

struct Entry {
    at: Instant,
    number: u64,
    event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// The earliest is the greatest, as the heap yields the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

/// The queue of events; what is due at the same time happens in the order in which it was queued.
#[derive(Default)]
pub(crate) struct Events {
    heap: BinaryHeap<Entry>,
    next_number: u64,
}

impl Events {
    pub(crate) fn add(&mut self, at: Instant, event: Event) {
        let number = self.next_number;
        self.next_number += 1;
        self.heap.push(Entry { at, number, event });
    }

    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|entry| entry.at)
    }

    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(Instant, Event)> {
        if self.next_at()? > now {
            return None;
        }
        self.heap.pop().map(|entry| (entry.at, entry.event))
    }
}
