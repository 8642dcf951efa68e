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
        KeAcquireSpinLockRaiseToDpc, KeDelayExecutionThread, KeQueryInterruptTimePrecise,
        KeReleaseSpinLock, KeStallExecutionProcessor, MmMapIoSpaceEx, MmUnmapIoSpace,
    };
    pub(in crate::kernel) use wdk_sys::{
        _EX_TIMER as EX_TIMER, DEVICE_OBJECT, DRIVER_OBJECT, IRP, IRP_MJ_PNP, KSPIN_LOCK,
        LARGE_INTEGER,
    };

    // wdk-sys leaves this function out as deprecated; its successor `ExAllocatePool2` exists since
    // Windows 10 2004 only, and the driver runs on 1709.
    #[link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim")]
    unsafe extern "system" {
        pub(in crate::kernel) fn ExAllocatePoolWithTag(
            pool: portcls::types::POOL_TYPE,
            bytes: usize,
            tag: u32,
        ) -> portcls::types::PVOID;
    }
}
