//! Files have the same line ends on every machine.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// Files that a checkout may change: text that has Windows' line ends or may be given them.
///
/// # Errors
/// If git can't be asked.
pub fn findings(root: &Path) -> Result<Vec<String>, Failure> {
    if root.join(".git").exists() {
        return listed(root, &[]).map(|it| changeable(&it));
    }
    // An archive of the sources: a repository elsewhere knows its files for a moment.
    let elsewhere = tempfile::tempdir().map_err(Failure::at(root))?;
    let place = [
        format!("--git-dir={}", elsewhere.path().display()),
        format!("--work-tree={}", root.display()),
    ];
    let place = place.each_ref().map(String::as_str);
    git(root, &[&place[..], &["init", "--quiet"]].concat())?;
    git(root, &[&place[..], &["add", "--all"]].concat())?;
    listed(root, &place).map(|it| changeable(&it))
}

fn listed(root: &Path, place: &[&str]) -> Result<String, Failure> {
    git(root, &[place, &["ls-files", "--eol"]].concat())
}

/// Runs git; returns what it prints.
fn git(root: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new("git")
        // In containers the folder belongs to another user.
        .arg("-c")
        .arg(format!("safe.directory={}", root.display()))
        .current_dir(root)
        .args(arguments)
        .output()
        .map_err(Failure::at(Path::new("git")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let line = arguments.join(" ");
    Err(Failure::unusable(format!("git {line}: {}", errors.trim())))
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
    fn an_archive_of_the_sources_is_looked_at_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("a file");
        };
        write("a.rs", "text\n");
        assert_eq!(findings(folder.path()).expect("asked").len(), 1);
        write(".gitattributes", "* -text\n");
        assert_eq!(findings(folder.path()).expect("asked"), [""; 0]);
        write("a.rs", "text\r\n");
        assert_eq!(findings(folder.path()).expect("asked").len(), 1);
    }

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
