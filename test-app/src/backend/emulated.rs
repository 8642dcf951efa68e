//! The emulated PC: the driver, linked in or as an image, on emulated hardware, in virtual time.

mod hardware;
mod session;

use emulated_pc::clients::midisrv;
use emulated_pc::{
    Config, Device, DriverImage, DriverSource, Filter, FunctionalDevice, Pc, Stop, boot,
};
use midiuart::counters;
use midiuart::filter::REFERENCE_STRING;
use midiuart::properties::{KSPROPERTY_MIDIUART_COUNTERS, KSPROPSETID_MidiUart};
use portcls::status::{status_name, succeeded};
use portcls::types::NTSTATUS;

use super::{Backend, DeviceReport, LongestTimes, PortInfo, Setup, Uart, Work};
use crate::failure::Failure;
use session::EmulatedSession;

/// A PC that is switched on for each run.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmulatedPc;

impl Backend for EmulatedPc {
    fn quirks(&self, uart: Uart) -> Vec<&'static str> {
        hardware::quirks(uart)
    }

    fn ports(&self, setup: &Setup) -> Result<Vec<PortInfo>, Failure> {
        on_started_pc(setup, |started| {
            let endpoints = midisrv::enumerate(&started.filter)
                .map_err(|status| failed("the port can't be listed", status))?;
            let mut ports: Vec<PortInfo> = Vec::new();
            for endpoint in endpoints {
                let name = endpoint.name.unwrap_or_else(|| REFERENCE_STRING.to_owned());
                let known = ports.iter().position(|port| port.name == name);
                let index = known.unwrap_or_else(|| {
                    ports.push(PortInfo {
                        name,
                        input: false,
                        output: false,
                        hardware: hardware::describe(setup.uart).to_owned(),
                    });
                    ports.len() - 1
                });
                ports[index].input |= endpoint.input;
                ports[index].output |= !endpoint.input;
            }
            Ok(ports)
        })
    }

    fn run(&self, setup: &Setup, work: &mut Work<'_>) -> Result<DeviceReport, Failure> {
        on_started_pc(setup, |started| {
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
                counters: read_counters(&started.filter)?,
            })
        })
    }
}

/// A PC with its device started and the filter open.
struct Started<'pc> {
    pc: &'pc Pc,
    device: Device,
    filter: Filter,
}

fn driver_source(setup: &Setup) -> Result<DriverSource, Failure> {
    match &setup.driver {
        None => Ok(DriverSource::LinkedIn(midiuart::linked_in::driver_entry)),
        Some(path) => DriverImage::open(path)
            .map(DriverSource::Image)
            .map_err(|error| Failure::Device(error.to_string())),
    }
}

/// Switches a PC on, starts the device, lets `use_it` use it, and takes everything down again.
fn on_started_pc<R: Send>(
    setup: &Setup,
    use_it: impl FnOnce(&Started<'_>) -> Result<R, Failure> + Send,
) -> Result<R, Failure> {
    let config = Config {
        seed: setup.seed,
        ..Config::default()
    };
    let hardware = hardware::plan(setup)?;
    let source = driver_source(setup)?;
    boot(config, move |pc| {
        let device = pc.plug(hardware.build());
        let driver = pc
            .load_from(&source)
            .map_err(|status| failed("the driver does not load", status))?;
        let functional = driver
            .add_device(&device)
            .map_err(|status| failed("the driver refuses the device", status))?;
        let outcome = start(pc, device, &functional).and_then(|started| use_it(&started));
        let removed = functional.remove();
        driver.unload();
        let result = outcome?;
        if succeeded(removed) {
            Ok(result)
        } else {
            Err(failed("the device can't be removed", removed))
        }
    })
    .unwrap_or_else(|stop| Err(stopped(&stop)))
}

fn start<'pc>(
    pc: &'pc Pc,
    device: Device,
    functional: &FunctionalDevice,
) -> Result<Started<'pc>, Failure> {
    let status = functional.start();
    if !succeeded(status) {
        return Err(failed("the device does not start", status));
    }
    let filter = functional
        .open_filter(REFERENCE_STRING)
        .map_err(|status| failed("the port can't be opened", status))?;
    Ok(Started { pc, device, filter })
}

/// The driver's counters, by their names.
fn read_counters(filter: &Filter) -> Result<std::collections::BTreeMap<String, u64>, Failure> {
    let capacity = 4 * counters::NAMES.len();
    let bytes = filter
        .property(
            KSPROPSETID_MidiUart,
            KSPROPERTY_MIDIUART_COUNTERS,
            &[],
            capacity,
        )
        .map_err(|status| failed("the driver's counters can't be read", status))?;
    let values = bytes
        .chunks_exact(4)
        .map(|four| u64::from(u32::from_le_bytes([four[0], four[1], four[2], four[3]])));
    let names = counters::NAMES.iter().map(|name| (*name).to_owned());
    Ok(names.zip(values).collect())
}

fn failed(what: &str, status: NTSTATUS) -> Failure {
    let name = status_name(status).unwrap_or("unknown status");
    Failure::Device(format!("{what}: {name} (0x{:08X})", status.cast_unsigned()))
}

fn stopped(stop: &Stop) -> Failure {
    Failure::Crash(format!("the driver crashed: {stop}"))
}

fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
