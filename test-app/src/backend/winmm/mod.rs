//! Windows' ports, through winmm: Windows' own, or on other hosts the double that is linked in.
//!
//! From below: `mme` has winmm's functions; [`OutputHandle`] and [`InputHandle`] make them safe, one by
//! one; [`Output`] and [`Input`] keep buffers and lose nothing; the session makes a backend of them.

mod buffer;
pub mod devices;
mod input;
mod input_handle;
mod mme;
mod output;
mod output_handle;
mod refusal;
pub mod results;
mod session;

pub use buffer::{Buffer, BufferId};
pub use input::{Heard, Input, InputCounts, Over, Sound};
pub use input_handle::{InputEvent, InputEventKind, InputHandle};
pub use output::{Closed, Output};
pub use output_handle::OutputHandle;
pub use refusal::{Refusal, Side, gone};
use session::WinmmSession;

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
        Ok(devices::ports())
    }

    /// After a failure no note stays: those that sound are ended, then the output is reset and closed.
    fn run(&self, setup: &Setup, work: &mut Work<'_>) -> Result<DeviceReport, Failure> {
        let mut session = WinmmSession::new(setup);
        let done = work(&mut session);
        let finished = session.finish(done.is_err());
        done.and(finished)?;
        Ok(DeviceReport::default())
    }
}
