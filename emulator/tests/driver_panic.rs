//! A driver that panics stops its machine, and nothing else.

use emulated_pc::ntddk::DRIVER_OBJECT;
use emulated_pc::{BugCheck, Config, Pc, boot};
use portcls::types::{NTSTATUS, UNICODE_STRING};

const LAST_WORDS: &str = "the driver has lost its nerve";

portcls::system_abi! {
    unsafe fn driver_entry(_driver: *mut DRIVER_OBJECT, _path: *const UNICODE_STRING) -> NTSTATUS {
        panic!("{LAST_WORDS}");
    }
}

fn main() {
    for _ in 0..2 {
        let ended = boot(Config::default(), |pc| {
            let loaded = pc.load(driver_entry);
            assert!(
                loaded.is_err(),
                "the driver does not survive its entry point"
            );
        });
        let stop = ended.expect_err("the machine is to stop");
        assert_eq!(stop.bug_check, BugCheck::KmodeExceptionNotHandled, "{stop}");
        assert!(stop.reason.contains(LAST_WORDS), "{stop}");
    }
    let ended = boot(Config::default(), |pc| {
        let other = pc.clone();
        let thread = pc.spawn("loading", move || {
            assert!(other.load(driver_entry).is_err());
        });
        pc.join(&thread);
    });
    let stop = ended.expect_err("the machine is to stop");
    assert_eq!(stop.bug_check, BugCheck::KmodeExceptionNotHandled, "{stop}");
    assert!(stop.reason.contains(LAST_WORDS), "{stop}");
    let ended = boot(Config::default(), Pc::pool_in_use);
    assert_eq!(ended, Ok((0, 0)), "other machines go on");
}
