//! Running programs of Windows' own.

use std::process::{Command, Stdio};

use windows_sys::Win32::Foundation::ERROR_FILE_NOT_FOUND;

use super::super::folders;
use crate::driver::trial::windows::ProgramRun;
use crate::driver::windows::{Called, SystemError};

/// Runs a program of the system's folder, which no variable of the environment leads elsewhere.
pub fn run(program: &str, arguments: &[&str]) -> Called<ProgramRun> {
    let (system, windows) = (folders::system()?, folders::windows()?);
    let path = system.join(program);
    let output = Command::new(&path)
        // Whoever may set the user's variables is not to choose what an administrator runs.
        .env_clear()
        .env("SystemRoot", &windows)
        .env("windir", &windows)
        .env("Path", &system)
        .current_dir(&system)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            let code = error.raw_os_error();
            SystemError {
                function: "CreateProcessW",
                code: code
                    .and_then(|code| u32::try_from(code).ok())
                    .unwrap_or(ERROR_FILE_NOT_FOUND),
            }
        })?;
    let mut bytes = output.stdout;
    bytes.extend(output.stderr);
    // Some of them print UTF-16, where it goes to a file or a pipe.
    bytes.retain(|byte| *byte != 0);
    Ok(ProgramRun {
        command_line: format!("{} {}", path.display(), arguments.join(" ")),
        exit_code: output.status.code(),
        output: String::from_utf8_lossy(&bytes).into_owned(),
    })
}
