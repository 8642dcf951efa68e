//! The COM interfaces of portcls: one table of functions each.
//!
//! An interface pointer leads to a pointer to a table; the first argument of every function is
//! the interface pointer. The number in front of each function is its slot in the whole table.

pub mod interrupt_sync;
pub mod miniport;
pub mod miniport_midi;
pub mod pin_count;
pub mod port;
pub mod power;
pub mod registry_key;
pub mod resource_list;
pub mod service;
pub mod unknown;
pub mod unregister;

pub use interrupt_sync::*;
pub use miniport::*;
pub use miniport_midi::*;
pub use pin_count::*;
pub use port::*;
pub use power::*;
pub use registry_key::*;
pub use resource_list::*;
pub use service::*;
pub use unknown::*;
pub use unregister::*;

use crate::types::GUID;

/// A COM interface of the kernel.
///
/// # Safety
/// The type must be `repr(C)` and start with a pointer to a table that starts with the three
/// functions of [`IUnknown`].
pub unsafe trait Interface {
    /// By which the interface is asked for.
    const IID: GUID;
    /// Its table of functions.
    type Table;
}

/// Declares an interface: its object, its table, and a function to call each slot.
macro_rules! interface {
    (
        $(#[$attribute:meta])*
        $name:ident($iid:ident), $table:ident: $base:ident($base_table:ident) {
            $(
                $(#[$method_attribute:meta])*
                $slot:literal => fn $method:ident($($argument:ident: $type:ty),* $(,)?)
                    $(-> $result:ty)?;
            )+
        }
    ) => {
        $(#[$attribute])*
        #[repr(C)]
        pub struct $name {
            /// The table of functions.
            pub table: *const $table,
        }

        #[doc = concat!("The functions of [`", stringify!($name), "`].")]
        #[repr(C)]
        pub struct $table {
            #[doc = concat!(
                "The functions of [`", stringify!($base), "`](crate::interfaces::",
                stringify!($base), ")."
            )]
            pub base: $base_table,
            $(
                $(#[$method_attribute])*
                #[cfg(all(target_arch = "x86_64", not(windows)))]
                pub $method: unsafe extern "win64" fn(*mut $name, $($type),*) $(-> $result)?,
                $(#[$method_attribute])*
                #[cfg(target_arch = "x86")]
                pub $method: unsafe extern "stdcall" fn(*mut $name, $($type),*) $(-> $result)?,
                $(#[$method_attribute])*
                #[cfg(not(any(all(target_arch = "x86_64", not(windows)), target_arch = "x86")))]
                pub $method: unsafe extern "C" fn(*mut $name, $($type),*) $(-> $result)?,
            )+
        }

        // SAFETY: `repr(C)`, and the table starts with that of the base interface.
        unsafe impl $crate::interfaces::Interface for $name {
            const IID: $crate::types::GUID = $crate::guid::$iid;
            type Table = $table;
        }

        impl $name {
            $(
                $(#[$method_attribute])*
                ///
                /// # Safety
                #[doc = concat!("`this` is a live [`", stringify!($name), "`]; pointers among the ")]
                /// arguments are what the interface's documentation asks for.
                #[allow(clippy::too_many_arguments, reason = "the interface has that many")]
                pub unsafe fn $method(this: *mut Self, $($argument: $type),*) $(-> $result)? {
                    // SAFETY: a live interface starts with a pointer to its table.
                    let table = unsafe { (*this).table };
                    // SAFETY: the table lives as long as the object.
                    let function = unsafe { (*table).$method };
                    // SAFETY: the caller answers for the arguments.
                    unsafe { function(this, $($argument),*) }
                }
            )+
        }

        const _: () = {
            $(
                assert!(
                    core::mem::offset_of!($table, $method) == $slot * size_of::<usize>(),
                    concat!(stringify!($name), "::", stringify!($method), " is in a wrong slot")
                );
            )+
        };
    };
}
pub(crate) use interface;
