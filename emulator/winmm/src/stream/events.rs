//! `MIDIEVENT`s in a stream's buffer.

use windows_sys::Win32::Media::Audio::{
    MEVT_F_CALLBACK, MEVT_F_LONG, MEVT_LONGMSG, MEVT_SHORTMSG, MEVT_TEMPO,
};

/// Bytes of an event without its parameters.
const HEAD: usize = 12;

/// What an event does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A short message, packed.
    Short(u32),
    /// Bytes to send as they are.
    Long(Vec<u8>),
    /// Microseconds of a quarter note from now on.
    Tempo(u32),
    /// Nothing: time passes, or it is a comment.
    Nothing,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StreamEvent {
    /// Ticks since the event before.
    pub(crate) delta: u32,
    /// What it does.
    pub(crate) action: Action,
    /// The program is told before.
    pub(crate) calls_back: bool,
    /// Where the next event begins.
    pub(crate) next: usize,
}

/// The event at an offset; nothing at the end, or if it is cut.
pub(crate) fn event(buffer: &[u8], offset: usize) -> Option<StreamEvent> {
    let rest = buffer.get(offset..)?;
    let word = |index: usize| {
        let bytes = rest.get(4 * index..4 * index + 4)?;
        bytes.try_into().ok().map(u32::from_le_bytes)
    };
    let (delta, event) = (word(0)?, word(2)?);
    let flags = event.cast_signed();
    let parameter = event & 0x00FF_FFFF;
    let is_long = flags & MEVT_F_LONG != 0;
    let length = if is_long { parameter as usize } else { 0 };
    let data = rest.get(HEAD..HEAD + length)?;
    let [.., high] = (flags & !MEVT_F_CALLBACK).to_le_bytes();
    let action = match high {
        MEVT_SHORTMSG => Action::Short(parameter),
        MEVT_TEMPO => Action::Tempo(parameter),
        MEVT_LONGMSG => Action::Long(data.to_vec()),
        _ => Action::Nothing,
    };
    Some(StreamEvent {
        delta,
        action,
        calls_back: flags & MEVT_F_CALLBACK != 0,
        next: offset + HEAD + length.next_multiple_of(4),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn events_follow_each_other() {
        let buffer = words(&[
            5,
            0,
            0x007F_3C90,
            0,
            0,
            0x8000_0005,
            0x0302_01F0,
            0x0000_00F7,
            7,
            0,
            0x4106_1A80,
            1,
            0,
            0x0200_0000,
            0,
            0,
            0x8200_0001,
            0x21,
        ]);
        let mut offset = 0;
        let mut found = Vec::new();
        while let Some(event) = event(&buffer, offset) {
            offset = event.next;
            found.push((event.delta, event.action, event.calls_back));
        }
        let long = vec![0xF0, 1, 2, 3, 0xF7];
        assert_eq!(
            found,
            [
                (5, Action::Short(0x007F_3C90), false),
                (0, Action::Long(long), false),
                (7, Action::Tempo(400_000), true),
                (1, Action::Nothing, false),
                (0, Action::Nothing, false),
            ]
        );
        assert_eq!(offset, buffer.len());
    }

    #[test]
    fn a_cut_event_is_none() {
        let buffer = words(&[0, 0, 0x8000_0005, 0x0302_01F0]);
        assert_eq!(event(&buffer, 0), None);
        assert_eq!(event(&buffer[..8], 0), None);
        assert_eq!(event(&buffer, 100), None);
    }
}
