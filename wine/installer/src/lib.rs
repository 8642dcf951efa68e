//! Installs and removes a driver package through `setupapi`, as `devcon` of the Windows Driver Kit
//! does: functions for `rundll32`, which print a line for each call and for what it has found.
#![no_std]
#![allow(
    non_snake_case,
    clippy::upper_case_acronyms,
    reason = "what is Windows' keeps its names"
)]

mod arguments;
mod commands;
mod device;
mod output;
mod panic;
mod setupapi;
