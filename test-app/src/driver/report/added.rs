//! Files that the user adds: what commands of this tool printed with `--json`.

use std::fs;
use std::path::Path;

use serde_json::{Deserializer, Value};

use crate::failure::Failure;

/// The largest file, in bytes.
const LARGEST: u64 = 16 << 20;

/// Commands that name themselves in what they print.
const COMMANDS: [&str; 5] = ["stress", "latency", "compare", "play", "driver ks-probe"];

/// Commands that do not, and members that only what they print has.
const MEMBERS: [(&str, &[&str]); 5] = [
    ("conformance", &["passed", "failed", "skipped", "checks"]),
    ("soak", &["kind", "elapsed_s", "total"]),
    ("list", &["outputs", "inputs"]),
    ("driver-status", &["devices", "service", "added", "machine"]),
    ("status", &["device", "counters", "troubles"]),
];

/// A file that was added.
#[derive(Clone, Debug, PartialEq)]
pub struct Added {
    /// The command that printed it.
    pub command: String,
    /// The documents in it.
    pub documents: Vec<Value>,
}

/// Reads a file and makes sure that a command of this tool printed it.
///
/// # Errors
/// [`Failure::Usage`] if it can't be read, or is something else.
pub fn read(path: &Path) -> Result<Added, Failure> {
    let refuse = |why: &str| {
        Failure::Usage(format!(
            "--add {}: {why}; --add takes a file with what a command of midiuart-test printed with --json",
            path.display()
        ))
    };
    let size = fs::metadata(path)
        .map_err(|error| refuse(&error.to_string()))?
        .len();
    if size > LARGEST {
        return Err(refuse(&format!("it has more than {LARGEST} bytes")));
    }
    let bytes = fs::read(path).map_err(|error| refuse(&error.to_string()))?;
    // PowerShell's ">" writes UTF-16.
    parse(&super::decode::text(&bytes)).map_err(|why| refuse(&why))
}

fn parse(text: &str) -> Result<Added, String> {
    let documents = Deserializer::from_str(text).into_iter();
    let documents: Vec<Value> = documents
        .collect::<Result<_, _>>()
        .map_err(|error| format!("it is not JSON ({error})"))?;
    let mut commands = documents.iter().map(command);
    match commands.next().flatten() {
        Some(first) if commands.all(|it| it.as_ref() == Some(&first)) => Ok(Added {
            command: first,
            documents,
        }),
        _ => Err("it is JSON of another program".to_owned()),
    }
}

/// The command that printed a document.
fn command(document: &Value) -> Option<String> {
    // `status` prints a list with one object for each device.
    let object = match document {
        Value::Array(items) => items.first()?.as_object()?,
        _ => document.as_object()?,
    };
    if let Some(named) = object.get("command") {
        let known = COMMANDS.iter().find(|command| *named == **command)?;
        return Some(known.replace(' ', "-"));
    }
    let has_all = |members: &[&str]| members.iter().all(|member| object.contains_key(*member));
    let found = MEMBERS.iter().find(|(_, members)| has_all(members));
    found.map(|(command, _)| (*command).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_print_is_known() {
        for (text, command) in [
            (r#"{"command":"stress","seed":1}"#, "stress"),
            (r#"{"command":"driver ks-probe"}"#, "driver-ks-probe"),
            (
                r#"{"passed":1,"failed":0,"skipped":0,"checks":[]}"#,
                "conformance",
            ),
            (
                "{\"kind\":\"period\",\"elapsed_s\":1,\"total\":{}}\n{\"kind\":\"summary\",\"elapsed_s\":1,\"total\":{}}\n",
                "soak",
            ),
            (r#"[{"device":"x","counters":{},"troubles":[]}]"#, "status"),
        ] {
            assert_eq!(parse(text).map(|it| it.command), Ok(command.to_owned()));
        }
    }

    #[test]
    fn other_files_are_refused_with_the_reason() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("file.json");
        for (text, why) in [
            ("", "another program"),
            ("{", "not JSON"),
            ("dear diary", "not JSON"),
            (r#"{"command":"format"}"#, "another program"),
            ("[]", "another program"),
            ("7", "another program"),
            (
                "{\"command\":\"stress\"}\n{\"command\":\"latency\"}",
                "another program",
            ),
        ] {
            fs::write(&path, text).expect("a file");
            let refused = read(&path).expect_err(text).to_string();
            assert!(
                refused.contains(why) && refused.contains("--add takes"),
                "{refused}"
            );
        }
        let wide: Vec<u8> = "\u{FEFF}{\"command\":\"stress\"}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        fs::write(&path, wide).expect("a file");
        assert_eq!(read(&path).map(|it| it.command), Ok("stress".to_owned()));
        let nowhere = read(&folder.path().join("nowhere")).expect_err("no file");
        assert!(matches!(nowhere, Failure::Usage(_)), "{nowhere}");
    }
}
