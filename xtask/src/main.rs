//! Chores of the project that need code. `Makefile.toml` is the front door to them.

mod architecture;
mod cross;
mod dependencies;
mod driver;
mod failure;
mod faulty;
mod hosted;
mod identity;
mod inf;
mod package;
mod packages;
mod report_pages;
mod reproduce;
mod scenarios;
mod sign;
mod test_app;
mod user_mode;
mod verify;
mod wdk;
mod wine;
mod winmm_double;
mod workflows;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use architecture::Architecture;
use failure::Failure;

/// Chores of the project. They end with 0 if all went well, 1 if something was found, and 3 if
/// something is missing or unreadable.
#[derive(Parser)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds midiuart.sys with its PDB and map file into target/package/ARCH, on Debian.
    Driver(Target),
    /// Builds midiuart-test.exe into target/package/ARCH, on Debian.
    TestApp(test_app::Options),
    /// Builds the double of winmm.dll into target/package/ARCH/double, on Debian.
    WinmmDouble(winmm_double::Options),
    /// Builds images for x64 with planted faults into target/faulty/NAME, on Debian.
    FaultyDrivers,
    /// Runs clippy over the driver as it is built for Windows, on Debian.
    ClippyDriver(Target),
    /// Builds the image in two folders and compares the bytes, on Debian.
    Reproduce(Target),
    /// Runs the driver's scenarios on the linked-in driver and on the x64 image.
    Scenarios,
    /// Checks the rules that hold for driver images.
    VerifyImage {
        /// Images; if none are named, those in target/package.
        paths: Vec<PathBuf>,
    },
    /// Makes signed driver packages, folder and zip file, in target/package.
    Package(package::MakeOptions),
    /// Checks driver packages: files, digests, rules, signatures, catalog.
    VerifyPackage(package::VerifyOptions),
    /// Checks the rules that hold for INF files.
    VerifyInf {
        /// INF or .inx files; if none are named, inf/midiuart.inx.
        paths: Vec<PathBuf>,
    },
    /// Checks the dependencies in all lock files: licences, sources; and what `RustSec` knows about them.
    Dependencies(dependencies::Options),
    /// Builds midiuart.sys with its PDB into target/package/ARCH, on Windows with the WDK.
    WdkBuild(wdk::BuildOptions),
    /// Checks packages with the programs of the WDK, on Windows.
    WdkCheck(wdk::CheckOptions),
    /// Checks the workflows for GitHub's machines, on Debian.
    Workflows(workflows::Options),
    /// Prints what the jobs on GitHub's machines found, and which machine was lost at which step.
    HostedSummary(hosted::Options),
    /// Makes pages of the tool on the emulated PC, renders and checks them in Chromium, on Debian.
    ReportPages(report_pages::Options),
    /// Runs the x64 image in Wine's kernel, on Debian without a display.
    Wine(wine::Options),
    /// Has Wine's setupapi install and remove the x64 package, on Debian without a display.
    WineInstall(wine::InstallOptions),
    /// Runs the tool as a Windows program, on the double of winmm, on Debian.
    WineTool(wine::tool::Options),
    /// Runs programs that use midir, as Windows programs, on the double of winmm, on Debian.
    WineMidir(wine::midir::Options),
}

#[derive(Args)]
struct Target {
    /// The processor; x86 is not supported officially.
    #[arg(long, value_enum, default_value_t = Architecture::X64)]
    arch: Architecture,
    /// Installs the Debian packages that are missing. Needs root.
    #[arg(long)]
    install: bool,
}

fn main() -> ExitCode {
    match run(CommandLine::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let root = root();
    match command {
        Command::Driver(Target { arch, install }) => {
            packages::require(arch, install)?;
            driver::build(&root, arch)
        }
        Command::FaultyDrivers => {
            packages::require(Architecture::X64, false)?;
            faulty::build(&root)
        }
        Command::ClippyDriver(Target { arch, install }) => {
            packages::require(arch, install)?;
            cross::clippy(&root, arch)
        }
        Command::Reproduce(Target { arch, install }) => {
            packages::require(arch, install)?;
            reproduce::compare(&root, arch)
        }
        Command::TestApp(options) => test_app::build(&root, &options),
        Command::WinmmDouble(options) => winmm_double::build(&root, &options),
        Command::Scenarios => scenarios::compare(&root, &driver::image(&root, Architecture::X64)),
        Command::VerifyImage { paths } if paths.is_empty() => verify::all(&driver::built(&root)?),
        Command::VerifyImage { paths } => verify::all(&paths),
        Command::Package(options) => package::make(&root, &options),
        Command::VerifyPackage(options) => package::verify(&root, &options),
        Command::VerifyInf { paths } if paths.is_empty() => inf::verify(&[inf::source(&root)]),
        Command::VerifyInf { paths } => inf::verify(&paths),
        Command::Dependencies(options) => dependencies::check(&root, &options),
        Command::WdkBuild(options) => wdk::build::build(&root, &options),
        Command::WdkCheck(options) => wdk::check::check(&root, &options),
        Command::Workflows(options) => workflows::run(&root, &options),
        Command::HostedSummary(options) => hosted::summarize(&options),
        Command::ReportPages(options) => report_pages::run(&root, &options),
        Command::Wine(options) => wine::run(&root, &options),
        Command::WineInstall(options) => wine::install(&root, &options),
        Command::WineTool(options) => wine::tool::run(&root, &options),
        Command::WineMidir(options) => wine::midir::run(&root, &options),
    }
}

/// The project's folder.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
