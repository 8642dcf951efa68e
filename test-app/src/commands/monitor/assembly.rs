//! Puts System Exclusive messages together again that winmm delivers in pieces.

use std::time::Instant;

use crate::backend::winmm::{Heard, Sound};
use crate::midi::message::{SYSEX_BEGIN, SYSEX_END};

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Received {
    /// When Windows handed it, or its first piece, over.
    pub(super) at: Instant,
    /// winmm's own stamp.
    pub(super) stamp_ms: u32,
    pub(super) bytes: Vec<u8>,
    /// Windows says that it is no message, or it did not end.
    pub(super) is_broken: bool,
}

/// Takes pieces.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    unfinished: Option<Received>,
}

impl Assembly {
    /// Takes what was heard; returns what that completes.
    pub(super) fn push(&mut self, heard: Heard) -> Vec<Received> {
        let Heard { at, stamp_ms, what } = heard;
        let is_long = matches!(what, Sound::Long(_) | Sound::LongError(_));
        let is_broken = matches!(what, Sound::ShortError(_) | Sound::LongError(_));
        let mut received = Received {
            at,
            stamp_ms,
            bytes: what.into_bytes(),
            is_broken,
        };
        if !is_long {
            return vec![received];
        }
        let mut complete = Vec::new();
        let begins = received.bytes.first() == Some(&SYSEX_BEGIN);
        if let Some(mut unfinished) = self.unfinished.take() {
            if begins {
                unfinished.is_broken = true;
                complete.push(unfinished);
            } else {
                unfinished.bytes.append(&mut received.bytes);
                unfinished.is_broken = is_broken;
                received = unfinished;
            }
        }
        if is_broken || received.bytes.last() == Some(&SYSEX_END) {
            complete.push(received);
        } else {
            self.unfinished = Some(received);
        }
        complete
    }

    /// What is not complete, and will not be.
    pub(super) fn finish(&mut self) -> Option<Received> {
        let mut unfinished = self.unfinished.take()?;
        unfinished.is_broken = true;
        Some(unfinished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_messages_again() {
        let at = Instant::now();
        let mut assembly = Assembly::default();
        let mut heard = Vec::new();
        for what in [
            Sound::Long(vec![0xF0, 1]),
            Sound::Short(0xF8),
            Sound::Long(vec![2, 0xF7]),
            Sound::Long(vec![0xF0, 3]),
            Sound::Long(vec![0xF0, 4, 0xF7]),
            Sound::ShortError(0x3C),
            Sound::Long(vec![0xF0, 5]),
            Sound::LongError(vec![6]),
            Sound::Long(vec![0xF0]),
        ] {
            heard.extend(assembly.push(Heard {
                at,
                stamp_ms: 0,
                what,
            }));
        }
        heard.extend(assembly.finish());
        let found: Vec<_> = heard
            .iter()
            .map(|received| (&received.bytes[..], received.is_broken))
            .collect();
        assert_eq!(
            found,
            [
                (&[0xF8][..], false),
                (&[0xF0, 1, 2, 0xF7], false),
                (&[0xF0, 3], true),
                (&[0xF0, 4, 0xF7], false),
                (&[0x3C], true),
                (&[0xF0, 5, 6], true),
                (&[0xF0], true),
            ]
        );
        assert_eq!(assembly.finish(), None);
    }
}
