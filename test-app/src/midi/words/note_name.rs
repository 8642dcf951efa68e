//! Names of notes: middle C, number 60, is C4.

/// The notes of an octave.
const NAMES: [&str; 12] = [
    "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B",
];

/// Where the letters A to G are in an octave.
const LETTERS: [i32; 7] = [9, 11, 0, 2, 4, 5, 7];

/// The octave of note 0.
const LOWEST_OCTAVE: i32 = -1;

/// The name of a note, with a sharp where it needs one.
#[must_use]
pub fn note_name(note: u8) -> String {
    let octave = i32::from(note) / 12 + LOWEST_OCTAVE;
    format!("{}{octave}", NAMES[usize::from(note) % 12])
}

/// The number of a note: a letter, `#` or `b` or neither, and the octave.
#[must_use]
pub fn note_number(name: &str) -> Option<u8> {
    let mut characters = name.chars();
    let letter = characters.next()?.to_ascii_uppercase();
    let letter = u32::from(letter).checked_sub(u32::from('A'))?;
    let position = LETTERS.get(letter as usize)?;
    let rest = characters.as_str();
    let (shift, octave) = match (rest.strip_prefix('#'), rest.strip_prefix('b')) {
        (Some(octave), _) => (1, octave),
        (_, Some(octave)) => (-1, octave),
        _ => (0, rest),
    };
    let is_known = matches!(octave.as_bytes(), [b'0'..=b'9'] | b"-1");
    let octave: i32 = is_known.then(|| octave.parse().ok())??;
    let note = (octave - LOWEST_OCTAVE) * 12 + position + shift;
    u8::try_from(note).ok().filter(|note| *note < 128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_note_has_a_name_that_is_understood() {
        for note in 0..128 {
            assert_eq!(note_number(&note_name(note)), Some(note));
        }
        assert_eq!(note_name(60), "C4");
    }

    #[test]
    fn other_spellings_are_understood_or_not() {
        for (name, note) in [
            ("c#4", Some(61)),
            ("Db4", Some(61)),
            ("bb3", Some(58)),
            ("cb4", Some(59)),
            ("b#3", Some(60)),
            ("G9", Some(127)),
            ("C-1", Some(0)),
            ("G#9", None),
            ("Cb-1", None),
            ("C-2", None),
            ("C10", None),
            ("H4", None),
            ("C", None),
            ("4", None),
            ("", None),
            ("é4", None),
        ] {
            assert_eq!(note_number(name), note, "{name}");
        }
    }
}
