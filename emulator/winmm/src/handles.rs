//! Handles: numbers that are never used twice, so that an old one is never taken for another's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windows_sys::Win32::Media::MMSYSERR_INVALHANDLE;

use crate::input::Input;
use crate::output::Output;
use crate::results::Outcome;
use crate::stream::Stream;

/// Above every device number, and above what a program may mistake for a small one.
const FIRST: usize = 0x0001_0000;
/// Handles look like addresses of something.
const STEP: usize = 8;

/// What a handle stands for.
#[derive(Clone)]
pub(crate) enum Open {
    Output(Arc<Output>),
    Input(Arc<Input>),
    Stream(Arc<Stream>),
}

static OPEN: Mutex<BTreeMap<usize, Open>> = Mutex::new(BTreeMap::new());

fn open() -> MutexGuard<'static, BTreeMap<usize, Open>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number for a handle to be.
pub(crate) fn reserve() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(FIRST);
    // Ordering: Relaxed, as only the number itself counts.
    NEXT.fetch_add(STEP, Ordering::Relaxed)
}

/// Makes a handle valid.
pub(crate) fn insert(handle: usize, what: Open) {
    open().insert(handle, what);
}

/// Makes a handle invalid; `MMSYSERR_INVALHANDLE` if somebody else was faster.
pub(crate) fn remove(handle: usize) -> Outcome {
    open().remove(&handle).map(drop).ok_or(MMSYSERR_INVALHANDLE)
}

fn find(handle: usize) -> Outcome<Open> {
    open().get(&handle).cloned().ok_or(MMSYSERR_INVALHANDLE)
}

/// The output of a handle; a stream's handle has one, too.
pub(crate) fn output(handle: usize) -> Outcome<Arc<Output>> {
    match find(handle)? {
        Open::Output(output) => Ok(output),
        Open::Stream(stream) => Ok(Arc::clone(stream.output())),
        Open::Input(_) => Err(MMSYSERR_INVALHANDLE),
    }
}

/// The output of a handle that is no stream's.
pub(crate) fn plain_output(handle: usize) -> Outcome<Arc<Output>> {
    match find(handle)? {
        Open::Output(output) => Ok(output),
        Open::Stream(_) | Open::Input(_) => Err(MMSYSERR_INVALHANDLE),
    }
}

/// The stream of a handle.
pub(crate) fn stream(handle: usize) -> Outcome<Arc<Stream>> {
    match find(handle)? {
        Open::Stream(stream) => Ok(stream),
        Open::Output(_) | Open::Input(_) => Err(MMSYSERR_INVALHANDLE),
    }
}

/// The input of a handle.
pub(crate) fn input(handle: usize) -> Outcome<Arc<Input>> {
    match find(handle)? {
        Open::Input(input) => Ok(input),
        Open::Output(_) | Open::Stream(_) => Err(MMSYSERR_INVALHANDLE),
    }
}
