//! Asking before something is changed.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::failure::Failure;
use crate::output;

/// Asks on the console whether to go on, unless the user has said so.
///
/// # Errors
/// [`Failure::Usage`] if the answer is no, or if nobody is there to be asked.
pub fn ask(yes: bool, question: &str, output: &mut dyn Write) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let input = io::stdin();
    if !input.is_terminal() {
        return Err(Failure::Usage(
            "nothing was changed: there is no console to ask at; add --yes if what is listed is what you want"
                .into(),
        ));
    }
    output::print(output, &format!("{question} [y/N] "))?;
    heed(&mut input.lock())
}

/// Reads the answer.
fn heed(input: &mut dyn BufRead) -> Result<(), Failure> {
    let mut answer = String::new();
    let read = input.read_line(&mut answer);
    if read.is_ok() && is_yes(&answer) {
        return Ok(());
    }
    Err(Failure::Usage(
        "nothing was changed: the answer was not yes".into(),
    ))
}

/// Whether an answer agrees.
#[must_use]
pub fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::USAGE;

    #[test]
    fn only_a_yes_goes_on() {
        for answer in ["y\n", "Y\r\n", " yes \n", "YES"] {
            assert_eq!(heed(&mut answer.as_bytes()), Ok(()), "{answer}");
        }
        for answer in ["", "\n", "n\n", "yesterday\n", "\u{4}"] {
            let refused = heed(&mut answer.as_bytes());
            assert_eq!(refused.map_err(|it| it.exit_code()), Err(USAGE), "{answer}");
        }
        assert_eq!(
            heed(&mut &b"y\xFF\n"[..]).map_err(|it| it.exit_code()),
            Err(USAGE)
        );
    }

    #[test]
    fn who_has_said_yes_is_not_asked() {
        let mut output = Vec::new();
        assert_eq!(ask(true, "go on?", &mut output), Ok(()));
        assert!(output.is_empty());
    }
}
