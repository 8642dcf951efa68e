//! A safe layer over kernel COM: pointers that own a reference, and objects in Rust.
//!
//! - [`ComPtr`] owns one reference to an interface of anybody's.
//! - [`Own`] owns one reference to an object of one's own, whose type implements [`Class`] and, for
//!   each interface that it offers, the trait of that interface ([`MiniportMidi`],
//!   [`MiniportMidiStream`], [`PowerNotify`], [`AdapterPowerManagement`], [`ServiceSink`]).
//!
//! Objects are allocated once, when they are made, from the [`Pool`] that their class names, and freed
//! by the last release, at whatever IRQL that is called. No panic crosses the boundary: all
//! functions in the tables have a calling convention out of which Rust does not unwind.

mod calls;
mod miniport_midi;
mod miniport_midi_stream;
mod object;
mod pointer;
mod power;
mod property;
mod service_sink;

pub use calls::{Resource, Synchronized};
pub use miniport_midi::{MiniportMidi, StreamRequest};
pub use miniport_midi_stream::MiniportMidiStream;
pub use object::{Class, Face, Object, Own, Pool, unknown_table};
pub use pointer::ComPtr;
pub use power::{AdapterPowerManagement, PowerNotify};
pub use property::PropertyRequest;
pub use service_sink::ServiceSink;
