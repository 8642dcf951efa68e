//! `driver ks-probe`: the driver's input as Windows MIDI Services asks for it.

use emulated_pc::clients::Client;
use midiuart::parameters::DEFAULT_PORT_NAME;
use midiuart_pc::{Installation, Uart};

use super::choose::{self, Use};
use crate::Host;
use crate::backend::{self, PortInfo, Ports, Setup};
use crate::cli::{KsProbe, On};
use crate::driver::ks_probe::beside::WinmmPort;
use crate::driver::ks_probe::emulated::probe_emulated;
use crate::driver::ks_probe::{Beside, Report, device, probe};
use crate::driver::this_windows;
use crate::failure::Failure;
use crate::output;
use crate::report::json;

pub fn run(options: &KsProbe, host: &mut Host<'_>) -> Result<u8, Failure> {
    let report = match options.on()? {
        On::Emulated => emulated(options, host)?,
        On::Winmm => windows(options, host)?,
    };
    let text = if options.json {
        json(&report)?
    } else {
        report.to_string()
    };
    output::print(host.output, &text)?;
    Ok(report.exit_code())
}

fn emulated(options: &KsProbe, host: &Host<'_>) -> Result<Report, Failure> {
    let (_, setup) = choose::machine(&options.machine, host)?;
    let installation = Installation {
        // Without an option it is the loopback device, as on Windows.
        uart: options.machine.uart.unwrap_or(Uart::Software),
        quirks: setup.quirks,
        loop_cable: true,
        midi_input: options.midi_input(),
        seed: setup.seed,
        driver: setup.driver,
    };
    let client = match setup.client {
        backend::Client::Midisrv => Client::MidiSrv,
        backend::Client::Wdmaud => Client::Wdmaud,
    };
    probe_emulated(&installation, client, options.like, host.interrupt)
}

fn windows(options: &KsProbe, host: &Host<'_>) -> Result<Report, Failure> {
    let windows = this_windows().ok_or_else(|| {
        Failure::Usage(
            "kernel streaming is part of Windows: take midiuart-test.exe there; accepted on this \
             host: --on emulated"
                .into(),
        )
    })?;
    let device = device::choose(windows.as_ref(), options.device.as_deref())?;
    let mut beside = winmm_port(options, host, &device)?;
    let streaming = device::open(windows.as_ref(), &device, options.like)?;
    let beside = match &mut beside {
        Ok(port) => Ok(port as &mut dyn Beside),
        Err(reason) => Err(reason.clone()),
    };
    probe(&device, streaming, beside, host.interrupt)
}

/// The port of winmm's that is the device's, or why none is compared with.
fn winmm_port(
    options: &KsProbe,
    host: &Host<'_>,
    device: &str,
) -> Result<Result<WinmmPort, String>, Failure> {
    let choice = &options.ports;
    if choice.port.is_some() || choice.out.is_some() || choice.input.is_some() {
        let setup = choose::ports(Setup::default(), choice, Use::Loop, host.winmm)?;
        let (output, input) = (
            setup.output.unwrap_or_default(),
            setup.input.unwrap_or_default(),
        );
        return Ok(Ok(WinmmPort { output, input }));
    }
    Ok(port_of(device, &host.winmm.ports(&Setup::default())?))
}

/// The port whose driver's interface is the device's; else that which has the driver's name.
fn port_of(device: &str, ports: &Ports) -> Result<WinmmPort, String> {
    let path = device.replace('\\', "#").to_lowercase();
    let by_interface = |port: &&PortInfo| {
        let capabilities = port.capabilities.as_ref();
        let interface = capabilities.and_then(|it| it.interface.as_ref());
        interface.is_some_and(|it| it.to_lowercase().contains(&path))
    };
    let by_name = |port: &&PortInfo| port.name.to_lowercase().contains(DEFAULT_PORT_NAME);
    let find = |ports: &[PortInfo]| {
        let found = ports.iter().find(by_interface);
        found.or_else(|| ports.iter().find(by_name)).cloned()
    };
    match (find(&ports.outputs), find(&ports.inputs)) {
        (Some(output), Some(input)) => Ok(WinmmPort { output, input }),
        _ => {
            Err("no port of winmm's is recognized as the device's; name it with --port".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Capabilities;

    fn port(index: u32, name: &str, interface: Option<&str>) -> PortInfo {
        PortInfo {
            index,
            name: name.to_owned(),
            capabilities: Some(Capabilities {
                interface: interface.map(str::to_owned),
                ..Capabilities::default()
            }),
            ..PortInfo::default()
        }
    }

    #[test]
    fn the_port_is_found_by_its_interface_then_by_its_name() {
        let device = r"ROOT\MEDIA\0001";
        let path = |number| format!(r"\\?\root#media#000{number}#{{6994ad04}}\midiuart");
        let (first, second) = (path(0), path(1));
        let side = [
            port(0, "keys", None),
            port(1, "midiuart", Some(&first)),
            port(2, "renamed", Some(&second)),
        ];
        let ports = |side: &[PortInfo]| Ports {
            outputs: side.to_vec(),
            inputs: side.to_vec(),
        };
        let index =
            |side| port_of(device, &ports(side)).map(|it| (it.output.index, it.input.index));
        assert_eq!(index(&side), Ok((2, 2)));
        assert_eq!(index(&side[..2]), Ok((1, 1)));
        let reason = index(&side[..1]).expect_err("none");
        assert!(reason.contains("--port"), "{reason}");
    }
}
