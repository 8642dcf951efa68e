//! The calls of kernel streaming that the probe makes, and what they give.

use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use crate::driver::windows::Called;

/// Bytes of a `KSMUSICFORMAT`.
pub const RECORD_HEAD: usize = 8;

/// Bytes of the buffer of a read: a `KSMUSICFORMAT` and 2048 bytes, as `MIDI_EVENT` in Windows MIDI
/// Services' `MidiKs.cpp`.
pub const FRAME_EXTENT: usize = RECORD_HEAD + 2048;

/// In whose manner reads are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Asking {
    /// Windows MIDI Services' (`MidiKs.cpp`, `MidiKsCommon.cpp`)
    #[default]
    Midisrv,
    /// That of the published probe which saw zeroed frames (rave-page/rave-mate,
    /// `ravemidi_ksprobe_manual_test.go`)
    PublishedProbe,
}

impl Asking {
    /// Bytes of the buffer of a read.
    #[must_use]
    pub const fn frame_extent(self) -> usize {
        match self {
            Self::Midisrv => FRAME_EXTENT,
            Self::PublishedProbe => 512,
        }
    }

    /// Whether the input is opened for writing, too.
    #[must_use]
    pub const fn opens_for_writing(self) -> bool {
        matches!(self, Self::Midisrv)
    }

    /// The time in the header that goes with a read.
    #[must_use]
    pub const fn time(self) -> HeaderTime {
        let part = match self {
            Self::Midisrv => 1,
            Self::PublishedProbe => 0,
        };
        HeaderTime {
            time: 0,
            numerator: part,
            denominator: part,
        }
    }
}

/// A pin of the driver's filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// What programs write to.
    Output,
    /// What programs read from.
    Input,
}

impl Pin {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Input => "input",
        }
    }
}

/// A state of a pin, by the number of its `KSSTATE_…` constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum State {
    /// `KSSTATE_STOP`
    Stop = 0,
    /// `KSSTATE_ACQUIRE`
    Acquire = 1,
    /// `KSSTATE_PAUSE`
    Pause = 2,
    /// `KSSTATE_RUN`
    Run = 3,
}

/// The time in the header of a read: `KSTIME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderTime {
    /// In units of 100 ns times the fraction.
    pub time: i64,
    /// The fraction's numerator.
    pub numerator: u32,
    /// The fraction's denominator.
    pub denominator: u32,
}

impl HeaderTime {
    /// In milliseconds; a fraction that is none counts as 1.
    #[must_use]
    pub fn milliseconds(self) -> i64 {
        let numerator = i128::from(self.numerator.max(1));
        let denominator = i128::from(self.denominator.max(1));
        let time = i128::from(self.time) * numerator / denominator / 10_000;
        i64::try_from(time).unwrap_or(i64::MAX)
    }
}

/// A read that has completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How much of the buffer was used, by the header (`DataUsed`).
    pub data_used: u32,
    /// The header's time (`PresentationTime`).
    pub time: HeaderTime,
    /// The whole buffer, which was all zeros before.
    pub bytes: Vec<u8>,
}

/// The calls of kernel streaming that the probe makes, on one filter. Dropped, it cancels the read and
/// closes the pins.
pub trait KernelStreaming {
    /// In whose manner reads are asked for.
    fn asking(&self) -> Asking;

    /// The time, of a clock that does not go back.
    fn now(&self) -> Duration;

    /// Lets time pass.
    fn wait(&mut self, time: Duration);

    /// Opens a pin with the standard streaming interface and medium and the format of MIDI
    /// (`KsCreatePin`).
    ///
    /// # Errors
    /// If Windows refuses.
    fn open(&mut self, pin: Pin) -> Called<()>;

    /// Sets the state of an open pin (`KSPROPERTY_CONNECTION_STATE`).
    ///
    /// # Errors
    /// If Windows refuses.
    fn set_state(&mut self, pin: Pin, state: State) -> Called<()>;

    /// Pends a read of a zeroed buffer at the input, as [`Asking`] has it; none may be pended already.
    ///
    /// # Errors
    /// If Windows refuses.
    fn pend_read(&mut self) -> Called<()>;

    /// Waits until the pended read has completed, at most for `limit`.
    ///
    /// # Errors
    /// What the read failed with.
    fn completed_read(&mut self, limit: Duration) -> Called<Option<Frame>>;

    /// Writes a message to the output as one record that is due immediately, and waits until the driver
    /// has taken it.
    ///
    /// # Errors
    /// If Windows refuses, or the driver takes too long.
    fn write(&mut self, message: &[u8]) -> Called<()>;
}

impl<K: KernelStreaming + ?Sized> KernelStreaming for &mut K {
    fn asking(&self) -> Asking {
        K::asking(self)
    }

    fn now(&self) -> Duration {
        K::now(self)
    }

    fn wait(&mut self, time: Duration) {
        K::wait(self, time);
    }

    fn open(&mut self, pin: Pin) -> Called<()> {
        K::open(self, pin)
    }

    fn set_state(&mut self, pin: Pin, state: State) -> Called<()> {
        K::set_state(self, pin, state)
    }

    fn pend_read(&mut self) -> Called<()> {
        K::pend_read(self)
    }

    fn completed_read(&mut self, limit: Duration) -> Called<Option<Frame>> {
        K::completed_read(self, limit)
    }

    fn write(&mut self, message: &[u8]) -> Called<()> {
        K::write(self, message)
    }
}
