//! What of the kernel is needed, with the layouts of 64-bit Windows (`wdm.h`).

use core::ffi::{c_char, c_void};

use portcls::functions::PDRIVER_ADD_DEVICE;
use portcls::types::{
    NTSTATUS, PDEVICE_OBJECT, PDRIVER_OBJECT, PIRP, POOL_TYPE, PVOID, UNICODE_STRING,
};

/// `IRP_MJ_POWER`.
pub const IRP_MJ_POWER: u8 = 0x16;
/// `IRP_MJ_SYSTEM_CONTROL`.
pub const IRP_MJ_SYSTEM_CONTROL: u8 = 0x17;
/// `IRP_MJ_PNP`.
pub const IRP_MJ_PNP: u8 = 0x1B;
/// `IRP_MN_START_DEVICE`.
pub const IRP_MN_START_DEVICE: u8 = 0x00;
/// `IRP_MN_REMOVE_DEVICE`.
pub const IRP_MN_REMOVE_DEVICE: u8 = 0x02;
/// A completion routine keeps the request.
pub const STATUS_MORE_PROCESSING_REQUIRED: NTSTATUS = 0xC000_0016_u32.cast_signed();

/// A routine that handles requests.
pub type Dispatch = unsafe extern "C" fn(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS;
/// A routine that is called when a lower driver has completed a request.
pub type Completion =
    unsafe extern "C" fn(device: PDEVICE_OBJECT, irp: PIRP, context: PVOID) -> NTSTATUS;

/// A `DRIVER_OBJECT`.
#[repr(C)]
pub struct DriverObject {
    head: [u8; 0x18],
    /// Where the image lies.
    pub start: *mut c_void,
    /// How long it is.
    pub size: u32,
    section: *mut c_void,
    /// More of it.
    pub extension: *mut DriverExtension,
    name: UNICODE_STRING,
    hardware_database: *mut c_void,
    fast_io: *mut c_void,
    init: *mut c_void,
    start_io: *mut c_void,
    /// Called before the image goes.
    pub unload: Option<unsafe extern "C" fn(driver: PDRIVER_OBJECT)>,
    /// Called with requests.
    pub major_function: [Option<Dispatch>; 28],
}

/// A `DRIVER_EXTENSION`.
#[repr(C)]
pub struct DriverExtension {
    driver: PDRIVER_OBJECT,
    /// Called when a device is found.
    pub add_device: Option<PDRIVER_ADD_DEVICE>,
}

/// A `DEVICE_OBJECT`.
#[repr(C)]
pub struct DeviceObject {
    head: [u8; 0x40],
    /// The memory that goes with the device.
    pub extension: *mut c_void,
}

/// An `IRP`.
#[repr(C)]
pub struct Irp {
    head: [u8; 0x30],
    /// How the request ended.
    pub status: NTSTATUS,
    information: usize,
    mode: [u8; 3],
    /// Which of the stack locations is in use, counted from 1.
    pub current_location: i8,
    middle: [u8; 0x74],
    /// The stack location of the driver that has the request.
    pub current: *mut StackLocation,
}

/// An `IO_STACK_LOCATION`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct StackLocation {
    /// `IRP_MJ_…`.
    pub major: u8,
    /// `IRP_MN_…`.
    pub minor: u8,
    flags: u8,
    /// When to call the completion routine.
    pub control: u8,
    parameters: [usize; 4],
    device: PDEVICE_OBJECT,
    file: *mut c_void,
    /// Called when the request was completed.
    pub completion: Option<Completion>,
    context: PVOID,
}

const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(DriverObject, extension) == 0x30);
    assert!(offset_of!(DriverObject, unload) == 0x68);
    assert!(offset_of!(DriverObject, major_function) == 0x70);
    assert!(offset_of!(DriverExtension, add_device) == 0x08);
    assert!(offset_of!(DeviceObject, extension) == 0x40);
    assert!(offset_of!(Irp, status) == 0x30);
    assert!(offset_of!(Irp, current_location) == 0x43);
    assert!(offset_of!(Irp, current) == 0xB8);
    assert!(offset_of!(StackLocation, completion) == 0x38);
    assert!(size_of::<StackLocation>() == 0x48);
};

#[link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "C" {
    pub fn DbgPrint(format: *const c_char, ...) -> NTSTATUS;
    pub fn ExAllocatePoolWithTag(pool: POOL_TYPE, bytes: usize, tag: u32) -> PVOID;
    pub fn ExFreePoolWithTag(memory: PVOID, tag: u32);
    pub fn IoAttachDeviceToDeviceStack(
        source: PDEVICE_OBJECT,
        target: PDEVICE_OBJECT,
    ) -> PDEVICE_OBJECT;
    pub fn IoCreateDevice(
        driver: PDRIVER_OBJECT,
        extension_size: u32,
        name: *mut UNICODE_STRING,
        kind: u32,
        characteristics: u32,
        exclusive: u8,
        device: *mut PDEVICE_OBJECT,
    ) -> NTSTATUS;
    pub fn IoDeleteDevice(device: PDEVICE_OBJECT);
    pub fn IoDetachDevice(target: PDEVICE_OBJECT);
    pub fn IoOpenDeviceRegistryKey(
        device: PDEVICE_OBJECT,
        kind: u32,
        access: u32,
        key: *mut PVOID,
    ) -> NTSTATUS;
    pub fn IofCallDriver(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS;
    pub fn IofCompleteRequest(irp: PIRP, priority_boost: i8);
    pub fn KeBugCheckEx(code: u32, a: usize, b: usize, c: usize, d: usize) -> !;
    pub fn KeDelayExecutionThread(mode: i8, alertable: u8, interval: *const i64) -> NTSTATUS;
    pub fn ZwClose(handle: PVOID) -> NTSTATUS;
    pub fn ZwQueryValueKey(
        key: PVOID,
        name: *mut UNICODE_STRING,
        class: i32,
        information: PVOID,
        capacity: u32,
        length: *mut u32,
    ) -> NTSTATUS;
}
