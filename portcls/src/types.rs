//! Basic types of the kernel that the interfaces of portcls speak of, by Windows' names.

use core::ffi::c_void;

/// A status code: zero and positive values mean success (`ntdef.h`).
pub type NTSTATUS = i32;
/// An 8-bit truth value: zero is false.
pub type BOOLEAN = u8;
/// An unsigned 32-bit number, on 64-bit Windows too.
pub type ULONG = u32;
/// An untyped pointer.
pub type PVOID = *mut c_void;
/// One of the `POOL_TYPE` values.
pub type POOL_TYPE = i32;
/// One of the `CmResourceType…` values.
pub type CM_RESOURCE_TYPE = i32;
/// One of the `DEVICE_REGISTRY_PROPERTY` values.
pub type DEVICE_REGISTRY_PROPERTY = i32;
/// Access rights to a registry key.
pub type ACCESS_MASK = u32;

/// Non-paged pool whose pages can't be executed (`NonPagedPoolNx`).
pub const NON_PAGED_POOL_NX: POOL_TYPE = 512;

/// A globally unique identifier.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GUID {
    /// The first eight hexadecimal digits.
    pub Data1: u32,
    /// The next four.
    pub Data2: u16,
    /// The next four.
    pub Data3: u16,
    /// The last two groups, byte by byte.
    pub Data4: [u8; 8],
}

impl GUID {
    /// The GUID whose digits, without the dashes, are the hexadecimal digits of `digits`.
    #[must_use]
    pub const fn from_u128(digits: u128) -> Self {
        let bytes = digits.to_be_bytes();
        let [first @ .., _, _, _, _, _, _, _, _, _, _, _, _] = bytes;
        let [_, _, _, _, second @ .., _, _, _, _, _, _, _, _, _, _] = bytes;
        let [_, _, _, _, _, _, third @ .., _, _, _, _, _, _, _, _] = bytes;
        let [_, _, _, _, _, _, _, _, tail @ ..] = bytes;
        Self {
            Data1: u32::from_be_bytes(first),
            Data2: u16::from_be_bytes(second),
            Data3: u16::from_be_bytes(third),
            Data4: tail,
        }
    }
}

macro_rules! opaque {
    ($($(#[$attribute:meta])* $name:ident;)+) => { $(
        $(#[$attribute])*
        ///
        /// Only ever seen behind a pointer; cast it to the kernel bindings' own type.
        #[repr(C)]
        pub struct $name {
            opaque: [u8; 0],
        }
    )+ };
}

opaque! {
    /// A device object of the I/O manager.
    DEVICE_OBJECT;
    /// A driver object of the I/O manager.
    DRIVER_OBJECT;
    /// An I/O request packet.
    IRP;
    /// An interrupt object of the kernel.
    KINTERRUPT;
    /// Attributes by which an object is opened.
    OBJECT_ATTRIBUTES;
    /// What a device can do, as the power and `PnP` managers ask it.
    DEVICE_CAPABILITIES;
    /// A list of resources in the form of the configuration manager.
    CM_RESOURCE_LIST;
}

/// Points to a device object.
pub type PDEVICE_OBJECT = *mut DEVICE_OBJECT;
/// Points to a driver object.
pub type PDRIVER_OBJECT = *mut DRIVER_OBJECT;
/// Points to an I/O request packet.
pub type PIRP = *mut IRP;
/// Points to an interrupt object.
pub type PKINTERRUPT = *mut KINTERRUPT;

/// A counted UTF-16 string.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UNICODE_STRING {
    /// Bytes in use, without a closing zero.
    pub Length: u16,
    /// Bytes that the buffer holds.
    pub MaximumLength: u16,
    /// The text.
    pub Buffer: *mut u16,
}

impl UNICODE_STRING {
    /// A string that refers to `text`, which must outlive every use and is never written to.
    ///
    /// Texts longer than 32 767 units are cut.
    #[must_use]
    pub const fn borrowing(text: &[u16]) -> Self {
        let units = if text.len() > 0x7FFF {
            0x7FFF
        } else {
            text.len()
        };
        #[expect(clippy::cast_possible_truncation, reason = "cut to fit above")]
        let bytes = (units * 2) as u16;
        Self {
            Length: bytes,
            MaximumLength: bytes,
            Buffer: text.as_ptr().cast_mut(),
        }
    }
}

/// A state of the system or of a device.
#[repr(C)]
#[derive(Clone, Copy)]
pub union POWER_STATE {
    /// One of the `PowerSystem…` values.
    pub SystemState: i32,
    /// One of the `POWER_DEVICE_…` values.
    pub DeviceState: DEVICE_POWER_STATE,
}

/// Power state of a device (`POWER_DEVICE_D0` and so on).
pub type DEVICE_POWER_STATE = i32;
/// The device works.
pub const POWER_DEVICE_D0: DEVICE_POWER_STATE = 1;
/// The device sleeps lightly.
pub const POWER_DEVICE_D1: DEVICE_POWER_STATE = 2;
/// The device sleeps.
pub const POWER_DEVICE_D2: DEVICE_POWER_STATE = 3;
/// The device is without power.
pub const POWER_DEVICE_D3: DEVICE_POWER_STATE = 4;

/// A range of I/O ports ([`CM_PARTIAL_RESOURCE_DESCRIPTOR`]).
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct CM_PORT {
    /// The first port, or the physical address that it was translated to.
    pub Start: i64,
    /// How many ports.
    pub Length: u32,
}

/// An interrupt ([`CM_PARTIAL_RESOURCE_DESCRIPTOR`]).
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct CM_INTERRUPT {
    /// Its request level.
    pub Level: u32,
    /// Its vector.
    pub Vector: u32,
    /// The processors that it may interrupt.
    pub Affinity: usize,
}

/// The part of a resource descriptor that depends on its type.
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub union CM_RESOURCE {
    /// With [`CM_RESOURCE_TYPE_PORT`].
    pub Port: CM_PORT,
    /// With [`CM_RESOURCE_TYPE_INTERRUPT`].
    pub Interrupt: CM_INTERRUPT,
    /// With [`CM_RESOURCE_TYPE_MEMORY`].
    pub Memory: CM_PORT,
    /// Keeps the size that the largest variants of the C declaration have.
    pub DeviceSpecificData: [u32; 3],
    /// `MessageInterrupt` is the largest one on 64-bit systems.
    pub MessageInterrupt: CM_INTERRUPT,
}

/// One hardware resource, translated or raw (`wdm.h`, packed to four bytes there).
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR {
    /// One of the `CM_RESOURCE_TYPE_…` values.
    pub Type: u8,
    /// Who may share it.
    pub ShareDisposition: u8,
    /// Flags that depend on the type.
    pub Flags: u16,
    /// The resource.
    pub u: CM_RESOURCE,
}

/// Several devices may use the resource (`CmResourceShareShared`).
pub const CM_RESOURCE_SHARE_SHARED: u8 = 3;

/// I/O ports.
pub const CM_RESOURCE_TYPE_PORT: CM_RESOURCE_TYPE = 1;
/// An interrupt.
pub const CM_RESOURCE_TYPE_INTERRUPT: CM_RESOURCE_TYPE = 2;
/// Memory-mapped registers.
pub const CM_RESOURCE_TYPE_MEMORY: CM_RESOURCE_TYPE = 3;
/// A DMA channel.
pub const CM_RESOURCE_TYPE_DMA: CM_RESOURCE_TYPE = 4;

/// A registry value with its type and without its name (`wdm.h`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KEY_VALUE_PARTIAL_INFORMATION {
    /// Always zero.
    pub TitleIndex: u32,
    /// One of the `REG_…` values.
    pub Type: u32,
    /// Bytes of data.
    pub DataLength: u32,
    /// The first byte of the data.
    pub Data: [u8; 1],
}

/// `KeyValuePartialInformation`, the class of [`KEY_VALUE_PARTIAL_INFORMATION`].
pub const KEY_VALUE_PARTIAL_INFORMATION_CLASS: i32 = 2;
/// A text, closed by a zero.
pub const REG_SZ: u32 = 1;
/// A 32-bit number.
pub const REG_DWORD: u32 = 4;

const _: () = {
    assert!(size_of::<GUID>() == 16);
    assert!(size_of::<POWER_STATE>() == 4);
    assert!(core::mem::offset_of!(CM_PARTIAL_RESOURCE_DESCRIPTOR, u) == 4);
    assert!(size_of::<KEY_VALUE_PARTIAL_INFORMATION>() == 16);
};
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<CM_PARTIAL_RESOURCE_DESCRIPTOR>() == 20);
    assert!(size_of::<UNICODE_STRING>() == 16);
};
#[cfg(target_pointer_width = "32")]
const _: () = {
    assert!(size_of::<CM_PARTIAL_RESOURCE_DESCRIPTOR>() == 16);
    assert!(size_of::<UNICODE_STRING>() == 8);
};
