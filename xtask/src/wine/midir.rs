//! Programs that use MIDI ports by way of the crate `midir`, compiled for Windows and run under Wine on
//! the ports of the double of winmm: midir's own examples as they are, and one that checks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::PACKAGES;
use super::prefix::{Call, Ended, Prefix, SYSTEM32};
use super::report::{Report, Verdict};
use crate::architecture::Architecture;
use crate::failure::Failure;
use crate::user_mode::{Build, Tools, runtime};
use crate::{packages, winmm_double};

/// Longest time for one program.
const PATIENCE: Duration = Duration::from_secs(30);
/// The ports that there are: one that hears itself without a cable, one with a cable.
const PORTS: (&str, &str) = ("EMULATED_PORTS", "software,16550");
const NAMES: [&str; 2] = ["MIDI UART (software)", "MIDI UART (16550)"];

/// How to run midir's examples.
#[derive(clap::Args)]
pub struct Options {
    /// Installs the Debian packages that are missing. Needs root.
    #[arg(long)]
    install: bool,
}

/// A program, and what shows that it works.
struct Example {
    name: &'static str,
    /// Numbers of ports, and lines that it waits for.
    input: &'static str,
    /// What it prints, in this order.
    prints: &'static [&'static str],
}

const EXAMPLES: [Example; 6] = [
    Example {
        name: "send_and_receive",
        input: "",
        prints: &[
            "sent and received 292 messages, 7877 bytes",
            "other functions of winmm work",
        ],
    },
    Example {
        name: "test_list_ports",
        input: "",
        prints: &[
            "Available input ports:",
            NAMES[0],
            NAMES[1],
            "Available output ports:",
            NAMES[0],
            NAMES[1],
        ],
    },
    Example {
        name: "test_play",
        input: "1\n",
        prints: &["Connection open. Listen!", "Connection closed"],
    },
    // Each empty line sends a note; it may be closed before the last messages are back.
    Example {
        name: "test_reuse",
        input: "1\n1\n\n\nq\n\n\nq\n",
        prints: &[
            "Received bytes: [144, 60, 1, 144, 60, 0, ",
            "Opening connections",
            "144, 60, 1, 144, 60, 0, ",
        ],
    },
    Example {
        name: "test_forward",
        input: "0\n1\n\n",
        prints: &["forwarding from 'MIDI UART (software)' to 'MIDI UART (16550)'"],
    },
    Example {
        name: "test_read_input",
        input: "1\n\n",
        prints: &[
            "reading input from 'MIDI UART (16550)'",
            "Closing connection",
        ],
    },
];

/// Builds the programs and runs them, a line for each.
///
/// # Errors
/// If one does not build or does not work, or there is no double yet.
pub fn run(root: &Path, options: &Options) -> Result<(), Failure> {
    let begin = Instant::now();
    packages::require(Architecture::X64, options.install)?;
    packages::require_all(&PACKAGES, options.install)?;
    let built = build(root)?;
    let prefix = Prefix::new(PATIENCE)?;
    winmm_double::copy(root, &prefix.file(""))?;
    runtime::build_random_numbers(&prefix.file(SYSTEM32), Architecture::X64)?;
    let mut report = Report::default();
    for example in &EXAMPLES {
        let file = format!("{}.exe", example.name);
        let in_folder = |folder: &str| built.join(folder).join(&file);
        let program = [in_folder(""), in_folder("examples")];
        let program = program.iter().find(|it| it.exists()).unwrap_or(&built);
        fs::copy(program, prefix.file(&file)).map_err(Failure::at(program))?;
        let ended = prefix.call(&Call {
            command: &[&file],
            input: example.input,
            variables: &[PORTS],
        })?;
        report.check(example.name, example.judge(&ended));
    }
    println!("{:.1} s", begin.elapsed().as_secs_f64());
    report.outcome()
}

impl Example {
    fn judge(&self, ended: &Ended) -> Verdict {
        let mut rest = &*ended.output;
        for text in self.prints {
            rest = match rest.split_once(text) {
                Some((_, rest)) => rest,
                None => return Err(format!("no '{text}' in its turn: {ended:?}")),
            };
        }
        match ended.exit_code {
            Some(0) => Ok(self.prints.last().copied().unwrap_or_default().to_owned()),
            _ => Err(format!("{ended:?}")),
        }
    }
}

/// Builds them; returns the folder that they are in.
fn build(root: &Path) -> Result<PathBuf, Failure> {
    let ours = root.join("xtask/midir");
    let manifest = ours.join("Cargo.toml");
    let theirs = registry_folder(&manifest)?;
    // A package of its own, which has midir's examples, too.
    let package = root.join("target/midir");
    copy_files(&ours, &package)?;
    copy_files(&ours.join("src"), &package.join("src"))?;
    copy_files(&theirs.join("examples"), &package.join("examples"))?;
    let programs = Build {
        root,
        architecture: Architecture::X64,
        tools: Tools::Msvc,
    };
    let manifest = package.join("Cargo.toml");
    let manifest = manifest.to_string_lossy();
    programs.build(&["--manifest-path", &manifest, "--bins", "--examples"])
}

/// Where cargo has put the sources of midir.
fn registry_folder(manifest: &Path) -> Result<PathBuf, Failure> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version=1"])
        .arg("--manifest-path")
        .arg(manifest)
        .output()
        .map_err(Failure::at(manifest))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|_| {
        let errors = String::from_utf8_lossy(&output.stderr);
        Failure::unusable(format!("{}: {errors}", manifest.display()))
    })?;
    manifest_of(&metadata, "midir")
        .and_then(Path::parent)
        .map(Path::to_owned)
        .ok_or_else(|| Failure::unusable(format!("{}: no midir", manifest.display())))
}

fn manifest_of<'a>(metadata: &'a serde_json::Value, package: &str) -> Option<&'a Path> {
    let packages = metadata["packages"].as_array()?;
    let found = packages.iter().find(|it| it["name"] == package)?;
    found["manifest_path"].as_str().map(Path::new)
}

fn copy_files(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(Failure::at(to))?;
    for entry in fs::read_dir(from).map_err(Failure::at(from))? {
        let file = entry.map_err(Failure::at(from))?.path();
        if file.is_file() {
            let place = to.join(file.file_name().unwrap_or_default());
            fs::copy(&file, place).map_err(Failure::at(&file))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(output: &str, exit_code: i32) -> Verdict {
        let example = Example {
            name: "both",
            input: "",
            prints: &["first", "second"],
        };
        example.judge(&Ended {
            exit_code: Some(exit_code),
            output: output.to_owned(),
            errors: String::new(),
        })
    }

    #[test]
    fn programs_are_judged_by_what_they_print_in_order_and_by_how_they_end() {
        assert_eq!(judge("1 first\n2 second\n", 0), Ok("second".to_owned()));
        assert!(judge("1 second\n2 first\n", 0).is_err());
        assert!(judge("1 first\n2 second\n", 1).is_err());
    }

    #[test]
    fn the_folder_of_a_package_is_in_cargos_metadata() {
        let metadata = serde_json::json!({"packages": [
            {"name": "log", "manifest_path": "/registry/log-0.4.0/Cargo.toml"},
            {"name": "midir", "manifest_path": "/registry/midir-0.11.1/Cargo.toml"},
        ]});
        let found = manifest_of(&metadata, "midir");
        assert_eq!(found, Some(Path::new("/registry/midir-0.11.1/Cargo.toml")));
        assert_eq!(manifest_of(&metadata, "midly"), None);
    }
}
