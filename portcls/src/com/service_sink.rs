//! [`ServiceSink`]: something in Rust that a service group calls.

use crate::com::{Class, Face, Object, unknown_table};
use crate::guid::IID_IServiceSink;
use crate::interfaces::{IServiceSink, IServiceSinkVtbl};

/// Implements `IServiceSink`.
pub trait ServiceSink: Class {
    /// Service is wanted. `DISPATCH_LEVEL`.
    fn request_service(&self);
}

impl<T: ServiceSink> Face<T> {
    /// `IServiceSink` as face number `FACE` of the class.
    #[must_use]
    pub const fn service_sink<const FACE: usize>() -> Self {
        let table = const {
            &IServiceSinkVtbl {
                base: unknown_table::<T, FACE>(),
                RequestService: request_service::<T, FACE>,
            }
        };
        // SAFETY: all functions of the table are those of this face.
        unsafe { Self::new::<IServiceSink>(FACE, table, &[IID_IServiceSink]) }
    }
}

crate::system_abi! {
    unsafe fn request_service[T: ServiceSink, const FACE: usize](this: *mut IServiceSink) {
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let object = unsafe { Object::<T>::from_face::<FACE, _>(this) };
        object.value().request_service();
    }
}
