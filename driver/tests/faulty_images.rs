//! Images of the driver with planted faults, and what the emulated PC stops each with.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use emulated_pc::clients::Client;
use emulated_pc::hardware::ns16550::{Ns16550, Ns16550Switches};
use emulated_pc::{
    BugCheck, Config, DriverImage, DriverSource, Hardware, Pc, Pin, Stop, Trigger, boot,
};
use midiuart::filter::{CAPTURE_PIN, REFERENCE_STRING, RENDER_PIN};
use portcls::interfaces::IMiniportMidiStream;
use portcls::status::STATUS_SUCCESS;

/// What a fault is caught as.
struct Caught {
    /// The fault's name, that of the image's folder.
    fault: &'static str,
    bug_check: BugCheck,
    /// Words of the reason.
    reason: &'static str,
    /// The function in which it was, unless it shows only after the driver has returned.
    place: Option<&'static str>,
}

const ALL: [Caught; 10] = [
    Caught {
        fault: "access-after-removal",
        bug_check: BugCheck::DriverVerifierDetectedViolation,
        reason: "RegisterAccessAfterRemoval",
        place: Some("touch_a_register"),
    },
    Caught {
        fault: "double-release",
        bug_check: BugCheck::ReferenceByPointer,
        reason: "Release was called on an IServiceGroup whose last reference was released",
        place: None,
    },
    Caught {
        fault: "leaked-pool",
        bug_check: BugCheck::DriverVerifierDetectedViolation,
        reason: "2 pool blocks of 200 bytes in all were leaked",
        place: None,
    },
    Caught {
        fault: "lock-held",
        bug_check: BugCheck::DriverVerifierDetectedViolation,
        reason: "IMiniportMidiStream::Write returned with a spin lock held",
        place: None,
    },
    Caught {
        fault: "null-dereference",
        bug_check: BugCheck::DriverIrqlNotLessOrEqual,
        reason: "a null pointer (0x0) was read",
        place: Some("midiuart::faults::null_dereference"),
    },
    Caught {
        fault: "paged-memory",
        bug_check: BugCheck::DriverIrqlNotLessOrEqual,
        reason: "in section PAGE, which is pageable, was run at raised IRQL",
        place: Some("midiuart::faults::paged_memory"),
    },
    Caught {
        fault: "panic",
        bug_check: BugCheck::RustPanic,
        reason: "the driver panicked at midiuart/driver/src/faults/panic.rs:",
        place: Some("midiuart::faults::panic"),
    },
    Caught {
        fault: "pool-overrun",
        bug_check: BugCheck::PageFaultBeyondEndOfAllocation,
        reason: "memory next to a pool block of 32 bytes was written to",
        place: Some("midiuart::faults::pool_overrun"),
    },
    Caught {
        fault: "stack-overflow",
        bug_check: BugCheck::UnexpectedKernelModeTrap,
        reason: "the stack is used up",
        place: Some("midiuart::faults::stack_overflow::descend"),
    },
    Caught {
        fault: "unbounded-loop",
        bug_check: BugCheck::DpcWatchdogViolation,
        reason: "the driver has called nothing for 2 s",
        place: Some("midiuart::faults::unbounded_loop"),
    },
];

/// `cargo xtask faulty-drivers` makes the images here.
fn images() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/faulty")
}

/// A life in which every fault gets its chance: music both ways, then the device is torn out.
fn live(pc: &Pc, source: &DriverSource) {
    let chip = Box::new(Ns16550::new(Ns16550Switches::default()));
    let device = pc.plug(Hardware::at_ports(chip, 0x330, Some(Trigger::Level)));
    let driver = pc.load_from(source).expect("the driver loads");
    let function = driver.add_device(&device).expect("the device is added");
    assert_eq!(function.start(), STATUS_SUCCESS);
    let filter = function.open_filter(REFERENCE_STRING);
    let filter = filter.expect("the filter opens");
    let output = Client::MidiSrv.open_output(&filter, RENDER_PIN);
    let output = output.expect("the output opens");
    let input = Client::MidiSrv.open_input(&filter, CAPTURE_PIN);
    let input = input.expect("the input opens");
    output.send(&[0x90, 60, 100]);
    device.far_end_send(&[0x80, 60, 0]);
    pc.run_for(Duration::from_millis(50));
    assert_eq!(function.surprise_remove(), STATUS_SUCCESS);
    assert_eq!(function.remove(), STATUS_SUCCESS);
    write(pc, output.pin(), &mut [0x90, 62, 100]);
    output.abandon();
    input.abandon();
    drop(filter);
    driver.unload();
}

/// Calls a stream's `Write` as the port does.
fn write(pc: &Pc, pin: &Pin, bytes: &mut [u8; 3]) {
    let stream = pin.stream();
    let mut written = 0;
    let length = u32::try_from(bytes.len()).expect("three");
    let buffer = bytes.as_mut_ptr().cast();
    // SAFETY: the stream is live, and the buffer holds that many bytes.
    let write =
        || unsafe { IMiniportMidiStream::Write(stream.as_ptr(), buffer, length, &raw mut written) };
    assert_ne!(pc.at_dispatch(write), STATUS_SUCCESS, "the device is gone");
}

fn outcome(image: &Path) -> Result<(), Stop> {
    let image = DriverImage::open(image);
    let source = DriverSource::Image(image.unwrap_or_else(|error| panic!("{error}")));
    boot(Config::default(), |pc| live(pc, &source))
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn the_driver_without_a_fault_lives_through_it() {
    let image = images().join("../package/x64/midiuart.sys");
    assert_eq!(outcome(&image), Ok(()));
}

#[test]
#[ignore = "needs `cargo xtask faulty-drivers`"]
fn every_fault_is_caught_by_windows_name_for_it() {
    for caught in ALL {
        let fault = caught.fault;
        let stop = outcome(&images().join(fault).join("midiuart.sys"));
        let Err(stop) = stop else {
            panic!("{fault} is not caught");
        };
        println!("{fault}: {stop}");
        assert_eq!(stop.bug_check, caught.bug_check, "{fault}: {stop}");
        assert!(stop.reason.contains(caught.reason), "{fault}: {stop}");
        if let Some(place) = caught.place {
            let symbols = stop.driver_stack.iter().flat_map(|frame| &frame.symbols);
            let found = symbols.clone().any(|symbol| symbol.contains(place));
            assert!(found, "{fault}: {place} is not on the stack: {stop}");
        }
    }
}

#[test]
#[ignore = "needs `cargo xtask faulty-drivers`"]
fn no_image_with_a_fault_is_left_out() {
    let built: BTreeSet<_> = fs::read_dir(images())
        .expect("the images")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(built, ALL.map(|caught| caught.fault.into()).into());
}
