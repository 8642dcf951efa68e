//! What the script in `check.js` found.

/// The element that the script writes.
const BEGIN: &str = "<pre id=\"verdict\">";
const END: &str = "</pre>";

/// What the script found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How high the page is, in pixels.
    pub height: u32,
    /// How wide the window was.
    width: u32,
    /// How many labels were looked at.
    texts: u32,
    found: Vec<String>,
}

impl Verdict {
    /// Reads it from the page that the browser wrote.
    ///
    /// # Errors
    /// What is missing in it.
    pub fn read(document: &str) -> Result<Self, String> {
        let (_, rest) = document
            .rsplit_once(BEGIN)
            .ok_or("the script has not run")?;
        let (text, _) = rest
            .split_once(END)
            .ok_or("the script's verdict has no end")?;
        let values = |name: &str| {
            let lines = text.lines();
            let prefix = format!("{name}: ");
            lines.filter_map(move |line| line.strip_prefix(prefix.as_str()).map(str::to_owned))
        };
        let number = |name: &str| {
            let value = values(name).next();
            let number = value.and_then(|value| value.parse().ok());
            number.ok_or_else(|| format!("the script's verdict has no {name}"))
        };
        let verdict = Self {
            height: number("height")?,
            width: number("width")?,
            texts: number("texts")?,
            found: values("problem").collect(),
        };
        Ok(verdict)
    }

    /// What is not well, in words; with a window that was asked to be `width` pixels wide.
    #[must_use]
    pub fn problems(&self, width: u32) -> Vec<String> {
        let mut problems = self.found.clone();
        if self.width != width {
            problems.push(format!("the window is {} px wide", self.width));
        }
        if self.texts == 0 {
            problems.push("no picture has labels".to_owned());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Result<Verdict, String> {
        Verdict::read(&format!("<p>page</p>{BEGIN}\n{lines}\n{END}</body>"))
    }

    #[test]
    fn a_good_page_has_no_problems() {
        let verdict = read("width: 390\nheight: 2345\ntexts: 80").expect("a verdict");
        assert_eq!(verdict.height, 2345);
        assert!(verdict.problems(390).is_empty());
    }

    #[test]
    fn what_is_not_well_is_told() {
        let lines = "width: 500\nheight: 9\nproblem: \"p99\" overlaps \"max\"\ntexts: 0";
        let problems = read(lines).expect("a verdict").problems(390);
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert_eq!(problems[0], "\"p99\" overlaps \"max\"");
    }

    #[test]
    fn a_check_that_did_not_run_is_no_good_page() {
        assert!(Verdict::read("<p>page</p>").is_err());
        assert!(read("width: 390\ntexts: 80").is_err());
    }
}
