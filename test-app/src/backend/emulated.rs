//! The emulated PC: the driver, linked in or as an image, on emulated hardware, in virtual time.

mod session;

use midiuart_pc::{Installation, PORT_NAME, Trouble, describe, quirks, run};

use super::{Backend, DeviceReport, LongestTimes, PortInfo, Ports, Setup, Uart, Work};
use crate::failure::Failure;
use session::EmulatedSession;

/// A PC that is switched on for each run.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmulatedPc;

impl Backend for EmulatedPc {
    fn quirks(&self, uart: Uart) -> Vec<&'static str> {
        quirks(uart)
    }

    fn ports(&self, setup: &Setup) -> Result<Ports, Failure> {
        run(&installation(setup), |started| {
            let mut ports = Ports::default();
            for endpoint in started.endpoints()? {
                let side = if endpoint.input {
                    &mut ports.inputs
                } else {
                    &mut ports.outputs
                };
                side.push(PortInfo {
                    index: u32::try_from(side.len()).unwrap_or(u32::MAX),
                    name: endpoint.name.unwrap_or_else(|| PORT_NAME.to_owned()),
                    hardware: describe(setup.uart).to_owned(),
                    capabilities: None,
                });
            }
            Ok(ports)
        })
    }

    fn run(&self, setup: &Setup, work: &mut Work<'_>) -> Result<DeviceReport, Failure> {
        run(&installation(setup), |started| {
            let mut session = EmulatedSession::new(started, setup);
            work(&mut session)?;
            let writes = session.finish()?;
            let longest = started.pc.longest_times();
            Ok(DeviceReport {
                writes: Some(writes),
                longest: Some(LongestTimes {
                    interrupt_ns: nanoseconds(longest.interrupt_routine),
                    dpc_ns: nanoseconds(longest.dpc),
                    write_ns: nanoseconds(longest.write),
                    spin_lock_ns: nanoseconds(longest.spin_lock.max(longest.synchronized_routine)),
                    raised_irql_ns: nanoseconds(longest.raised_irql),
                }),
                counters: started.counters()?,
            })
        })
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unusable(text) => Self::Usage(text),
            Trouble::Refused(text) => Self::Device(text),
            Trouble::Crashed(text) => Self::Crash(text),
        }
    }
}

fn installation(setup: &Setup) -> Installation {
    Installation {
        uart: setup.uart,
        quirks: setup.quirks.clone(),
        loop_cable: setup.loop_cable,
        seed: setup.seed,
        driver: setup.driver.clone(),
        ..Installation::default()
    }
}

fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
