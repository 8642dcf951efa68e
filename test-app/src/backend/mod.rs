//! Where MIDI ports are: an emulated PC, or the machine the tool runs on.

pub mod emulated;
pub mod memory;
mod port;
pub mod report;
pub mod setup;
pub mod winmm;

use std::time::Duration;

use crate::failure::Failure;
pub use port::{Capabilities, PortInfo, Ports};
pub use report::{DeviceReport, LongestTimes, WriteCounts};
pub use setup::{Client, Setup, Uart};

/// The work that a run does with an open session.
///
/// It may be carried out on a thread of the backend.
pub type Work<'w> = dyn FnMut(&mut dyn Session) -> Result<(), Failure> + Send + 'w;

/// A place with MIDI ports.
pub trait Backend {
    /// The names of the hardware variations that `uart` can be given.
    fn quirks(&self, uart: Uart) -> Vec<&'static str>;

    /// The ports that `setup` has.
    ///
    /// # Errors
    /// [`Failure::Device`] if the device does not come up.
    fn ports(&self, setup: &Setup) -> Result<Ports, Failure>;

    /// Brings the device up as `setup` says, lets `work` use the ports that it names, and takes the
    /// device down again.
    ///
    /// `setup.output` and `setup.input` are among [`ports`](Self::ports), and `setup.quirks` are all among
    /// [`quirks`](Self::quirks).
    ///
    /// # Errors
    /// The failure of `work`, or [`Failure::Device`] if the device itself does wrong.
    fn run(&self, setup: &Setup, work: &mut Work<'_>) -> Result<DeviceReport, Failure>;
}

/// The port's cable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cable {
    /// The bytes on the outgoing wire can be seen: [`Session::on_the_wire`].
    pub wire_visible: bool,
    /// What is at its other end.
    pub far_end: FarEnd,
    /// What goes through unchanged.
    pub carries: Carries,
}

impl Cable {
    /// Whether what is sent comes back on the input, if the user is right.
    #[must_use]
    pub const fn loops_back(self) -> bool {
        matches!(self.far_end, FarEnd::Loop | FarEnd::AssumedLoop)
    }
}

/// What is at the other end of the port's cable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FarEnd {
    /// Nothing that is of use.
    #[default]
    Others,
    /// A device that can be made to send: [`Session::far_end_sends`].
    Ours,
    /// What is sent comes back on the input.
    Loop,
    /// The user says that what is sent comes back.
    AssumedLoop,
}

/// What goes through a port unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carries {
    /// Any bytes.
    #[default]
    Bytes,
    /// Complete messages, one by one: what carries them takes streams apart and puts status bytes in.
    Messages,
}

/// One use of a port. Times are counted from the start of the machine.
pub trait Session {
    /// What is at the other end; the same for the whole session.
    fn cable(&self) -> Cable;

    /// The time now.
    fn now(&self) -> Duration;

    /// Opens the port's output. Sessions start with both sides closed.
    ///
    /// # Errors
    /// [`Failure::Device`] if the device refuses.
    fn open_output(&mut self) -> Result<(), Failure>;

    /// Closes the port's output, once the device has accepted all that was handed over; that need
    /// not have left yet, but it will.
    ///
    /// # Errors
    /// [`Failure::Device`] if the device refuses.
    fn close_output(&mut self) -> Result<(), Failure>;

    /// Opens the port's input.
    ///
    /// # Errors
    /// [`Failure::Device`] if the device refuses.
    fn open_input(&mut self) -> Result<(), Failure>;

    /// Closes the port's input; what arrived before can still be [`received`](Self::received).
    ///
    /// # Errors
    /// [`Failure::Device`] if the device refuses.
    fn close_input(&mut self) -> Result<(), Failure>;

    /// Hands `bytes` to the open output as one record: a message, a System Exclusive message of
    /// any length, several messages, or bytes that are none.
    ///
    /// It does not wait for these bytes to leave. It waits only while a second's worth of bytes
    /// or more from earlier calls is still to be accepted by the device.
    ///
    /// # Errors
    /// [`Failure::Device`] if the device refused them or earlier ones.
    fn send(&mut self, bytes: &[u8]) -> Result<(), Failure>;

    /// Lets time pass until `at`; a moment that is over is no wait.
    ///
    /// # Errors
    /// [`Failure::Device`] if the device failed meanwhile.
    fn wait_until(&mut self, at: Duration) -> Result<(), Failure>;

    /// Lets time pass until all that was sent has left on the wire.
    ///
    /// # Errors
    /// [`Failure::Device`] if that takes longer than `limit` or the device failed meanwhile.
    fn drain(&mut self, limit: Duration) -> Result<(), Failure>;

    /// What came in on the open input since last asked, in order.
    fn received(&mut self) -> Vec<ReceivedBytes>;

    /// What went over the outgoing wire since last asked, in order; nothing ever where
    /// [`Cable::wire_visible`] is false.
    fn on_the_wire(&mut self) -> Vec<WireByte>;

    /// Makes the other end of the cable send `bytes`, after what it was made to send before;
    /// returns when the start bit of the first of them begins. It does not wait.
    ///
    /// # Errors
    /// [`Failure::Device`] unless the far end is [`FarEnd::Ours`].
    fn far_end_sends(&mut self, bytes: &[u8]) -> Result<Duration, Failure>;
}

/// Bytes that reached the client together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedBytes {
    /// When they reached it.
    pub at: Duration,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A byte on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireByte {
    /// When its start bit began.
    pub start: Duration,
    /// The byte.
    pub byte: u8,
}
