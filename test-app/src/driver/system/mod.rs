//! Windows itself.

mod certificates;
mod counters;
mod devices;
mod machine;
mod packages;
mod properties;
mod registry;
pub mod report;
mod services;
mod streaming;
mod trust;
mod wide;

use std::path::Path;

use windows_sys::Win32::Foundation::GetLastError;

use super::ks_probe::{Asking, KernelStreaming};
use super::machine::Machine;
use super::record::Record;
use super::windows::{
    Called, Certificate, Device, Restart, Signature, Store, StoredPackage, SystemError, Windows,
};

/// The Windows that this program runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Windows for System {
    fn machine(&self) -> Called<Machine> {
        machine::machine()
    }

    fn certificate(&self, der: &[u8]) -> Called<Certificate> {
        certificates::read(der)
    }

    fn signature(&self, catalog: &Path) -> Called<Signature> {
        Ok(trust::signature(catalog))
    }

    fn has_certificate(&self, store: Store, thumbprint: &str) -> Called<bool> {
        certificates::has(store, thumbprint)
    }

    fn add_certificate(&mut self, store: Store, der: &[u8]) -> Called<()> {
        certificates::add(store, der)
    }

    fn remove_certificate(&mut self, store: Store, thumbprint: &str) -> Called<()> {
        certificates::remove(store, thumbprint)
    }

    fn add_package(&mut self, inf: &Path) -> Called<StoredPackage> {
        packages::add(inf)
    }

    fn remove_package(&mut self, name: &str) -> Called<Restart> {
        packages::remove(name)
    }

    fn devices(&self) -> Called<Vec<Device>> {
        devices::all()
    }

    fn make_device(&mut self, hardware_id: &str) -> Called<String> {
        devices::make(hardware_id)
    }

    fn remove_device(&mut self, instance: &str) -> Called<Restart> {
        devices::remove(instance)
    }

    fn update_driver(&mut self, hardware_id: &str, inf: &Path) -> Called<Restart> {
        packages::update(hardware_id, inf)
    }

    fn restart_device(&mut self, instance: &str) -> Called<Restart> {
        devices::restart(instance)
    }

    fn counters(&self, instance: &str, room: usize) -> Called<Vec<u8>> {
        counters::read(instance, room)
    }

    fn streaming(&self, instance: &str, asking: Asking) -> Called<Box<dyn KernelStreaming>> {
        streaming::open(instance, asking)
    }

    fn has_service(&self, name: &str) -> Called<bool> {
        services::has(name)
    }

    fn remove_service(&mut self, name: &str) -> Called<()> {
        services::remove(name)
    }

    fn record(&self) -> Called<Record> {
        registry::record()
    }

    fn keep_record(&mut self, record: &Record) -> Called<()> {
        registry::keep_record(record)
    }
}

/// The error of a function that has just failed.
fn last_error(function: &'static str) -> SystemError {
    // SAFETY: it reads a number of the calling thread.
    let code = unsafe { GetLastError() };
    SystemError { function, code }
}

/// What a function with a `BOOL` gives.
fn checked(function: &'static str, result: i32) -> Called<()> {
    if result == 0 {
        Err(last_error(function))
    } else {
        Ok(())
    }
}

/// The size of a structure that is told its own size.
#[expect(
    clippy::cast_possible_truncation,
    reason = "structures of Windows' are small"
)]
const fn size_of_structure<T>() -> u32 {
    size_of::<T>() as u32
}
