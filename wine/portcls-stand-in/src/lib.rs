//! A stand-in for `portcls.sys` under Wine: it gives the driver what it asks for, drives it a little,
//! and writes down what happened.
#![no_std]
#![allow(
    non_snake_case,
    reason = "functions keep the names that Windows gives them"
)]

mod adapter;
mod client;
mod functions;
mod kernel;
mod objects;
mod panic;
mod port;
mod registry_key;
mod requests;
mod resource_list;
mod service_group;
mod trace;
