//! A PC with the test driver, brought up and taken down.

use std::time::Duration;

use emulated_pc::hardware::mpu401::{Mpu401, Mpu401Switches};
use emulated_pc::{
    BugCheck, Config, Device, Driver, Filter, FunctionalDevice, Hardware, Pc, Stop, Trigger, boot,
};

use crate::test_driver::{BASE, driver_entry};

/// A PC whose device is started.
pub struct Running<'a> {
    pub pc: &'a Pc,
    pub device: Device,
    pub driver: Driver,
    pub function: FunctionalDevice,
}

impl Running<'_> {
    /// Opens the filter.
    pub fn filter(&self) -> Filter {
        self.function.open_filter("uart").expect("it is registered")
    }

    /// Removes the device and unloads the driver, which audits it.
    pub fn take_down(self) {
        assert_eq!(self.function.remove(), 0);
        self.driver.unload();
    }

    /// Lets milliseconds pass.
    pub fn wait(&self, milliseconds: u64) {
        self.pc.run_for(Duration::from_millis(milliseconds));
    }
}

/// Starts the device on a PC.
pub fn start(pc: &Pc, hardware: Hardware) -> Running<'_> {
    let device = pc.plug(hardware);
    let driver = pc.load(driver_entry).expect("the driver loads");
    let function = driver.add_device(&device).expect("the device is added");
    assert_eq!(function.start(), 0, "the device starts");
    Running {
        pc,
        device,
        driver,
        function,
    }
}

/// An MPU-401 with an interrupt.
pub fn mpu401() -> Hardware {
    mpu401_with(Mpu401Switches::default(), Trigger::Level)
}

/// An MPU-401 of some kind.
pub fn mpu401_with(switches: Mpu401Switches, trigger: Trigger) -> Hardware {
    let chip = Box::new(Mpu401::new(switches));
    Hardware::at_ports(chip, BASE, Some(trigger))
}

/// Runs a scenario with the software device; it ends well.
pub fn run<R: Send>(scenario: impl FnOnce(Running<'_>) -> R + Send) -> R {
    run_with(Config::default(), scenario)
}

/// Runs a scenario with the software device; it ends well.
pub fn run_with<R: Send>(config: Config, scenario: impl FnOnce(Running<'_>) -> R + Send) -> R {
    let ended = boot(config, |pc| scenario(start(pc, Hardware::software())));
    ended.unwrap_or_else(|stop| panic!("{stop}"))
}

/// Runs a scenario with the MPU-401; it ends well.
pub fn run_mpu401<R: Send>(seed: u64, scenario: impl FnOnce(Running<'_>) -> R + Send) -> R {
    let config = Config {
        seed,
        ..Config::default()
    };
    let ended = boot(config, |pc| scenario(start(pc, mpu401())));
    ended.unwrap_or_else(|stop| panic!("{stop}"))
}

/// Runs a scenario that stops the machine; returns why it did.
pub fn stop_of(hardware: fn() -> Hardware, scenario: impl FnOnce(Running<'_>) + Send) -> Stop {
    boot(Config::default(), |pc| scenario(start(pc, hardware())))
        .expect_err("the machine is to stop")
}

/// Runs a scenario with the software device, which stops the machine with that bug check and text.
pub fn assert_stops(bug_check: BugCheck, text: &str, scenario: impl FnOnce(Running<'_>) + Send) {
    let stop = stop_of(Hardware::software, scenario);
    assert_eq!(stop.bug_check, bug_check, "{stop}");
    assert!(stop.reason.contains(text), "{stop}");
}
