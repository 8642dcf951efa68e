//! The processor as a driver image meets it: what the host can't run is emulated, and what is wrong
//! becomes a bug check.
//!
//! An instruction that a program of the host may not run, such as `in`, `out` or an access to CR8, makes
//! the host send a signal. Its handler ([`signals`]) does one thing: it has the thread go on in
//! [`trap`], on its own stack, which leads to [`faults`] and [`instructions`] as ordinary code. So traps
//! nest like on a real processor, and a driver that is stopped is simply never returned to.

mod arithmetic;
mod context;
mod faults;
mod instructions;
mod registers;
mod signals;
mod spinning;
mod stack;
mod trap;

pub(crate) use context::Context;
pub(crate) use signals::Guarded;
pub(crate) use spinning::SpinWatch;
pub(crate) use stack::driver_frames;

/// Whether a driver's access to memory that is not there is told from one that is.
pub(crate) const CATCHES_FAULTS: bool = true;
