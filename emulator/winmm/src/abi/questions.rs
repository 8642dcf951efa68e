//! `midiInMessage` and `midiOutMessage`: questions to a device's driver.

use windows_sys::Win32::Media::Multimedia::{
    DRV_QUERYDEVICEINTERFACE, DRV_QUERYDEVICEINTERFACESIZE,
};
use windows_sys::Win32::Media::{MMSYSERR_INVALPARAM, MMSYSERR_NOTSUPPORTED};

use super::give;
use crate::ports::Port;
use crate::results::Outcome;

/// Answers a question about a port.
///
/// # Safety
/// For `DRV_QUERYDEVICEINTERFACESIZE` `first` is null or leads to a `u32`; for
/// `DRV_QUERYDEVICEINTERFACE` it is null or leads to `second` bytes.
pub(super) unsafe fn answer(port: &Port, question: u32, first: usize, second: usize) -> Outcome {
    let path: Vec<u16> = port.interface_path().encode_utf16().chain([0]).collect();
    match question {
        DRV_QUERYDEVICEINTERFACESIZE => {
            let size = u32::try_from(2 * path.len()).unwrap_or(u32::MAX);
            let place = std::ptr::with_exposed_provenance_mut::<u32>(first);
            // SAFETY: by this function's contract there is room for a number.
            unsafe { give(place, size) }
        }
        DRV_QUERYDEVICEINTERFACE => {
            let place = std::ptr::with_exposed_provenance_mut::<u8>(first);
            let bytes = 2 * path.len();
            if place.is_null() || second < bytes {
                return Err(MMSYSERR_INVALPARAM);
            }
            let source = path.as_ptr().cast::<u8>();
            // SAFETY: there are `second` bytes by this function's contract, and `bytes` is no more.
            unsafe { place.copy_from_nonoverlapping(source, bytes) };
            Ok(())
        }
        _ => Err(MMSYSERR_NOTSUPPORTED),
    }
}
