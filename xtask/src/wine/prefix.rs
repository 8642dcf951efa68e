//! A Windows of Wine's in a folder of its own, which goes away with everything that runs in it.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::interrupt;
use crate::failure::Failure;

// Debian's own places; its package `wine`, which has shorter names for them, needs 32 bits too.
const WINE: &str = "/usr/lib/wine/wine64";
const SERVER: &str = "/usr/lib/wine/wineserver";

/// The system's folder in a prefix.
pub const SYSTEM32: &str = "drive_c/windows/system32";

const LOG: &str = "log.txt";
const OUTPUT: &str = "output.txt";

/// What a developer may have set.
const NOT_FOR_WINE: [&str; 6] = [
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "WINEARCH",
    "WINEDLLPATH",
    "WINELOADER",
    "WINESERVER",
];

/// Without questions for Mono and Gecko, and without menu entries on this machine. A kernel that was
/// put into the prefix is used instead of Wine's own.
const OVERRIDES: &str = "mscoree,mshtml,winemenubuilder.exe=;ntoskrnl.exe=n,b";

/// What goes to the log: what drivers print, the images that are loaded, functions that they miss, and
/// what can't be installed.
const MESSAGES: &str = "err+all,fixme+setupapi,+loaddll,warn+debugstr,warn+module";

/// Seconds after which the server ends if this program does not live to end it.
const ORPHANED_AFTER: &str = "-p120";

/// How often to look whether a program has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A Windows of Wine's.
pub struct Prefix {
    folder: TempDir,
    patience: Duration,
}

impl Prefix {
    /// Makes a fresh one in which nothing runs. No program in it may take longer than `patience`.
    ///
    /// # Errors
    /// If it can't be made.
    pub fn new(patience: Duration) -> Result<Self, Failure> {
        interrupt::hold_back()?;
        let folder = tempfile::tempdir()
            .map_err(|error| Failure::unusable(format!("a temporary folder: {error}")))?;
        let prefix = Self { folder, patience };
        prefix.run(&["wineboot.exe", "--init"])?;
        if !prefix.file(SYSTEM32).is_dir() {
            return Err(Failure::unusable("Wine made no Windows"));
        }
        prefix.stop()?;
        Ok(prefix)
    }

    /// A file or folder of it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a program; returns what it printed. What it and the drivers complain about is in the
    /// [`log`](Self::log).
    ///
    /// # Errors
    /// If it can't be run, takes too long, or Ctrl-C is pressed. How it ended does not matter.
    pub fn run(&self, command: &[&str]) -> Result<String, Failure> {
        let line = command.join(" ");
        self.finish(self.command(SERVER).arg(ORPHANED_AFTER), "wineserver")?;
        // Not a pipe, which services would keep open.
        let output = self.file(OUTPUT);
        let printed = File::create(&output).map_err(Failure::at(&output))?;
        let mut program = self.command(WINE);
        program.args(command).stdout(printed);
        self.finish_unless(interrupt::was_pressed, &mut program, &line)?;
        read(&output)
    }

    /// Everything that was complained about.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn log(&self) -> Result<String, Failure> {
        read(&self.file(LOG))
    }

    /// Ends everything that runs in it; what it knows is written to its folder.
    ///
    /// # Errors
    /// If it does not end.
    pub fn stop(&self) -> Result<(), Failure> {
        // Fails if nothing runs.
        self.finish(self.command(SERVER).arg("--kill"), "wineserver --kill")?;
        self.finish(self.command(SERVER).arg("--wait"), "wineserver --wait")?;
        Ok(())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for variable in NOT_FOR_WINE {
            command.env_remove(variable);
        }
        command
            .env("HOME", self.folder.path())
            .env("WINEDEBUG", MESSAGES)
            .env("WINEDLLOVERRIDES", OVERRIDES)
            .env("WINEPREFIX", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    fn finish(&self, command: &mut Command, name: &str) -> Result<ExitStatus, Failure> {
        self.finish_unless(|| false, command, name)
    }

    fn finish_unless(
        &self,
        is_over: fn() -> bool,
        command: &mut Command,
        name: &str,
    ) -> Result<ExitStatus, Failure> {
        let unusable = |error| Failure::unusable(format!("{name}: {error}"));
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.file(LOG))
            .map_err(unusable)?;
        let mut child = command.stderr(log).spawn().map_err(unusable)?;
        let begin = Instant::now();
        let why = loop {
            // The program may have heard Ctrl-C too.
            if is_over() {
                break "interrupted".to_owned();
            }
            if let Some(status) = child.try_wait().map_err(unusable)? {
                return Ok(status);
            }
            if begin.elapsed() > self.patience {
                break format!("not done after {} s", self.patience.as_secs());
            }
            thread::sleep(LOOK_AGAIN);
        };
        child.kill().map_err(unusable)?;
        child.wait().map_err(unusable)?;
        Err(Failure::unusable(format!("{name}: {why}")))
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        // The folder is removed whether or not.
        if let Err(failure) = self.stop() {
            failure.report();
        }
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(Failure::at(path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
