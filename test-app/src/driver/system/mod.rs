//! Windows itself.

mod access;
mod certificates;
mod copies;
mod counters;
mod devices;
mod folders;
mod lock;
mod machine;
mod packages;
mod program;
mod properties;
mod registry;
pub mod report;
mod services;
mod streaming;
mod trial;
mod trust;
mod wide;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use windows_sys::Win32::Foundation::GetLastError;

use super::ks_probe::{Asking, KernelStreaming};
use super::machine::Machine;
use super::place::Access;
use super::windows::{
    Called, Device, Judgement, Lock, Restart, Store, StoredPackage, SystemError, Windows,
};

/// The Windows that this program runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Windows for System {
    fn machine(&self) -> Called<Machine> {
        machine::machine()
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn lock(&self) -> Called<Option<Box<dyn Lock>>> {
        lock::lock()
    }

    fn user(&self) -> Called<String> {
        access::user()
    }

    fn access(&self, path: &Path) -> Called<Access> {
        access::of(path)
    }

    fn new_copy(&self) -> Called<PathBuf> {
        copies::new()
    }

    fn make_copy(&mut self, folder: &Path, files: &[(&str, &[u8])]) -> Called<()> {
        copies::make(folder, files)
    }

    fn copies(&self) -> Called<Vec<PathBuf>> {
        copies::all()
    }

    fn remove_copy(&mut self, folder: &Path) -> Called<()> {
        copies::remove(folder)
    }

    fn signature(&self, catalog: &Path) -> Called<Judgement> {
        Ok(trust::signature(catalog))
    }

    fn certificates(&self, store: Store) -> Called<Vec<Vec<u8>>> {
        certificates::all(store)
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

    fn packages(&self) -> Called<Vec<StoredPackage>> {
        packages::all()
    }

    fn add_package(&mut self, inf: &Path) -> Called<String> {
        packages::add(inf)
    }

    fn remove_package(&mut self, name: &str) -> Called<Restart> {
        packages::remove(name)
    }

    fn devices(&self) -> Called<Vec<Device>> {
        devices::all()
    }

    fn has_device(&self, instance: &str) -> Called<bool> {
        devices::has(instance)
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

    fn service_image(&self, name: &str) -> Called<Option<String>> {
        services::image(name)
    }

    fn remove_service(&mut self, name: &str) -> Called<()> {
        services::remove(name)
    }

    fn record(&self) -> Called<Option<String>> {
        registry::record()
    }

    fn keep_record(&mut self, text: Option<&str>) -> Called<()> {
        registry::keep_record(text)
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
