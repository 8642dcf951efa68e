//! The calling convention of the Windows kernel, nameable on every host.
//!
//! On 64-bit Windows it is the C convention of the target, on 32-bit Windows `stdcall`. On any other
//! x86-64 host it is `win64`, so that one table of functions serves a driver that is linked in
//! and one that is loaded as an image.

/// Defines functions and function types in the calling convention of the Windows kernel.
///
/// Generic parameters of a function stand in square brackets behind its name.
#[macro_export]
macro_rules! system_abi {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis unsafe fn $name:ident $([$($generics:tt)*])? (
            $($argument:ident : $type:ty),* $(,)?
        ) $(-> $result:ty)? $body:block
    )+) => { $(
        $(#[$attribute])*
        #[cfg(all(target_arch = "x86_64", not(windows)))]
        $visibility unsafe extern "win64" fn $name $(<$($generics)*>)? (
            $($argument: $type),*
        ) $(-> $result)? $body

        $(#[$attribute])*
        #[cfg(target_arch = "x86")]
        $visibility unsafe extern "stdcall" fn $name $(<$($generics)*>)? (
            $($argument: $type),*
        ) $(-> $result)? $body

        $(#[$attribute])*
        #[cfg(not(any(all(target_arch = "x86_64", not(windows)), target_arch = "x86")))]
        $visibility unsafe extern "C" fn $name $(<$($generics)*>)? (
            $($argument: $type),*
        ) $(-> $result)? $body
    )+ };
    ($(
        $(#[$attribute:meta])*
        $visibility:vis type $name:ident = unsafe fn(
            $($argument:ident : $type:ty),* $(,)?
        ) $(-> $result:ty)?;
    )+) => { $(
        $(#[$attribute])*
        #[cfg(all(target_arch = "x86_64", not(windows)))]
        $visibility type $name = unsafe extern "win64" fn($($argument: $type),*) $(-> $result)?;

        $(#[$attribute])*
        #[cfg(target_arch = "x86")]
        $visibility type $name = unsafe extern "stdcall" fn($($argument: $type),*) $(-> $result)?;

        $(#[$attribute])*
        #[cfg(not(any(all(target_arch = "x86_64", not(windows)), target_arch = "x86")))]
        $visibility type $name = unsafe extern "C" fn($($argument: $type),*) $(-> $result)?;
    )+ };
}
