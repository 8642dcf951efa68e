//! `driver`: installing the driver, and removing it.

use std::env;
use std::fmt::Write;
use std::path::{self, Path, PathBuf};

use super::{driver_report, ks_probe};
use crate::Host;
use crate::cli::{Driver, DriverCommand, DriverInstall};
use crate::driver::install::{self, Plan};
use crate::driver::package::Package;
use crate::driver::record::Addition;
use crate::driver::remove;
use crate::driver::restart;
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
        DriverCommand::Install(options) => (install(options, windows()?.as_mut())?, CLEAN),
        DriverCommand::Remove => (remove(windows()?.as_mut())?, CLEAN),
        DriverCommand::Restart => (restart(windows()?.as_mut())?, CLEAN),
        // The one command that an emulated PC has, too.
        DriverCommand::KsProbe(options) => return ks_probe::run(options, host),
        DriverCommand::Report(options) => return driver_report::run(options, host),
        DriverCommand::Status(options) => {
            let status = status::status(windows()?.as_ref())?;
            let text = if options.json {
                json(&status)?
            } else {
                status.to_string()
            };
            (text, status.exit_code())
        }
    };
    output::print(host.output, &text)?;
    Ok(code)
}

fn install(options: &DriverInstall, windows: &mut dyn Windows) -> Result<String, Failure> {
    let plan = Plan {
        package: Package::read(&folder(options.package.as_deref())?)?,
        before_test_mode: options.before_test_mode,
    };
    let installed = install::install(&plan, windows)?;
    let mut text = additions("added", &installed.added);
    for device in installed.devices {
        let _ = writeln!(text, "device {device} has the driver");
    }
    for remark in installed.remarks {
        let _ = writeln!(text, "{remark}");
    }
    Ok(text + if_needed(installed.restart))
}

fn remove(windows: &mut dyn Windows) -> Result<String, Failure> {
    let removed = remove::remove(windows)?;
    let mut text = additions("removed", &removed.gone);
    if removed.gone.is_empty() {
        text.push_str("nothing to remove: install added nothing\n");
    }
    for package in removed.others {
        let _ = writeln!(
            text,
            "package {package} was added by something else and stays; `pnputil /delete-driver {package} /uninstall` removes it"
        );
    }
    Ok(text + if_needed(removed.restart))
}

fn restart(windows: &mut dyn Windows) -> Result<String, Failure> {
    let (devices, needed) = restart::restart(windows)?;
    let mut text = String::new();
    for device in devices {
        let _ = writeln!(text, "restarted {device}");
    }
    Ok(text + if_needed(needed))
}

fn additions(verb: &str, additions: &[Addition]) -> String {
    let lines = additions.iter();
    lines.fold(String::new(), |mut text, addition| {
        // Writing to a `String` can't fail.
        let _ = writeln!(text, "{verb} {}", addition.describe());
        text
    })
}

fn if_needed(restart: Restart) -> &'static str {
    match restart {
        Restart::Needed => RESTART,
        Restart::NotNeeded => "",
    }
}

/// The package's folder, as Windows wants it: from the root on.
fn folder(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::Usage(format!("the package's folder is not known: {error}"));
    if let Some(folder) = named {
        return path::absolute(folder).map_err(failed);
    }
    let program = env::current_exe().map_err(failed)?;
    Ok(program.parent().map(Path::to_owned).unwrap_or_default())
}
