//! What the linker calls when a function of a delayed library is called first.
//!
//! `memcpy` is such a function. So nothing here may copy, compare or format: only kernel32 is called, which is
//! never delayed.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use windows_sys::Win32::Foundation::{FARPROC, GetLastError, HMODULE, SetLastError};
use windows_sys::Win32::Globalization::lstrlenA;
use windows_sys::Win32::Storage::FileSystem::WriteFile;
use windows_sys::Win32::System::Console::{GetStdHandle, STD_ERROR_HANDLE};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExA,
};
use windows_sys::Win32::System::Threading::ExitProcess;
use windows_sys::Win32::System::WindowsProgramming::IMAGE_DELAYLOAD_DESCRIPTOR;

use crate::failure::DEVICE_ERROR;

unsafe extern "C" {
    /// The beginning of this image; the linker makes it.
    #[link_name = "__ImageBase"]
    static THIS_IMAGE: u8;
}

/// A library that is taken for one of Windows'.
pub struct Replacement(AtomicPtr<c_void>);

/// The library that is taken for winmm.
pub static WINMM: Replacement = Replacement(AtomicPtr::new(ptr::null_mut()));

impl Replacement {
    /// Takes `library`, which stays loaded.
    pub fn set(&self, library: HMODULE) {
        // Ordering: Release, so that who gets the library sees what loading it has written.
        self.0.store(library, Ordering::Release);
    }

    fn get(&self) -> Option<HMODULE> {
        // Ordering: Acquire, for `set`.
        let library = self.0.load(Ordering::Acquire);
        (!library.is_null()).then_some(library)
    }
}

/// `__delayLoadHelper2` of delayimp.h: finds the function for `slot`, which is one of the table of
/// `descriptor`, and puts it there. Ends the program with one line if there is none.
///
/// Two threads that come together find and store the same.
#[unsafe(export_name = "__delayLoadHelper2")]
unsafe extern "system" fn resolve(
    descriptor: *const IMAGE_DELAYLOAD_DESCRIPTOR,
    slot: *mut FARPROC,
) -> FARPROC {
    /// Of an entry: it is a function's number, not the address of its name.
    const IS_NUMBER: usize = 1 << (usize::BITS - 1);
    /// What stands before a name: a guess of its place in the library's table.
    const HINT_SIZE: usize = 2;

    // The function may be called between one that failed and the question why.
    // SAFETY: it only reads a value of this thread's.
    let last_error = unsafe { GetLastError() };
    // SAFETY: the linker made the descriptor, which never changes.
    let descriptor = unsafe { &*descriptor };
    let library = in_image(descriptor.DllNameRVA);
    let functions = in_image(descriptor.ImportAddressTableRVA).cast::<FARPROC>();
    // SAFETY: the slot is in that table.
    let index = unsafe { slot.cast_const().offset_from_unsigned(functions) };
    let names = in_image(descriptor.ImportNameTableRVA).cast::<usize>();
    // SAFETY: the table of names is as long.
    let entry = unsafe { names.add(index) };
    // SAFETY: so there is an entry.
    let entry = unsafe { *entry };
    let name = if entry & IS_NUMBER == 0 {
        (&raw const THIS_IMAGE).wrapping_add(entry + HINT_SIZE)
    } else {
        ptr::without_provenance(entry & !IS_NUMBER)
    };
    let module = load(library);
    // SAFETY: the library stays loaded, and this is a name that ends with a zero, or a number as the
    // function takes them.
    let Some(function) = (unsafe { GetProcAddress(module, name) }) else {
        if entry & IS_NUMBER == 0 {
            end(&[library, c" has no function ".as_ptr().cast(), name])
        } else {
            end(&[library, c" lacks a function".as_ptr().cast()])
        }
    };
    // SAFETY: other threads read and write the slot only as one word.
    let slot = unsafe { AtomicPtr::<()>::from_ptr(slot.cast()) };
    // Ordering: Relaxed; the function's code was there before, and all threads store the same.
    slot.store(function as *mut (), Ordering::Relaxed);
    // SAFETY: it only writes a value of this thread's.
    unsafe { SetLastError(last_error) };
    Some(function)
}

/// The library of a name that ends with a zero.
fn load(name: *const u8) -> HMODULE {
    if is_winmm(name)
        && let Some(library) = WINMM.get()
    {
        return library;
    }
    // SAFETY: the name ends with a zero. Nothing runs but a library of Windows'.
    let library = unsafe { LoadLibraryExA(name, ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
    if library.is_null() {
        end(&[
            name,
            c" can't be loaded from Windows' folder System32".as_ptr().cast(),
        ]);
    }
    library
}

/// Whether that is the name, which ends with a zero.
fn is_winmm(name: *const u8) -> bool {
    let expected = c"winmm.dll".to_bytes_with_nul();
    expected.iter().enumerate().all(|(index, expected)| {
        // SAFETY: all characters before were the same, so none of them was the zero at the end.
        let byte = unsafe { name.add(index) };
        // SAFETY: so this one is still in the name.
        let byte = unsafe { *byte };
        byte.to_ascii_lowercase() == *expected
    })
}

/// What the linker has put at an address of the image.
fn in_image(address: u32) -> *const u8 {
    (&raw const THIS_IMAGE).wrapping_add(address as usize)
}

/// Says what is missing, and ends the program.
fn end(texts: &[*const u8]) -> ! {
    print(c"midiuart-test: ".as_ptr().cast());
    for text in texts {
        print(*text);
    }
    print(
        c"; the program needs a complete Windows 10 of version 1709, or a later one\n"
            .as_ptr()
            .cast(),
    );
    // SAFETY: it ends this process.
    unsafe { ExitProcess(DEVICE_ERROR.into()) }
}

/// Prints a text that ends with a zero where complaints go.
fn print(text: *const u8) {
    // SAFETY: the text ends with a zero.
    let length = unsafe { lstrlenA(text) };
    // SAFETY: it returns a handle, or none.
    let errors = unsafe { GetStdHandle(STD_ERROR_HANDLE) };
    let mut written = 0;
    // SAFETY: the text is as long. Without a handle nothing is written.
    let _ = unsafe {
        WriteFile(
            errors,
            text,
            length.unsigned_abs(),
            &raw mut written,
            ptr::null_mut(),
        )
    };
}
