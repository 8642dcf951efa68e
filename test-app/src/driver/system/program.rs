//! Programs that this one starts.

use std::path::Path;
use std::process::{Command, Stdio};

use super::folders;
use crate::driver::windows::Called;

/// A program of the system's folder, as [`alone`].
pub fn of_system(name: &str) -> Called<Command> {
    alone(&folders::system()?.join(name))
}

/// A program that reads nothing, with an environment and a folder that nobody but Windows chose: who may set the
/// user's variables is not to choose what an administrator runs.
pub fn alone(path: &Path) -> Called<Command> {
    let (system, windows) = (folders::system()?, folders::windows()?);
    let mut command = Command::new(path);
    command
        .env_clear()
        .env("SystemRoot", &windows)
        .env("windir", &windows)
        .env("Path", &system)
        .current_dir(&system)
        .stdin(Stdio::null());
    Ok(command)
}
