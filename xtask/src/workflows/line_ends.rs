//! Files have the same line ends on every machine.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// Files that a checkout may change: text that has Windows' line ends or may be given them.
///
/// # Errors
/// If git can't be asked.
pub fn findings(root: &Path) -> Result<Vec<String>, Failure> {
    let output = Command::new("git")
        // In containers the folder belongs to another user.
        .arg("-c")
        .arg(format!("safe.directory={}", root.display()))
        .arg("-C")
        .arg(root)
        .args(["ls-files", "--eol"])
        .output()
        .map_err(Failure::at(Path::new("git")))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::unusable(format!(
            "git ls-files: {}",
            errors.trim()
        )));
    }
    Ok(changeable(&String::from_utf8_lossy(&output.stdout)))
}

/// The lines of `git ls-files --eol` with files that a checkout may change.
fn changeable(listed: &str) -> Vec<String> {
    let mut findings: Vec<_> = listed
        .lines()
        .filter(|line| {
            let (state, _) = line.split_once('\t').unwrap_or((line, ""));
            let is_unix = state.starts_with("i/lf ") || state.starts_with("i/none ");
            let is_binary = state.starts_with("i/-text ");
            !(is_binary || is_unix && state.contains("attr/-text"))
        })
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    if listed.is_empty() {
        findings.push("git lists no file".to_owned());
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_its_line_ends_only_if_git_is_told() {
        let kept = "i/lf    w/lf    attr/-text            \ta.rs\n\
                    i/none  w/none  attr/-text            \tempty\n\
                    i/-text w/-text attr/                 \tpicture.png\n";
        assert_eq!(changeable(kept), [""; 0]);
        for line in [
            "i/lf    w/lf    attr/                 \ta.rs",
            "i/lf    w/crlf  attr/text=auto        \ta.rs",
            "i/crlf  w/crlf  attr/-text            \ta.rs",
            "i/mixed w/mixed attr/-text            \ta.rs",
        ] {
            assert_eq!(changeable(line).len(), 1, "{line}");
        }
        assert_eq!(changeable("").len(), 1);
    }
}
