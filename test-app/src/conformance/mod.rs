//! Checks whether a winmm port does what Windows' documentation says, against a port whose output is
//! led back to its input.
//!
//! The checks are those of the Windows Logo Kit's MIDI test for drivers, those of Windows MIDI
//! Services' tests for drivers, and what users of MIDI ports report. They call winmm only through
//! [`functions::Winmm`], so that tests can hand in one with a fault.

pub mod bench;
pub mod buffer;
pub mod check;
pub mod checks;
pub mod functions;
pub mod heard;
pub mod host_callbacks;
pub mod input;
pub mod output;
pub mod report;
pub mod runner;
pub mod verdict;
