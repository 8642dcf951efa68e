//! `driver report`: what is true on this machine, in a file for others.

use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::consent;
use crate::Host;
use crate::cli::DriverReport;
use crate::driver::report::added::{self, Added};
use crate::driver::report::collect::Sources;
use crate::driver::report::{Report, make, this_machine};
use crate::failure::{CLEAN, Failure};
use crate::output;
use crate::output_file::OutputFile;

/// The longest time for each question to Windows.
const PATIENCE: Duration = Duration::from_secs(30);

/// Someone who can be asked.
trait Console {
    fn is_there(&self) -> bool;

    /// Reads a line; an empty one if there is none.
    fn line(&mut self) -> String;
}

struct StandardInput;

impl Console for StandardInput {
    fn is_there(&self) -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(_) => line,
            Err(_) => String::new(),
        }
    }
}

/// A command whose options and files are in order.
struct Checked {
    place: OutputFile,
    added: Vec<Added>,
}

pub fn run(options: &DriverReport, host: &mut Host<'_>) -> Result<u8, Failure> {
    let Some((windows, evidence)) = this_machine() else {
        return Err(Failure::Usage(
            "driver works on Windows only: take midiuart-test.exe there".into(),
        ));
    };
    let sources = Sources {
        windows,
        evidence: evidence.as_ref(),
        patience: PATIENCE,
        made_at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
    };
    carry_out(options, host, &sources, &mut StandardInput)
}

fn carry_out(
    options: &DriverReport,
    host: &mut Host<'_>,
    sources: &Sources<'_>,
    console: &mut dyn Console,
) -> Result<u8, Failure> {
    let Checked { place, added } = check(options, console)?;
    output::print(host.output, "collecting; this can take a minute\n")?;
    let report = make(sources, added)?;
    output::print(host.output, &shown(&report))?;
    if !options.yes {
        let question = format!("Write {}? [y/N] ", options.output.display());
        output::print(host.output, &question)?;
        if !consent::is_yes(&console.line()) {
            output::print(host.output, "nothing was written\n")?;
            return Ok(CLEAN);
        }
    }
    place.write(&report.packed()?)?;
    let done = format!("wrote {}\n", options.output.display());
    output::print(host.output, &done)?;
    Ok(CLEAN)
}

/// Everything that can be refused before Windows is asked.
fn check(options: &DriverReport, console: &dyn Console) -> Result<Checked, Failure> {
    if !options.yes && !console.is_there() {
        return Err(Failure::Usage(
            "there is no console to ask at whether to write the report: add --yes".into(),
        ));
    }
    let place = OutputFile::check("driver report", &options.output)?
        .is_none_of(&options.add, "is to be added to the report")?;
    let added = options.add.iter().map(PathBuf::as_path).map(added::read);
    let added = added.collect::<Result<_, _>>()?;
    Ok(Checked { place, added })
}

/// What was collected, for whoever decides whether to write it.
fn shown(report: &Report) -> String {
    let sizes = report
        .files
        .iter()
        .map(|(name, bytes)| format!("{:>9} bytes  {name}\n", bytes.len()));
    format!(
        "\n{}\n{}\nNames of users, computers and domains, e-mail addresses, SIDs, GUIDs and network addresses are removed.\n",
        report.summary.trim_end(),
        sizes.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;
    use crate::backend::emulated::EmulatedPc;
    use crate::driver::report::fake::FakeEvidence;
    use crate::driver::report::tests::{opening, sources};
    use crate::failure::USAGE;
    use crate::interrupt::Interrupt;

    struct Answering(Option<&'static str>);

    impl Console for Answering {
        fn is_there(&self) -> bool {
            self.0.is_some()
        }

        fn line(&mut self) -> String {
            self.0.take().unwrap_or_default().to_owned()
        }
    }

    /// What the command returns and prints.
    fn reported(
        options: &DriverReport,
        answer: Option<&'static str>,
        evidence: &FakeEvidence,
    ) -> (Result<u8, Failure>, String) {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let mut host = Host {
            emulated: &EmulatedPc,
            winmm: &EmulatedPc,
            interrupt: &Interrupt::default(),
            output: &mut output,
            errors: &mut errors,
        };
        let sources = sources(opening(|_| ()), evidence);
        let done = carry_out(options, &mut host, &sources, &mut Answering(answer));
        (done, String::from_utf8(output).expect("UTF-8"))
    }

    fn options(folder: &Path, yes: bool) -> DriverReport {
        DriverReport {
            output: folder.join("out.zip"),
            yes,
            add: Vec::new(),
        }
    }

    #[test]
    fn it_is_written_after_a_yes_only() {
        let folder = TempDir::new().expect("a folder");
        let evidence = FakeEvidence::default();
        let options = options(folder.path(), false);
        for answer in ["", "n\n", "no\n", "maybe\n"] {
            let (done, printed) = reported(&options, Some(answer), &evidence);
            assert_eq!(done, Ok(CLEAN));
            assert!(
                printed.ends_with("[y/N] nothing was written\n"),
                "{printed}"
            );
            assert!(!options.output.exists(), "{answer}");
        }
        let (done, printed) = reported(&options, Some("Y\r\n"), &evidence);
        assert_eq!(done, Ok(CLEAN));
        assert!(printed.contains(" bytes  report.json\n"), "{printed}");
        assert!(
            printed.contains("are removed") && printed.contains("test mode"),
            "{printed}"
        );
        assert!(
            fs::read(&options.output)
                .expect("the file")
                .starts_with(b"PK")
        );
    }

    #[test]
    fn without_a_console_it_takes_the_option() {
        let folder = TempDir::new().expect("a folder");
        let evidence = FakeEvidence::default();
        let (done, printed) = reported(&options(folder.path(), false), None, &evidence);
        let refused = done.expect_err("nobody to ask");
        assert_eq!(refused.exit_code(), USAGE);
        assert!(
            refused.to_string().contains("--yes") && printed.is_empty(),
            "{refused}"
        );
        let (done, printed) = reported(&options(folder.path(), true), None, &evidence);
        assert_eq!(done, Ok(CLEAN));
        assert!(!printed.contains("[y/N]") && folder.path().join("out.zip").exists());
    }

    #[test]
    fn what_was_there_stays_if_there_is_no_report() {
        let folder = TempDir::new().expect("a folder");
        let mut options = options(folder.path(), true);
        fs::write(&options.output, "before").expect("a file");
        let evidence = FakeEvidence {
            has_names: false,
            ..FakeEvidence::default()
        };
        assert!(reported(&options, None, &evidence).0.is_err());
        options.add = vec![folder.path().join("nowhere.json")];
        let evidence = FakeEvidence::default();
        let refused = reported(&options, None, &evidence).0.expect_err("no file");
        assert_eq!(refused.exit_code(), USAGE);
        options.add = vec![options.output.clone()];
        assert!(reported(&options, None, &evidence).0.is_err());
        assert_eq!(fs::read(&options.output).expect("the file"), b"before");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }
}
