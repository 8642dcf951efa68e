//! Which numbered messages were sent and which came back.

use std::time::Duration;

use serde::Serialize;

/// A message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When it was handed over.
    pub at: Duration,
    /// How long its last byte took, if it came.
    pub latency: Option<Duration>,
}

/// Which numbered messages were sent and which came back.
#[derive(Clone, Debug)]
pub struct Ledger {
    distinct: u64,
    sent: Vec<Sent>,
    tally: Tally,
    /// One more than the highest number that came.
    came_up_to: usize,
}

/// How many messages were sent and came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Sent.
    pub sent: u64,
    /// Of these, came back at least once.
    pub received: u64,
    /// Of these, did not come back.
    pub lost: u64,
    /// Came once more.
    pub duplicated: u64,
    /// Came after one that was sent later.
    pub reordered: u64,
}

impl Tally {
    /// Whether every message came once and in order.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.reordered == 0
    }
}

impl Ledger {
    /// Nothing sent yet; messages tell numbers apart up to `distinct` of them.
    #[must_use]
    pub const fn new(distinct: u64) -> Self {
        Self {
            distinct,
            sent: Vec::new(),
            tally: Tally {
                sent: 0,
                received: 0,
                lost: 0,
                duplicated: 0,
                reordered: 0,
            },
            came_up_to: 0,
        }
    }

    /// The number of the message that is sent next.
    #[must_use]
    pub const fn next_number(&self) -> u64 {
        self.tally.sent
    }

    /// Notes that the next message is handed over at `at`.
    pub fn send(&mut self, at: Duration) {
        self.sent.push(Sent { at, latency: None });
        self.tally.sent += 1;
    }

    /// Notes that a message that carries `number` was complete at `at`. Returns whether one was sent
    /// that carries it.
    pub fn receive(&mut self, number: u64, at: Duration) -> bool {
        let Some(newest) = self.tally.sent.checked_sub(1) else {
            return false;
        };
        // The latest that carries it: what is older by `distinct` messages came long ago.
        let Some(turns) = newest.checked_sub(number) else {
            return false;
        };
        let number = number + turns / self.distinct * self.distinct;
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let Some(sent) = self.sent.get_mut(index) else {
            return false;
        };
        if sent.latency.is_some() {
            self.tally.duplicated += 1;
            return true;
        }
        sent.latency = Some(at.saturating_sub(sent.at));
        self.tally.received += 1;
        if index < self.came_up_to {
            self.tally.reordered += 1;
        } else {
            self.came_up_to = index + 1;
        }
        true
    }

    /// Whether every message that was sent came.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.tally.received == self.tally.sent
    }

    /// The counts, if nothing more comes.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        Tally {
            lost: self.tally.sent - self.tally.received,
            ..self.tally
        }
    }

    /// What was sent, in order.
    #[must_use]
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends `count` messages and receives those of `numbers`, in that order.
    fn tally(count: u64, numbers: &[u64]) -> Tally {
        let mut ledger = Ledger::new(1000);
        for _ in 0..count {
            ledger.send(Duration::ZERO);
        }
        for &number in numbers {
            assert!(ledger.receive(number, Duration::ZERO));
        }
        ledger.tally()
    }

    #[test]
    fn what_comes_once_and_in_order_is_clean() {
        let tally = tally(4, &[0, 1, 2, 3]);
        assert!(tally.is_clean());
        assert_eq!((tally.sent, tally.received), (4, 4));
    }

    #[test]
    fn each_fault_has_its_count() {
        let lost = tally(4, &[0, 2, 3]);
        assert_eq!((lost.lost, lost.received), (1, 3));
        assert_eq!((lost.duplicated, lost.reordered), (0, 0));
        let duplicated = tally(4, &[0, 1, 1, 2, 3]);
        assert_eq!((duplicated.duplicated, duplicated.received), (1, 4));
        assert_eq!((duplicated.lost, duplicated.reordered), (0, 0));
        let reordered = tally(4, &[0, 2, 1, 3]);
        assert_eq!((reordered.reordered, reordered.received), (1, 4));
        assert_eq!((reordered.lost, reordered.duplicated), (0, 0));
    }

    #[test]
    fn numbers_begin_anew_when_they_are_used_up() {
        let mut ledger = Ledger::new(4);
        for number in 0..10_u64 {
            let at = Duration::from_secs(number);
            assert_eq!(ledger.next_number(), number);
            ledger.send(at);
            assert!(ledger.receive(number % 4, at + Duration::from_millis(number)));
        }
        assert!(ledger.is_complete() && ledger.tally().is_clean());
        for (number, sent) in (0..).zip(ledger.sent()) {
            assert_eq!(sent.latency, Some(Duration::from_millis(number)));
        }
    }

    #[test]
    fn what_was_never_sent_is_not_taken() {
        let mut ledger = Ledger::new(4);
        assert!(!ledger.receive(0, Duration::ZERO));
        ledger.send(Duration::ZERO);
        assert!(!ledger.receive(1, Duration::ZERO));
        assert_eq!(ledger.tally().received, 0);
    }
}
