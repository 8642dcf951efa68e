//! Text of others for people: names of ports, devices and files, registry texts. Terminals carry out what
//! control characters say, and characters that turn the direction of writing make a name read otherwise.

use std::borrow::Cow;
use std::fmt::Write;

/// In place of each such character.
const REPLACEMENT: char = '\u{FFFD}';

/// `text` as one line that a terminal shows and does not carry out.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    replaced(text, is_active)
}

/// As [`line()`], but for text of several lines.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    replaced(text, |letter| letter != '\n' && is_active(letter))
}

/// JSON with such characters escaped, as JSON itself demands for a part of them only. They are within
/// strings, as JSON has them nowhere else but for the ends of lines.
#[must_use]
pub fn json(document: &str) -> Cow<'_, str> {
    let is_raw = |letter| letter != '\n' && is_active(letter);
    if !document.contains(is_raw) {
        return Cow::Borrowed(document);
    }
    let mut escaped = String::with_capacity(document.len());
    for letter in document.chars() {
        if is_raw(letter) {
            // All of them are in the basic plane. Writing to a `String` can't fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(letter));
        } else {
            escaped.push(letter);
        }
    }
    Cow::Owned(escaped)
}

/// Whether a character does something else than to be shown.
#[must_use]
pub fn is_active(letter: char) -> bool {
    letter.is_control() || is_line_end(letter) || turns_direction(letter)
}

/// Beside the control characters.
fn is_line_end(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Unicode's explicit directional formatting characters, and its marks (UAX #9, section 2).
fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn replaced(text: &str, is_replaced: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.contains(&is_replaced) {
        let letters = text.chars();
        let letters = letters.map(|it| if is_replaced(it) { REPLACEMENT } else { it });
        Cow::Owned(letters.collect())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_replaced() {
        let title = "\x1b]0;owned\x07";
        assert_eq!(line(title), "\u{FFFD}]0;owned\u{FFFD}");
        for letter in [
            '\0', '\t', '\n', '\r', '\x1b', '\x7f', '\u{85}', '\u{9b}', '\u{9d}', '\u{61c}',
            '\u{200e}', '\u{202a}', '\u{202e}', '\u{2028}', '\u{2066}', '\u{2069}',
        ] {
            let text = format!("a{letter}b");
            assert_eq!(line(&text), "a\u{FFFD}b", "{letter:?}");
            if letter != '\n' {
                assert_eq!(lines(&text), "a\u{FFFD}b", "{letter:?}");
            }
        }
        assert_eq!(lines("a\nb\n"), "a\nb\n");
        let names = "Überall 音源 – ключ (1) «µ» עברית";
        assert!(matches!(line(names), Cow::Borrowed(same) if same == names));
    }

    #[test]
    fn json_keeps_the_name() {
        let name = "a\x1b\u{9b}\u{202e}\u{7f}\n\"\\µ\u{2029}";
        let document = serde_json::to_string_pretty(&[name]).expect("JSON");
        let shown = json(&document);
        assert!(!shown.contains(|letter| letter != '\n' && is_active(letter)));
        let read: Vec<String> = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(read, [name]);
    }
}
