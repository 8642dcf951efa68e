//! How Windows hands MIDI input to programs, where its documents and what was seen on it differ.
//!
//! None of this is in a driver's hands: a MIDI miniport gives bytes to the port, and the port makes
//! records of them and completes the requests.

/// How the emulated Windows hands MIDI input to programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MidiInput {
    /// How reads from user mode complete.
    pub reads: ReadCompletion,
    /// What the time stamps count from.
    pub stamps: StampOrigin,
}

/// How reads from user mode complete. Reads of other drivers always complete as documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadCompletion {
    /// With a `KSMUSICFORMAT` record, once the stream has bytes; until then they pend. (`KSMUSICFORMAT`
    /// and `IOCTL_KS_READ_STREAM` in Microsoft's documentation; a maintainer of Windows MIDI Services sent
    /// and received System Exclusive through such a driver: microsoft/MIDI#835, 2026-05-17.)
    #[default]
    AsDocumented,
    /// They pend until the stream has had its first byte. From then on each completes without delay,
    /// with `DataUsed` = `FrameExtent` and nothing but zeros, and what the stream gave is lost. (Seen by
    /// rave-page/rave-mate with two drivers of this kind, one of them that of the maintainer above:
    /// `internal/midi/ravemidi_ksprobe_manual_test.go`, 2026-07-11.)
    FullZeroedFrame,
}

/// What the time stamp of a record counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StampOrigin {
    /// The first `TimeDeltaMs` of a read counts from the pin's RUN, and the header has no time. (Windows
    /// MIDI Services expects this: `MidiKs.cpp` adds it to the moment at which the pin was opened.)
    #[default]
    PinStart,
    /// The header's `PresentationTime` counts from the pin's RUN, and the first `TimeDeltaMs` from the
    /// header. (`KSMUSICFORMAT` in Microsoft's documentation.)
    Header,
}

/// Who makes a streaming request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requestor {
    /// A program or a service.
    User,
    /// Another driver.
    Kernel,
}
