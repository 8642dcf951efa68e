//! Compares what arrived with what was expected, byte by byte, while both go on.

mod align;
mod gap;

use std::collections::VecDeque;
use std::fmt;

use serde::Serialize;

/// How many bytes that arrived are looked at to find where the streams meet again.
const WINDOW: usize = 1024;

/// How many bytes before a difference are remembered.
const HISTORY: usize = 64;

/// How many bytes a [`Difference`] shows of each stream.
const CONTEXT: usize = 16;

/// How many bytes may arrive that were not yet expected before they count as wrong.
const MAX_UNEXPECTED: usize = 1 << 16;

/// After this many searches in vain the whole of what is expected is searched again.
const MAX_HOLD_OFF: u32 = 64;

/// What went wrong, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Expected, and never arrived.
    pub lost: u64,
    /// Arrived once more than expected.
    pub duplicated: u64,
    /// Arrived at another place than expected.
    pub reordered: u64,
    /// Arrived as another byte, or from nowhere.
    pub corrupted: u64,
}

impl Counts {
    /// Whether nothing went wrong.
    #[must_use]
    pub fn are_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// The first place at which the streams differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The number of the byte among those expected, from 0.
    pub offset: u64,
    /// The bytes before it, in hex.
    pub before: String,
    /// What was expected from it on, in hex.
    pub expected: String,
    /// What arrived instead, in hex.
    pub arrived: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "at byte {}: after [{}] expected [{}], arrived [{}]",
            self.offset, self.before, self.expected, self.arrived
        )
    }
}

/// Compares two streams of bytes that grow.
///
/// Where they differ it looks for the nearest place at which both go on alike, and counts what is
/// before it by kind. It keeps no more than the bytes that are on their way and a window.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    expected: VecDeque<u8>,
    arrived: VecDeque<u8>,
    history: VecDeque<u8>,
    offset: u64,
    counts: Counts,
    first: Option<Difference>,
    hold_off: HoldOff,
}

/// Spares the search through all that is expected when it was in vain lately.
#[derive(Clone, Copy, Debug, Default)]
struct HoldOff {
    remaining: u32,
    next: u32,
}

impl Comparison {
    /// Adds bytes that shall arrive. To be called before they can have arrived.
    pub fn expect(&mut self, bytes: &[u8]) {
        self.expected.extend(bytes);
    }

    /// Adds a byte that arrived.
    pub fn arrive(&mut self, byte: u8) {
        if self.arrived.is_empty() && self.expected.front() == Some(&byte) {
            self.agree();
        } else {
            self.arrived.push_back(byte);
            self.settle(false);
        }
    }

    /// Says that nothing more will arrive.
    pub fn finish(&mut self) {
        self.settle(true);
    }

    /// Whether all that arrived so far is as expected.
    #[must_use]
    pub fn is_clean_so_far(&self) -> bool {
        self.first.is_none() && self.arrived.is_empty()
    }

    /// What went wrong; complete after [`finish`](Self::finish).
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Where the streams differ first.
    #[must_use]
    pub const fn first_difference(&self) -> Option<&Difference> {
        self.first.as_ref()
    }

    /// Takes the first byte off the expected ones, as arrived or dealt with.
    fn agree(&mut self) {
        if let Some(byte) = self.expected.pop_front() {
            if self.history.len() == HISTORY {
                self.history.pop_front();
            }
            self.history.push_back(byte);
            self.offset += 1;
        }
    }

    fn settle(&mut self, last: bool) {
        loop {
            while !self.arrived.is_empty() && self.arrived.front() == self.expected.front() {
                self.arrived.pop_front();
                self.agree();
            }
            let nothing_left = self.arrived.is_empty() && (self.expected.is_empty() || !last);
            if nothing_left || (!last && !self.sees_enough()) {
                return;
            }
            self.bridge(last);
        }
    }

    /// Whether enough is known of both streams to find where they meet again.
    fn sees_enough(&self) -> bool {
        let window = WINDOW + align::ANCHOR;
        self.arrived.len() >= window
            && (self.expected.len() >= window || self.arrived.len() >= MAX_UNEXPECTED)
    }

    /// Counts what is between here and the place where the streams meet again, and goes there.
    fn bridge(&mut self, last: bool) {
        self.remember_first();
        let expected = self.expected.make_contiguous();
        let arrived = self.arrived.make_contiguous();
        let near = &expected[..expected.len().min(WINDOW + align::ANCHOR)];
        let seen = &arrived[..arrived.len().min(WINDOW + align::ANCHOR)];
        let ends = last && near.len() == expected.len() && seen.len() == arrived.len();
        let meeting = align::meeting_place(near, seen, ends)
            .or_else(|| self.hold_off.search(expected, arrived, last))
            .unwrap_or((expected.len().min(WINDOW), arrived.len().min(WINDOW)));
        let (missing, surplus) = meeting;
        let found = gap::count(
            &expected[..missing],
            &arrived[..surplus],
            self.history.iter().copied(),
        );
        self.counts.lost += found.lost;
        self.counts.duplicated += found.duplicated;
        self.counts.reordered += found.reordered;
        self.counts.corrupted += found.corrupted;
        for _ in 0..missing {
            self.agree();
        }
        self.arrived.drain(..surplus);
    }

    fn remember_first(&mut self) {
        if self.first.is_some() {
            return;
        }
        let recent = self.history.len().saturating_sub(CONTEXT);
        self.first = Some(Difference {
            offset: self.offset,
            before: hex(self.history.iter().skip(recent)),
            expected: hex(self.expected.iter().take(CONTEXT)),
            arrived: hex(self.arrived.iter().take(CONTEXT)),
        });
    }
}

impl HoldOff {
    fn search(&mut self, expected: &[u8], arrived: &[u8], last: bool) -> Option<(usize, usize)> {
        if self.remaining > 0 && !last {
            self.remaining -= 1;
            return None;
        }
        let found = align::meeting_place(expected, arrived, last);
        self.next = match found {
            Some(_) => 0,
            None => (self.next * 2).clamp(1, MAX_HOLD_OFF),
        };
        self.remaining = self.next;
        found
    }
}

fn hex<'b>(bytes: impl Iterator<Item = &'b u8>) -> String {
    let bytes: Vec<_> = bytes.map(|byte| format!("{byte:02X}")).collect();
    bytes.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream in which no stretch as long as an anchor comes twice soon.
    fn stream() -> impl Iterator<Item = u8> {
        let mut state = 1_u32;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0] & 0x7F
        })
    }

    #[test]
    fn a_long_run_with_many_faults_keeps_little() {
        let mut comparison = Comparison::default();
        let mut most = 0;
        let mut lost = 0;
        for (number, byte) in stream().take(1_000_000).enumerate() {
            comparison.expect(&[byte]);
            if number % 997 == 500 {
                lost += 1;
            } else {
                comparison.arrive(byte);
            }
            most = most.max(comparison.expected.len() + comparison.arrived.len());
        }
        comparison.finish();
        assert_eq!(
            comparison.counts(),
            Counts {
                lost,
                ..Counts::default()
            }
        );
        assert!(most < 8 * WINDOW, "{most} bytes kept");
    }

    #[test]
    fn a_long_stretch_that_is_lost_is_counted_as_such() {
        let mut comparison = Comparison::default();
        let bytes: Vec<_> = stream().take(300_000).collect();
        comparison.expect(&bytes);
        for &byte in bytes[..1000].iter().chain(&bytes[201_000..]) {
            comparison.arrive(byte);
        }
        comparison.finish();
        let lost = Counts {
            lost: 200_000,
            ..Counts::default()
        };
        assert_eq!(comparison.counts(), lost);
    }

    #[test]
    fn bytes_that_never_stop_coming_unexpectedly_are_not_kept() {
        let mut comparison = Comparison::default();
        for byte in stream().take(500_000) {
            comparison.arrive(byte);
            assert!(comparison.arrived.len() <= MAX_UNEXPECTED);
        }
        comparison.finish();
        let counts = comparison.counts();
        assert_eq!(counts.duplicated + counts.corrupted, 500_000);
    }
}
