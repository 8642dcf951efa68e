//! Made-up kits: folders with empty programs, and a machine that says how each program ends.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::machine::{Ended, Machine};
use super::{build, check};
use crate::architecture::Architecture;
use crate::failure::Failure;

const VERSION: &str = "10.0.26100.0";
/// A version without a driver kit.
const NEWER_SDK: &str = "10.0.28000.0";

/// A machine with a kit that is made up.
struct MadeUp {
    folder: TempDir,
    variables: HashMap<&'static str, OsString>,
    /// Exit codes by a part of the command's line; others end with 0.
    exit_codes: Vec<(&'static str, i32)>,
    /// What was run, as typed, without folders.
    commands: Vec<String>,
    /// The variables that cargo was given.
    given: HashMap<String, OsString>,
    registry: Option<String>,
}

impl MadeUp {
    fn without_kit() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: HashMap::new(),
            exit_codes: Vec::new(),
            commands: Vec::new(),
            given: HashMap::new(),
            registry: None,
        }
    }

    fn with_kit() -> Self {
        let mut machine = Self::without_kit();
        let kit = machine.path("kit");
        for folder in [
            format!("Include/{VERSION}/km/crt"),
            format!("Include/{VERSION}/shared"),
            format!("Include/{NEWER_SDK}/shared"),
            format!("Lib/{VERSION}/km/x64"),
            format!("Lib/{VERSION}/km/arm64"),
            format!("Lib/{NEWER_SDK}/um/x64"),
            "Lib/wdf".to_owned(),
        ] {
            fs::create_dir_all(kit.join(folder)).unwrap();
        }
        for (name, place) in [
            ("signtool.exe", format!("bin/{VERSION}/x64")),
            ("signtool.exe", format!("bin/{VERSION}/arm64")),
            ("signtool.exe", "bin/10.0.22621.0/x64".to_owned()),
            ("inf2cat.exe", format!("bin/{VERSION}/x86")),
            ("infverif.exe", format!("Tools/{VERSION}/x64")),
            ("infverif.exe", format!("Tools/{VERSION}/arm")),
        ] {
            fs::create_dir_all(kit.join(&place)).unwrap();
            fs::write(kit.join(place).join(name), "").unwrap();
        }
        machine.variables.insert("WDKContentRoot", kit.into());
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A package with an image that the tests of the rules have, too.
    fn package(&self) -> PathBuf {
        let package = self.path("midiuart-0.1.0-x64");
        fs::create_dir_all(&package).unwrap();
        for name in [
            "midiuart.inf",
            "midiuart.cat",
            "midiuart.cer",
            "midiuart-test.exe",
        ] {
            fs::write(package.join(name), name).unwrap();
        }
        fs::write(package.join("midiuart.sys"), smallest_image()).unwrap();
        package
    }

    fn build(&mut self) -> Result<PathBuf, Failure> {
        let root = self.folder.path().to_owned();
        fs::create_dir_all(root.join("driver/image")).unwrap();
        build::built(&root, Architecture::X64, self)
    }

    fn check(&mut self, is_trusting: bool) -> Result<(), Failure> {
        let (package, output) = (self.package(), self.path("output"));
        check::checked(&[package], &output, is_trusting, self)
    }

    fn ended(&mut self, command: &Command) -> i32 {
        let typed = super::machine::line(command);
        let typed = typed.replace(&self.folder.path().display().to_string(), "");
        let ended = self
            .exit_codes
            .iter()
            .find(|(part, _)| typed.contains(part))
            .map_or(0, |(_, code)| *code);
        self.commands.push(typed);
        ended
    }
}

impl Machine for MadeUp {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).cloned()
    }

    fn run(&mut self, command: &mut Command) -> io::Result<Option<i32>> {
        let code = self.ended(command);
        let given = command.get_envs();
        self.given = given
            .filter_map(|(name, value)| {
                Some((name.to_string_lossy().into_owned(), value?.to_owned()))
            })
            .collect();
        if code == 0 {
            let linked = self
                .folder
                .path()
                .join("driver/image/target/x86_64-pc-windows-msvc/release");
            fs::create_dir_all(&linked)?;
            fs::write(linked.join("midiuart.dll"), "image")?;
            fs::write(linked.join("midiuart.pdb"), "names")?;
        }
        Ok(Some(code))
    }

    fn capture(&mut self, command: &mut Command) -> io::Result<Ended> {
        let code = self.ended(command);
        let is_registry = command.get_program() == "reg";
        let output = match &self.registry {
            Some(value) if is_registry => format!("    KitsRoot10    REG_SZ    {value}\r\n"),
            _ => "what the program printed\n".to_owned(),
        };
        Ok(Ended {
            exit_code: Some(code),
            output,
        })
    }
}

/// Headers of an image for x64, and nothing else.
fn smallest_image() -> Vec<u8> {
    let mut image = vec![0; 0x200];
    image[..2].copy_from_slice(b"MZ");
    image[0x3c] = 0x40;
    image[0x40..0x44].copy_from_slice(b"PE\0\0");
    image[0x44..0x46].copy_from_slice(&0x8664_u16.to_le_bytes()); // the processor
    image[0x54] = 240; // the optional header's size
    image[0x58..0x5a].copy_from_slice(&0x20b_u16.to_le_bytes()); // for 64 bits
    image[0xc4] = 16; // data directories
    image
}

fn message(failure: Result<impl Sized, Failure>) -> String {
    failure.err().expect("a failure").to_string()
}

#[test]
fn flags_of_rusts_stop_a_build_even_if_they_are_empty() {
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        let mut machine = MadeUp::with_kit();
        machine.variables.insert(name, OsString::new());
        let failure = machine.build().unwrap_err();
        assert_eq!(failure.exit_code(), 3);
        assert!(failure.to_string().contains(&format!("{name} is set")));
        assert!(failure.to_string().ends_with("unset it"));
        assert_eq!(machine.commands, [""; 0]);
    }
}

#[test]
fn a_machine_without_kit_is_told_where_one_was_looked_for() {
    let mut machine = MadeUp::without_kit();
    machine.exit_codes.push(("reg query", 1));
    let failure = machine.build().unwrap_err();
    assert_eq!(failure.exit_code(), 3);
    let text = failure.to_string();
    assert!(text.contains("WDKContentRoot") && text.contains("KitsRoot10"));
    assert_eq!(machine.commands.len(), 2, "both halves of the registry");
    assert_eq!(message(machine.check(false)), text);
}

#[test]
fn the_kit_is_found_by_the_registry_and_in_the_usual_folder() {
    let mut machine = MadeUp::with_kit();
    let kit = machine.variables.remove("WDKContentRoot").unwrap();
    machine.registry = Some(kit.to_string_lossy().into_owned());
    machine.build().unwrap();
    assert_eq!(machine.given["WDKContentRoot"], kit);

    machine.registry = None;
    machine.exit_codes.push(("reg query", 1));
    let folder = machine.path("programs");
    machine
        .variables
        .insert("ProgramFiles(x86)", folder.clone().into());
    let usual = folder.join("Windows Kits").join("10");
    fs::create_dir_all(usual.parent().unwrap()).unwrap();
    fs::rename(kit, &usual).unwrap();
    machine.build().unwrap();
    assert_eq!(machine.given["WDKContentRoot"], usual);
}

#[test]
fn the_newest_version_that_has_drivers_is_taken() {
    let mut machine = MadeUp::with_kit();
    machine.build().unwrap();
    assert_eq!(machine.given["Version_Number"], VERSION);
    let typed = machine.commands.last().unwrap();
    assert!(typed.ends_with("build --release --locked --target x86_64-pc-windows-msvc"));

    // One that is set stays.
    machine
        .variables
        .insert("Version_Number", "10.0.22621.0".into());
    machine.build().unwrap();
    assert!(!machine.given.contains_key("Version_Number"));
}

#[test]
fn a_kit_without_drivers_is_told_by_what_it_lacks() {
    let mut machine = MadeUp::with_kit();
    fs::remove_dir_all(machine.path("kit").join("Lib").join(VERSION).join("km/x64")).unwrap();
    let failure = machine.build().unwrap_err();
    assert_eq!(failure.exit_code(), 3);
    let text = failure.to_string();
    let (sdk, drivers) = (format!("{NEWER_SDK} lacks "), format!("{VERSION} lacks "));
    assert!(text.contains(&sdk) && text.contains(&drivers), "{text}");
}

#[test]
fn libclang_is_taken_from_its_usual_folder_if_nothing_is_said() {
    let mut machine = MadeUp::with_kit();
    let programs = machine.path("programs");
    let usual = programs.join("LLVM").join("bin");
    machine.variables.insert("ProgramFiles", programs.into());
    machine.build().unwrap();
    assert!(!machine.given.contains_key("LIBCLANG_PATH"));

    fs::create_dir_all(&usual).unwrap();
    fs::write(usual.join("libclang.dll"), "").unwrap();
    machine.build().unwrap();
    assert_eq!(machine.given["LIBCLANG_PATH"], usual);

    machine
        .variables
        .insert("LIBCLANG_PATH", "elsewhere".into());
    machine.build().unwrap();
    assert_eq!(machine.given["LIBCLANG_PATH"], "elsewhere");
}

#[test]
fn image_and_pdb_go_into_the_package_folder_and_an_old_map_does_not_stay() {
    let mut machine = MadeUp::with_kit();
    let package = machine.path("target/package/x64");
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("midiuart.map"), "of another build").unwrap();
    let image = machine.build().unwrap();
    assert_eq!(image, package.join("midiuart.sys"));
    assert_eq!(fs::read(image).unwrap(), b"image");
    assert_eq!(fs::read(package.join("midiuart.pdb")).unwrap(), b"names");
    assert!(!package.join("midiuart.map").exists());
}

#[test]
fn a_build_that_fails_is_a_finding() {
    let mut machine = MadeUp::with_kit();
    machine.exit_codes.push(("build --release", 101));
    let failure = machine.build().unwrap_err();
    assert_eq!(failure.exit_code(), 1);
    assert!(failure.to_string().contains("cargo: exit code 101"));
    assert!(!machine.path("target/package").exists());
}

#[test]
fn every_program_of_the_kit_is_asked_the_best_one_of_each() {
    let mut machine = MadeUp::with_kit();
    machine.check(false).unwrap();
    let processor = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x64"
    };
    let commands: Vec<_> = machine
        .commands
        .iter()
        .filter(|it| !it.starts_with("reg "))
        .map(|it| {
            it.replace('\\', "/")
                .replace(&format!("/{processor}/"), "/HOST/")
        })
        .map(|it| it.replace("/arm64/", "/HOST/"))
        .collect();
    let package = "/midiuart-0.1.0-x64";
    assert_eq!(
        commands,
        [
            format!("/kit/Tools/{VERSION}/HOST/infverif.exe /v /w {package}/midiuart.inf"),
            format!("/kit/Tools/{VERSION}/HOST/infverif.exe /v /h {package}/midiuart.inf"),
            format!("/kit/bin/{VERSION}/HOST/signtool.exe verify /v /pa {package}/midiuart.cat"),
            format!(
                "/kit/bin/{VERSION}/HOST/signtool.exe verify /v /pa /c {package}/midiuart.cat \
                 {package}/midiuart.sys"
            ),
            format!("/kit/bin/{VERSION}/HOST/signtool.exe verify /v /pa {package}/midiuart.sys"),
            format!(
                "/kit/bin/{VERSION}/HOST/signtool.exe verify /v /pa {package}/midiuart-test.exe"
            ),
            format!(
                "/kit/bin/{VERSION}/x86/inf2cat.exe /driver:/output{package}/inf2cat \
                 /os:10_X64,ServerFE_X64,Server2025_X64 /verbose"
            ),
        ]
    );
    // On the copy there is no catalog.
    let mut copied: Vec<_> = fs::read_dir(machine.path("output/midiuart-0.1.0-x64/inf2cat"))
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    copied.sort();
    assert_eq!(copied, ["midiuart.inf", "midiuart.sys"]);
}

#[test]
fn what_programs_print_is_kept_with_command_and_exit_code() {
    let mut machine = MadeUp::with_kit();
    machine.exit_codes.push(("infverif.exe /v /h", 87));
    let failure = machine.check(false).unwrap_err();
    assert_eq!(failure.exit_code(), 1);
    assert_eq!(failure.to_string(), "1 check failed");
    let kept = machine.path("output/midiuart-0.1.0-x64/infverif-h.txt");
    let kept = fs::read_to_string(kept).unwrap();
    assert!(kept.lines().next().unwrap().contains("infverif.exe /v /h"));
    assert!(kept.ends_with("what the program printed\nexit code 87\n"));
    // The other checks are done all the same.
    assert!(machine.commands.last().unwrap().contains("inf2cat.exe"));
}

#[test]
fn an_inf2cat_that_does_not_know_the_newest_windows_is_asked_again() {
    let mut machine = MadeUp::with_kit();
    machine.exit_codes.push(("Server2025_X64", -1));
    machine.check(false).unwrap();
    let last = machine.commands.last().unwrap();
    assert!(last.contains("/os:10_X64,ServerFE_X64 "));

    machine.exit_codes.push(("inf2cat.exe", -1));
    assert_eq!(message(machine.check(false)), "1 check failed");
}

#[test]
fn a_program_that_is_missing_is_named() {
    for (folder, name) in [
        ("Tools", "infverif.exe"),
        ("bin", "signtool.exe"),
        ("bin", "Inf2Cat.exe"),
    ] {
        let mut machine = MadeUp::with_kit();
        // Every place but those for other processors.
        for version in ["10.0.22621.0", VERSION] {
            for processor in ["x64", "x86", "arm64"] {
                let place = machine
                    .path("kit")
                    .join(folder)
                    .join(version)
                    .join(processor);
                let _ = fs::remove_file(place.join(name.to_ascii_lowercase()));
            }
        }
        let failure = machine.check(false).unwrap_err();
        assert_eq!(failure.exit_code(), 3);
        let text = failure.to_string();
        assert!(
            text.starts_with(&format!("{name} is not in the kit")),
            "{text}"
        );
        assert!(text.contains("install the WDK"));
    }
}

#[test]
fn a_folder_that_is_no_package_is_refused_before_any_program_runs() {
    let mut machine = MadeUp::with_kit();
    let package = machine.package();
    fs::remove_file(package.join("midiuart.cat")).unwrap();
    let failure = check::checked(&[package], &machine.path("output"), true, &mut machine);
    let failure = failure.unwrap_err();
    assert_eq!(failure.exit_code(), 3);
    assert!(failure.to_string().contains("no file .cat"));
    assert_eq!(machine.commands, [""; 0]);
}

/// The words of the calls of certutil, without digests and folders.
fn trusting(machine: &MadeUp) -> Vec<String> {
    let calls = machine
        .commands
        .iter()
        .filter_map(|it| it.strip_prefix("certutil "));
    let words = calls.map(|it| it.split(' ').take_while(|word| word.len() < 20));
    words
        .map(|words| words.collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn a_certificate_is_trusted_for_the_check_alone() {
    let mut machine = MadeUp::with_kit();
    machine.exit_codes.push(("-store ", 1));
    machine.exit_codes.push(("signtool.exe", 1));
    assert_eq!(message(machine.check(true)), "4 checks failed");
    let calls = trusting(&machine);
    assert_eq!(calls[0], "-store Root");
    assert!(calls[1].starts_with("-f -addstore Root"));
    assert_eq!(calls[2], "-store TrustedPublisher");
    assert!(calls[3].starts_with("-f -addstore TrustedPublisher"));
    assert_eq!(calls[4..], ["-delstore Root", "-delstore TrustedPublisher"]);
    assert!(machine.commands.last().unwrap().starts_with("certutil"));
}

#[test]
fn a_certificate_that_was_trusted_before_stays() {
    let mut machine = MadeUp::with_kit();
    machine.check(true).unwrap();
    assert_eq!(
        trusting(&machine),
        ["-store Root", "-store TrustedPublisher"]
    );
}

#[test]
fn a_store_that_refuses_takes_the_first_one_back() {
    let mut machine = MadeUp::with_kit();
    machine.exit_codes.push(("-store ", 1));
    machine.exit_codes.push(("-addstore TrustedPublisher", 5));
    let failure = machine.check(true).unwrap_err();
    assert_eq!(failure.exit_code(), 3);
    assert!(failure.to_string().contains("run as administrator"));
    assert_eq!(trusting(&machine).last().unwrap(), "-delstore Root");
}

#[test]
fn a_certificate_that_can_not_be_removed_is_told_with_the_command() {
    let mut machine = MadeUp::with_kit();
    machine.exit_codes.push(("-store ", 1));
    machine.exit_codes.push(("-delstore Root", 5));
    let failure = machine.check(true).unwrap_err();
    assert_eq!(failure.exit_code(), 3);
    assert!(failure.to_string().contains("certutil -delstore Root "));
}

/// With real programs in the kit, as far as a machine can have such that are scripts.
#[cfg(unix)]
#[test]
fn programs_are_run_and_their_exit_codes_count() {
    use super::machine::ThisMachine;
    use std::os::unix::fs::PermissionsExt as _;

    struct WithKit<'a>(&'a MadeUp);
    impl Machine for WithKit<'_> {
        fn variable(&self, name: &str) -> Option<OsString> {
            self.0.variable(name)
        }
        fn run(&mut self, command: &mut Command) -> io::Result<Option<i32>> {
            ThisMachine.run(command)
        }
        fn capture(&mut self, command: &mut Command) -> io::Result<Ended> {
            ThisMachine.capture(command)
        }
    }

    let machine = MadeUp::with_kit();
    for (place, script) in [("Tools", "infverif.exe"), ("bin", "signtool.exe")]
        .map(|(folder, name)| {
            let place = format!("kit/{folder}/{VERSION}/x64/{name}");
            (
                place,
                "#!/bin/sh\necho \"asked for $*\"\necho \"it fails\" >&2\nexit 7\n",
            )
        })
        .into_iter()
        .chain([(
            format!("kit/bin/{VERSION}/x86/inf2cat.exe"),
            "#!/bin/sh\nexit 0\n",
        )])
    {
        let place = machine.path(&place);
        fs::write(&place, script).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = machine.path("output");
    let failure = check::checked(&[machine.package()], &output, false, &mut WithKit(&machine));
    assert_eq!(message(failure), "6 checks failed");
    let kept = fs::read_to_string(output.join("midiuart-0.1.0-x64/infverif-w.txt")).unwrap();
    assert!(kept.contains("asked for /v /w "), "{kept}");
    assert!(kept.ends_with("it fails\nexit code 7\n"), "{kept}");
}
