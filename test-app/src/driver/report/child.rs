//! Child processes that may neither run nor print without end.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::evidence::{Limits, Ran};

/// What is read at once.
const CHUNK: usize = 1 << 14;
/// How often to look whether the process has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Runs a program that reads nothing, and ends it at its limits.
///
/// # Errors
/// If it can't be started.
pub fn run(command: &mut Command, limits: Limits) -> io::Result<Ran> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let until = Instant::now() + limits.time;
    let (sender, receiver) = mpsc::channel();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    for (index, pipe) in [out.map(boxed), err.map(boxed)].into_iter().enumerate() {
        if let Some(mut pipe) = pipe {
            let sender = sender.clone();
            // It ends with the pipe, which a child of the child may keep open: nobody waits for it.
            thread::spawn(move || {
                let mut chunk = vec![0; CHUNK];
                while let Ok(size @ 1..) = pipe.read(&mut chunk) {
                    if sender.send((index, chunk[..size].to_vec())).is_err() {
                        break;
                    }
                }
            });
        }
    }
    drop(sender);
    let mut printed = [Vec::new(), Vec::new()];
    let mut ran = Ran::default();
    loop {
        match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok((index, bytes)) => {
                let room = limits.bytes - printed[0].len() - printed[1].len();
                ran.is_cut = bytes.len() > room;
                printed[index].extend_from_slice(&bytes[..bytes.len().min(room)]);
                if ran.is_cut {
                    break;
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                ran.is_late = true;
                break;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    while !ran.is_cut && !ran.is_late && ran.code.is_none() {
        match child.try_wait()? {
            Some(status) => {
                ran.code = status.code();
                break;
            }
            None if Instant::now() >= until => ran.is_late = true,
            None => thread::sleep(LOOK_AGAIN),
        }
    }
    if ran.is_cut || ran.is_late {
        // One that can't be ended is left alone; waiting for it could take for ever.
        let _ = child.kill();
        let _ = child.try_wait();
    }
    ran.output = printed.concat();
    Ok(ran)
}

fn boxed(pipe: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    Box::new(pipe)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, seconds: u64, bytes: usize) -> Ran {
        let limits = Limits {
            time: Duration::from_secs(seconds),
            bytes,
        };
        run(Command::new("/bin/sh").args(["-c", script]), limits).expect("a shell")
    }

    #[test]
    fn output_and_exit_code_are_returned() {
        let ran = shell("echo error >&2; echo text; exit 3", 60, 1000);
        assert_eq!(ran.output, b"text\nerror\n");
        assert_eq!((ran.code, ran.is_late, ran.is_cut), (Some(3), false, false));
    }

    #[test]
    fn what_runs_or_prints_without_end_is_ended() {
        let late = shell("echo begun; exec sleep 600", 1, 1000);
        assert_eq!((late.code, late.is_late), (None, true));
        assert_eq!(late.output, b"begun\n");
        let cut = shell("while true; do echo text; done", 60, 7);
        assert_eq!((cut.code, cut.is_cut, cut.is_late), (None, true, false));
        assert_eq!(cut.output, b"text\nte");
    }

    #[test]
    fn a_child_of_the_child_that_keeps_the_output_is_not_waited_for() {
        let ran = shell("sleep 600 & echo text", 1, 1000);
        assert!(ran.is_late);
        assert_eq!(ran.output, b"text\n");
    }
}
