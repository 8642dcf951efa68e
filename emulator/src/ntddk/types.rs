//! Structures of the kernel that drivers look into, laid out as on 64-bit Windows.

use std::ffi::c_void;

pub use portcls::types::{BOOLEAN, NTSTATUS, PVOID, ULONG, UNICODE_STRING};

/// A spin lock: zero when free.
pub type KSPIN_LOCK = usize;
/// Interrupt request level.
pub type KIRQL = u8;
/// `KernelMode` (0) or `UserMode` (1).
pub type KPROCESSOR_MODE = i8;

/// A 64-bit number that can be taken apart.
#[repr(C)]
#[derive(Clone, Copy)]
pub union LARGE_INTEGER {
    /// The whole.
    pub QuadPart: i64,
    /// Low and high half.
    pub u: LARGE_INTEGER_PARTS,
}

/// The halves of a [`LARGE_INTEGER`].
#[repr(C)]
#[derive(Clone, Copy)]
pub struct LARGE_INTEGER_PARTS {
    /// The low half.
    pub LowPart: u32,
    /// The high half.
    pub HighPart: i32,
}

/// A deferred procedure call; opaque.
#[repr(C, align(8))]
pub struct KDPC {
    opaque: [u64; 8],
}

/// A timer; opaque.
#[repr(C, align(8))]
pub struct KTIMER {
    opaque: [u64; 8],
}

/// A timer that `ExAllocateTimer` made; only ever seen behind a pointer.
#[repr(C)]
pub struct EX_TIMER {
    opaque: [u8; 0],
}

/// A device object: the fields that a driver may look at.
#[repr(C)]
pub struct DEVICE_OBJECT {
    /// 3.
    pub Type: i16,
    /// Bytes of this structure and of the extension.
    pub Size: u16,
    /// References.
    pub ReferenceCount: i32,
    /// Its driver.
    pub DriverObject: *mut DRIVER_OBJECT,
    /// The next device of that driver.
    pub NextDevice: *mut DEVICE_OBJECT,
    /// The device attached above this one.
    pub AttachedDevice: *mut DEVICE_OBJECT,
    /// The request that is being worked on.
    pub CurrentIrp: *mut IRP,
    /// A timer.
    pub Timer: PVOID,
    /// Flags.
    pub Flags: u32,
    /// More of them.
    pub Characteristics: u32,
    /// A volume.
    pub Vpb: PVOID,
    /// The driver's own data.
    pub DeviceExtension: PVOID,
    /// Kind of device.
    pub DeviceType: u32,
    /// Stack locations that requests need.
    pub StackSize: i8,
    /// What the emulated PC doesn't use.
    pub Rest: [u64; 32],
}

/// A driver's routine for one kind of request.
pub type PDRIVER_DISPATCH = Option<DispatchFunction>;
/// A driver's unload routine.
pub type PDRIVER_UNLOAD = Option<UnloadFunction>;

portcls::system_abi! {
    /// Handles a request.
    pub type DispatchFunction =
        unsafe fn(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS;
    /// Undoes what `DriverEntry` did.
    pub type UnloadFunction = unsafe fn(driver: *mut DRIVER_OBJECT);
    /// The driver's entry point.
    pub type DriverEntryFunction =
        unsafe fn(driver: *mut DRIVER_OBJECT, registry_path: *const UNICODE_STRING) -> NTSTATUS;
}

/// Kinds of requests.
pub const IRP_MJ_MAXIMUM_FUNCTION: usize = 27;
/// Opens a handle.
pub const IRP_MJ_CREATE: u32 = 0x00;
/// Closes the last handle.
pub const IRP_MJ_CLOSE: u32 = 0x02;
/// A control code.
pub const IRP_MJ_DEVICE_CONTROL: u32 = 0x0E;
/// Power management.
pub const IRP_MJ_POWER: u32 = 0x16;
/// WMI.
pub const IRP_MJ_SYSTEM_CONTROL: u32 = 0x17;
/// Plug and Play.
pub const IRP_MJ_PNP: u32 = 0x1B;

/// The device is started.
pub const IRP_MN_START_DEVICE: u32 = 0x00;
/// May the device be removed?
pub const IRP_MN_QUERY_REMOVE_DEVICE: u32 = 0x01;
/// The device is removed.
pub const IRP_MN_REMOVE_DEVICE: u32 = 0x02;
/// It is not removed after all.
pub const IRP_MN_CANCEL_REMOVE_DEVICE: u32 = 0x03;
/// The device is stopped.
pub const IRP_MN_STOP_DEVICE: u32 = 0x04;
/// May the device be stopped?
pub const IRP_MN_QUERY_STOP_DEVICE: u32 = 0x05;
/// It is not stopped after all.
pub const IRP_MN_CANCEL_STOP_DEVICE: u32 = 0x06;
/// The device is gone already.
pub const IRP_MN_SURPRISE_REMOVAL: u32 = 0x17;

/// A driver object.
#[repr(C)]
pub struct DRIVER_OBJECT {
    /// 4.
    pub Type: i16,
    /// Bytes of this structure.
    pub Size: i16,
    /// The first of the driver's devices.
    pub DeviceObject: *mut DEVICE_OBJECT,
    /// Flags.
    pub Flags: u32,
    /// Where the image lies.
    pub DriverStart: PVOID,
    /// How large it is.
    pub DriverSize: u32,
    /// The loader's.
    pub DriverSection: PVOID,
    /// Holds `AddDevice`.
    pub DriverExtension: *mut DRIVER_EXTENSION,
    /// Name.
    pub DriverName: UNICODE_STRING,
    /// Path of the hardware key.
    pub HardwareDatabase: *mut UNICODE_STRING,
    /// Not used.
    pub FastIoDispatch: PVOID,
    /// Entry point.
    pub DriverInit: PVOID,
    /// Not used.
    pub DriverStartIo: PVOID,
    /// Undoes what `DriverEntry` did.
    pub DriverUnload: PDRIVER_UNLOAD,
    /// A routine for each kind of request.
    pub MajorFunction: [PDRIVER_DISPATCH; IRP_MJ_MAXIMUM_FUNCTION + 1],
}

/// What a driver object has besides.
#[repr(C)]
pub struct DRIVER_EXTENSION {
    /// Back to the driver object.
    pub DriverObject: *mut DRIVER_OBJECT,
    /// Called for each device that is found.
    pub AddDevice: Option<portcls::functions::PDRIVER_ADD_DEVICE>,
    /// How often the driver was re-initialised.
    pub Count: u32,
    /// Name of the service key.
    pub ServiceKeyName: UNICODE_STRING,
}

/// How a request ended.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STATUS_BLOCK {
    /// The status, in a union with a pointer.
    pub Status: NTSTATUS,
    /// Depends on the request.
    pub Information: usize,
}

/// A request packet: the fields that a driver may look at.
#[repr(C)]
pub struct IRP {
    /// 6.
    pub Type: i16,
    /// Bytes of this structure.
    pub Size: u16,
    /// Fields up to the status that the emulated PC doesn't use.
    pub Head: [u64; 5],
    /// How the request ended.
    pub IoStatus: IO_STATUS_BLOCK,
    /// Fields up to the tail that the emulated PC doesn't use.
    pub Middle: [u64; 7],
    /// Holds the current stack location.
    pub Tail: IRP_TAIL,
}

/// The union at the end of a request packet.
#[repr(C)]
pub struct IRP_TAIL {
    /// While the request is on its way.
    pub Overlay: IRP_OVERLAY,
}

/// What the tail of a request packet holds while the request is on its way.
#[repr(C)]
pub struct IRP_OVERLAY {
    /// Four pointers for the driver, thread, auxiliary buffer and list entry.
    pub Head: [u64; 8],
    /// The current stack location.
    pub CurrentStackLocation: *mut IO_STACK_LOCATION,
    /// The rest.
    pub Rest: [u64; 2],
}

/// The parameters of a request for one driver.
#[repr(C)]
pub struct IO_STACK_LOCATION {
    /// One of the `IRP_MJ_…` values.
    pub MajorFunction: u8,
    /// One of the `IRP_MN_…` values.
    pub MinorFunction: u8,
    /// Flags.
    pub Flags: u8,
    /// More flags.
    pub Control: u8,
    /// Depends on the request.
    pub Parameters: [u64; 4],
    /// The device.
    pub DeviceObject: *mut DEVICE_OBJECT,
    /// The file.
    pub FileObject: PVOID,
    /// Called when the request is completed.
    pub CompletionRoutine: PVOID,
    /// Its argument.
    pub Context: *mut c_void,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<DEVICE_OBJECT>() == 336);
    assert!(offset_of!(DEVICE_OBJECT, DeviceExtension) == 64);
    assert!(size_of::<DRIVER_OBJECT>() == 336);
    assert!(offset_of!(DRIVER_OBJECT, DriverUnload) == 104);
    assert!(offset_of!(DRIVER_OBJECT, MajorFunction) == 112);
    assert!(size_of::<IRP>() == 208);
    assert!(offset_of!(IRP, IoStatus) == 48);
    assert!(offset_of!(IRP, Tail.Overlay.CurrentStackLocation) == 184);
    assert!(size_of::<IO_STACK_LOCATION>() == 72);
    assert!(offset_of!(IO_STACK_LOCATION, DeviceObject) == 40);
    assert!(size_of::<KDPC>() == 64);
    assert!(size_of::<KTIMER>() == 64);
};
