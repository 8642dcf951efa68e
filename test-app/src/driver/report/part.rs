//! A part of the report: a text file in the archive.

use std::path::Path;

use serde::Serialize;

/// How a part came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All of it is there.
    Whole,
    /// There is more than was kept, or collecting it took too long.
    Cut,
    /// It could not be collected; the note says why.
    Missing,
}

/// A part of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its file name in the archive.
    pub name: String,
    /// What it is, for people.
    pub title: String,
    /// How it came out.
    pub state: State,
    /// Why it is not whole, or what was left out.
    pub note: Option<String>,
    /// Its text.
    pub text: String,
}

impl Part {
    /// One that is whole.
    #[must_use]
    pub fn new(name: &str, title: &str, text: String) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            state: State::Whole,
            note: None,
            text,
        }
    }

    /// One that could not be collected.
    #[must_use]
    pub fn missing(name: &str, title: &str, why: &str) -> Self {
        Self {
            state: State::Missing,
            note: Some(why.to_owned()),
            ..Self::new(name, title, String::new())
        }
    }

    /// Marks it as not whole.
    #[must_use]
    pub fn cut(mut self, note: &str) -> Self {
        self.state = State::Cut;
        self.note = Some(match self.note {
            Some(before) => format!("{before}; {note}"),
            None => note.to_owned(),
        });
        self
    }

    /// Keeps at most `limit` bytes: the first ones, up to the end of a line, as half a name can't be
    /// recognised.
    #[must_use]
    pub fn limited(mut self, limit: usize) -> Self {
        if self.text.len() <= limit {
            return self;
        }
        let kept = self.text.floor_char_boundary(limit);
        let end = self.text[..kept].rfind('\n').map_or(0, |it| it + 1);
        self.text.truncate(end);
        self.cut(&format!("cut after {end} bytes"))
    }

    fn is_json(&self) -> bool {
        Path::new(&self.name)
            .extension()
            .is_some_and(|it| it == "json")
    }

    /// The file: the text, below what there is to say about it unless it is JSON.
    #[must_use]
    pub fn file(&self) -> String {
        if self.is_json() {
            return self.text.clone();
        }
        let note = self.note.as_ref();
        let note = note.map_or_else(String::new, |note| format!("# {note}\n"));
        format!("# {}\n{note}\n{}", self.title, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_between_lines_with_a_note() {
        let part = Part::new("a.txt", "A", "one\ntwö\nthree\n".to_owned());
        assert_eq!(part.clone().limited(15), part);
        for limit in [9, 10, 14] {
            let cut = part.clone().limited(limit);
            assert_eq!((cut.text.as_str(), cut.state), ("one\ntwö\n", State::Cut));
            assert_eq!(cut.file(), "# A\n# cut after 9 bytes\n\none\ntwö\n");
        }
        assert_eq!(part.limited(3).text, "");
    }
}
