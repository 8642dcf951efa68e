//! The machine that the kit is on.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Command, Stdio};

/// Variables and programs of a machine. Tests have one of their own.
pub trait Machine {
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<OsString>;
    /// Runs a program that prints where this one prints; returns its exit code.
    fn run(&mut self, command: &mut Command) -> io::Result<Option<i32>>;
    /// Runs a program and returns what it printed.
    fn capture(&mut self, command: &mut Command) -> io::Result<Ended>;
}

/// What a program left behind.
pub struct Ended {
    /// `None` if it did not end by itself.
    pub exit_code: Option<i32>,
    /// What it printed, errors last.
    pub output: String,
}

impl Ended {
    pub fn is_success(&self) -> bool {
        self.exit_code == Some(0)
    }
}

/// The machine that this program runs on.
pub struct ThisMachine;

impl Machine for ThisMachine {
    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    fn run(&mut self, command: &mut Command) -> io::Result<Option<i32>> {
        Ok(command.stdin(Stdio::null()).status()?.code())
    }

    fn capture(&mut self, command: &mut Command) -> io::Result<Ended> {
        let ended = command.stdin(Stdio::null()).output()?;
        let mut output = String::from_utf8_lossy(&ended.stdout).into_owned();
        output += &String::from_utf8_lossy(&ended.stderr);
        Ok(Ended {
            exit_code: ended.status.code(),
            output,
        })
    }
}

/// A command as one would type it.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(quoted).collect();
    words.join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.contains(' ') {
        format!("\"{word}\"")
    } else {
        word.into_owned()
    }
}

/// How a program ended, in words.
pub fn exit_code(code: Option<i32>) -> String {
    match code {
        // NTSTATUS and HRESULT are known by their hexadecimal form.
        Some(code) if code < 0 => format!("exit code {code:#010x}"),
        Some(code) => format!("exit code {code}"),
        None => "no exit code".to_owned(),
    }
}
