//! The command that repeats a run: quoted for the shells of this host, or not given.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::visible;

/// The program.
const PROGRAM: &str = "midiuart-test";

/// A command line of this program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repetition(Vec<Argument>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Argument {
    Text(String),
    File(PathBuf),
}

impl Repetition {
    /// The one of a command without options.
    #[must_use]
    pub fn of(command: &str) -> Self {
        Self(vec![Argument::Text(command.to_owned())])
    }

    /// Adds an option without a value.
    #[must_use]
    pub fn flag(mut self, option: &str) -> Self {
        self.0.push(Argument::Text(option.to_owned()));
        self
    }

    /// Adds an option and its value.
    #[must_use]
    pub fn option(mut self, option: &str, value: &impl ToString) -> Self {
        let value = value.to_string();
        // What begins like an option is no value of one, unless it is said so.
        if value.starts_with('-') {
            self.0.push(Argument::Text(format!("{option}={value}")));
        } else {
            self.0.push(Argument::Text(option.to_owned()));
            self.0.push(Argument::Text(value));
        }
        self
    }

    /// Adds an option and the file that it names.
    #[must_use]
    pub fn file(mut self, option: &str, file: &Path) -> Self {
        self.0.push(Argument::Text(option.to_owned()));
        let begins_like_an_option = file.as_os_str().as_encoded_bytes().starts_with(b"-");
        self.0.push(Argument::File(if begins_like_an_option {
            Path::new(".").join(file)
        } else {
            file.to_owned()
        }));
        self
    }

    /// The command for reports, which others get: with the names of files alone, without their folders.
    #[must_use]
    pub fn for_reports(&self) -> String {
        self.text(|file| file.file_name().unwrap_or(file.as_os_str()))
    }

    fn text(&self, shown: fn(&Path) -> &OsStr) -> String {
        let mut text = PROGRAM.to_owned();
        for argument in &self.0 {
            let value = match argument {
                Argument::Text(text) => OsStr::new(text),
                Argument::File(path) => shown(path),
            };
            let Some(quoted) = value.to_str().and_then(quoted_for_this_host) else {
                return format!(
                    "the same command line, which can't be given here: {} is not the same to all shells",
                    visible::line(&value.to_string_lossy())
                );
            };
            text.push(' ');
            text.push_str(&quoted);
        }
        text
    }
}

impl fmt::Display for Repetition {
    /// The command for a terminal of this host.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text(Path::as_os_str))
    }
}

impl Serialize for Repetition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.for_reports())
    }
}

fn quoted_for_this_host(argument: &str) -> Option<String> {
    if cfg!(windows) {
        quoted_for_windows(argument)
    } else {
        quoted_for_posix(argument)
    }
}

/// An argument for POSIX shells. `None` for what a terminal would not show: a shell takes it, but who pastes
/// it can't know what.
fn quoted_for_posix(argument: &str) -> Option<String> {
    if argument.contains(visible::is_active) {
        return None;
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:+,@".contains(letter);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        return Some(argument.to_owned());
    }
    Some(format!("'{}'", argument.replace('\'', r"'\''")))
}

/// An argument that cmd, Windows PowerShell and PowerShell 7 hand to a program alike, by the rules of
/// `CommandLineToArgvW`. `None` if there is no such quoting:
///
/// - `"` ends the quotes in one of them whatever stands before it; an empty argument is dropped by Windows
///   PowerShell;
/// - cmd replaces `%NAME%` within quotes, too, and `!NAME!` if it was told to;
/// - `$` and the backtick mean something within PowerShell's quotes, which the typographic ones end, too;
/// - a backslash before the closing quote has to be doubled for cmd, and in Windows PowerShell only if the
///   argument has a space, and in PowerShell 7 never.
fn quoted_for_windows(argument: &str) -> Option<String> {
    const MEANINGFUL: &str = "\"%!$`\u{201C}\u{201D}\u{201E}";
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || r"_-./\:+".contains(letter);
    if argument.is_empty()
        || argument.contains(visible::is_active)
        || argument.contains(|letter| MEANINGFUL.contains(letter))
    {
        return None;
    }
    // PowerShell ends an unquoted argument that begins like an option at its first point or colon.
    let is_split = argument.starts_with('-') && argument.contains(['.', ':']);
    if argument.chars().all(is_plain) && !is_split {
        return Some(argument.to_owned());
    }
    if argument.ends_with('\\') {
        return None;
    }
    Some(format!("\"{argument}\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What programs get of a command line on Windows, by the rules of `CommandLineToArgvW`: the first
    /// argument, the program, has none.
    fn arguments_on_windows(line: &str) -> Vec<String> {
        let mut arguments = vec![String::new()];
        let (mut is_quoted, mut backslashes, mut is_in) = (false, 0_usize, true);
        for letter in line.chars() {
            let argument = arguments.last_mut().expect("one");
            match letter {
                '\\' => (backslashes, is_in) = (backslashes + 1, true),
                '"' => {
                    argument.extend(std::iter::repeat_n('\\', backslashes / 2));
                    if backslashes % 2 == 1 {
                        argument.push('"');
                    } else {
                        is_quoted = !is_quoted;
                    }
                    (backslashes, is_in) = (0, true);
                }
                ' ' | '\t' if !is_quoted => {
                    argument.extend(std::iter::repeat_n('\\', backslashes));
                    backslashes = 0;
                    if is_in {
                        arguments.push(String::new());
                    }
                    is_in = false;
                }
                other => {
                    argument.extend(std::iter::repeat_n('\\', backslashes));
                    argument.push(other);
                    (backslashes, is_in) = (0, true);
                }
            }
        }
        let argument = arguments.last_mut().expect("one");
        argument.extend(std::iter::repeat_n('\\', backslashes));
        arguments
    }

    #[test]
    fn what_windows_shells_read_alike_is_quoted() {
        for (argument, quoted) in [
            ("midiuart", "midiuart"),
            (r"C:\drivers\midiuart.sys", r"C:\drivers\midiuart.sys"),
            (r"C:\drivers\", r"C:\drivers\"),
            (r"\\server\share\a.sys", r"\\server\share\a.sys"),
            ("\\", "\\"),
            ("1.5s", "1.5s"),
            ("USB Uno", "\"USB Uno\""),
            (r"C:\my files\a.sys", "\"C:\\my files\\a.sys\""),
            ("a&calc", "\"a&calc\""),
            ("a|b<c>d^e", "\"a|b<c>d^e\""),
            ("(a);{b},@c#", "\"(a);{b},@c#\""),
            ("it's", "\"it's\""),
            ("--port=-1.x", "\"--port=-1.x\""),
            ("\u{2013}dash \u{2019}", "\"\u{2013}dash \u{2019}\""),
        ] {
            let found = quoted_for_windows(argument).expect("a quoting");
            assert_eq!(found, quoted);
            let line = format!("midiuart-test {found} end");
            let arguments = arguments_on_windows(&line);
            assert_eq!(arguments, ["midiuart-test", argument, "end"]);
        }
    }

    #[test]
    fn what_windows_shells_read_otherwise_is_not_given() {
        for argument in [
            "",
            "say \"hello\"",
            "100%",
            "%PATH%",
            "wow!",
            "$(calc)",
            "`calc`",
            "\u{201C}; calc; \u{201D}",
            r"C:\my files\",
            "a\nb",
            "\x1b]0;a\x07",
            "\u{202E}cod.exe",
        ] {
            assert_eq!(quoted_for_windows(argument), None, "{argument:?}");
        }
    }

    /// Arguments with what shells read otherwise, more often than chance would have it.
    fn argument() -> impl Strategy<Value = String> {
        let special = prop::sample::select(vec![
            "'", "\"", "$", "`", "\\", "!", "*", "?", "~", "#", "&", "|", ";", "<", ">", "(", ")",
            "{", "}", " ", "=", "%", "^", "[", "-", "$(id)", "`id`", "'; id; '", "µ", "音",
        ]);
        let part = prop_oneof![special.prop_map(str::to_owned), "[a-z0-9./]{1,4}"];
        prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[cfg(unix)]
        #[test]
        fn a_shell_gives_the_very_arguments_back(
            arguments in prop::collection::vec(argument(), 1..6),
        ) {
            let quoted: Vec<_> = arguments
                .iter()
                .map(|argument| quoted_for_posix(argument).expect("a quoting"))
                .collect();
            let script = format!("printf '%s\\n' {}", quoted.join(" "));
            let output = std::process::Command::new("sh").args(["-c", &script]).output();
            let output = output.expect("a shell");
            let lines = String::from_utf8(output.stdout).expect("text");
            let given: Vec<_> = lines.lines().collect();
            prop_assert_eq!(given, arguments);
            prop_assert_eq!(output.stderr, b"");
        }

        #[test]
        fn what_is_quoted_for_windows_is_one_argument(argument in argument()) {
            if let Some(quoted) = quoted_for_windows(&argument) {
                let line = format!("midiuart-test {quoted} end");
                let arguments = arguments_on_windows(&line);
                prop_assert_eq!(&arguments[1..], [argument.as_str(), "end"]);
            }
        }
    }

    #[test]
    fn a_value_is_not_taken_for_an_option() {
        let repetition = Repetition::of("stress")
            .option("--port", &"-x y")
            .file("--driver", Path::new("-rf"));
        if cfg!(unix) {
            let text = "midiuart-test stress '--port=-x y' --driver ./-rf";
            assert_eq!(repetition.to_string(), text);
        }
    }

    #[test]
    fn reports_have_no_folders() {
        let file = Path::new("folder").join("of mine").join("a.sys");
        let repetition = Repetition::of("stress").file("--driver", &file);
        assert!(repetition.to_string().contains("of mine"));
        let report = "midiuart-test stress --driver a.sys";
        assert_eq!(repetition.for_reports(), report);
        let json = serde_json::to_string(&repetition).expect("JSON");
        assert_eq!(json, format!("\"{report}\""));
    }

    #[test]
    fn what_can_t_be_shown_is_no_command() {
        let repetition = Repetition::of("stress").option("--port", &"a\x1b[2Jb\n; id");
        let text = repetition.to_string();
        assert!(text.starts_with("the same command line"), "{text}");
        assert!(!text.contains(visible::is_active), "{text}");
    }
}
