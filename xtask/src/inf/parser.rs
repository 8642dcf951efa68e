//! The syntax of INF files, after Microsoft's "General syntax rules for INF files".

/// An INF file: sections of lines. Names are compared without case, as Windows does.
#[derive(Debug)]
pub struct Inf {
    sections: Vec<Section>,
}

/// A section. Those of one name are one.
#[derive(Debug)]
pub struct Section {
    /// As first written.
    pub name: String,
    pub lines: Vec<Line>,
}

/// A line: `key = field, field`, or fields alone.
#[derive(Debug)]
pub struct Line {
    /// In the file, from 1.
    pub number: usize,
    pub key: Option<String>,
    /// Without quotes; `%tokens%` still in them.
    pub fields: Vec<String>,
}

impl Inf {
    /// Reads a file.
    ///
    /// # Errors
    /// What can't be read, and in which line.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.is_ascii() {
            return Err("characters beyond ASCII need a file in UTF-16".to_owned());
        }
        let mut sections: Vec<Section> = Vec::new();
        let mut current = None;
        for (number, text) in logical_lines(text) {
            let at = |error: &str| format!("line {number}: {error}");
            if let Some(rest) = text.strip_prefix('[') {
                let name = rest
                    .strip_suffix(']')
                    .filter(|name| !name.is_empty())
                    .ok_or_else(|| at("no end of the section's name"))?;
                let index = sections.iter().position(|section| section.is_called(name));
                current = Some(index.unwrap_or_else(|| {
                    sections.push(Section {
                        name: name.to_owned(),
                        lines: Vec::new(),
                    });
                    sections.len() - 1
                }));
                continue;
            }
            let section = current.ok_or_else(|| at("before the first section"))?;
            let line = Line::parse(number, &text).map_err(|error| at(&error))?;
            sections[section].lines.push(line);
        }
        Ok(Self { sections })
    }

    /// All sections, in the file's order.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The section of a name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.is_called(name))
    }

    /// The lines of a section; none if there is no such section.
    pub fn lines(&self, section: &str) -> &[Line] {
        self.section(section).map_or(&[], |section| &section.lines)
    }

    /// The first field under a key, expanded.
    pub fn value(&self, section: &str, key: &str) -> Option<String> {
        let line = self.lines(section).iter().find(|line| line.has_key(key))?;
        line.fields.first().map(|field| self.expand(field))
    }

    /// A field with its tokens replaced. Tokens without a string stay as they are.
    pub fn expand(&self, field: &str) -> String {
        let mut expanded = String::new();
        for part in parts(field) {
            match part {
                Part::Text(text) => expanded.push_str(text),
                Part::Token(token) => match self.string(token) {
                    Some(string) => expanded.push_str(&string),
                    None => expanded.extend(["%", token, "%"]),
                },
            }
        }
        expanded
    }

    /// The string of a token.
    pub fn string(&self, token: &str) -> Option<String> {
        self.lines("Strings")
            .iter()
            .find(|line| line.has_key(token))
            .map(|line| line.fields.concat())
    }
}

impl Section {
    /// Whether it has a name.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl Line {
    fn parse(number: usize, text: &str) -> Result<Self, String> {
        let (mut key, mut fields) = (None, Vec::new());
        let mut field = String::new();
        let mut was_quoted = false;
        let mut characters = text.chars().peekable();
        let take = |field: &mut String, was_quoted: &mut bool| {
            let whole = std::mem::take(field);
            if std::mem::take(was_quoted) {
                whole
            } else {
                whole.trim().to_owned()
            }
        };
        while let Some(character) = characters.next() {
            match character {
                '"' => {
                    if field.trim().is_empty() {
                        field.clear();
                    }
                    was_quoted = true;
                    loop {
                        match characters.next() {
                            Some('"') if characters.peek() == Some(&'"') => {
                                characters.next();
                                field.push('"');
                            }
                            Some('"') => break,
                            Some(character) => field.push(character),
                            None => return Err("no closing quotation mark".to_owned()),
                        }
                    }
                }
                '=' if key.is_none() && fields.is_empty() => {
                    key = Some(take(&mut field, &mut was_quoted));
                }
                ',' => fields.push(take(&mut field, &mut was_quoted)),
                _ if was_quoted && character.is_whitespace() => {}
                _ => field.push(character),
            }
        }
        let last = take(&mut field, &mut was_quoted);
        if !(last.is_empty() && fields.is_empty()) {
            fields.push(last);
        }
        Ok(Self {
            number,
            key,
            fields,
        })
    }

    /// Whether it is about something.
    pub fn has_key(&self, key: &str) -> bool {
        self.key
            .as_ref()
            .is_some_and(|own| own.eq_ignore_ascii_case(key))
    }

    /// A field, empty if it is left out.
    pub fn field(&self, index: usize) -> &str {
        self.fields.get(index).map_or("", String::as_str)
    }
}

/// A part of a field.
pub enum Part<'text> {
    Text(&'text str),
    Token(&'text str),
}

/// The parts of a field; `%%` is a percent sign.
pub fn parts(field: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = field;
    while let Some((text, after)) = rest.split_once('%') {
        parts.push(Part::Text(text));
        let Some((token, after)) = after.split_once('%') else {
            parts.push(Part::Text("%"));
            rest = after;
            continue;
        };
        parts.push(if token.is_empty() {
            Part::Text("%")
        } else {
            Part::Token(token)
        });
        rest = after;
    }
    parts.push(Part::Text(rest));
    parts
}

/// Lines without comments and blanks, continued ones joined; with the number of the first.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut continues = false;
    for (index, line) in text.lines().enumerate() {
        let line = without_comment(line).trim();
        let (line, goes_on) = match line.strip_suffix('\\') {
            // A path may end in a backslash, but then what follows is a new line.
            Some(begin) if begin.ends_with([' ', ',']) => (begin, true),
            _ => (line, false),
        };
        match lines.last_mut() {
            Some((_, last)) if continues => last.push_str(line),
            _ if line.is_empty() => {}
            _ => lines.push((index + 1, line.to_owned())),
        }
        continues = goes_on;
    }
    lines
}

fn without_comment(line: &str) -> &str {
    let mut is_quoted = false;
    let comment = line.find(|character| {
        is_quoted ^= character == '"';
        character == ';' && !is_quoted
    });
    &line[..comment.unwrap_or(line.len())]
}

#[cfg(test)]
mod tests {
    use super::Inf;

    fn fields(line: &str) -> Vec<String> {
        let inf = Inf::parse(&format!("[Section]\n{line}")).expect("readable");
        inf.lines("section")[0].fields.clone()
    }

    #[test]
    fn quotes_keep_what_is_in_them() {
        assert_eq!(
            fields(r#"a = " b;c, ""d"" " , e ; f"#),
            [r#" b;c, "d" "#, "e"]
        );
    }

    #[test]
    fn fields_may_be_left_out() {
        assert_eq!(fields("HKR,,Name,,"), ["HKR", "", "Name", "", ""]);
    }

    #[test]
    fn lines_may_go_on() {
        assert_eq!(fields("a = b, \\ ; comment\n  c"), ["b", "c"]);
    }

    #[test]
    fn a_key_needs_no_field() {
        let inf = Inf::parse("[Version]\nDriverVer = ; stamped").expect("readable");
        assert!(inf.lines("Version")[0].has_key("driverver"));
        assert!(inf.value("Version", "DriverVer").is_none());
    }

    #[test]
    fn sections_of_one_name_are_one() {
        let inf = Inf::parse("[A]\nb=1\n[B]\n[a]\nc=2").expect("readable");
        assert_eq!(inf.sections().len(), 2);
        assert_eq!(inf.lines("A").len(), 2);
    }

    #[test]
    fn tokens_are_replaced_wherever_they_are() {
        let inf = Inf::parse("[Strings]\nA = \"x\"").expect("readable");
        assert_eq!(inf.expand("%a%-%%-%13%\\%B%"), "x-%-%13%\\%B%");
    }

    #[test]
    fn what_is_no_inf_is_told_with_its_line() {
        for (text, line) in [
            ("a = b", "line 1"),
            ("[A]\n[B", "line 2"),
            ("[A]\n\nb = \"c", "line 3"),
        ] {
            let error = Inf::parse(text).expect_err("no INF");
            assert!(error.starts_with(line), "{error}");
        }
    }
}
