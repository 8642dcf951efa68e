//! A Windows of Wine's in a folder of its own, which goes away with everything that runs in it.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
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
const INPUT: &str = "input.txt";
const OUTPUT: &str = "output.txt";
const ERRORS: &str = "errors.txt";

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
/// put into the prefix, and a winmm beside a program, are used instead of Wine's own.
const OVERRIDES: &str = "mscoree,mshtml,winemenubuilder.exe=;ntoskrnl.exe,winmm=n,b";

/// What goes to the log: what drivers print, the images that are loaded, functions that they miss, and
/// what can't be installed.
const MESSAGES: &str = "err+all,fixme+setupapi,+loaddll,warn+debugstr,warn+module";

/// Seconds after which the server ends if this program does not live to end it.
const ORPHANED_AFTER: &str = "-p120";

/// How often to look whether a program has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A program to run, and what it is given.
#[derive(Clone, Copy, Default)]
pub struct Call<'a> {
    /// Its name and its arguments.
    pub command: &'a [&'a str],
    /// What it reads.
    pub input: &'a str,
    /// Variables of its environment.
    pub variables: &'a [(&'a str, &'a str)],
}

/// What a program left behind.
#[derive(Debug)]
pub struct Ended {
    /// How it ended; nothing if a signal ended it.
    pub exit_code: Option<i32>,
    /// What it printed.
    pub output: String,
    /// What it complained about, and nothing of Wine's.
    pub errors: String,
}

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
        let mut program = self.program(command)?;
        let output = self.redirect(OUTPUT)?;
        program.stdout(output);
        self.finish_unless(interrupt::was_pressed, &mut program, &command.join(" "))?;
        read(&self.file(OUTPUT))
    }

    /// Runs a program; returns how it ended, too. What it complains about is not in the log.
    ///
    /// # Errors
    /// If it can't be run, takes too long, or Ctrl-C is pressed.
    pub fn call(&self, call: &Call<'_>) -> Result<Ended, Failure> {
        let input = self.file(INPUT);
        fs::write(&input, call.input).map_err(Failure::at(&input))?;
        let mut program = self.program(call.command)?;
        program
            .stdin(File::open(&input).map_err(Failure::at(&input))?)
            .stdout(self.redirect(OUTPUT)?)
            .stderr(self.redirect(ERRORS)?)
            .envs(call.variables.iter().copied())
            .env("WINEDEBUG", "-all");
        let line = call.command.join(" ");
        let status = self.finish_unless(interrupt::was_pressed, &mut program, &line)?;
        Ok(Ended {
            exit_code: status.code(),
            output: read(&self.file(OUTPUT))?,
            errors: read(&self.file(ERRORS))?,
        })
    }

    /// Starts a program whose output goes to `output`.
    ///
    /// # Errors
    /// If it can't be run.
    pub fn start(&self, command: &[&str], output: impl Into<Stdio>) -> Result<Child, Failure> {
        let mut program = self.program(command)?;
        let line = command.join(" ");
        program
            .stdout(output)
            .spawn()
            .map_err(|error| Failure::unusable(format!("{line}: {error}")))
    }

    /// How long a program may take.
    pub const fn patience(&self) -> Duration {
        self.patience
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
        self.finish(self.command(SERVER)?.arg("--kill"), "wineserver --kill")?;
        self.finish(self.command(SERVER)?.arg("--wait"), "wineserver --wait")?;
        Ok(())
    }

    /// A program of Windows', and a server that ends if this program does not live to end it.
    fn program(&self, command: &[&str]) -> Result<Command, Failure> {
        let mut server = self.command(SERVER)?;
        self.finish(server.arg(ORPHANED_AFTER), "wineserver")?;
        let mut program = self.command(WINE)?;
        program.args(command);
        Ok(program)
    }

    /// A file for what a program prints: not a pipe, which services would keep open.
    fn redirect(&self, name: &str) -> Result<File, Failure> {
        let path = self.file(name);
        File::create(&path).map_err(Failure::at(&path))
    }

    fn command(&self, program: &str) -> Result<Command, Failure> {
        let path = self.file(LOG);
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(Failure::at(&path))?;
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
            .stdout(Stdio::null())
            .stderr(log);
        Ok(command)
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
        let mut child = command.spawn().map_err(unusable)?;
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
        if let Some(folder) = server_folder(self.folder.path()) {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// The folder that Debian's Wine makes for the server of a prefix, and leaves behind.
fn server_folder(prefix: &Path) -> Option<PathBuf> {
    let name = fs::read_to_string(prefix.join("wineserver")).ok()?;
    let is_one = name.starts_with("wine-") && !name.contains('/');
    is_one.then(|| Path::new("/tmp").join(name))
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(Failure::at(path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
