//! Windows' ports, through winmm.

use super::{Backend, DeviceReport, Ports, Setup, Uart, Work};
use crate::failure::Failure;

/// Windows' ports.
#[derive(Clone, Copy, Debug, Default)]
pub struct Winmm;

impl Backend for Winmm {
    fn quirks(&self, _uart: Uart) -> Vec<&'static str> {
        Vec::new()
    }

    fn ports(&self, _setup: &Setup) -> Result<Ports, Failure> {
        Ok(Ports::default())
    }

    fn run(&self, _setup: &Setup, _work: &mut Work<'_>) -> Result<DeviceReport, Failure> {
        Err(Failure::Device("no port".to_owned()))
    }
}
