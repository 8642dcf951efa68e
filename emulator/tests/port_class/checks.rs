//! Each strict check, and a driver that breaks it.

use std::cell::RefCell;
use std::ptr::null_mut;
use std::time::Duration;

use emulated_pc::ntddk::{
    ExAllocatePoolWithTag, ExFreePoolWithTag, KDPC, KSPIN_LOCK, KTIMER,
    KeAcquireSpinLockRaiseToDpc, KeInitializeDpc, KeInitializeTimerEx, KeInsertQueueDpc,
    KeReleaseSpinLock, KeSetTimerEx, KeStallExecutionProcessor, LARGE_INTEGER, MmMapIoSpaceEx,
    PVOID,
};
use emulated_pc::portclass::{
    PcNewInterruptSync, PcNewServiceGroup, PcUnregisterAdapterPowerManagement,
};
use emulated_pc::{BugCheck, Config, Hardware, Stop, boot};
use portcls::com::ComPtr;
use portcls::interfaces::{IServiceGroup, IUnknown};
use portcls::ks::KSSTATE_RUN;
use portcls::types::{NON_PAGED_POOL_NX, POWER_DEVICE_D3};

use crate::scenario::{Running, assert_stops, mpu401, start, stop_of};
use crate::test_driver::{RENDER_PIN, TAG, driver_entry, on, read_register};

fn allocate(bytes: usize) -> PVOID {
    // SAFETY: the driver runs on an emulated PC.
    unsafe { ExAllocatePoolWithTag(NON_PAGED_POOL_NX, bytes, TAG) }
}

fn free(memory: PVOID) {
    // SAFETY: the emulated PC checks what it gets.
    unsafe { ExFreePoolWithTag(memory, TAG) };
}

/// Has the driver do something wrong in `Write`.
fn in_write(running: &Running<'_>, wrong: impl Fn() + 'static) {
    on("Write", wrong);
    let pin = running
        .filter()
        .open_pin(RENDER_PIN)
        .expect("the pin opens");
    assert_eq!(pin.set_state(KSSTATE_RUN), 0);
    let record = [0, 0, 0, 0, 1, 0, 0, 0, 0xF8, 0, 0, 0];
    pin.submit_write(&record, Duration::ZERO);
    running.wait(100);
}

fn assert_stops_in_write(bug_check: BugCheck, text: &str, wrong: impl Fn() + Send + 'static) {
    assert_stops(bug_check, text, |running| in_write(&running, wrong));
}

/// Has the driver do something wrong when it is unloaded.
fn assert_stops_at_unload(bug_check: BugCheck, text: &str, wrong: impl Fn() + Send + 'static) {
    assert_stops(bug_check, text, |running| {
        on("DriverUnload", wrong);
        running.take_down();
    });
}

fn new_group() -> *mut IServiceGroup {
    let mut group = null_mut();
    // SAFETY: the pointers are good for the call.
    unsafe { PcNewServiceGroup(&raw mut group, null_mut()) };
    group
}

#[test]
fn irql_of_port_class_functions() {
    assert_stops_in_write(
        BugCheck::DriverVerifierDetectedViolation,
        "PcIrqlDDIs",
        || {
            new_group();
        },
    );
    assert_stops_in_write(
        BugCheck::DriverVerifierDetectedViolation,
        "PcIrqlDDIs",
        || {
            // SAFETY: the function looks at the IRQL first.
            unsafe { PcUnregisterAdapterPowerManagement(null_mut()) };
        },
    );
    assert_stops_in_write(
        BugCheck::DriverVerifierDetectedViolation,
        "PcIrqlDDIs",
        || {
            let mut sync = null_mut();
            // SAFETY: the function looks at the IRQL first.
            unsafe { PcNewInterruptSync(&raw mut sync, null_mut(), null_mut(), 0, 1) };
        },
    );
}

#[test]
fn irql_of_interfaces() {
    assert_stops(
        BugCheck::DriverVerifierDetectedViolation,
        "PcIrqlIport",
        |running| {
            let group = new_group();
            in_write(&running, move || {
                // SAFETY: the method looks at the IRQL first.
                unsafe { IServiceGroup::AddMember(group, null_mut()) };
            });
        },
    );
}

/// The pool aligns to 16 bytes, so there is a byte that belongs to nobody.
#[test]
fn writes_just_past_a_block() {
    assert_stops_in_write(
        BugCheck::PageFaultBeyondEndOfAllocation,
        "past its ends",
        || {
            let memory = allocate(15);
            // SAFETY: outside of the block, inside of its page.
            let behind = unsafe { memory.cast::<u8>().add(15) };
            // SAFETY: as above.
            unsafe { behind.write(1) };
            free(memory);
        },
    );
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn writes_past_the_page_of_a_block() {
    assert_stops_in_write(
        BugCheck::PageFaultBeyondEndOfAllocation,
        "memory next to a pool block of 16 bytes was written to",
        || {
            let memory = allocate(16);
            // SAFETY: outside of the block, inside of its guard.
            let behind = unsafe { memory.cast::<u8>().add(16) };
            // SAFETY: as above; the processor stops it.
            unsafe { behind.write(1) };
        },
    );
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn touches_paged_pool_at_raised_irql() {
    use std::cell::Cell;
    use std::rc::Rc;

    const PAGED_POOL: i32 = 1;
    assert_stops(
        BugCheck::DriverIrqlNotLessOrEqual,
        "paged pool, which is pageable, was read at raised IRQL",
        |running| {
            let block = Rc::new(Cell::new(null_mut::<u8>()));
            let allocated = Rc::clone(&block);
            on(&format!("NewStream {RENDER_PIN}"), move || {
                // SAFETY: the driver runs on an emulated PC.
                let memory = unsafe { ExAllocatePoolWithTag(PAGED_POOL, 16, TAG) };
                // SAFETY: the block is that long, and it is there below DISPATCH_LEVEL.
                unsafe { memory.cast::<u8>().write_volatile(1) };
                allocated.set(memory.cast::<u8>());
            });
            in_write(&running, move || {
                // SAFETY: as above, but for the IRQL; the processor stops it.
                unsafe { block.get().read_volatile() };
            });
        },
    );
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn null_pointers() {
    assert_stops_in_write(
        BugCheck::DriverIrqlNotLessOrEqual,
        "a null pointer (0x8) was read",
        || {
            let nowhere = std::ptr::without_provenance::<u8>(8);
            // SAFETY: the processor stops it.
            unsafe { nowhere.read_volatile() };
        },
    );
}

#[test]
fn writes_after_free() {
    assert_stops_in_write(
        BugCheck::PageFaultInFreedSpecialPool,
        "freed pool block",
        || {
            let memory = allocate(16);
            free(memory);
            // SAFETY: the emulated PC keeps freed blocks.
            unsafe { memory.cast::<u8>().write(1) };
            for _ in 0..300 {
                free(allocate(16));
            }
        },
    );
}

#[test]
fn double_free() {
    assert_stops_in_write(BugCheck::BadPoolCaller, "freed twice", || {
        let memory = allocate(16);
        free(memory);
        free(memory);
    });
}

#[test]
fn spin_locks() {
    assert_stops_in_write(BugCheck::SpinLockAlreadyOwned, "held already", || {
        let mut lock: KSPIN_LOCK = 0;
        for _ in 0..2 {
            // SAFETY: the lock outlives both.
            unsafe { KeAcquireSpinLockRaiseToDpc(&raw mut lock) };
        }
    });
    assert_stops_in_write(
        BugCheck::DriverVerifierDetectedViolation,
        "with a spin lock held",
        || {
            let lock = Box::leak(Box::new(0));
            // SAFETY: the lock is never freed.
            unsafe { KeAcquireSpinLockRaiseToDpc(lock) };
        },
    );
    assert_stops_in_write(BugCheck::SpinLockNotOwned, "not held", || {
        let mut lock: KSPIN_LOCK = 0;
        // SAFETY: the emulated PC checks who holds it.
        unsafe { KeReleaseSpinLock(&raw mut lock, 2) };
    });
}

#[test]
fn irql_changed_on_return() {
    let stop = stop_of(Hardware::software, |running| {
        on("SetState 1", || {
            let mut lock: KSPIN_LOCK = 0;
            // SAFETY: the lock outlives both calls.
            unsafe { KeAcquireSpinLockRaiseToDpc(&raw mut lock) };
            // SAFETY: as above; the IRQL is not the old one.
            unsafe { KeReleaseSpinLock(&raw mut lock, 2) };
        });
        let pin = running
            .filter()
            .open_pin(RENDER_PIN)
            .expect("the pin opens");
        let _ = pin.set_state(KSSTATE_RUN);
    });
    assert_eq!(stop.bug_check, BugCheck::IrqlUnexpectedValue, "{stop}");
}

thread_local! {
    static TIMER: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

portcls::system_abi! {
    unsafe fn nothing(_dpc: *mut KDPC, _context: PVOID, _first: PVOID, _second: PVOID) {}
}

#[test]
fn a_timer_left_set() {
    assert_stops_at_unload(
        BugCheck::DriverUnloadedWithoutCancelling,
        "a timer still set",
        || {
            TIMER.with_borrow_mut(|memory| memory.resize(8, 0));
            let timer: *mut KTIMER = TIMER.with_borrow_mut(|memory| memory.as_mut_ptr().cast());
            // SAFETY: the memory is large enough and stays.
            unsafe { KeInitializeTimerEx(timer, 0) };
            let due = LARGE_INTEGER { QuadPart: -10_000 };
            // SAFETY: as above.
            unsafe { KeSetTimerEx(timer, due, 0, null_mut()) };
        },
    );
}

#[test]
fn a_dpc_in_freed_memory() {
    assert_stops_in_write(BugCheck::TimerOrDpcInvalid, "a DPC lies in memory", || {
        let dpc: *mut KDPC = allocate(64).cast();
        // SAFETY: the memory is large enough.
        unsafe { KeInitializeDpc(dpc, Some(nothing), null_mut()) };
        // SAFETY: it was initialised.
        unsafe { KeInsertQueueDpc(dpc, null_mut(), null_mut()) };
        free(dpc.cast());
    });
}

#[test]
fn a_dpc_left_queued() {
    assert_stops_at_unload(
        BugCheck::DriverUnloadedWithoutCancelling,
        "a DPC still queued",
        || {
            let dpc: &'static mut [u64; 8] = Box::leak(Box::new([0; 8]));
            let dpc: *mut KDPC = dpc.as_mut_ptr().cast();
            // SAFETY: the memory is large enough and stays.
            unsafe { KeInitializeDpc(dpc, Some(nothing), null_mut()) };
            // SAFETY: it was initialised.
            unsafe { KeInsertQueueDpc(dpc, null_mut(), null_mut()) };
        },
    );
}

#[test]
fn leaks() {
    assert_stops_at_unload(
        BugCheck::DriverVerifierDetectedViolation,
        "1 pool blocks of 40 bytes",
        || {
            allocate(40);
        },
    );
    assert_stops_at_unload(
        BugCheck::DriverVerifierDetectedViolation,
        "an IServiceGroup was leaked, with 2 references",
        || {
            let group = new_group();
            // SAFETY: the group is live.
            unsafe { IUnknown::AddRef(group.cast()) };
        },
    );
    assert_stops_at_unload(
        BugCheck::DriverUnloadedWithoutCancelling,
        "1 mappings of registers",
        || {
            let address = LARGE_INTEGER { QuadPart: 0x1000 };
            // SAFETY: nobody uses the mapping.
            unsafe { MmMapIoSpaceEx(address, 8, 0) };
        },
    );
}

#[test]
fn over_release() {
    assert_stops_at_unload(BugCheck::ReferenceByPointer, "IServiceGroup", || {
        let group = new_group();
        for _ in 0..2 {
            // SAFETY: the emulated PC checks the count.
            unsafe { IUnknown::Release(group.cast()) };
        }
    });
}

#[test]
fn use_after_the_last_release() {
    assert_stops_at_unload(BugCheck::ReferenceByPointer, "RequestService", || {
        let group = new_group();
        // SAFETY: the group is live.
        drop(unsafe { ComPtr::from_owned(group) });
        // SAFETY: the emulated PC checks that it is live.
        unsafe { portcls::interfaces::IServiceSink::RequestService(group.cast()) };
    });
}

fn stop_with_mpu401(scenario: impl FnOnce(Running<'_>) + Send) -> Stop {
    stop_of(mpu401, scenario)
}

#[test]
fn registers_after_removal_and_in_sleep() {
    let stop = stop_with_mpu401(|running| {
        on("DriverUnload", || {
            read_register(1);
        });
        running.take_down();
    });
    assert!(stop.reason.contains("RegisterAccessAfterRemoval"), "{stop}");
    let stop = stop_with_mpu401(|running| {
        on("~Stream", || {
            read_register(1);
        });
        let pin = running
            .filter()
            .open_pin(RENDER_PIN)
            .expect("the pin opens");
        assert_eq!(running.function.set_power(POWER_DEVICE_D3), 0);
        drop(pin);
    });
    assert!(stop.reason.contains("RegisterAccessOutsideD0"), "{stop}");
}

#[test]
fn registers_before_start() {
    let ended = boot(Config::default(), |pc| {
        on("AddDevice", || {
            read_register(1);
        });
        drop(start(pc, mpu401()));
    });
    let stop = ended.expect_err("the machine is to stop");
    assert!(stop.reason.contains("RegisterAccessBeforeStart"), "{stop}");
}

#[test]
fn an_endless_loop_at_raised_irql() {
    assert_stops_in_write(BugCheck::DpcWatchdogViolation, "has been running", || {
        loop {
            // SAFETY: the driver runs on an emulated PC.
            unsafe { KeStallExecutionProcessor(10) };
        }
    });
}

#[test]
#[should_panic(expected = "can't be unloaded")]
fn a_driver_with_a_device_is_not_unloaded() {
    let _ = boot(Config::default(), |pc| {
        let device = pc.plug(Hardware::software());
        let driver = pc.load(driver_entry).expect("the driver loads");
        let function = driver.add_device(&device).expect("the device is added");
        assert_eq!(function.start(), 0);
        driver.unload();
    });
}
