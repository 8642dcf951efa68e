//! The tool as a Windows program, on the ports of the double of winmm, under Wine.

mod judges;
mod refusals;
mod uses;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::PACKAGES;
use super::prefix::{Call, Ended, Prefix, SYSTEM32};
use super::report::{Report, Verdict};
use crate::architecture::Architecture;
use crate::failure::Failure;
use crate::test_app::{self, PROGRAM};
use crate::user_mode::runtime;
use crate::{packages, winmm_double};

/// Longest time for one command: as long as a machine that is busy with other things needs.
const PATIENCE: Duration = Duration::from_mins(5);
/// The double's variable that says which ports there are.
const PORTS: &str = "EMULATED_PORTS";
/// Debian's package of real songs, and where they are.
const SONGS_PACKAGE: &str = "openttd-openmsx";
const SONGS: &str = "/usr/share/games/openttd/baseset/openmsx";
const SONG_COUNT: usize = 31;
/// The folder of the double in the prefix: not the tool's.
const DOUBLES_FOLDER: &str = "double";
/// The tool's option for another winmm.
const WINMM_OPTION: &str = "--winmm";
/// The folder of the songs in the prefix.
const SONGS_HERE: &str = "songs";

/// How to run the tool.
#[derive(clap::Args)]
pub struct Options {
    /// Runs only what has this in its name.
    #[arg(long, value_name = "PART")]
    only: Option<String>,
    /// Installs the Debian packages that are missing. Needs root.
    #[arg(long)]
    install: bool,
}

/// A command of the tool's.
struct Use {
    name: &'static str,
    ports: &'static str,
    arguments: &'static [&'static str],
    /// Whether the songs' names come behind.
    plays_songs: bool,
    judge: fn(&Ended, &Prefix) -> Verdict,
}

/// Runs commands of the tool's that was built, and wrong uses of it, a line for each.
///
/// # Errors
/// If one does not do what it has to, or something is not built yet.
pub fn run(root: &Path, options: &Options) -> Result<(), Failure> {
    let begin = Instant::now();
    packages::require_all(&PACKAGES, options.install)?;
    packages::require_all(&[SONGS_PACKAGE], options.install)?;
    let prefix = Prefix::new(PATIENCE)?;
    let program = test_app::program(root, Architecture::X64);
    if !program.exists() {
        return Err(Failure::unusable(
            "no midiuart-test.exe; `cargo xtask test-app` makes one",
        ));
    }
    fs::copy(&program, prefix.file(PROGRAM)).map_err(Failure::at(&program))?;
    let folder = prefix.file(DOUBLES_FOLDER);
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    winmm_double::copy(root, &folder)?;
    runtime::build_random_numbers(&prefix.file(SYSTEM32), Architecture::X64)?;
    let songs = copy_songs(&prefix)?;
    let is_wanted = |name: &str| options.only.as_deref().is_none_or(|it| name.contains(it));

    let mut report = Report::default();
    for command in uses::USES.iter().filter(|it| is_wanted(it.name)) {
        let mut arguments = command.arguments.to_vec();
        if command.plays_songs {
            arguments.extend(songs.iter().map(String::as_str));
        }
        let begin = Instant::now();
        let ended = call(&prefix, command.ports, &arguments)?;
        let verdict = (command.judge)(&ended, &prefix);
        let verdict = verdict.map(|it| format!("{it} ({:.1} s)", begin.elapsed().as_secs_f64()));
        report.check(command.name, verdict.map_err(|it| shown(&it, &ended)));
    }
    for refusal in refusals::REFUSALS.iter().filter(|it| is_wanted(it.name)) {
        let ended = call(&prefix, refusal.ports, refusal.arguments)?;
        let verdict = refusal.judge(&ended);
        report.check(refusal.name, verdict.map_err(|it| shown(&it, &ended)));
    }
    println!("{:.1} s", begin.elapsed().as_secs_f64());
    report.outcome()
}

/// Runs the tool with the double as its winmm. `driver` commands refuse that.
fn call(prefix: &Prefix, ports: &str, arguments: &[&str]) -> Result<Ended, Failure> {
    let double = format!(r"{DOUBLES_FOLDER}\{}", winmm_double::NAME);
    let takes_it = arguments.first() != Some(&"driver") && !arguments.contains(&WINMM_OPTION);
    let options: &[&str] = if takes_it {
        &[WINMM_OPTION, &double]
    } else {
        &[]
    };
    prefix.call(&Call {
        command: &[&[PROGRAM], options, arguments].concat(),
        variables: &[(PORTS, ports)],
        ..Call::default()
    })
}

/// What is wrong, and what the command said.
fn shown(wrong: &str, ended: &Ended) -> String {
    /// Reports in JSON have a line for each message.
    const LONGEST: usize = 2000;
    let output: String = ended.output.chars().take(LONGEST).collect();
    let errors = &ended.errors;
    format!(
        "{wrong}; exit code {:?}\n{output}\n{errors}",
        ended.exit_code
    )
}

/// Copies the songs into the prefix; returns their names there.
fn copy_songs(prefix: &Prefix) -> Result<Vec<String>, Failure> {
    let from = Path::new(SONGS);
    let to = prefix.file(SONGS_HERE);
    fs::create_dir_all(&to).map_err(Failure::at(&to))?;
    let mut names = Vec::new();
    for entry in fs::read_dir(from).map_err(Failure::at(from))? {
        let file: PathBuf = entry.map_err(Failure::at(from))?.path();
        if file.extension().is_some_and(|it| it == "mid") {
            let name = file.file_name().unwrap_or_default();
            fs::copy(&file, to.join(name)).map_err(Failure::at(&file))?;
            names.push(format!(r"{SONGS_HERE}\{}", name.to_string_lossy()));
        }
    }
    names.sort();
    match names.len() {
        SONG_COUNT => Ok(names),
        count => Err(Failure::unusable(format!(
            "{SONGS}: {count} songs; there should be {SONG_COUNT}"
        ))),
    }
}
