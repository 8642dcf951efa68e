//! What is for `PASSIVE_LEVEL` only is never done above it; and the emulated kernel would notice.

use std::time::Duration;

use emulated_pc::hardware::chip::Condition;
use emulated_pc::{BugCheck, Config, Pc, Stop};
use midiuart::kernel::clock;
use midiuart::kernel::pool::PoolBytes;
use midiuart::kernel::portclass::{new_midi_port, new_service_group};
use midiuart::kernel::registers::MappedRegisters;
use midiuart::kernel::spin_lock::SpinLock;
use midiuart::kernel::timer::{Resolution, Timer, TimerTarget};
use midiuart::parameters::Parameters;
use portcls::interfaces::IResourceList;
use portcls::status::STATUS_SUCCESS;
use portcls::types::{POWER_DEVICE_D0, POWER_DEVICE_D3};
use proptest::prelude::*;

use crate::bench::pattern;
use crate::rig::{
    ALL, INTERRUPTING, Kind, Plan, boot, boot_with, running_input, running_output, time_for, write,
};
use crate::stand_ins::Stage;

// --- the model notices -----------------------------------------------------------------------------

/// Runs a scenario that must stop the machine.
fn stops(scenario: impl FnOnce(&Pc) + Send) -> Stop {
    emulated_pc::boot(Config::default(), scenario).expect_err("the machine stops")
}

/// Runs at `DISPATCH_LEVEL` what is for `PASSIVE_LEVEL`.
fn is_noticed<R>(work: impl FnOnce() -> R + Send) -> BugCheck {
    stops(|pc| {
        pc.at_dispatch(|| {
            work();
        });
    })
    .bug_check
}

#[test]
fn sleeping_at_raised_irql_is_noticed() {
    let known = [
        BugCheck::AttemptedSwitchFromDpc,
        BugCheck::IrqlNotLessOrEqual,
        BugCheck::DriverVerifierDetectedViolation,
    ];
    assert!(known.contains(&is_noticed(|| clock::sleep(1))));
}

#[test]
fn sleeping_under_a_spin_lock_is_noticed() {
    stops(|_| SpinLock::new().with(|| clock::sleep(1)));
}

#[test]
fn making_a_port_at_raised_irql_is_noticed() {
    let bug_check = is_noticed(|| drop(new_midi_port()));
    assert_eq!(bug_check, BugCheck::DriverVerifierDetectedViolation);
}

#[test]
fn making_a_service_group_at_raised_irql_is_noticed() {
    let bug_check = is_noticed(|| drop(new_service_group()));
    assert_eq!(bug_check, BugCheck::DriverVerifierDetectedViolation);
}

struct Idle;

impl TimerTarget for Idle {
    fn tick(&self) {}
}

#[test]
fn waiting_for_a_timers_callback_at_raised_irql_is_noticed() {
    static TARGET: Idle = Idle;
    stops(|pc| {
        // SAFETY: the target is constant.
        let timer = unsafe { Timer::new(&raw const TARGET, Resolution::High) };
        let timer = timer.expect("memory");
        pc.at_dispatch(|| drop(timer));
    });
}

#[test]
fn disconnecting_an_interrupt_at_raised_irql_is_noticed() {
    portcls::system_abi! {
        unsafe fn entry(
            driver: *mut emulated_pc::ntddk::DRIVER_OBJECT,
            registry: *const portcls::types::UNICODE_STRING
        ) -> i32 {
            // SAFETY: these are the arguments of `DriverEntry`.
            unsafe {
                emulated_pc::portclass::PcInitializeAdapterDriver(
                    driver.cast(),
                    registry.cast_mut(),
                    add_device,
                )
            }
        }

        unsafe fn add_device(
            driver: portcls::types::PDRIVER_OBJECT,
            physical: portcls::types::PDEVICE_OBJECT
        ) -> i32 {
            // SAFETY: these are the arguments of `AddDevice`.
            unsafe {
                emulated_pc::portclass::PcAddAdapterDevice(driver, physical, start_device, 1, 0)
            }
        }

        unsafe fn start_device(
            _device: portcls::types::PDEVICE_OBJECT,
            _irp: portcls::types::PIRP,
            resources: *mut IResourceList
        ) -> i32 {
            // SAFETY: the system's own list.
            let resources = unsafe { portcls::com::ComPtr::from_borrowed(resources) };
            let resources = resources.expect("a list");
            let sync = midiuart::kernel::portclass::new_interrupt_sync(&resources);
            let sync = sync.expect("an interrupt");
            let mut lock = 0;
            // SAFETY: the lock lives on this stack.
            unsafe { emulated_pc::ntddk::KeAcquireSpinLockRaiseToDpc(&raw mut lock) };
            sync.disconnect();
            STATUS_SUCCESS
        }
    }
    let stop = stops(|pc| {
        let chip = emulated_pc::hardware::mpu401::Mpu401::new(
            emulated_pc::hardware::mpu401::Mpu401Switches::default(),
        );
        let hardware = emulated_pc::Hardware::at_ports(
            Box::new(chip),
            crate::rig::PORTS,
            Some(emulated_pc::Trigger::Level),
        );
        let device = pc.plug(hardware);
        let driver = pc.load(entry).expect("it loads");
        let function = driver.add_device(&device).expect("it takes the device");
        let _ = function.start();
    });
    assert_eq!(stop.bug_check, BugCheck::DriverVerifierDetectedViolation);
    assert!(stop.reason.contains("Disconnect"), "{stop}");
}

#[test]
fn taking_a_device_away_at_raised_irql_is_noticed() {
    stops(|pc| {
        let plan = Plan::new(Kind::PolledMpu401);
        let stage = Stage::new(pc, &plan, &Parameters::default());
        pc.at_dispatch(|| stage.device.take_away(true));
    });
}

#[test]
fn closing_a_pin_at_raised_irql_is_noticed() {
    stops(|pc| {
        let rig = Plan::new(Kind::Ns16550).start(pc);
        let output = running_output(&rig.filter());
        pc.at_dispatch(|| drop(output));
    });
}

#[test]
fn what_is_allowed_at_raised_irql_is_not_complained_about() {
    boot(|pc| {
        pc.at_dispatch(|| {
            drop(PoolBytes::zeroed(64).expect("memory"));
            drop(MappedRegisters::map(0xFEB0_0000, 8).expect("a mapping"));
            SpinLock::new().with(|| ());
            assert!(clock::now() <= clock::now());
        });
        assert_eq!(pc.pool_in_use(), (0, 0));
    });
}

// --- the driver behaves ----------------------------------------------------------------------------

/// Everything that a device goes through, with bytes on the way all the time.
fn whole_life(pc: &Pc, plan: &Plan, breaks: bool) {
    let rig = plan.start(pc);
    let filter = rig.filter();
    let music = |stream: &portcls::com::ComPtr<portcls::interfaces::IMiniportMidiStream>| {
        rig.device.far_end_send(&pattern(60));
        for _ in 0..6 {
            write(pc, stream, &pattern(60));
            pc.run_for(Duration::from_millis(3));
        }
    };
    for round in 0..3 {
        let (input, output) = (running_input(&filter), running_output(&filter));
        let stream = output.stream();
        music(&stream);
        if breaks {
            rig.device.set_condition(Condition::Dead);
            music(&stream);
            pc.run_for(Duration::from_millis(600));
            rig.device.set_condition(Condition::Healthy);
            music(&stream);
        }
        assert_eq!(rig.function.set_power(POWER_DEVICE_D3), STATUS_SUCCESS);
        rig.device.far_end_send(&pattern(20));
        pc.run_for(time_for(20));
        assert_eq!(rig.function.set_power(POWER_DEVICE_D0), STATUS_SUCCESS);
        music(&stream);
        drop(stream);
        if round % 2 == 0 {
            drop((input, output));
        } else {
            drop((output, input));
        }
    }
    let output = running_output(&filter);
    let stream = output.stream();
    music(&stream);
    assert_eq!(rig.function.surprise_remove(), STATUS_SUCCESS);
    music(&stream);
    drop((stream, output, filter));
    rig.unload();
}

#[test]
fn a_whole_life_keeps_to_the_levels() {
    for kind in ALL {
        for breaks in [false, true] {
            boot(|pc| whole_life(pc, &Plan::new(kind), breaks));
        }
    }
}

#[test]
fn a_whole_life_keeps_to_the_levels_on_edge_triggered_lines() {
    for kind in INTERRUPTING {
        boot(|pc| whole_life(pc, &Plan::new(kind).edge_triggered(), false));
    }
}

#[test]
fn nothing_lasts_too_long_at_raised_irql() {
    for kind in ALL {
        let longest = boot(|pc| {
            whole_life(pc, &Plan::new(kind), false);
            pc.longest_times()
        });
        let (short, long) = (Duration::from_micros(25), Duration::from_micros(100));
        assert!(longest.interrupt_routine <= short, "{kind:?}: {longest:?}");
        assert!(
            longest.synchronized_routine <= short,
            "{kind:?}: {longest:?}"
        );
        assert!(longest.spin_lock <= short, "{kind:?}: {longest:?}");
        assert!(longest.write <= long, "{kind:?}: {longest:?}");
        assert!(longest.read <= long, "{kind:?}: {longest:?}");
        assert!(longest.dpc <= long, "{kind:?}: {longest:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_whole_life_keeps_to_the_levels_whatever_the_seed(
        seed in any::<u64>(),
        kind in prop::sample::select(ALL.to_vec()),
        breaks in any::<bool>(),
    ) {
        let config = Config { seed, ..Config::default() };
        boot_with(config, |pc| whole_life(pc, &Plan::new(kind), breaks));
    }
}
