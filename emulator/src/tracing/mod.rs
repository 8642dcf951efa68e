//! Event tracing (ETW): who listens to which provider, and what providers have written.
//!
//! A scenario listens with [`Pc::listen`](crate::Pc::listen), takes what was written with
//! [`Pc::take_events`](crate::Pc::take_events), and makes sense of it with [`RawEvent::decode`].

pub(crate) mod decode;
mod event;
mod listening;
mod sessions;

pub use decode::DecodeError;
pub use event::{Event, Field, RawEvent, Value};
pub use listening::Interest;
pub(crate) use listening::tell;
pub(crate) use sessions::{Registration, Tracing};
