//! The kernel's functions and types, from Windows or from an emulated PC.

#[cfg(feature = "wdk")]
pub(super) use windows::*;

#[cfg(not(feature = "wdk"))]
pub(super) use emulated_pc::{
    ntddk::{
        DEVICE_OBJECT, DRIVER_OBJECT, EVENT_DATA_DESCRIPTOR, EVENT_DESCRIPTOR, EX_TIMER,
        EtwRegister, EtwSetInformation, EtwUnregister, EtwWriteTransfer, ExAllocatePoolWithTag,
        ExAllocateTimer, ExCancelTimer, ExDeleteTimer, ExFreePoolWithTag, ExSetTimer, IRP,
        IRP_MJ_PNP, IoAllocateDriverObjectExtension, IoGetDriverObjectExtension, KSPIN_LOCK,
        KeAcquireSpinLockRaiseToDpc, KeDelayExecutionThread, KeEnterCriticalRegion,
        KeLeaveCriticalRegion, KeQueryInterruptTimePrecise, KeReleaseSpinLock, LARGE_INTEGER,
        MmMapIoSpaceEx, MmUnmapIoSpace, READ_PORT_UCHAR, READ_REGISTER_UCHAR, WRITE_PORT_UCHAR,
        WRITE_REGISTER_UCHAR,
    },
    portclass::{
        PcAddAdapterDevice, PcDispatchIrp, PcInitializeAdapterDriver, PcNewInterruptSync,
        PcNewPort, PcNewRegistryKey, PcNewServiceGroup, PcRegisterAdapterPowerManagement,
        PcRegisterSubdevice, PcUnregisterAdapterPowerManagement,
    },
};

#[cfg(feature = "wdk")]
#[expect(
    non_snake_case,
    reason = "structures keep the names that Windows gives them"
)]
mod windows {
    pub(in crate::kernel) use portcls::functions::{
        PcAddAdapterDevice, PcDispatchIrp, PcInitializeAdapterDriver, PcNewInterruptSync,
        PcNewPort, PcNewRegistryKey, PcNewServiceGroup, PcRegisterAdapterPowerManagement,
        PcRegisterSubdevice, PcUnregisterAdapterPowerManagement,
    };
    pub(in crate::kernel) use wdk_sys::ntddk::{
        ExAllocateTimer, ExCancelTimer, ExDeleteTimer, ExFreePoolWithTag, ExSetTimer,
        IoAllocateDriverObjectExtension, IoGetDriverObjectExtension, KeDelayExecutionThread,
        KeEnterCriticalRegion, KeLeaveCriticalRegion, KeQueryInterruptTimePrecise, MmMapIoSpaceEx,
        MmUnmapIoSpace,
    };
    #[cfg(not(target_arch = "x86"))]
    pub(in crate::kernel) use wdk_sys::ntddk::{KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock};
    // On x86 the names above are macros for these.
    #[cfg(target_arch = "x86")]
    pub(in crate::kernel) use wdk_sys::ntddk::{
        KfAcquireSpinLock as KeAcquireSpinLockRaiseToDpc, KfReleaseSpinLock as KeReleaseSpinLock,
    };
    pub(in crate::kernel) use wdk_sys::{
        _EX_TIMER as EX_TIMER, DEVICE_OBJECT, DRIVER_OBJECT, IRP, IRP_MJ_PNP, KSPIN_LOCK,
        LARGE_INTEGER,
    };

    use core::ffi::c_void;

    use portcls::types::{GUID, NTSTATUS, POOL_TYPE, PVOID};

    /// What kind of event it is.
    #[repr(C)]
    pub(in crate::kernel) struct EVENT_DESCRIPTOR {
        pub(in crate::kernel) Id: u16,
        pub(in crate::kernel) Version: u8,
        pub(in crate::kernel) Channel: u8,
        pub(in crate::kernel) Level: u8,
        pub(in crate::kernel) Opcode: u8,
        pub(in crate::kernel) Task: u16,
        pub(in crate::kernel) Keyword: u64,
    }

    /// A part of an event.
    #[repr(C)]
    pub(in crate::kernel) struct EVENT_DATA_DESCRIPTOR {
        pub(in crate::kernel) Ptr: u64,
        pub(in crate::kernel) Size: u32,
        pub(in crate::kernel) Reserved: u32,
    }

    portcls::system_abi! {
        type EnableFunction = unsafe fn(
            source: *const GUID,
            control_code: u32,
            level: u8,
            any_keyword: u64,
            all_keywords: u64,
            filter: *mut c_void,
            context: *mut c_void,
        );
    }

    // wdk-sys leaves the allocation out as deprecated; its successor `ExAllocatePool2` exists since
    // Windows 10 2004 only, and the driver runs on 1709. mingw-w64's headers lack event tracing.
    #[cfg_attr(
        not(target_arch = "x86"),
        link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim")
    )]
    #[cfg_attr(
        target_arch = "x86",
        link(
            name = "ntoskrnl.exe",
            kind = "raw-dylib",
            modifiers = "+verbatim",
            import_name_type = "undecorated"
        )
    )]
    unsafe extern "system" {
        pub(in crate::kernel) fn ExAllocatePoolWithTag(
            pool: POOL_TYPE,
            bytes: usize,
            tag: u32,
        ) -> PVOID;
        pub(in crate::kernel) fn EtwRegister(
            provider: *const GUID,
            callback: Option<EnableFunction>,
            context: PVOID,
            handle: *mut u64,
        ) -> NTSTATUS;
        pub(in crate::kernel) fn EtwUnregister(handle: u64) -> NTSTATUS;
        pub(in crate::kernel) fn EtwSetInformation(
            handle: u64,
            class: u32,
            information: PVOID,
            length: u32,
        ) -> NTSTATUS;
        pub(in crate::kernel) fn EtwWriteTransfer(
            handle: u64,
            descriptor: *const EVENT_DESCRIPTOR,
            activity: *const GUID,
            related_activity: *const GUID,
            count: u32,
            parts: *mut EVENT_DATA_DESCRIPTOR,
        ) -> NTSTATUS;
    }
}
