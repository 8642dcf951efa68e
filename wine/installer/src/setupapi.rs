//! What of Windows is needed (`setupapi.h`), with the layouts of its 64-bit versions.

use core::ffi::c_void;

use portcls::types::GUID;

/// Longest path, with its zero.
pub const MAX_PATH: usize = 260;
/// Longest name of a class, with its zero.
pub const MAX_CLASS_NAME_LEN: usize = 32;
/// Longest instance id of a device, with its zero.
pub const MAX_DEVICE_ID_LEN: usize = 200;
/// Longest text of an INF file that is kept, with its zero.
const LINE_LEN: usize = 256;

/// The program's output.
pub const STD_OUTPUT_HANDLE: u32 = (-11_i32).cast_unsigned();
/// No set of devices.
pub const INVALID_HANDLE_VALUE: HDEVINFO = -1;
/// The device gets a number that is free.
pub const DICD_GENERATE_ID: u32 = 1;
/// The property with the hardware ids.
pub const SPDRP_HARDWAREID: u32 = 1;
/// Drivers by hardware ids.
pub const SPDIT_COMPATDRIVER: u32 = 2;
/// The INF file comes from a folder.
pub const SPOST_PATH: u32 = 1;
/// Only one INF file is looked at.
pub const DI_ENUMSINGLEINF: u32 = 0x0001_0000;
/// The INF file goes, whatever uses it.
pub const SUOI_FORCEDELETE: u32 = 1;

/// What a class installer is asked to do.
pub const DIF_INSTALLDEVICE: u32 = 0x02;
/// See [`DIF_INSTALLDEVICE`].
pub const DIF_REMOVE: u32 = 0x05;
/// See [`DIF_INSTALLDEVICE`].
pub const DIF_INSTALLDEVICEFILES: u32 = 0x15;
/// See [`DIF_INSTALLDEVICE`].
pub const DIF_SELECTBESTCOMPATDRV: u32 = 0x17;
/// See [`DIF_INSTALLDEVICE`].
pub const DIF_REGISTERDEVICE: u32 = 0x19;
/// See [`DIF_INSTALLDEVICE`].
pub const DIF_INSTALLINTERFACES: u32 = 0x20;
/// See [`DIF_INSTALLDEVICE`].
pub const DIF_REGISTER_COINSTALLERS: u32 = 0x22;

/// A set of devices.
pub type HDEVINFO = isize;

/// A device of a set.
#[repr(C)]
pub struct SP_DEVINFO_DATA {
    pub cbSize: u32,
    pub ClassGuid: GUID,
    pub DevInst: u32,
    pub Reserved: usize,
}

/// How a device is installed.
#[repr(C)]
pub struct SP_DEVINSTALL_PARAMS_W {
    pub cbSize: u32,
    pub Flags: u32,
    pub FlagsEx: u32,
    pub hwndParent: *mut c_void,
    pub InstallMsgHandler: *mut c_void,
    pub InstallMsgHandlerContext: *mut c_void,
    pub FileQueue: *mut c_void,
    pub ClassInstallReserved: usize,
    pub Reserved: u32,
    pub DriverPath: [u16; MAX_PATH],
}

/// A driver for a device.
#[repr(C)]
pub struct SP_DRVINFO_DATA_W {
    pub cbSize: u32,
    pub DriverType: u32,
    pub Reserved: usize,
    pub Description: [u16; LINE_LEN],
    pub MfgName: [u16; LINE_LEN],
    pub ProviderName: [u16; LINE_LEN],
    pub DriverDate: u64,
    pub DriverVersion: u64,
}

const _: () = {
    assert!(size_of::<SP_DEVINFO_DATA>() == 32);
    assert!(size_of::<SP_DEVINSTALL_PARAMS_W>() == 584);
    assert!(size_of::<SP_DRVINFO_DATA_W>() == 1568);
};

#[link(name = "kernel32.dll", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "system" {
    pub fn ExitProcess(code: u32) -> !;
    pub fn GetLastError() -> u32;
    pub fn GetStdHandle(which: u32) -> *mut c_void;
    pub fn WriteFile(
        file: *mut c_void,
        bytes: *const u8,
        length: u32,
        written: *mut u32,
        overlapped: *mut c_void,
    ) -> i32;
}

#[link(name = "setupapi.dll", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "system" {
    pub fn SetupCopyOEMInfW(
        source: *const u16,
        media_location: *const u16,
        media_type: u32,
        style: u32,
        place: *mut u16,
        capacity: u32,
        length: *mut u32,
        name: *mut *mut u16,
    ) -> i32;
    pub fn SetupDiBuildDriverInfoList(
        set: HDEVINFO,
        device: *mut SP_DEVINFO_DATA,
        kind: u32,
    ) -> i32;
    pub fn SetupDiCallClassInstaller(
        function: u32,
        set: HDEVINFO,
        device: *mut SP_DEVINFO_DATA,
    ) -> i32;
    pub fn SetupDiCreateDeviceInfoList(class: *const GUID, parent: *mut c_void) -> HDEVINFO;
    pub fn SetupDiCreateDeviceInfoW(
        set: HDEVINFO,
        name: *const u16,
        class: *const GUID,
        description: *const u16,
        parent: *mut c_void,
        flags: u32,
        device: *mut SP_DEVINFO_DATA,
    ) -> i32;
    pub fn SetupDiDestroyDeviceInfoList(set: HDEVINFO) -> i32;
    pub fn SetupDiGetDeviceInstallParamsW(
        set: HDEVINFO,
        device: *mut SP_DEVINFO_DATA,
        params: *mut SP_DEVINSTALL_PARAMS_W,
    ) -> i32;
    pub fn SetupDiGetDeviceInstanceIdW(
        set: HDEVINFO,
        device: *mut SP_DEVINFO_DATA,
        id: *mut u16,
        capacity: u32,
        length: *mut u32,
    ) -> i32;
    pub fn SetupDiGetINFClassW(
        inf: *const u16,
        class: *mut GUID,
        name: *mut u16,
        capacity: u32,
        length: *mut u32,
    ) -> i32;
    pub fn SetupDiGetSelectedDriverW(
        set: HDEVINFO,
        device: *mut SP_DEVINFO_DATA,
        driver: *mut SP_DRVINFO_DATA_W,
    ) -> i32;
    pub fn SetupDiOpenDeviceInfoW(
        set: HDEVINFO,
        instance_id: *const u16,
        parent: *mut c_void,
        flags: u32,
        device: *mut SP_DEVINFO_DATA,
    ) -> i32;
    pub fn SetupDiSetDeviceInstallParamsW(
        set: HDEVINFO,
        device: *mut SP_DEVINFO_DATA,
        params: *mut SP_DEVINSTALL_PARAMS_W,
    ) -> i32;
    pub fn SetupDiSetDeviceRegistryPropertyW(
        set: HDEVINFO,
        device: *mut SP_DEVINFO_DATA,
        property: u32,
        value: *const u8,
        bytes: u32,
    ) -> i32;
    pub fn SetupUninstallOEMInfW(name: *const u16, flags: u32, reserved: *mut c_void) -> i32;
}
