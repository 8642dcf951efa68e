//! Pages with pictures: one file each, without scripts, that needs nothing else.
//!
//! Each picture is drawn twice, for wide and for narrow screens, so that its letters are as large on both;
//! the style sheet shows one of them.

mod axis;
mod drawing;
mod frame;
mod histogram;
mod html;
mod latency;
mod latency_timeline;
mod marks;
mod stress;
mod unit;
mod wire_timeline;

pub use latency::latency;
pub use stress::stress;
