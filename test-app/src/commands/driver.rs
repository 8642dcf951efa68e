//! `driver`: installing the driver, and removing it.

use std::env;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{self, Path, PathBuf};

use super::{consent, driver_report, ks_probe, trial};
use crate::Host;
use crate::cli::{Driver, DriverCommand, DriverInstall, DriverRemove, DriverStatus};
use crate::driver::dialog::Dialog;
use crate::driver::install::{self, Plan};
use crate::driver::package::Package;
use crate::driver::place;
use crate::driver::remove::{self, Request};
use crate::driver::status;
use crate::driver::this_windows;
use crate::driver::windows::{Restart, Windows};
use crate::failure::{CLEAN, Failure};
use crate::output;
use crate::report::json;

/// What ends a report if something is done with the next start only.
const RESTART: &str = "restart Windows: it takes effect after that\n";

pub fn run(options: &Driver, host: &mut Host<'_>) -> Result<u8, Failure> {
    let windows = || {
        this_windows().ok_or_else(|| {
            Failure::Usage("driver works on Windows only: take midiuart-test.exe there".into())
        })
    };
    let (text, code) = match &options.command {
        DriverCommand::Install(options) => {
            let mut console = Console::new(options.yes, host);
            (install(options, windows()?.as_mut(), &mut console)?, CLEAN)
        }
        DriverCommand::Remove(options) => {
            let mut console = Console::new(options.yes, host);
            (remove(options, windows()?.as_mut(), &mut console)?, CLEAN)
        }
        DriverCommand::Restart(options) => return trial::restart(options, host),
        DriverCommand::Prepare(options) => return trial::prepare(options, host),
        DriverCommand::Wait(options) => return trial::wait(options, host),
        DriverCommand::Verifier(options) => return trial::verifier(options, host),
        // The one command that an emulated PC has, too.
        DriverCommand::KsProbe(options) => return ks_probe::run(options, host),
        DriverCommand::Report(options) => return driver_report::run(options, host),
        DriverCommand::Status(options) => status(options, windows()?.as_ref())?,
    };
    output::print(host.output, &text)?;
    Ok(code)
}

/// The console, or whoever has said yes beforehand.
struct Console<'a> {
    says_yes: bool,
    output: &'a mut (dyn Write + Send),
}

impl<'a> Console<'a> {
    fn new(says_yes: bool, host: &'a mut Host<'_>) -> Self {
        let output = &mut *host.output;
        Self { says_yes, output }
    }
}

impl Dialog for Console<'_> {
    fn agree(&mut self, lines: &[String], question: &str) -> Result<(), Failure> {
        for line in lines {
            output::print(self.output, &format!("{line}\n"))?;
        }
        consent::ask(self.says_yes, question, self.output)
    }

    fn say(&mut self, line: &str) {
        // The machine's state matters more than whether somebody reads along.
        let _ = output::print(self.output, &format!("{line}\n"));
    }
}

fn install(
    options: &DriverInstall,
    windows: &mut dyn Windows,
    dialog: &mut dyn Dialog,
) -> Result<String, Failure> {
    let program = resolved(&program()?);
    let folder = match &options.package {
        // As Windows wants it: from the root on.
        Some(folder) => resolved(&path::absolute(folder).map_err(unknown_place)?),
        None => program.parent().map(Path::to_owned).unwrap_or_default(),
    };
    // Who may change it is asked before it is read, and once more when its files are known.
    if folder.is_dir() {
        place::check(std::slice::from_ref(&folder), windows)?;
    }
    let plan = Plan {
        package: Package::read(&folder)?,
        program,
        before_test_mode: options.before_test_mode,
    };
    let installed = install::install(&plan, windows, dialog)?;
    let mut text = String::new();
    if installed.added.is_empty() {
        text.push_str("nothing was added: it was there already\n");
    }
    for device in installed.devices {
        let _ = writeln!(text, "device {device} has the driver");
    }
    for remark in installed.remarks {
        let _ = writeln!(text, "{remark}");
    }
    Ok(text + if_needed(installed.restart))
}

fn remove(
    options: &DriverRemove,
    windows: &mut dyn Windows,
    dialog: &mut dyn Dialog,
) -> Result<String, Failure> {
    let request = Request {
        program: program()?,
        certificate: options.certificate,
    };
    let removed = remove::remove(&request, windows, dialog)?;
    let mut text = String::new();
    if removed.gone.is_empty() {
        text.push_str("nothing was removed: there is nothing that install added\n");
    }
    if removed.others.is_empty() {
        text.push_str("nothing of the driver is left\n");
    }
    let why = match removed.restart {
        Restart::Needed => "left, not added by install or there until Windows is restarted",
        Restart::NotNeeded => "left, not added by install",
    };
    for other in removed.others {
        let _ = writeln!(text, "{why}: {other}");
    }
    for weakness in removed.weakened {
        let _ = writeln!(text, "still weakened: {weakness}");
    }
    Ok(text + if_needed(removed.restart))
}

fn status(options: &DriverStatus, windows: &dyn Windows) -> Result<(String, u8), Failure> {
    let status = status::status(windows)?;
    let code = if options.nothing_left {
        status.nothing_left()?
    } else {
        status.exit_code()
    };
    let text = if options.json {
        json(&status)?
    } else if options.nothing_left && code == CLEAN {
        "nothing of the driver is left\n".to_owned()
    } else if options.nothing_left {
        let lines = status.found.lines(true).into_iter();
        lines.fold(String::new(), |text, line| text + "left: " + &line + "\n")
    } else {
        status.to_string()
    };
    Ok((text, code))
}

fn if_needed(restart: Restart) -> &'static str {
    match restart {
        Restart::Needed => RESTART,
        Restart::NotNeeded => "",
    }
}

/// A path without links, so that nobody can lead it elsewhere between two looks; as it is if there is none.
fn resolved(path: &Path) -> PathBuf {
    let Ok(full) = path.canonicalize() else {
        return path.to_owned();
    };
    // Of a drive, without the prefix that Windows puts before it.
    let short = full.to_str().and_then(|it| it.strip_prefix(r"\\?\"));
    let short = short.filter(|it| it.as_bytes().get(1) == Some(&b':'));
    short.map_or_else(|| full.clone(), PathBuf::from)
}

/// This program's own file.
fn program() -> Result<PathBuf, Failure> {
    env::current_exe().map_err(unknown_place)
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn unknown_place(error: io::Error) -> Failure {
    Failure::Usage(format!("the package's folder is not known: {error}"))
}
