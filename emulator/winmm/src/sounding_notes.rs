//! Which notes sound, so that they can be turned off.

/// Channels of a wire.
const CHANNELS: u8 = 16;
/// The controller of the sustain pedal.
const SUSTAIN: u8 = 64;

/// The notes that have been turned on and not off, as sent to a port by short messages.
#[derive(Clone, Default)]
pub(crate) struct SoundingNotes {
    status: u8,
    /// A bit for each note, by channel.
    notes: [u128; CHANNELS as usize],
}

impl SoundingNotes {
    /// Takes note of a message, which may begin with data bytes.
    pub(crate) fn follow(&mut self, message: &[u8]) {
        let data = match message {
            [status @ 0x80..0xF0, data @ ..] => {
                self.status = *status;
                data
            }
            [0x80..=0xFF, ..] | [] => return,
            data => data,
        };
        let &[note, velocity] = data else { return };
        let bit = 1_u128 << (note & 0x7F);
        let notes = &mut self.notes[usize::from(self.status & 0x0F)];
        match (self.status & 0xF0, velocity) {
            (0x80, _) | (0x90, 0) => *notes &= !bit,
            (0x90, _) => *notes |= bit,
            _ => {}
        }
    }

    /// The messages that turn these notes off; none sounds afterwards.
    pub(crate) fn turn_off(&mut self) -> Vec<[u8; 3]> {
        let sounding = std::mem::take(self).notes;
        (0..CHANNELS)
            .zip(sounding)
            .flat_map(|(channel, notes)| {
                (0..128_u8)
                    .filter(move |note| notes >> note & 1 != 0)
                    .map(move |note| [0x80 | channel, note, 0x40])
            })
            .collect()
    }

    /// The messages that `midiOutReset` sends: these notes off, and the sustain pedal up on every
    /// channel. (`MODM_RESET`'s documentation lets drivers leave out the notes that don't sound.)
    pub(crate) fn reset(&mut self) -> Vec<[u8; 3]> {
        let mut messages = self.turn_off();
        messages.extend((0..CHANNELS).map(|channel| [0xB0 | channel, SUSTAIN, 0]));
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_sounds_is_turned_off() {
        let mut notes = SoundingNotes::default();
        for message in [
            &[0x90, 60, 100][..],
            &[61, 100],
            &[0xF8],
            &[62, 100],
            &[61, 0],
            &[0x95, 127, 1],
            &[0xC5, 7],
            &[0x80, 62, 64],
        ] {
            notes.follow(message);
        }
        assert_eq!(notes.turn_off(), [[0x80, 60, 0x40], [0x85, 127, 0x40]]);
        assert!(notes.turn_off().is_empty());
    }

    #[test]
    fn a_reset_lifts_every_pedal() {
        let messages = SoundingNotes::default().reset();
        assert_eq!(messages.len(), 16);
        assert_eq!(messages[15], [0xBF, 64, 0]);
    }
}
