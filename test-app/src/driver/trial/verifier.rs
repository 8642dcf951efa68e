//! Driver Verifier for the driver, without a restart of Windows.
//!
//! Its documentation: "Driver Verifier Command Syntax" and "Using Volatile Settings" of Microsoft's.

use std::fmt::Write;

use serde::Serialize;

use super::advice::refused;
use super::windows::{ProgramRun, TrialWindows};
use crate::failure::{CLEAN, DEVICE_ERROR, Failure};

/// The driver's image, by which Driver Verifier knows it.
pub const IMAGE: &str = "midiuart.sys";

/// The first build of Windows with rule classes that count at once.
const FIRST_WITH_RULES: u32 = 22000;

/// Special pool, IRQL, pool tracking, I/O, deadlocks, DMA, security, miscellaneous.
const FLAGS: &str = "0x9bb";

/// Those flags as rule classes, without the one that not every Windows lets begin at once.
const RULES: [&str; 7] = ["1", "4", "5", "9", "12", "18", "20"];

/// Force IRQL checking: not every Windows lets it begin at once.
const IRQL_RULE: &str = "2";

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Verify the driver from its next start on.
    On,
    /// Say whether it is verified.
    Query,
    /// Verify it no longer.
    Off,
}

/// Whose options a Windows has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rules {
    /// Windows 10 and Server 2022: `/volatile`.
    Volatile,
    /// Windows 11 and Server 2025: `/dif … /now`.
    Dif,
}

impl Rules {
    const fn of(build: u32) -> Self {
        if build < FIRST_WITH_RULES {
            Self::Volatile
        } else {
            Self::Dif
        }
    }
}

/// A run of `verifier.exe`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Its path and its arguments.
    pub command_line: String,
    /// Its exit code; null if it was ended by something else.
    pub exit_code: Option<i32>,
    /// What that means.
    pub meaning: &'static str,
    /// What it printed.
    pub output: String,
}

/// How Driver Verifier counts the driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// How often it was loaded under verification; null if that can't be read.
    pub loads: Option<u32>,
    /// How often it was unloaded.
    pub unloads: Option<u32>,
}

impl Counted {
    fn is_loaded(&self) -> bool {
        self.loads > self.unloads
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Which command's report it is.
    pub command: &'static str,
    /// What was to be done.
    pub action: Action,
    /// Whose options this Windows has.
    pub rules: Rules,
    /// What was run, in order.
    pub runs: Vec<Run>,
    /// How Driver Verifier counts the driver; null if it does not name it, or was not asked.
    pub counted: Option<Counted>,
    /// Whether it is done; for `query`: whether the driver is loaded under verification.
    pub done: bool,
    /// What that comes to, and what to do.
    pub verdict: String,
}

impl Report {
    /// The exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        if self.done { CLEAN } else { DEVICE_ERROR }
    }

    /// The line about what is not done; `None` if it is.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        (!self.done).then(|| Failure::Device(self.verdict.clone()))
    }

    /// For people, but for the verdict.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for run in &self.runs {
            // Writing to a `String` can't fail.
            let _ = writeln!(text, "> {}", run.command_line);
            for line in run.output.lines() {
                let _ = writeln!(text, "  {line}");
            }
            let _ = match run.exit_code {
                Some(code) => writeln!(text, "exit code {code}: {}", run.meaning),
                None => writeln!(text, "{}", run.meaning),
            };
        }
        if self.done {
            let _ = writeln!(text, "{}", self.verdict);
        }
        text
    }
}

/// What an action changes, for people; nothing if it changes nothing.
///
/// # Errors
/// If Windows does not tell what it is.
pub fn plan(action: Action, windows: &dyn TrialWindows) -> Result<String, Failure> {
    let rules = rules(windows)?;
    Ok(match (action, rules) {
        (Action::Query, _) => String::new(),
        (Action::On, Rules::Volatile) => format!(
            "let Driver Verifier check {IMAGE} until Windows is restarted, and set its flags to {FLAGS} for each driver that it checks; a driver that breaks a rule stops the machine with a blue screen\n"
        ),
        (Action::On, Rules::Dif) => format!(
            "let Driver Verifier check {IMAGE} from now on; a driver that breaks a rule stops the machine with a blue screen\n"
        ),
        (Action::Off, Rules::Volatile) => {
            format!("let Driver Verifier check {IMAGE} no longer; what else it checks stays\n")
        }
        (Action::Off, Rules::Dif) => {
            "end Driver Verifier's checks that were begun without a restart, of other drivers too\n"
                .into()
        }
    })
}

/// Carries out an action.
///
/// # Errors
/// If `verifier.exe` can't be run. What it refuses is in the report.
pub fn run(action: Action, windows: &mut dyn TrialWindows) -> Result<Report, Failure> {
    let rules = rules(windows)?;
    let mut report = Report {
        command: "driver verifier",
        action,
        rules,
        runs: Vec::new(),
        counted: None,
        done: false,
        verdict: String::new(),
    };
    match action {
        Action::On => on(&mut report, windows)?,
        Action::Query => query(&mut report, windows)?,
        Action::Off => off(&mut report, windows)?,
    }
    Ok(report)
}

fn rules(windows: &dyn TrialWindows) -> Result<Rules, Failure> {
    let build = windows
        .build()
        .map_err(|error| refused("this Windows does not tell its build", &error))?;
    Ok(Rules::of(build))
}

fn on(report: &mut Report, windows: &mut dyn TrialWindows) -> Result<(), Failure> {
    let code = match report.rules {
        Rules::Volatile => match call(report, windows, &["/volatile", "/flags", FLAGS])? {
            Some(0) => call(report, windows, &["/volatile", "/adddriver", IMAGE])?,
            refused => refused,
        },
        Rules::Dif => {
            let with = [&RULES[..1], &[IRQL_RULE], &RULES[1..]].concat();
            match call(report, windows, &dif(&with))? {
                Some(0) => Some(0),
                // Not every Windows has that rule at once.
                _ => call(report, windows, &dif(&RULES))?,
            }
        }
    };
    report.done = code == Some(0);
    report.verdict = match code {
        Some(0) => format!(
            "Driver Verifier checks {IMAGE} from its next start on: run `driver install` or `driver restart`, then `driver verifier query`"
        ),
        Some(2) => "Driver Verifier wants Windows to be restarted first, so nothing is checked now: run `verifier /querysettings`, restart Windows, then run `driver verifier query`".into(),
        _ => format!(
            "verifier.exe refused, so {IMAGE} is not checked: its output above tells why; if the driver is loaded, run `driver remove` and repeat the command"
        ),
    };
    Ok(())
}

fn dif<'a>(rules: &[&'a str]) -> Vec<&'a str> {
    let before = ["/dif"].iter();
    let after = ["/now", "/driver", IMAGE].iter();
    before.chain(rules).chain(after).copied().collect()
}

fn off(report: &mut Report, windows: &mut dyn TrialWindows) -> Result<(), Failure> {
    let code = match report.rules {
        Rules::Volatile => call(report, windows, &["/volatile", "/removedriver", IMAGE])?,
        Rules::Dif => call(report, windows, &["/stop"])?,
    };
    report.done = code == Some(0);
    report.verdict = match code {
        Some(0) => format!("Driver Verifier checks {IMAGE} no longer"),
        Some(2) => "Driver Verifier ends with the next start of Windows only: restart Windows".into(),
        _ => "verifier.exe refused: a driver that is loaded can't be taken out; run `driver remove` and repeat the command, or restart Windows, which ends it in any case".into(),
    };
    Ok(())
}

fn query(report: &mut Report, windows: &mut dyn TrialWindows) -> Result<(), Failure> {
    let code = call(report, windows, &["/query"])?;
    let output = report.runs.last().map_or("", |run| &run.output);
    report.counted = counted(output);
    report.verdict = match &report.counted {
        _ if code != Some(0) => {
            "verifier.exe does not answer: its output above tells why; run it as administrator"
                .into()
        }
        None => format!(
            "Driver Verifier does not check {IMAGE}: run `driver verifier on`, then `driver install` or `driver restart`"
        ),
        Some(Counted { loads: None, .. } | Counted { unloads: None, .. }) => format!(
            "Driver Verifier names {IMAGE}, but not how often it was loaded: read its output above"
        ),
        Some(counted) if !counted.is_loaded() => format!(
            "Driver Verifier is to check {IMAGE}, which is not loaded: run `driver install` or `driver restart`, then `driver status`"
        ),
        Some(_) if flags(output) == Some(0) => format!(
            "Driver Verifier lists {IMAGE}, but with no check on (its flags are 0), so nothing is proved: this Windows begins no check without a restart; run `verifier /standard /driver {IMAGE}` and restart Windows"
        ),
        Some(_) => {
            report.done = true;
            format!("{IMAGE} is loaded, and Driver Verifier checks it")
        }
    };
    Ok(())
}

fn call(
    report: &mut Report,
    windows: &mut dyn TrialWindows,
    arguments: &[&str],
) -> Result<Option<i32>, Failure> {
    let ProgramRun {
        command_line,
        exit_code,
        output,
    } = windows.run_verifier(arguments).map_err(|error| {
        refused(
            &format!("verifier.exe {} can't be run", arguments.join(" ")),
            &error,
        )
    })?;
    report.runs.push(Run {
        command_line,
        exit_code,
        meaning: meaning(exit_code),
        output,
    });
    Ok(exit_code)
}

const fn meaning(code: Option<i32>) -> &'static str {
    match code {
        Some(0) => "done",
        Some(1) => "error",
        Some(2) => "Windows has to be restarted first",
        Some(_) => "not a code that is documented",
        None => "it was ended by something else",
    }
}

/// How often the output of `/query` says that the driver was loaded and unloaded: the first two numbers
/// after its name, whatever words are between them in the language of Windows.
fn counted(output: &str) -> Option<Counted> {
    let mut lines = output.lines();
    lines.find_map(|line| {
        let mut words = line.split(|it: char| it.is_whitespace() || "(),;:/".contains(it));
        words.find(|word| word.eq_ignore_ascii_case(IMAGE))?;
        let mut numbers = words.filter_map(number);
        Some(Counted {
            loads: numbers.next(),
            unloads: numbers.next(),
        })
    })
}

/// The flags that are in force: the first number of eight hexadecimal digits.
fn flags(output: &str) -> Option<u32> {
    /// With `0x`.
    const LENGTH: usize = 10;
    let mut words = output.split_whitespace();
    let word = words.find(|word| word.len() == LENGTH && word.starts_with("0x"))?;
    number(word)
}

fn number(word: &str) -> Option<u32> {
    match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}
