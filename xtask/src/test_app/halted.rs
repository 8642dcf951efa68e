//! A program that is killed in a line of its output: its output goes to a pipe that has room for the lines
//! before it and for nothing more, so that it waits there for as long as one likes.

use std::fs;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::wine::prefix::Prefix;

/// What a pipe holds (pipe(7)), in pages; a page takes what fits into it whole.
const PAGES: usize = 16;
const PAGE: usize = 4096;

/// Linux's number of `write` on x86-64.
const WRITE: &str = "1";

/// How often to look whether it waits.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Runs a program up to the line after `lines`, and kills it there.
///
/// # Errors
/// If it can't be run, or ends before.
pub fn kill_after(prefix: &Prefix, command: &[&str], lines: &[&str]) -> Result<(), Failure> {
    let unusable = |error| Failure::unusable(format!("a pipe: {error}"));
    // Windows' programs end lines as this one does: with one character.
    let room: usize = lines.iter().map(|line| line.len() + 1).sum();
    if room >= PAGE {
        return Err(Failure::unusable("its output is too long for a page"));
    }
    let (reader, writer) = filled_pipe(room).map_err(unusable)?;
    let mut child = prefix.start(command, writer)?;
    let waits = wait_until_it_waits(prefix, &mut child);
    child.kill().map_err(unusable)?;
    child.wait().map_err(unusable)?;
    drop(reader);
    waits
}

/// A pipe with room for so many bytes.
fn filled_pipe(room: usize) -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, mut writer) = io::pipe()?;
    for _ in 1..PAGES {
        writer.write_all(&[0; PAGE])?;
    }
    writer.write_all(&vec![0; PAGE - room])?;
    Ok((reader, writer))
}

fn wait_until_it_waits(prefix: &Prefix, child: &mut Child) -> Result<(), Failure> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().ok().flatten() {
            return Err(Failure::found(format!("it was not halted: {status}")));
        }
        if is_writing(child.id()) {
            return Ok(());
        }
        if begin.elapsed() > prefix.patience() {
            return Err(Failure::found("it neither halts nor ends"));
        }
        thread::sleep(LOOK_AGAIN);
    }
}

/// Whether one of its threads is in a `write` that waits.
fn is_writing(process: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    let threads = threads.into_iter().flatten().flatten();
    threads
        .map(|it| it.path())
        .any(|thread| is_blocked_in_write(&thread))
}

fn is_blocked_in_write(thread: &Path) -> bool {
    // "running", or the call that it waits in.
    let call = fs::read_to_string(thread.join("syscall")).unwrap_or_default();
    call.split_whitespace().next() == Some(WRITE)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};
    use std::thread;

    use super::{filled_pipe, is_writing};

    #[test]
    fn a_pipe_has_room_for_its_lines_and_no_more() {
        let (reader, writer) = filled_pipe("one\ntwo\n".len()).expect("a pipe");
        let mut shell = Command::new("sh")
            .args(["-c", "echo one; echo two; echo three"])
            .stdout(writer)
            .spawn()
            .expect("a shell");
        while !is_writing(shell.id()) {
            assert!(shell.try_wait().expect("a state").is_none(), "it has ended");
            thread::yield_now();
        }
        shell.kill().expect("killed");
        shell.wait().expect("ended");
        let all = std::io::read_to_string(reader).expect("what was written");
        assert!(all.ends_with("\0one\ntwo\n"), "{}", all.len());
    }

    #[test]
    fn what_fits_is_not_waited_for() {
        let (_reader, mut writer) = filled_pipe(4).expect("a pipe");
        writer.write_all(b"one\n").expect("written");
        let mut sleeper = Command::new("sleep")
            .arg("60")
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        assert!(!is_writing(sleeper.id()));
        sleeper.kill().expect("killed");
        sleeper.wait().expect("ended");
    }
}
