//! Windows images of the driver in place of the one that is linked in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_midiuart-test"))
        .args(arguments)
        .output()
        .expect("the program")
}

/// The line that a file is refused with.
fn refusal(driver: &Path) -> String {
    let driver = driver.to_str().expect("a path in UTF-8");
    let output = run(&["list", "--driver", driver]);
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    let text = errors.strip_prefix("midiuart-test: ").expect("its name");
    assert!(text.starts_with(driver), "{errors}");
    assert!(output.stdout.is_empty());
    errors
}

/// The line that these bytes are refused with as a driver.
fn refusal_of(bytes: &[u8]) -> String {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("driver.sys");
    fs::write(&file, bytes).expect("a file");
    refusal(&file)
}

#[test]
fn files_that_are_no_images_are_refused() {
    let nothing = refusal(Path::new("no-such-driver.sys"));
    assert!(nothing.contains("can't be read"), "{nothing}");
    let folder = TempDir::new().expect("a folder");
    assert!(refusal(folder.path()).contains("can't be read"));
    for bytes in [&b""[..], b"M", b"MZ", b"MThd\0\0\0\x06", &[0; 4096]] {
        let line = refusal_of(bytes);
        assert!(line.contains("is no Windows image"), "{line}");
    }
    let this_program = fs::read(env!("CARGO_BIN_EXE_midiuart-test")).expect("this program");
    assert!(refusal_of(&this_program).contains("is no Windows image"));
}

/// A folder of the package that `cargo xtask driver` makes.
fn package(architecture: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/package")
        .join(architecture)
}

fn image() -> PathBuf {
    package("x64").join("midiuart.sys")
}

fn image_bytes() -> Vec<u8> {
    fs::read(image()).expect("an image; `cargo xtask driver` makes it")
}

/// Where bytes are that occur once.
fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    let mut places = (0..bytes.len()).filter(|place| bytes[*place..].starts_with(wanted));
    let place = places.next().expect("the bytes are there");
    assert_eq!(places.next(), None, "they are there once");
    place
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn images_for_other_machines_are_refused() {
    for (architecture, name) in [("arm64", "ARM64"), ("x86", "x86")] {
        let line = refusal(&package(architecture).join("midiuart.sys"));
        assert!(line.contains(&format!("is an image for {name};")), "{line}");
    }
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn an_import_that_the_emulated_pc_lacks_is_named() {
    let mut bytes = image_bytes();
    let place = find(&bytes, b"ExSetTimer\0");
    bytes[place..][..10].copy_from_slice(b"ExSetTimes");
    let line = refusal_of(&bytes);
    let wanted = "imports ExSetTimes from ntoskrnl.exe, which the emulated PC lacks; \
                  of ntoskrnl.exe it knows ";
    assert!(line.contains(wanted), "{line}");

    let mut bytes = image_bytes();
    let place = find(&bytes, b"portcls.sys\0");
    bytes[place..][..11].copy_from_slice(b"wdmaud2.sys");
    let line = refusal_of(&bytes);
    assert!(line.contains("from wdmaud2.sys, which"), "{line}");
    let known = "it knows ntoskrnl.exe, hal.dll, portcls.sys only";
    assert!(line.contains(known), "{line}");
}

/// Where the headers begin, as the file's first one says.
fn headers_of(image: &[u8]) -> usize {
    /// `e_lfanew` of `IMAGE_DOS_HEADER`.
    const PLACE: usize = 0x3C;
    let place = image[PLACE..].first_chunk().expect("a header");
    let headers = u32::from_le_bytes(*place) as usize;
    assert_eq!(image[headers..][..4], *b"PE\0\0");
    headers
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn programs_are_no_drivers() {
    let mut bytes = image_bytes();
    let headers = headers_of(&bytes);
    let subsystem = headers + 4 + 20 + 68;
    assert_eq!(bytes[subsystem], 1);
    bytes[subsystem] = 3;
    let line = refusal_of(&bytes);
    assert!(line.contains("its subsystem is 3 instead of 1"), "{line}");

    let mut bytes = image_bytes();
    bytes[headers + 4 + 20 + 16..][..4].fill(0);
    let line = refusal_of(&bytes);
    assert!(line.contains("has no entry point"), "{line}");
}

/// Each byte of the headers damaged in some ways, and the file cut off everywhere: the image is refused or
/// not, but nothing else happens.
#[test]
#[ignore = "needs `cargo xtask driver`"]
fn damaged_images_are_no_danger_to_whoever_reads_them() {
    let whole = image_bytes();
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("driver.sys");
    let mut refused = 0;
    let mut open = |bytes: &[u8]| {
        fs::write(&file, bytes).expect("a file");
        refused += u32::from(emulated_pc::DriverImage::open(&file).is_err());
    };
    for place in 0..1024 {
        for change in [0x01, 0x80, 0xFF] {
            let mut bytes = whole.clone();
            bytes[place] ^= change;
            open(&bytes);
        }
    }
    for length in (0..whole.len()).step_by(97) {
        open(&whole[..length]);
    }
    assert!(refused > 200, "{refused} were refused");
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn an_image_does_what_the_linked_in_driver_does() {
    let image = image();
    let image = image.to_str().expect("a path in UTF-8");
    for uart in ["16550", "mpu401", "software"] {
        let arguments = ["stress", "--uart", uart, "--duration", "10s", "--seed", "4"];
        let linked_in = run(&arguments);
        assert_eq!(linked_in.status.code(), Some(0));
        let as_image = run(&[&arguments[..], &["--driver", image]].concat());
        assert_eq!(as_image.status.code(), Some(0));
        let (linked_in, as_image) = (linked_in.stdout, as_image.stdout);
        assert_eq!(
            String::from_utf8(linked_in).expect("text"),
            String::from_utf8(as_image).expect("text"),
            "{uart}"
        );
    }
    for command in [&["list"][..], &["list", "--json", "--uart", "mpu401"]] {
        let as_image = run(&[command, &["--driver", image]].concat());
        assert_eq!(run(command), as_image, "{command:?}");
    }
}

#[test]
#[ignore = "needs `cargo xtask faulty-drivers`"]
fn a_crash_is_told_with_name_address_symbol_and_seed() {
    let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/faulty/panic/midiuart.sys");
    let image = image.to_str().expect("a path in UTF-8");
    let output = run(&[
        "stress",
        "--duration",
        "1s",
        "--seed",
        "5",
        "--driver",
        image,
    ]);
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{errors}");
    for wanted in [
        "midiuart-test: the driver crashed: RPNC (panic of a Rust driver) (0x52504E43): ",
        "the driver panicked at midiuart/driver/src/faults/panic.rs:",
        ", seed 5)\n",
        "\n    at midiuart.sys+0x",
        " midiuart::faults::panic::",
        "\nrepeat with: midiuart-test stress --uart 16550 --seed 5 --client midisrv --driver ",
    ] {
        assert!(errors.contains(wanted), "{wanted} is missing: {errors}");
    }
    assert!(output.stdout.is_empty());
}
