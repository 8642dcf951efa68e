//! What the installer prints: a line for each call, for each thing that it learnt, and at last whether
//! all went well.

use crate::wine::report::Verdict;

/// What begins the result of a call that failed.
const ERROR: &str = "error ";

/// The installer's output.
pub struct Calls {
    output: String,
}

impl Calls {
    /// Takes what it printed.
    pub fn new(output: String) -> Self {
        Self { output }
    }

    /// Something that it learnt.
    pub fn learnt(&self, what: &str) -> Option<&str> {
        self.told().find(|(name, _)| *name == what).map(|it| it.1)
    }

    /// How a call failed.
    pub fn error(&self, call: &str) -> Option<&str> {
        self.learnt(call).filter(|it| it.starts_with(ERROR))
    }

    /// The call that failed, and how.
    pub fn failed(&self) -> Option<String> {
        let (name, error) = self.told().find(|(_, it)| it.starts_with(ERROR))?;
        Some(format!("{name}: {error}"))
    }

    /// Each call, and whether all went well.
    pub fn verdicts<'run>(&'run self, all: &'run str) -> Vec<(&'run str, Verdict)> {
        let mut verdicts = Vec::new();
        for (name, result) in self.told() {
            if let Some(error) = result.strip_prefix(ERROR) {
                verdicts.push((name, Err(format!("{ERROR}{error}"))));
            } else if result == "done" {
                verdicts.push((name, Ok(String::new())));
            }
        }
        let last = self.output.lines().last().unwrap_or("nothing was printed");
        verdicts.push((
            all,
            match last {
                "well" => Ok(String::new()),
                last => Err(last.to_owned()),
            },
        ));
        verdicts
    }

    fn told(&self) -> impl Iterator<Item = (&str, &str)> {
        self.output.lines().filter_map(|line| line.split_once(": "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(output: &str) -> usize {
        let calls = Calls::new(output.to_owned());
        let verdicts = calls.verdicts("all");
        verdicts.iter().filter(|(_, it)| it.is_err()).count()
    }

    #[test]
    fn calls_that_are_done_are_well() {
        assert_eq!(failures("A: done\nclass: MEDIA\nB: done\nwell\n"), 0);
    }

    #[test]
    fn failed_calls_and_a_bad_end_are_told() {
        assert_eq!(failures("A: done\nB: error 0x2\nnot well\n"), 2);
        assert_eq!(failures("A: done\n"), 1, "it stopped in between");
        assert_eq!(failures(""), 1);
        let calls = Calls::new("A: done\nB: error 0x2\nnot well\n".to_owned());
        assert_eq!(calls.failed().as_deref(), Some("B: error 0x2"));
        assert_eq!(calls.error("B"), Some("error 0x2"));
        assert_eq!(calls.error("A"), None);
    }

    #[test]
    fn what_is_learnt_is_found_by_its_name() {
        let calls = Calls::new("class: MEDIA\nwell\n".to_owned());
        assert_eq!(calls.learnt("class"), Some("MEDIA"));
        assert_eq!(calls.learnt("driver"), None);
    }
}
