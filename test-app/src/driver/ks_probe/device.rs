//! Which of the driver's devices is probed.

use super::advice;
use super::probe::Refused;
use super::streaming::{Asking, KernelStreaming};
use crate::driver::advice::refused;
use crate::driver::problems;
use crate::driver::windows::{Device, Windows};
use crate::failure::Failure;

/// The name of the first device that runs, among those whose names contain `wanted` if that is given.
///
/// # Errors
/// [`Failure::NoSuchPort`] if there is no such device, [`Failure::Device`] if none runs; with the next
/// step.
pub fn choose(windows: &dyn Windows, wanted: Option<&str>) -> Result<String, Failure> {
    let unknown = |error| refused("Windows does not report the driver's devices", &error);
    let devices = windows.devices().map_err(unknown)?;
    let lower = wanted.unwrap_or_default().to_lowercase();
    let is_wanted = |device: &&Device| device.instance.to_lowercase().contains(&lower);
    let found: Vec<_> = devices.iter().filter(is_wanted).collect();
    if let Some(device) = found.iter().find(|device| device.is_started) {
        return Ok(device.instance.clone());
    }
    if let Some(device) = found.first() {
        let problem = match device.problem {
            0 => "see `midiuart-test driver status`".to_owned(),
            code => problems::explain(code),
        };
        return Err(Failure::Device(format!(
            "the device {} does not run: {problem}",
            device.instance
        )));
    }
    let names: Vec<_> = devices.iter().map(|it| it.instance.as_str()).collect();
    Err(Failure::NoSuchPort(match (wanted, &names[..]) {
        (Some(wanted), [_, ..]) => {
            format!("no device '{wanted}'; there are: {}", names.join(", "))
        }
        _ => "the driver has no device; `midiuart-test driver install` makes one".to_owned(),
    }))
}

/// Opens the filter of a device.
///
/// # Errors
/// [`Failure::Device`], with what to do, if Windows refuses.
pub fn open(
    windows: &dyn Windows,
    device: &str,
    asking: Asking,
) -> Result<Box<dyn KernelStreaming>, Failure> {
    windows.streaming(device, asking).map_err(|error| {
        let doing = "the filter can't be opened".to_owned();
        advice::refused(device, &Refused { doing, error })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::fake::{FakeWindows, PACKAGE};
    use crate::failure::{DEVICE_ERROR, NO_SUCH_PORT};

    fn with_devices(names: &[&str]) -> FakeWindows {
        let mut windows = FakeWindows::default();
        for name in names {
            let devices = &mut windows.state.devices;
            devices.insert((*name).to_owned(), Some(PACKAGE.to_owned()));
        }
        windows
    }

    #[test]
    fn the_first_that_runs_is_chosen() {
        let mut windows = with_devices(&[r"PCI\1", r"ROOT\MEDIA\0000"]);
        assert_eq!(choose(&windows, None), Ok(r"PCI\1".to_owned()));
        assert_eq!(
            choose(&windows, Some("media")),
            Ok(r"ROOT\MEDIA\0000".to_owned())
        );
        windows.state.devices.insert(r"PCI\1".to_owned(), None);
        assert_eq!(choose(&windows, None), Ok(r"ROOT\MEDIA\0000".to_owned()));
    }

    #[test]
    fn what_is_in_the_way_is_said_with_the_next_step() {
        let none = choose(&FakeWindows::default(), Some("x")).expect_err("no device");
        assert_eq!(none.exit_code(), NO_SUCH_PORT);
        assert!(none.to_string().contains("driver install"), "{none}");
        let mut windows = with_devices(&[r"ROOT\MEDIA\0000"]);
        let other = choose(&windows, Some("PCI")).expect_err("another");
        assert_eq!(other.exit_code(), NO_SUCH_PORT);
        assert!(other.to_string().contains(r"ROOT\MEDIA\0000"), "{other}");
        windows.problem = 52;
        let problem = choose(&windows, None).expect_err("a problem");
        assert_eq!(problem.exit_code(), DEVICE_ERROR);
        assert!(problem.to_string().contains("code 52"), "{problem}");
    }

    #[test]
    fn a_filter_that_does_not_open_is_said_with_the_next_step() {
        let mut windows = with_devices(&[r"ROOT\MEDIA\0000"]);
        assert!(open(&windows, r"ROOT\MEDIA\0000", Asking::Midisrv).is_ok());
        windows.broken = Some("streaming");
        let refused = open(&windows, r"ROOT\MEDIA\0000", Asking::Midisrv)
            .err()
            .expect("a refusal");
        assert_eq!(refused.exit_code(), DEVICE_ERROR);
        let line = refused.to_string();
        assert!(
            line.contains(r"ROOT\MEDIA\0000: the filter can't be opened"),
            "{line}"
        );
        assert!(line.contains("administrator"), "{line}");
    }
}
