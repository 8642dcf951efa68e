//! Running programs of Windows' own.

use windows_sys::Win32::Foundation::ERROR_FILE_NOT_FOUND;

use super::super::program;
use crate::driver::trial::windows::ProgramRun;
use crate::driver::windows::{Called, SystemError};

/// Runs a program of the system's folder, which no variable of the environment leads elsewhere.
pub fn run(name: &str, arguments: &[&str]) -> Called<ProgramRun> {
    let mut command = program::of_system(name)?;
    let output = command.args(arguments).output().map_err(|error| {
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
        command_line: format!(
            "{} {}",
            command.get_program().to_string_lossy(),
            arguments.join(" ")
        ),
        exit_code: output.status.code(),
        output: String::from_utf8_lossy(&bytes).into_owned(),
    })
}
