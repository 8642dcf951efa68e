//! Running programs of Windows' own.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_INSUFFICIENT_BUFFER, MAX_PATH};
use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;

use super::super::last_error;
use super::super::wide::text;
use crate::driver::trial::windows::ProgramRun;
use crate::driver::windows::{Called, SystemError};

/// Runs a program of the system's folder, which no variable of the environment leads elsewhere.
pub fn run(program: &str, arguments: &[&str]) -> Called<ProgramRun> {
    let path = system_folder()?.join(program);
    let output = Command::new(&path)
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

fn system_folder() -> Called<PathBuf> {
    let mut buffer = [0_u16; MAX_PATH as usize];
    // SAFETY: `buffer` has room for that many characters.
    let length = unsafe { GetSystemDirectoryW(buffer.as_mut_ptr(), MAX_PATH) };
    let function = "GetSystemDirectoryW";
    match length {
        0 => Err(last_error(function)),
        1..MAX_PATH => Ok(text(&buffer).into()),
        _ => Err(SystemError {
            function,
            code: ERROR_INSUFFICIENT_BUFFER,
        }),
    }
}
