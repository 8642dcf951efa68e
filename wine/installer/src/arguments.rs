//! The command line: two arguments with a space between them.

use crate::setupapi::MAX_PATH;

/// An argument with a zero behind it.
pub type Argument = [u16; MAX_PATH];

const SPACE: u16 = b' ' as u16;

/// The arguments of a command line. What is missing is empty, what is too long is cut.
///
/// # Safety
/// The line ends with a zero.
pub unsafe fn split(line: *const u16) -> [Argument; 2] {
    let mut arguments = [[0; MAX_PATH]; 2];
    let (mut argument, mut length) = (0, 0);
    for index in 0.. {
        let place = line.wrapping_add(index);
        // SAFETY: the line goes on until its zero.
        let unit = unsafe { place.read() };
        if unit == 0 {
            break;
        }
        if unit == SPACE && argument == 0 {
            (argument, length) = (1, 0);
        } else if length + 1 < MAX_PATH {
            arguments[argument][length] = unit;
            length += 1;
        }
    }
    arguments
}
