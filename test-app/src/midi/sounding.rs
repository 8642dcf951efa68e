//! Which notes sound, as far as what was sent tells.

use super::ALL_NOTES_OFF;

/// The highest note plus one.
const NOTES: u8 = 128;
/// The sustain pedal's controller.
const SUSTAIN: u8 = 64;
/// The velocity of a note off whose velocity nobody chose.
const VELOCITY: u8 = 64;

/// Which notes sound on the sixteen channels, and where the sustain pedal is down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sounding([Channel; 16]);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Channel {
    notes: u128,
    sustained: bool,
}

impl Sounding {
    /// Takes note of a complete channel message; others mean nothing here.
    pub fn follow(&mut self, message: &[u8]) {
        let &[status, first @ ..NOTES, second] = message else {
            return;
        };
        let channel = &mut self.0[usize::from(status & 0x0F)];
        let note = 1_u128 << first;
        match (status & 0xF0, first) {
            (0x90, _) if second > 0 => channel.notes |= note,
            (0x80 | 0x90, _) => channel.notes &= !note,
            (0xB0, SUSTAIN) => channel.sustained = second >= 64,
            (0xB0, ALL_NOTES_OFF) => channel.notes = 0,
            _ => {}
        }
    }

    /// Whether nothing sounds.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }

    /// The messages after which nothing sounds: for each channel that sounds its note offs, the pedal's
    /// release, and all notes off.
    #[must_use]
    pub fn ends(&self) -> Vec<[u8; 3]> {
        let mut messages = Vec::new();
        for (number, channel) in (0..).zip(&self.0) {
            if *channel == Channel::default() {
                continue;
            }
            let sounds = |note: &u8| channel.notes & (1 << note) != 0;
            let notes = (0..NOTES).filter(sounds);
            messages.extend(notes.map(|note| [0x80 | number, note, VELOCITY]));
            if channel.sustained {
                messages.push([0xB0 | number, SUSTAIN, 0]);
            }
            messages.push([0xB0 | number, ALL_NOTES_OFF, 0]);
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_sounds_is_ended() {
        let mut sounding = Sounding::default();
        for message in [
            &[0x90, 60, 100][..],
            &[0x92, 61, 1],
            &[0x90, 62, 90],
            &[0x90, 60, 0],
            &[0xB2, 64, 127],
            &[0xC5, 1],
            &[0xF8],
        ] {
            sounding.follow(message);
        }
        assert_eq!(
            sounding.ends(),
            [
                [0x80, 62, 64],
                [0xB0, 123, 0],
                [0x82, 61, 64],
                [0xB2, 64, 0],
                [0xB2, 123, 0]
            ]
        );
    }

    proptest! {
        #[test]
        fn after_the_ends_nothing_sounds(messages in prop::collection::vec(
            (0x80_u8..0xC0, 0_u8..128, 0_u8..128), 0..200,
        )) {
            let mut sounding = Sounding::default();
            for (status, first, second) in messages {
                sounding.follow(&[status, first, second]);
            }
            for message in sounding.ends() {
                sounding.follow(&message);
            }
            prop_assert!(sounding.is_silent());
        }
    }
}
