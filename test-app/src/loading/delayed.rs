//! Resolves delay-loaded functions, each at its first call.
//!
//! `memcpy` is one of them, as the tool built on Debian has it from `ucrtbase.dll`. Code here that needs a
//! function of the C run-time library would call itself without end, so it neither copies, compares nor
//! formats, and calls kernel32 only.

use std::ffi::{CStr, c_void};
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

/// What a table of addresses has, whatever the function's true type.
type Function = unsafe extern "system" fn() -> isize;

/// The advice if Windows lacks something.
const NEEDED: &CStr = c"; midiuart-test needs Windows 10 version 1709 or later\n";

/// A library to use instead of one of Windows', if any.
pub struct Replacement(AtomicPtr<c_void>);

/// The library to use as `winmm.dll`.
pub static WINMM: Replacement = Replacement(AtomicPtr::new(ptr::null_mut()));

impl Replacement {
    /// Uses `library` from now on. It must stay loaded.
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

/// `__delayLoadHelper2` of delayimp.h, which the linker's thunks call: stores the address of the function that
/// belongs to `slot` there, and returns it. `slot` is an entry of the address table of `descriptor`. Ends the
/// process with one line if the function does not exist.
///
/// Two threads may resolve the same function at the same time: they store the same address.
#[unsafe(export_name = "__delayLoadHelper2")]
unsafe extern "system" fn resolve(
    descriptor: *const IMAGE_DELAYLOAD_DESCRIPTOR,
    slot: *mut FARPROC,
) -> Function {
    /// `IMAGE_ORDINAL_FLAG64`: the entry is an ordinal, not the address of a name.
    const IS_ORDINAL: usize = 1 << (usize::BITS - 1);
    /// Of the hint before a name.
    const HINT_SIZE: usize = 2;

    // The caller may be about to ask for another function's error.
    // SAFETY: it only reads a value of this thread's.
    let last_error = unsafe { GetLastError() };
    // SAFETY: the linker made the descriptor, which never changes.
    let descriptor = unsafe { &*descriptor };
    let library: *const u8 = in_image(descriptor.DllNameRVA);
    let functions: *const FARPROC = in_image(descriptor.ImportAddressTableRVA);
    // SAFETY: the slot is in that table.
    let index = unsafe { slot.cast_const().offset_from_unsigned(functions) };
    let names: *const usize = in_image(descriptor.ImportNameTableRVA);
    // SAFETY: the table of names is as long.
    let entry = unsafe { names.add(index) };
    // SAFETY: so there is an entry.
    let entry = unsafe { *entry };
    let name = if entry & IS_ORDINAL == 0 {
        (&raw const THIS_IMAGE).wrapping_add(entry + HINT_SIZE)
    } else {
        ptr::without_provenance(entry & !IS_ORDINAL)
    };
    let module = load(library);
    // SAFETY: the library stays loaded, and `name` ends with a zero, or is an ordinal in the
    // low 16 bits.
    let Some(function) = (unsafe { GetProcAddress(module, name) }) else {
        let advice = match replacement(library) {
            Some(_) => c"; --winmm takes a complete winmm.dll\n",
            None => NEEDED,
        };
        let lacks = c" lacks the function ".as_ptr().cast();
        let missing = if entry & IS_ORDINAL == 0 {
            name
        } else {
            c"(an ordinal)".as_ptr().cast()
        };
        end(&[library, lacks, missing, advice.as_ptr().cast()])
    };
    // SAFETY: other threads read and write the slot only as one word.
    let slot = unsafe { AtomicPtr::<()>::from_ptr(slot.cast()) };
    // Ordering: Relaxed; the function's code was there before, and all threads store the same.
    slot.store(function as *mut (), Ordering::Relaxed);
    // SAFETY: it only writes a value of this thread's.
    unsafe { SetLastError(last_error) };
    function
}

/// Loads the library of a name that ends with a zero.
fn load(name: *const u8) -> HMODULE {
    if let Some(library) = replacement(name) {
        return library;
    }
    // SAFETY: the name ends with a zero. Nothing runs but a library of Windows'.
    let library = unsafe { LoadLibraryExA(name, ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
    if library.is_null() {
        let fails = c" can't be loaded from Windows' folder System32";
        end(&[name, fails.as_ptr().cast(), NEEDED.as_ptr().cast()]);
    }
    library
}

/// The library to use instead of the one of a name that ends with a zero.
fn replacement(name: *const u8) -> Option<HMODULE> {
    if is_winmm(name) { WINMM.get() } else { None }
}

/// Whether `name`, which ends with a zero, is `winmm.dll`.
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

/// The address of something in the image, from its RVA.
fn in_image<T>(address: u32) -> *const T {
    let address = (&raw const THIS_IMAGE).wrapping_add(address as usize);
    address.cast()
}

/// Reports what is missing, and ends the process.
fn end(texts: &[*const u8]) -> ! {
    print(c"midiuart-test: ".as_ptr().cast());
    for text in texts {
        print(*text);
    }
    // SAFETY: it ends this process.
    unsafe { ExitProcess(DEVICE_ERROR.into()) }
}

/// Prints a text that ends with a zero to standard error.
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
