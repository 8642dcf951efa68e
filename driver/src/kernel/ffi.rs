//! The kernel's functions and types, from Windows or from an emulated PC.

#[cfg(feature = "wdk")]
pub(super) use windows::*;

#[cfg(not(feature = "wdk"))]
pub(super) use emulated_pc::{
    ntddk::{
        DEVICE_OBJECT, DRIVER_OBJECT, EX_TIMER, ExAllocatePoolWithTag, ExAllocateTimer,
        ExCancelTimer, ExDeleteTimer, ExFreePoolWithTag, ExSetTimer, IRP, IRP_MJ_PNP, KSPIN_LOCK,
        KeAcquireSpinLockRaiseToDpc, KeDelayExecutionThread, KeQueryInterruptTimePrecise,
        KeReleaseSpinLock, KeStallExecutionProcessor, LARGE_INTEGER, MmMapIoSpaceEx,
        MmUnmapIoSpace, READ_PORT_UCHAR, READ_REGISTER_UCHAR, WRITE_PORT_UCHAR,
        WRITE_REGISTER_UCHAR,
    },
    portclass::{
        PcAddAdapterDevice, PcDispatchIrp, PcInitializeAdapterDriver, PcNewInterruptSync,
        PcNewPort, PcNewRegistryKey, PcNewServiceGroup, PcRegisterAdapterPowerManagement,
        PcRegisterSubdevice, PcUnregisterAdapterPowerManagement,
    },
};

#[cfg(feature = "wdk")]
mod windows {
    pub(in crate::kernel) use portcls::functions::{
        PcAddAdapterDevice, PcDispatchIrp, PcInitializeAdapterDriver, PcNewInterruptSync,
        PcNewPort, PcNewRegistryKey, PcNewServiceGroup, PcRegisterAdapterPowerManagement,
        PcRegisterSubdevice, PcUnregisterAdapterPowerManagement,
    };
    pub(in crate::kernel) use wdk_sys::ntddk::{
        ExAllocateTimer, ExCancelTimer, ExDeleteTimer, ExFreePoolWithTag, ExSetTimer,
        KeDelayExecutionThread, KeQueryInterruptTimePrecise, KeStallExecutionProcessor,
        MmMapIoSpaceEx, MmUnmapIoSpace,
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

    // wdk-sys leaves this function out as deprecated; its successor `ExAllocatePool2` exists since
    // Windows 10 2004 only, and the driver runs on 1709.
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
            pool: portcls::types::POOL_TYPE,
            bytes: usize,
            tag: u32,
        ) -> portcls::types::PVOID;
    }
}
