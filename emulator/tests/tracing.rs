//! Event tracing: what the emulated PC catches, and what it answers.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::{null, null_mut};

use emulated_pc::ntddk::{
    DRIVER_OBJECT, EVENT_DATA_DESCRIPTOR, EVENT_DESCRIPTOR, EtwRegister, EtwSetInformation,
    EtwUnregister, EtwWriteTransfer, IoAllocateDriverObjectExtension, IoGetDriverObjectExtension,
};
use emulated_pc::tracing::Interest;
use emulated_pc::{BugCheck, Config, Pc, Stop, boot};
use portcls::status::{
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_HANDLE, STATUS_INVALID_PARAMETER,
    STATUS_OBJECT_NAME_COLLISION, STATUS_SUCCESS,
};
use portcls::types::{GUID, NTSTATUS, UNICODE_STRING};

const PROVIDER: GUID = GUID::from_u128(0x1234);
const SET_TRAITS: u32 = 2;
/// The size, and a name.
const TRAITS: [u8; 7] = *b"\x07\0Test\0";

thread_local! {
    static HANDLE: Cell<u64> = const { Cell::new(0) };
    static HEARD: Cell<(u32, u8, u64, u64)> = const { Cell::new((0, 0, 0, 0)) };
}

portcls::system_abi! {
    unsafe fn heard(
        _source: *const GUID,
        code: u32,
        level: u8,
        any: u64,
        all: u64,
        _filter: *mut c_void,
        _context: *mut c_void
    ) {
        HEARD.set((code, level, any, all));
    }

    unsafe fn registers(_driver: *mut DRIVER_OBJECT, _path: *const UNICODE_STRING) -> NTSTATUS {
        register()
    }

    unsafe fn unloads(driver: *mut DRIVER_OBJECT, _path: *const UNICODE_STRING) -> NTSTATUS {
        // SAFETY: the driver's own object.
        unsafe { (*driver).DriverUnload = Some(unregisters) };
        register()
    }

    unsafe fn unregisters(_driver: *mut DRIVER_OBJECT) {
        // SAFETY: on an emulated PC.
        assert_eq!(unsafe { EtwUnregister(HANDLE.get()) }, STATUS_SUCCESS);
    }

    unsafe fn extends(driver: *mut DRIVER_OBJECT, _path: *const UNICODE_STRING) -> NTSTATUS {
        let allocate = |number: usize, extension: &mut *mut c_void| {
            let identification = std::ptr::without_provenance_mut(number);
            // SAFETY: on an emulated PC.
            unsafe { IoAllocateDriverObjectExtension(driver, identification, 24, extension) }
        };
        let get = |number: usize| {
            let identification = std::ptr::without_provenance_mut(number);
            // SAFETY: on an emulated PC.
            unsafe { IoGetDriverObjectExtension(driver, identification) }
        };
        let (mut one, mut two, mut three) = (null_mut(), null_mut(), null_mut());
        assert_eq!(get(1), null_mut());
        assert_eq!(allocate(1, &mut one), STATUS_SUCCESS);
        assert_eq!(allocate(2, &mut two), STATUS_SUCCESS);
        assert_eq!(allocate(1, &mut three), STATUS_OBJECT_NAME_COLLISION);
        assert_eq!((get(1), get(2), three), (one, two, null_mut()));
        // SAFETY: the memory is that long.
        assert_eq!(unsafe { one.cast::<[u64; 3]>().read() }, [0; 3]);
        STATUS_SUCCESS
    }
}

fn register() -> NTSTATUS {
    let mut handle = 0;
    // SAFETY: on an emulated PC.
    let status = unsafe { EtwRegister(&PROVIDER, Some(heard), null_mut(), &raw mut handle) };
    HANDLE.set(handle);
    status
}

fn set_traits(handle: u64, class: u32, traits: &[u8]) -> NTSTATUS {
    let length = u32::try_from(traits.len()).expect("a sane length");
    // SAFETY: on an emulated PC, with that many bytes.
    unsafe { EtwSetInformation(handle, class, traits.as_ptr().cast_mut().cast(), length) }
}

fn write(handle: u64, level: u8, keyword: u64) -> NTSTATUS {
    let descriptor = EVENT_DESCRIPTOR {
        Id: 0,
        Version: 0,
        Channel: 11,
        Level: level,
        Opcode: 0,
        Task: 0,
        Keyword: keyword,
    };
    let event = b"\x07\0\0Hi!\0";
    let part = |bytes: &'static [u8], kind| EVENT_DATA_DESCRIPTOR {
        Ptr: bytes.as_ptr().expose_provenance() as u64,
        Size: u32::try_from(bytes.len()).expect("a sane length"),
        Reserved: kind,
    };
    let mut parts = [part(&TRAITS, 2), part(event, 1), part(b"", 0)];
    // SAFETY: on an emulated PC, with three parts.
    unsafe {
        EtwWriteTransfer(
            handle,
            &raw const descriptor,
            null(),
            null(),
            3,
            parts.as_mut_ptr(),
        )
    }
}

/// What stops the machine.
fn stop(scenario: impl FnOnce(&Pc) + Send) -> Stop {
    boot(Config::default(), scenario).expect_err("the machine stops")
}

#[test]
fn a_provider_that_is_left_registered_is_a_leak() {
    let stop = stop(|pc| pc.load(registers).expect("it loads").unload());
    assert_eq!(stop.bug_check, BugCheck::DriverVerifierDetectedViolation);
    assert!(stop.reason.contains("event provider"), "{stop}");
}

#[test]
fn a_leaked_provider_is_told_by_its_name() {
    let stop = stop(|pc| {
        let driver = pc.load(registers).expect("it loads");
        assert_eq!(
            set_traits(HANDLE.get(), SET_TRAITS, &TRAITS),
            STATUS_SUCCESS
        );
        driver.unload();
    });
    assert!(stop.reason.contains("provider Test "), "{stop}");
}

#[test]
fn a_provider_that_is_not_registered_any_more_can_not_be_used() {
    for (function, call) in [
        (
            "EtwWriteTransfer",
            (|handle| write(handle, 4, 1)) as fn(u64) -> NTSTATUS,
        ),
        ("EtwSetInformation", |handle| {
            set_traits(handle, SET_TRAITS, &TRAITS)
        }),
        // SAFETY: on an emulated PC.
        ("EtwUnregister", |handle| unsafe { EtwUnregister(handle) }),
    ] {
        let stop = stop(|pc| {
            pc.load(unloads).expect("it loads").unload();
            call(HANDLE.get());
        });
        assert_eq!(stop.bug_check, BugCheck::DriverVerifierDetectedViolation);
        assert!(stop.reason.contains(function), "{stop}");
    }
}

#[test]
fn registering_is_for_passive_level() {
    for (function, call) in [
        ("EtwRegister", register as fn() -> NTSTATUS),
        // SAFETY: on an emulated PC.
        ("EtwUnregister", || unsafe { EtwUnregister(HANDLE.get()) }),
        ("EtwSetInformation", || {
            set_traits(HANDLE.get(), SET_TRAITS, &TRAITS)
        }),
    ] {
        let stop = stop(|pc| {
            let _driver = pc.load(registers).expect("it loads");
            pc.at_dispatch(call);
        });
        assert_eq!(stop.bug_check, BugCheck::DriverVerifierDetectedViolation);
        assert!(stop.reason.contains(function), "{stop}");
    }
}

#[test]
fn wrong_arguments_are_refused() {
    let checked = boot(Config::default(), |pc| {
        let driver = pc.load(unloads).expect("it loads");
        let handle = HANDLE.get();
        assert_eq!(write(0, 4, 1), STATUS_INVALID_HANDLE);
        assert_eq!(set_traits(0, SET_TRAITS, &TRAITS), STATUS_INVALID_HANDLE);
        assert_eq!(
            set_traits(handle, 1, &TRAITS),
            STATUS_INVALID_DEVICE_REQUEST
        );
        let short = &TRAITS[..6];
        assert_eq!(
            set_traits(handle, SET_TRAITS, short),
            STATUS_INVALID_PARAMETER
        );
        assert_eq!(set_traits(handle, SET_TRAITS, &TRAITS), STATUS_SUCCESS);
        assert_eq!(
            set_traits(handle, SET_TRAITS, &TRAITS),
            STATUS_INVALID_PARAMETER,
            "twice"
        );
        driver.unload();
    });
    assert!(checked.is_ok(), "{checked:?}");
}

#[test]
fn events_are_kept_for_whoever_listens_at_any_irql() {
    let checked = boot(Config::default(), |pc| {
        let interest = Interest {
            level: 3,
            any_keyword: 6,
            all_keywords: 2,
        };
        pc.listen(PROVIDER, interest);
        let driver = pc.load(unloads).expect("it loads");
        assert_eq!(HEARD.get(), (1, 3, 6, 2), "told while it registers");
        for (level, keyword) in [(3, 2), (4, 2), (1, 4), (1, 1), (2, 7), (3, 0)] {
            pc.at_dispatch(|| assert_eq!(write(HANDLE.get(), level, keyword), STATUS_SUCCESS));
        }
        let kept = pc.take_events();
        let kinds: Vec<_> = kept
            .iter()
            .map(|event| (event.level, event.keyword))
            .collect();
        assert_eq!(kinds, [(3, 2), (2, 7), (3, 0)]);
        assert!(kept.iter().all(|event| event.irql == 2));
        let event = kept[0].decode().expect("an event");
        assert_eq!((&*event.provider, &*event.name), ("Test", "Hi!"));

        pc.stop_listening(PROVIDER);
        assert_eq!(HEARD.get().0, 0);
        assert_eq!(write(HANDLE.get(), 1, 2), STATUS_SUCCESS);
        assert_eq!(pc.take_events(), []);
        driver.unload();
    });
    assert!(checked.is_ok(), "{checked:?}");
}

#[test]
fn memory_of_a_driver_goes_with_the_driver() {
    let checked = boot(Config::default(), |pc| {
        let driver = pc.load(extends).expect("it loads");
        assert_eq!(pc.pool_in_use(), (2, 48));
        driver.unload();
        assert_eq!(pc.pool_in_use(), (0, 0));
    });
    assert!(checked.is_ok(), "{checked:?}");
}
