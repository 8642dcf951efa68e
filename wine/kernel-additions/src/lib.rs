//! An `ntoskrnl.exe` for Wine 8.0: what its own lacks, by Windows' names. Everything else is
//! forwarded to Wine's own, which lies beside it as `winekernel.dll`; the linker is told so.
#![no_std]
#![allow(
    non_camel_case_types,
    non_snake_case,
    reason = "functions keep the names that Windows gives them"
)]

mod critical_region;
mod driver_extension;
mod memory;
mod panic;
mod time;
mod timer;
mod tracing;
mod wine_kernel;
