//! Whether what is sent comes back, where that is only the user's word.

use std::time::Duration;

use crate::backend::{FarEnd, Session};
use crate::failure::Failure;

/// Ends notes that do not sound: whoever hears it is not disturbed.
const PROBE: [u8; 3] = [0x8F, 0x00, 0x40];

/// Longer than any port takes for three bytes.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(5);

/// Sends something over an open session, and takes up all that comes until it has come back.
///
/// # Errors
/// [`Failure::NoLoop`] if it does not.
pub fn run(session: &mut dyn Session) -> Result<(), Failure> {
    if session.cable().far_end != FarEnd::AssumedLoop {
        return Ok(());
    }
    session.send(&PROBE)?;
    let deadline = session.now() + PATIENCE;
    let mut heard = Vec::new();
    while session.now() < deadline {
        session.wait_until(session.now() + LOOK)?;
        for chunk in session.received() {
            heard.extend(chunk.bytes);
        }
        if heard.ends_with(&PROBE) {
            return Ok(());
        }
    }
    Err(Failure::NoLoop(
        "nothing came back: connect the output to the input with a MIDI cable, or choose with --out \
         and --in ports that are connected"
            .into(),
    ))
}
