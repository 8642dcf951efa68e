//! An emulated PC on which the midiuart driver is installed: the driver, linked in or as an image,
//! its device started, its port's filter open.

mod hardware;
mod trouble;
mod uart;

use std::collections::BTreeMap;
use std::path::PathBuf;

use emulated_pc::clients::midisrv::{self, Endpoint};
use emulated_pc::{
    Config, Device, DriverImage, DriverSource, Filter, FunctionalDevice, MidiInput, Pc, boot,
};
use midiuart::counters;
use midiuart::filter::REFERENCE_STRING;
use midiuart::properties::{KSPROPERTY_MIDIUART_COUNTERS, KSPROPSETID_MidiUart};
use portcls::status::succeeded;

pub use hardware::{describe, quirks};
pub use midiuart::filter::{CAPTURE_PIN, REFERENCE_STRING as PORT_NAME, RENDER_PIN};
pub use trouble::Trouble;
pub use uart::{Uart, UnknownUart};

/// Which PC it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installation {
    /// The kind of UART.
    pub uart: Uart,
    /// Variations of the hardware, by name; those that [`quirks`] has for the UART.
    pub quirks: Vec<String>,
    /// Whether a cable leads from the UART's output to its input. The loopback device needs none.
    pub loop_cable: bool,
    /// How its Windows hands input to programs.
    pub midi_input: MidiInput,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The image of the driver; nothing for the one that is linked in.
    pub driver: Option<PathBuf>,
}

/// The PC with its device started and the port's filter open.
pub struct Started<'pc> {
    /// The PC.
    pub pc: &'pc Pc,
    /// The device.
    pub device: Device,
    /// The device as its driver runs it.
    pub functional: FunctionalDevice,
    /// The port.
    pub filter: Filter,
    uart: Uart,
}

impl Started<'_> {
    /// The port's pins, as Windows MIDI Services lists them.
    ///
    /// # Errors
    /// [`Trouble::Refused`] if the driver refuses.
    pub fn endpoints(&self) -> Result<Vec<Endpoint>, Trouble> {
        midisrv::enumerate(&self.filter)
            .map_err(|status| Trouble::refused("the port can't be listed", status))
    }

    /// The driver's counters, by their names.
    ///
    /// # Errors
    /// [`Trouble::Refused`] if the driver refuses.
    pub fn counters(&self) -> Result<BTreeMap<String, u64>, Trouble> {
        let bytes = self
            .filter
            .property(
                KSPROPSETID_MidiUart,
                KSPROPERTY_MIDIUART_COUNTERS,
                &[],
                4 * counters::NAMES.len(),
            )
            .map_err(|status| Trouble::refused("the driver's counters can't be read", status))?;
        let values = bytes
            .chunks_exact(4)
            .map(|four| u64::from(u32::from_le_bytes([four[0], four[1], four[2], four[3]])));
        let names = counters::NAMES.iter().map(|name| (*name).to_owned());
        Ok(names.zip(values).collect())
    }

    /// How many bytes the device has sent.
    ///
    /// # Errors
    /// [`Trouble::Refused`] if the driver does not tell.
    pub fn bytes_that_left(&self) -> Result<u64, Trouble> {
        match self.uart {
            Uart::Mpu401 | Uart::Ns16550 => Ok(self.device.wire_sent_total()),
            Uart::Software => Ok(self.counters()?["bytes_received"]),
        }
    }
}

/// Switches the PC on, starts the device, lets `use_it` use it, and takes everything down again.
///
/// `use_it` runs on a thread of the PC's.
///
/// # Errors
/// Those of `use_it`; [`Trouble`] if the PC can't be had, or the driver or its device does wrong.
pub fn run<R, E>(
    installation: &Installation,
    use_it: impl FnOnce(&Started<'_>) -> Result<R, E> + Send,
) -> Result<R, E>
where
    R: Send,
    E: From<Trouble> + Send,
{
    run_on(Config::default(), installation, use_it)
}

/// As [`run`], on a PC that is otherwise as `config` says; its seed is the installation's.
///
/// # Errors
/// As [`run`].
pub fn run_on<R, E>(
    mut config: Config,
    installation: &Installation,
    use_it: impl FnOnce(&Started<'_>) -> Result<R, E> + Send,
) -> Result<R, E>
where
    R: Send,
    E: From<Trouble> + Send,
{
    config.seed = installation.seed;
    config.midi_input = installation.midi_input;
    let hardware = hardware::plan(installation)?;
    let source = driver_source(installation)?;
    let uart = installation.uart;
    boot(config, move |pc| {
        let device = pc.plug(hardware.build());
        let driver = pc
            .load_from(&source)
            .map_err(|status| Trouble::refused("the driver does not load", status))?;
        let functional = driver
            .add_device(&device)
            .map_err(|status| Trouble::refused("the driver refuses the device", status))?;
        let outcome = start(pc, device, &functional, uart)
            .map_err(E::from)
            .and_then(|started| use_it(&started));
        let removed = functional.remove();
        driver.unload();
        let result = outcome?;
        if succeeded(removed) {
            Ok(result)
        } else {
            Err(Trouble::refused("the device can't be removed", removed).into())
        }
    })
    .unwrap_or_else(|stop| Err(Trouble::crashed(&stop).into()))
}

fn driver_source(installation: &Installation) -> Result<DriverSource, Trouble> {
    match &installation.driver {
        None => Ok(DriverSource::LinkedIn(midiuart::linked_in::driver_entry)),
        Some(path) => DriverImage::open(path)
            .map(DriverSource::Image)
            .map_err(|error| Trouble::Refused(error.to_string())),
    }
}

fn start<'pc>(
    pc: &'pc Pc,
    device: Device,
    functional: &FunctionalDevice,
    uart: Uart,
) -> Result<Started<'pc>, Trouble> {
    let status = functional.start();
    if !succeeded(status) {
        return Err(Trouble::refused("the device does not start", status));
    }
    let filter = functional
        .open_filter(REFERENCE_STRING)
        .map_err(|status| Trouble::refused("the port can't be opened", status))?;
    Ok(Started {
        pc,
        device,
        functional: functional.clone(),
        filter,
        uart,
    })
}
