//! The events. Each has the number of its device in front.

use core::ffi::CStr;

use portcls::types::NTSTATUS;

use super::{Event, Payload, Put, metadata, metadata_size};
use crate::kernel::event_provider::Kind;

/// Something does not work.
const ERROR: u8 = 2;
/// Something went wrong.
const WARNING: u8 = 3;
/// Something happened.
const INFORMATION: u8 = 4;

/// A device comes or goes.
const DEVICE: u64 = 1;
/// A stream is opened, changes its state, or is closed.
const STREAM: u64 = 2;
/// Bytes were lost.
const LOSS: u64 = 4;

macro_rules! events {
    ($(
        $(#[$attribute:meta])*
        $name:ident: $level:ident, $keyword:expr, { $(
            $(#[$field_attribute:meta])*
            $shown:literal $field:ident: $type:ty,
        )* }
    )+) => { $(
        $(#[$attribute])*
        pub(crate) struct $name { $(
            $(#[$field_attribute])*
            pub(crate) $field: $type,
        )* }

        impl Event for $name {
            const KIND: Kind = Kind {
                level: $level,
                keyword: $keyword,
            };
            const METADATA: &'static [u8] = {
                const NAME: &str = stringify!($name);
                const FIELDS: &[super::FieldDescription] = &[$(($shown, <$type>::IN_TYPE)),*];
                &metadata::<{ metadata_size(NAME, FIELDS) }>(NAME, FIELDS)
            };

            fn put(&self, payload: &mut Payload) {
                $(self.$field.put(payload);)*
            }
        }
    )+ };
}

events! {
    /// A device works.
    DeviceStarted: INFORMATION, DEVICE, {
        /// The kind of UART.
        "Uart" uart: &'static CStr,
        /// It has an interrupt.
        "HasInterrupt" has_interrupt: bool,
    }

    /// A device could not be started.
    DeviceNotStarted: ERROR, DEVICE, {
        /// Why.
        "Status" status: NTSTATUS,
    }

    /// A device was stopped or removed.
    DeviceStopped: INFORMATION, DEVICE, {
        /// It was there still.
        "Reachable" reachable: bool,
        /// Bytes that the UART accepted to send since the device was started.
        "BytesSent" bytes_sent: u32,
        /// Bytes that the UART received since then.
        "BytesReceived" bytes_received: u32,
        /// Bytes that were thrown away since then.
        "BytesDiscarded" bytes_discarded: u32,
    }

    /// A stream was opened, has changed its state, or was closed.
    StreamChanged: INFORMATION, STREAM, {
        /// Which way bytes go.
        "Direction" direction: &'static CStr,
        /// What has become of it.
        "State" state: &'static CStr,
    }

    /// A UART took no byte for so long that it was given up.
    DeviceDied: ERROR, DEVICE | LOSS, {
        /// Times that this has happened since the device was started.
        "Deaths" deaths: u32,
        /// Bytes that were thrown away since then.
        "BytesDiscarded" bytes_discarded: u32,
    }

    /// A UART that had been given up works again.
    DeviceRevived: INFORMATION, DEVICE, {
        /// Times that this was tried since the device was started.
        "Revivals" revivals: u32,
    }

    /// A UART that had been given up still does not work.
    DeviceNotRevived: ERROR, DEVICE, {
        /// Why.
        "Status" status: NTSTATUS,
    }

    /// Bytes begin to be lost as nobody reads them.
    ReceiveOverflow: WARNING, LOSS, {
        /// Bytes that were lost so since the device was started.
        "ReceiveOverflows" receive_overflows: u32,
    }

    /// Bytes begin to arrive damaged.
    LineErrors: WARNING, LOSS, {
        /// Bytes that the chip lost since the device was started.
        "Overruns" overruns: u32,
        /// Bytes without a stop bit since then.
        "FramingErrors" framing_errors: u32,
        /// Bytes with a wrong parity since then.
        "ParityErrors" parity_errors: u32,
        /// Times since then that the line was held low.
        "Breaks" breaks: u32,
    }
}

/// The parameters of a device that starts.
pub(crate) struct ParametersInForce<'a> {
    /// The parameters.
    pub(crate) parameters: &'a crate::parameters::Parameters,
    /// How many in the registry were out of range.
    pub(crate) out_of_range: u32,
}

impl Event for ParametersInForce<'_> {
    const KIND: Kind = Kind {
        level: INFORMATION,
        keyword: DEVICE,
    };
    const METADATA: &'static [u8] = {
        const NAME: &str = "ParametersInForce";
        const FIELDS: &[super::FieldDescription] = crate::parameters::FIELDS;
        &metadata::<{ metadata_size(NAME, FIELDS) }>(NAME, FIELDS)
    };

    fn put(&self, payload: &mut Payload) {
        self.out_of_range.put(payload);
        self.parameters.put(payload);
    }
}
