//! What the kernel of the emulated PC exports to driver images, by name.

use crate::{ntddk, portclass};

/// Functions of one image of the kernel, with their addresses.
type Exports = &'static [(&'static str, fn() -> usize)];

macro_rules! exports {
    ($module:ident: $($function:ident)+) => {
        &[$((stringify!($function), || {
            ($module::$function as *const ()).expose_provenance()
        })),+]
    };
}

/// Of ntoskrnl.exe and hal.dll, which drivers need not tell apart: each may forward to the other.
const KERNEL: Exports = exports! { ntddk:
    EtwRegister
    EtwSetInformation
    EtwUnregister
    EtwWriteTransfer
    ExAllocatePool2
    ExAllocatePoolWithTag
    ExAllocateTimer
    ExCancelTimer
    ExDeleteTimer
    ExFreePoolWithTag
    ExSetTimer
    IoAllocateDriverObjectExtension
    IoGetDriverObjectExtension
    KeAcquireSpinLockAtDpcLevel
    KeAcquireSpinLockRaiseToDpc
    KeBugCheckEx
    KeCancelTimer
    KeDelayExecutionThread
    KeEnterCriticalRegion
    KeFlushQueuedDpcs
    KeGetCurrentIrql
    KeInitializeDpc
    KeInitializeTimerEx
    KeInsertQueueDpc
    KeLeaveCriticalRegion
    KeQueryInterruptTimePrecise
    KeQueryPerformanceCounter
    KeReleaseSpinLock
    KeReleaseSpinLockFromDpcLevel
    KeRemoveQueueDpc
    KeSetTimerEx
    KeStallExecutionProcessor
    MmMapIoSpaceEx
    MmUnmapIoSpace
    memcmp
    memcpy
    memmove
    memset
};

/// Of portcls.sys.
const PORT_CLASS: Exports = exports! { portclass:
    PcAddAdapterDevice
    PcDispatchIrp
    PcGetDeviceProperty
    PcGetPhysicalDeviceObject
    PcGetTimeInterval
    PcInitializeAdapterDriver
    PcNewInterruptSync
    PcNewPort
    PcNewRegistryKey
    PcNewResourceSublist
    PcNewServiceGroup
    PcRegisterAdapterPowerManagement
    PcRegisterSubdevice
    PcUnregisterAdapterPowerManagement
};

/// The images that drivers import from.
const IMAGES: [(&str, Exports); 3] = [
    ("ntoskrnl.exe", KERNEL),
    ("hal.dll", KERNEL),
    ("portcls.sys", PORT_CLASS),
];

fn exports_of(image: &str) -> Option<Exports> {
    IMAGES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(image))
        .map(|(_, exports)| *exports)
}

/// The address of a function.
pub(crate) fn find(image: &str, function: &str) -> Option<usize> {
    let (_, address) = exports_of(image)?
        .iter()
        .find(|(name, _)| *name == function)?;
    Some(address())
}

/// What is known of an image, in words.
pub(crate) fn what_is_known(image: &str) -> String {
    if let Some(exports) = exports_of(image) {
        return format!("of {image} it knows {} others", exports.len());
    }
    let names: Vec<_> = IMAGES.iter().map(|(name, _)| *name).collect();
    format!("it knows {} only", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whatever_the_case_of_the_image() {
        assert!(find("NTOSKRNL.EXE", "KeBugCheckEx").is_some());
        assert!(find("portcls.sys", "PcNewPort").is_some());
        assert!(find("portcls.sys", "KeBugCheckEx").is_none());
        assert!(find("ntoskrnl.exe", "kebugcheckex").is_none());
    }

    #[test]
    fn no_function_has_the_address_of_another() {
        for (_, exports) in IMAGES {
            let mut addresses: Vec<_> = exports.iter().map(|(_, address)| address()).collect();
            addresses.sort_unstable();
            addresses.dedup();
            assert_eq!(addresses.len(), exports.len());
        }
    }
}
