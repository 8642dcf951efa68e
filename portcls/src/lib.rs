//! What Windows' audio port class (`portcls.sys`) gives to a MIDI miniport.
//!
//! - [`types`], [`ks`], [`descriptors`], [`interfaces`], [`guid`], [`functions`]: the tables, by
//!   Windows' names, with their layouts asserted at compile time;
//! - [`com`]: a safe layer to hold and to implement kernel COM objects.
//!
//! The crate has no policy and knows no MIDI. It allocates nothing by itself and works without
//! `alloc`. An image for Windows imports the functions it calls by name (`raw-dylib`), so no
//! import library is needed.
#![no_std]
#![allow(
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    reason = "tables keep the names that Windows gives them"
)]

/// The examples of the read-me are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;

mod abi;
pub mod com;
pub mod descriptors;
pub mod functions;
pub mod guid;
pub mod interfaces;
pub mod ks;
pub mod status;
pub mod types;
