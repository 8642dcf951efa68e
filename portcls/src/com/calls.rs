//! Calls of the system's interfaces, with Rust's types.

use core::ffi::c_void;

use crate::com::ComPtr;
use crate::interfaces::{
    IInterruptSync, IPortMidi, IRegistryKey, IResourceList, IServiceGroup, PINTERRUPTSYNCROUTINE,
};
use crate::status::{
    Outcome, STATUS_BUFFER_TOO_SMALL, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_SUCCESS, check,
};
use crate::types::{
    CM_RESOURCE_SHARE_SHARED, CM_RESOURCE_TYPE, CM_RESOURCE_TYPE_INTERRUPT,
    CM_RESOURCE_TYPE_MEMORY, CM_RESOURCE_TYPE_PORT, KEY_VALUE_PARTIAL_INFORMATION_CLASS, NTSTATUS,
    PVOID, REG_DWORD, REG_SZ, ULONG, UNICODE_STRING,
};

impl ComPtr<IPortMidi> {
    /// Asks for service of a group. Any IRQL.
    pub fn notify(&self, group: &ComPtr<IServiceGroup>) {
        // SAFETY: both objects are live.
        unsafe { IPortMidi::Notify(self.as_ptr(), group.as_ptr()) };
    }

    /// Makes a group known before it is notified for the first time. `PASSIVE_LEVEL`.
    pub fn register_service_group(&self, group: &ComPtr<IServiceGroup>) {
        // SAFETY: both objects are live.
        unsafe { IPortMidi::RegisterServiceGroup(self.as_ptr(), group.as_ptr()) };
    }
}

/// Something that runs at an interrupt's level, synchronised with its service routines.
pub trait Synchronized {
    /// Runs it. At the interrupt's level (DIRQL): resident code only, no allocation, no waiting.
    fn run(&mut self);
}

impl<F: FnMut()> Synchronized for F {
    fn run(&mut self) {
        self();
    }
}

crate::system_abi! {
    unsafe fn run_synchronized[S: Synchronized](
        _sync: *mut IInterruptSync,
        context: PVOID
    ) -> NTSTATUS {
        // SAFETY: the context is what `synchronized` passed, borrowed for the call.
        let work = unsafe { &mut *context.cast::<S>() };
        work.run();
        STATUS_SUCCESS
    }
}

impl ComPtr<IInterruptSync> {
    /// Adds a service routine. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// The system's status code.
    ///
    /// # Safety
    /// `context` is what `routine` expects, and stays so until the interrupt is disconnected.
    pub unsafe fn register(
        &self,
        routine: PINTERRUPTSYNCROUTINE,
        context: *mut c_void,
    ) -> Outcome<()> {
        // SAFETY: the object is live, and the caller answers for the routine.
        let status =
            unsafe { IInterruptSync::RegisterServiceRoutine(self.as_ptr(), routine, context, 0) };
        check(status)
    }

    /// Connects the interrupt. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// The system's status code.
    pub fn connect(&self) -> Outcome<()> {
        // SAFETY: the object is live.
        check(unsafe { IInterruptSync::Connect(self.as_ptr()) })
    }

    /// Disconnects the interrupt; afterwards no service routine runs. `PASSIVE_LEVEL`.
    pub fn disconnect(&self) {
        // SAFETY: the object is live.
        unsafe { IInterruptSync::Disconnect(self.as_ptr()) };
    }

    /// Runs `work` synchronised with the service routines. At or below the interrupt's level.
    ///
    /// # Errors
    /// The system's status code if it could not be run.
    pub fn synchronized<S: Synchronized>(&self, work: &mut S) -> Outcome<()> {
        let context = core::ptr::from_mut(work).cast();
        // SAFETY: the routine gets the context that it expects, which outlives the call.
        let status = unsafe {
            IInterruptSync::CallSynchronizedRoutine(self.as_ptr(), run_synchronized::<S>, context)
        };
        check(status)
    }
}

/// A hardware resource as the processor sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// I/O ports: the first, and how many.
    Ports {
        /// The first port.
        start: u64,
        /// How many.
        length: u32,
    },
    /// Memory-mapped registers: physical address, and how many bytes.
    Memory {
        /// The physical address.
        start: u64,
        /// How many bytes.
        length: u32,
    },
    /// An interrupt.
    Interrupt {
        /// Other devices may interrupt by the same line.
        is_shared: bool,
    },
    /// Anything else, by its type.
    Other(u8),
}

impl ComPtr<IResourceList> {
    /// How many resources of one type there are. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn count(&self, kind: CM_RESOURCE_TYPE) -> u32 {
        // SAFETY: the object is live.
        unsafe { IResourceList::NumberOfEntriesOfType(self.as_ptr(), kind) }
    }

    /// The `index`-th resource of one type. `PASSIVE_LEVEL`.
    #[must_use]
    pub fn find(&self, kind: CM_RESOURCE_TYPE, index: u32) -> Option<Resource> {
        // SAFETY: the object is live.
        let entry = unsafe { IResourceList::FindTranslatedEntry(self.as_ptr(), kind, index) };
        // SAFETY: null, or an entry that lives as long as the list; packed, so it is copied.
        let entry = unsafe { entry.as_ref() }.copied()?;
        Some(match CM_RESOURCE_TYPE::from(entry.Type) {
            CM_RESOURCE_TYPE_PORT => {
                // SAFETY: the type says that it is a range of ports.
                let port = unsafe { entry.u.Port };
                Resource::Ports {
                    start: port.Start.cast_unsigned(),
                    length: port.Length,
                }
            }
            CM_RESOURCE_TYPE_MEMORY => {
                // SAFETY: the type says that it is a range of memory.
                let memory = unsafe { entry.u.Memory };
                Resource::Memory {
                    start: memory.Start.cast_unsigned(),
                    length: memory.Length,
                }
            }
            CM_RESOURCE_TYPE_INTERRUPT => Resource::Interrupt {
                is_shared: entry.ShareDisposition == CM_RESOURCE_SHARE_SHARED,
            },
            _ => Resource::Other(entry.Type),
        })
    }
}

/// Bytes of a [`crate::types::KEY_VALUE_PARTIAL_INFORMATION`] in front of its data.
const VALUE_HEAD: usize = 12;

/// Room for a registry value of up to 64 UTF-16 units.
#[repr(C, align(8))]
struct ValueBuffer {
    title: u32,
    kind: u32,
    length: u32,
    data: [u8; 128],
}

const _: () = assert!(core::mem::offset_of!(ValueBuffer, data) == VALUE_HEAD);

impl ComPtr<IRegistryKey> {
    /// Reads a 32-bit number; `name` is UTF-16 without a closing zero. `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is no such number.
    pub fn number(&self, name: &[u16]) -> Outcome<u32> {
        let value = self.value(name)?;
        let [a, b, c, d, ..] = value.data;
        if value.kind != REG_DWORD || value.length != 4 {
            return Err(STATUS_OBJECT_NAME_NOT_FOUND);
        }
        Ok(u32::from_le_bytes([a, b, c, d]))
    }

    /// Reads a text into `text`, without closing zeros; returns its length in UTF-16 units.
    /// `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is no such text, `STATUS_BUFFER_TOO_SMALL` if it does
    /// not fit.
    pub fn text(&self, name: &[u16], text: &mut [u16]) -> Outcome<usize> {
        let value = self.value(name)?;
        if value.kind != REG_SZ {
            return Err(STATUS_OBJECT_NAME_NOT_FOUND);
        }
        let bytes = value
            .data
            .get(..value.length as usize)
            .ok_or(STATUS_BUFFER_TOO_SMALL)?;
        let mut length = 0;
        for unit in bytes.chunks_exact(2) {
            let unit = u16::from_le_bytes([unit[0], unit[1]]);
            if unit == 0 {
                break;
            }
            *text.get_mut(length).ok_or(STATUS_BUFFER_TOO_SMALL)? = unit;
            length += 1;
        }
        Ok(length)
    }

    fn value(&self, name: &[u16]) -> Outcome<ValueBuffer> {
        const CAPACITY: ULONG = 140;
        const { assert!(size_of::<ValueBuffer>() >= CAPACITY as usize) };
        let mut name = UNICODE_STRING::borrowing(name);
        let mut buffer = ValueBuffer {
            title: 0,
            kind: 0,
            length: 0,
            data: [0; 128],
        };
        let mut length = 0;
        // SAFETY: the object is live, the name and the buffer outlive the call.
        let status = unsafe {
            IRegistryKey::QueryValueKey(
                self.as_ptr(),
                &raw mut name,
                KEY_VALUE_PARTIAL_INFORMATION_CLASS,
                (&raw mut buffer).cast(),
                CAPACITY,
                &raw mut length,
            )
        };
        check(status)?;
        Ok(buffer)
    }
}
