//! `status`: the driver's counters.

use super::choose;
use crate::Host;
use crate::cli::{On, Status};
use crate::driver::counters::{self, DeviceCounters};
use crate::driver::this_windows;
use crate::failure::{CLEAN, Failure};
use crate::output;
use crate::report::json;

pub fn run(options: &Status, host: &mut Host<'_>) -> Result<u8, Failure> {
    let devices = match options.machine.on()? {
        On::Emulated => vec![emulated(options, host)?],
        On::Winmm => windows(options)?,
    };
    let text = if options.json {
        json(&devices)?
    } else {
        let texts: Vec<_> = devices.iter().map(DeviceCounters::to_string).collect();
        texts.join("\n")
    };
    output::print(host.output, &text)?;
    Ok(CLEAN)
}

/// The counters of an emulated PC that has just been switched on.
fn emulated(options: &Status, host: &Host<'_>) -> Result<DeviceCounters, Failure> {
    let (backend, setup) = choose::machine(&options.machine, host)?;
    let ports = backend.ports(&setup)?;
    let device = ports.outputs.first().map(|port| port.hardware.clone());
    let device = device.unwrap_or_default();
    let lower = device.to_lowercase();
    if let Some(wanted) = &options.port
        && !lower.contains(&wanted.to_lowercase())
    {
        return Err(Failure::NoSuchPort(format!(
            "no device '{wanted}'; there are: {device}"
        )));
    }
    let report = backend.run(&setup, &mut |_| Ok(()))?;
    Ok(DeviceCounters::new(device, report.counters))
}

fn windows(options: &Status) -> Result<Vec<DeviceCounters>, Failure> {
    let windows = this_windows().ok_or_else(|| {
        Failure::Usage(
            "this program's own winmm does not show its drivers' counters; accepted on this host: \
             --on emulated"
                .into(),
        )
    })?;
    counters::read(windows.as_ref(), options.port.as_deref())
}
