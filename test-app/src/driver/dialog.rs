//! What an installation says while it works, and whom it asks.

use crate::failure::Failure;

/// The person at the console, or a script that has agreed beforehand.
pub trait Dialog {
    /// Shows `lines` and asks for consent with `question`.
    ///
    /// # Errors
    /// If there is none; nothing may be changed then.
    fn agree(&mut self, lines: &[String], question: &str) -> Result<(), Failure>;

    /// Shows a line at once. That it can't be shown does not stop what is under way.
    fn say(&mut self, line: &str);
}
