//! Words with their places.

use std::fmt;

/// Where a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether it is in an argument, and not in a line.
    in_argument: bool,
    /// The argument or line, from 1.
    part: usize,
    /// The character in it, from 1.
    column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = if self.in_argument { "argument" } else { "line" };
        write!(formatter, "{part} {}, column {}", self.part, self.column)
    }
}

/// A text that is read word by word: arguments, or a line.
pub(super) struct Text<'t> {
    parts: Vec<Part<'t>>,
    /// The part that is read.
    current: usize,
}

struct Part<'t> {
    text: &'t str,
    /// How many bytes have been read.
    read: usize,
    start: Place,
}

impl<'t> Text<'t> {
    pub(super) fn of_arguments(arguments: &'t [String]) -> Self {
        let parts = (1..).zip(arguments).map(|(part, text)| Part {
            text,
            read: 0,
            start: Place {
                in_argument: true,
                part,
                column: 1,
            },
        });
        Self {
            parts: parts.collect(),
            current: 0,
        }
    }

    pub(super) fn of_line(number: usize, line: &'t str) -> Self {
        let start = Place {
            in_argument: false,
            part: number,
            column: 1,
        };
        Self {
            parts: vec![Part {
                text: line,
                read: 0,
                start,
            }],
            current: 0,
        }
    }

    /// The next word, and where it is. A word that begins with `#` ends its argument or line.
    pub(super) fn next(&mut self) -> Option<(Place, &'t str)> {
        let (place, word) = self.peek()?;
        self.parts[self.current].read += word.len();
        Some((place, word))
    }

    /// As [`next`](Self::next), without going on.
    pub(super) fn peek(&mut self) -> Option<(Place, &'t str)> {
        loop {
            let part = self.parts.get_mut(self.current)?;
            part.skip_spaces();
            let word = part.rest().split(char::is_whitespace).next()?;
            if !word.is_empty() && !word.starts_with('#') {
                return Some((part.place(), word));
            }
            part.read = part.text.len();
            if self.current + 1 == self.parts.len() {
                return None;
            }
            self.current += 1;
        }
    }

    /// All that follows in the argument or line of the next word, without the spaces around it.
    pub(super) fn rest_of_part(&mut self) -> Option<(Place, &'t str)> {
        let (place, _) = self.peek()?;
        let part = &mut self.parts[self.current];
        let rest = part.rest().trim_end();
        part.read = part.text.len();
        Some((place, rest))
    }

    /// Where the text ends.
    pub(super) fn end(&self) -> Place {
        let nowhere = Place {
            in_argument: true,
            part: 1,
            column: 1,
        };
        self.parts.last().map_or(nowhere, Part::place)
    }
}

impl<'t> Part<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.read..]
    }

    fn skip_spaces(&mut self) {
        self.read = self.text.len() - self.rest().trim_start().len();
    }

    fn place(&self) -> Place {
        Place {
            column: self.start.column + self.text[..self.read].chars().count(),
            ..self.start
        }
    }
}
