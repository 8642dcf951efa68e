//! Images that were given a fault on purpose.

use super::Verdict;
use super::image::Image;

/// What such an image says before the name of its fault (`driver/src/faults`).
const MARK: &[u8] = b"planted fault: ";

/// An image has no fault that was planted.
pub fn none(image: &Image) -> Verdict {
    match of(image.bytes) {
        Some(fault) => Err(fault.to_owned()),
        None => Ok("none".to_owned()),
    }
}

/// The fault that was planted in an image, if one was.
pub fn of(image: &[u8]) -> Option<&str> {
    let mark = image.windows(MARK.len()).position(|bytes| bytes == MARK)?;
    let name = &image[mark + MARK.len()..];
    let end = name
        .iter()
        .position(|byte| !byte.is_ascii_lowercase() && *byte != b'-')
        .unwrap_or(name.len());
    str::from_utf8(&name[..end]).ok()
}
