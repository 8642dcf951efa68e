//! Status codes, with the values of `ntstatus.h`.

use crate::types::NTSTATUS;

/// What a function above the tables returns: a value, or the status code that says why not.
pub type Outcome<T> = Result<T, NTSTATUS>;

macro_rules! statuses {
    ($($(#[$attribute:meta])* $name:ident = $value:literal;)+) => {
        $(
            $(#[$attribute])*
            pub const $name: NTSTATUS = NTSTATUS::from_ne_bytes(u32::to_ne_bytes($value));
        )+

        /// The name of a status code that this crate knows.
        #[must_use]
        pub const fn status_name(status: NTSTATUS) -> Option<&'static str> {
            match status {
                $($name => Some(stringify!($name)),)+
                _ => None,
            }
        }
    };
}

statuses! {
    /// It worked.
    STATUS_SUCCESS = 0x0000_0000;
    /// It will be completed later.
    STATUS_PENDING = 0x0000_0103;
    /// The output did not fit; what fits, or its size, was returned.
    STATUS_BUFFER_OVERFLOW = 0x8000_0005;
    /// There is nothing more.
    STATUS_NO_MORE_ENTRIES = 0x8000_001A;
    /// The device has gone off line or is busy.
    STATUS_DEVICE_BUSY = 0x8000_0011;
    /// Something went wrong.
    STATUS_UNSUCCESSFUL = 0xC000_0001;
    /// Not implemented here; the caller's own way is taken.
    STATUS_NOT_IMPLEMENTED = 0xC000_0002;
    /// A handle that leads to nothing.
    STATUS_INVALID_HANDLE = 0xC000_0008;
    /// An argument is not acceptable.
    STATUS_INVALID_PARAMETER = 0xC000_000D;
    /// There is no such device.
    STATUS_NO_SUCH_DEVICE = 0xC000_000E;
    /// This device does not do that.
    STATUS_INVALID_DEVICE_REQUEST = 0xC000_0010;
    /// No memory.
    STATUS_NO_MEMORY = 0xC000_0017;
    /// The caller's buffer is too small.
    STATUS_BUFFER_TOO_SMALL = 0xC000_0023;
    /// There is no object of that name.
    STATUS_OBJECT_NAME_NOT_FOUND = 0xC000_0034;
    /// A resource (often memory) is lacking.
    STATUS_INSUFFICIENT_RESOURCES = 0xC000_009A;
    /// The device is not ready.
    STATUS_DEVICE_NOT_READY = 0xC000_00A3;
    /// It took too long.
    STATUS_IO_TIMEOUT = 0xC000_00B5;
    /// Not supported.
    STATUS_NOT_SUPPORTED = 0xC000_00BB;
    /// It was cancelled.
    STATUS_CANCELLED = 0xC000_0120;
    /// The resources that the device was given are not what it needs.
    STATUS_DEVICE_CONFIGURATION_ERROR = 0xC000_0182;
    /// The device is in a state in which it can't do that.
    STATUS_INVALID_DEVICE_STATE = 0xC000_0184;
    /// The device reported an error, or nothing at all.
    STATUS_IO_DEVICE_ERROR = 0xC000_0185;
    /// Nothing there matches.
    STATUS_NO_MATCH = 0xC000_0272;
    /// The device is gone.
    STATUS_DEVICE_REMOVED = 0xC000_02B6;
    /// The object has no such interface.
    STATUS_NOINTERFACE = 0xC000_02B9;
    /// The name is in use already.
    STATUS_OBJECT_NAME_COLLISION = 0xC000_0035;
    /// No such property set or property.
    STATUS_NOT_FOUND = 0xC000_0225;
}

/// Whether a status code means success (`NT_SUCCESS`).
#[must_use]
pub const fn succeeded(status: NTSTATUS) -> bool {
    status >= 0
}

/// Turns a status code into a result, so that `?` can be used on it.
///
/// # Errors
/// The status code itself, if it is not one of success.
pub const fn check(status: NTSTATUS) -> Outcome<()> {
    if succeeded(status) {
        Ok(())
    } else {
        Err(status)
    }
}

/// The status code to report for a failure: `STATUS_UNSUCCESSFUL` where the code given means success,
/// so that nobody takes what was not made for made.
#[must_use]
pub const fn failure(status: NTSTATUS) -> NTSTATUS {
    if succeeded(status) {
        STATUS_UNSUCCESSFUL
    } else {
        status
    }
}

/// The status code that stands for a result.
#[must_use]
pub const fn status_of(outcome: Outcome<()>) -> NTSTATUS {
    match outcome {
        Ok(()) => STATUS_SUCCESS,
        Err(status) => failure(status),
    }
}
