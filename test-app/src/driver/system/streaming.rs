//! Kernel streaming of Windows' own.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::mem::transmute;
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use midiuart::filter::{CAPTURE_PIN, RENDER_PIN};
use portcls::guid::{
    KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_TYPE_MUSIC,
};
use portcls::ks::KSDATAFORMAT;
use windows_sys::Win32::Foundation::{
    CloseHandle, ERROR_IO_PENDING, ERROR_TIMEOUT, GENERIC_READ, GENERIC_WRITE, GetLastError,
    HANDLE, INVALID_HANDLE_VALUE, WAIT_OBJECT_0, WAIT_TIMEOUT,
};
use windows_sys::Win32::Media::KernelStreaming::{
    IOCTL_KS_PROPERTY, IOCTL_KS_READ_STREAM, IOCTL_KS_WRITE_STREAM, KSIDENTIFIER, KSIDENTIFIER_0,
    KSIDENTIFIER_0_0, KSINTERFACE_STANDARD_STREAMING, KSINTERFACESETID_Standard,
    KSMEDIUMSETID_Standard, KSPIN_CONNECT, KSPRIORITY, KSPRIORITY_NORMAL,
    KSPROPERTY_CONNECTION_STATE, KSPROPERTY_TYPE_SET, KSPROPSETID_Connection, KSSTREAM_HEADER,
    KSTIME,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_ATTRIBUTE_NORMAL, FILE_FLAG_OVERLAPPED, FILE_SHARE_READ, FILE_SHARE_WRITE,
    OPEN_EXISTING,
};
use windows_sys::Win32::System::IO::{
    CancelIoEx, DeviceIoControl, GetOverlappedResult, OVERLAPPED,
};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows_sys::Win32::System::Threading::{CreateEventW, WaitForSingleObject};
use windows_sys::core::GUID;

use super::counters::interface;
use super::wide::wide;
use super::{checked, last_error, size_of_structure};
use crate::driver::ks_probe::KernelStreaming;
use crate::driver::ks_probe::streaming::{Asking, Frame, HeaderTime, Pin, RECORD_HEAD, State};
use crate::driver::windows::{Called, SystemError};

/// What a write may take, and a property; Windows MIDI Services gives a write this and a millisecond a
/// byte.
const PATIENCE: Duration = Duration::from_secs(4);
/// What cancelling may take (`ReadCancelGraceMilliseconds` in Windows MIDI Services' `MidiKs.cpp`).
const GRACE: Duration = Duration::from_millis(500);
/// `KSMEDIUM_TYPE_ANYINSTANCE` of ks.h.
const ANY_INSTANCE: u32 = 0;

/// Opens the filter of a device, as `FilterInstantiate` in Windows MIDI Services' `MidiKsCommon.cpp` does, and
/// another time for the input if that is asked for otherwise.
pub fn open(instance: &str, asking: Asking) -> Called<Box<dyn KernelStreaming>> {
    let path = wide(interface(instance)?);
    let input_filter = if asking.opens_for_writing() {
        None
    } else {
        Some(open_filter(
            &path,
            GENERIC_READ,
            FILE_SHARE_READ | FILE_SHARE_WRITE,
        )?)
    };
    // The published probe did not write, so that how the output is opened is no part of its manner.
    let share = input_filter
        .as_ref()
        .map_or(0, |_| FILE_SHARE_READ | FILE_SHARE_WRITE);
    Ok(Box::new(Streaming {
        read: None,
        output: None,
        input: None,
        input_filter,
        filter: open_filter(&path, GENERIC_READ | GENERIC_WRITE, share)?,
        asking,
        began: Instant::now(),
    }))
}

fn open_filter(path: &[u16], access: u32, share: u32) -> Called<Handle> {
    // SAFETY: the path ends with a zero.
    let filter = unsafe {
        CreateFileW(
            path.as_ptr(),
            access,
            share,
            ptr::null(),
            OPEN_EXISTING,
            FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OVERLAPPED,
            ptr::null_mut(),
        )
    };
    if filter == INVALID_HANDLE_VALUE {
        return Err(last_error("CreateFileW"));
    }
    Ok(Handle(filter))
}

/// A handle that is closed with it.
struct Handle(HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it is open, and nothing uses it any more.
        unsafe { CloseHandle(self.0) };
    }
}

/// An open filter. Its fields are dropped in this order: the read goes before its pin, pins before the
/// filter.
struct Streaming {
    read: Option<Request<Read>>,
    output: Option<Handle>,
    input: Option<Handle>,
    /// The filter that the input is opened with, if it is not the other.
    input_filter: Option<Handle>,
    filter: Handle,
    asking: Asking,
    began: Instant,
}

/// What a read request leads to.
struct Read {
    header: KSSTREAM_HEADER,
    frame: Vec<u8>,
}

/// What a write request leads to.
struct Write {
    header: KSSTREAM_HEADER,
    record: Vec<u8>,
}

/// What a request for a change of state leads to.
struct StateChange {
    property: KSIDENTIFIER,
    state: i32,
}

fn identifier(set: GUID, id: u32, flags: u32) -> KSIDENTIFIER {
    KSIDENTIFIER {
        Anonymous: KSIDENTIFIER_0 {
            Anonymous: KSIDENTIFIER_0_0 {
                Set: set,
                Id: id,
                Flags: flags,
            },
        },
    }
}

/// A header; where the data is is set when that is at its place.
fn header(time: HeaderTime, extent: usize, used: usize) -> KSSTREAM_HEADER {
    KSSTREAM_HEADER {
        Size: size_of_structure::<KSSTREAM_HEADER>(),
        PresentationTime: KSTIME {
            Time: time.time,
            Numerator: time.numerator,
            Denominator: time.denominator,
        },
        FrameExtent: u32::try_from(extent).unwrap_or(u32::MAX),
        DataUsed: u32::try_from(used).unwrap_or(u32::MAX),
        ..KSSTREAM_HEADER::default()
    }
}

impl Streaming {
    fn pin(&self, pin: Pin) -> HANDLE {
        let handle = match pin {
            Pin::Output => &self.output,
            Pin::Input => &self.input,
        };
        // A pin that is not open is refused by the functions.
        handle.as_ref().map_or(INVALID_HANDLE_VALUE, |it| it.0)
    }
}

impl KernelStreaming for Streaming {
    fn asking(&self) -> Asking {
        self.asking
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn wait(&mut self, time: Duration) {
        thread::sleep(time);
    }

    fn open(&mut self, pin: Pin) -> Called<()> {
        let both = GENERIC_READ | GENERIC_WRITE;
        match pin {
            Pin::Output => self.output = Some(create_pin(self.filter.0, RENDER_PIN, both)?),
            Pin::Input => {
                let (filter, access) = match &self.input_filter {
                    Some(filter) => (filter, GENERIC_READ),
                    None => (&self.filter, both),
                };
                self.input = Some(create_pin(filter.0, CAPTURE_PIN, access)?);
            }
        }
        Ok(())
    }

    fn set_state(&mut self, pin: Pin, state: State) -> Called<()> {
        let id = KSPROPERTY_CONNECTION_STATE as u32;
        let mut request = Request::new(StateChange {
            property: identifier(KSPROPSETID_Connection, id, KSPROPERTY_TYPE_SET),
            state: state as i32,
        })?;
        let place = request.payload();
        // SAFETY: the place is the request's, and nothing else uses it yet.
        let property = unsafe { &raw mut (*place).property };
        // SAFETY: as above.
        let state = unsafe { &raw mut (*place).state };
        let input = (property.cast(), size_of_structure::<KSIDENTIFIER>());
        let output = (state.cast(), size_of_structure::<i32>());
        // SAFETY: both places are in the request, and have these sizes.
        unsafe { request.start(self.pin(pin), IOCTL_KS_PROPERTY, input, output) }?;
        request.finish(PATIENCE)
    }

    fn pend_read(&mut self) -> Called<()> {
        let extent = self.asking.frame_extent();
        let mut request = Request::new(Read {
            header: header(self.asking.time(), extent, 0),
            frame: vec![0; extent],
        })?;
        let place = request.payload();
        // SAFETY: the place is the request's, and nothing else uses it yet.
        let Read { header, frame } = unsafe { &mut *place };
        header.Data = frame.as_mut_ptr().cast();
        let output = (ptr::from_mut(header).cast(), header.Size);
        // SAFETY: the header is in the request, which owns the buffer that it leads to.
        unsafe { request.start(self.pin(Pin::Input), IOCTL_KS_READ_STREAM, NOTHING, output) }?;
        self.read = Some(request);
        Ok(())
    }

    fn completed_read(&mut self, limit: Duration) -> Called<Option<Frame>> {
        let Some(request) = &mut self.read else {
            return Ok(None);
        };
        if !request.wait(limit)? {
            return Ok(None);
        }
        let place = request.payload();
        // SAFETY: the request has completed, so that only this uses its place.
        let Read { header, frame } = unsafe { &*place };
        let KSTIME {
            Time: time,
            Numerator: numerator,
            Denominator: denominator,
        } = header.PresentationTime;
        let frame = Frame {
            data_used: header.DataUsed,
            time: HeaderTime {
                time,
                numerator,
                denominator,
            },
            bytes: frame.clone(),
        };
        self.read = None;
        Ok(Some(frame))
    }

    fn write(&mut self, message: &[u8]) -> Called<()> {
        let count = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let mut record = vec![0; 4];
        record.extend(count.to_le_bytes());
        record.extend(message);
        record.resize((RECORD_HEAD + message.len()).next_multiple_of(4), 0);
        let mut request = Request::new(Write {
            header: header(Asking::Midisrv.time(), record.len(), record.len()),
            record,
        })?;
        let place = request.payload();
        // SAFETY: the place is the request's, and nothing else uses it yet.
        let Write { header, record } = unsafe { &mut *place };
        header.Data = record.as_mut_ptr().cast();
        let output = (ptr::from_mut(header).cast(), header.Size);
        // SAFETY: the header is in the request, which owns the record that it leads to.
        unsafe {
            request.start(
                self.pin(Pin::Output),
                IOCTL_KS_WRITE_STREAM,
                NOTHING,
                output,
            )
        }?;
        request.finish(PATIENCE)
    }
}

/// `KsCreatePin`, with what `InstantiateMidiPin` in Windows MIDI Services' `MidiKsCommon.cpp` asks for.
fn create_pin(filter: HANDLE, id: u32, access: u32) -> Called<Handle> {
    type KsCreatePin =
        unsafe extern "system" fn(HANDLE, *const KSPIN_CONNECT, u32, *mut HANDLE) -> u32;
    /// The format comes right behind the connection.
    #[repr(C)]
    struct Connection {
        connect: KSPIN_CONNECT,
        format: KSDATAFORMAT,
    }

    // The library is part of Windows' media features, which an edition may lack: so it is looked for when
    // it is needed.
    let library = wide("ksuser.dll");
    // SAFETY: the name ends with a zero.
    let library = unsafe {
        LoadLibraryExW(
            library.as_ptr(),
            ptr::null_mut(),
            LOAD_LIBRARY_SEARCH_SYSTEM32,
        )
    };
    if library.is_null() {
        return Err(last_error("LoadLibraryExW"));
    }
    // SAFETY: the library stays loaded, and the name ends with a zero.
    let function = unsafe { GetProcAddress(library, c"KsCreatePin".as_ptr().cast()) };
    let function = function.ok_or_else(|| last_error("GetProcAddress"))?;
    // SAFETY: this is the function's type, as ks.h has it.
    let create: KsCreatePin = unsafe { transmute(function) };

    let streaming = KSINTERFACE_STANDARD_STREAMING as u32;
    let connection = Connection {
        connect: KSPIN_CONNECT {
            Interface: identifier(KSINTERFACESETID_Standard, streaming, 0),
            Medium: identifier(KSMEDIUMSETID_Standard, ANY_INSTANCE, 0),
            PinId: id,
            PinToHandle: ptr::null_mut(),
            Priority: KSPRIORITY {
                PriorityClass: KSPRIORITY_NORMAL,
                PrioritySubClass: KSPRIORITY_NORMAL,
            },
        },
        format: KSDATAFORMAT {
            FormatSize: size_of_structure::<KSDATAFORMAT>(),
            Flags: 0,
            SampleSize: 0,
            Reserved: 0,
            MajorFormat: KSDATAFORMAT_TYPE_MUSIC,
            SubFormat: KSDATAFORMAT_SUBTYPE_MIDI,
            Specifier: KSDATAFORMAT_SPECIFIER_NONE,
        },
    };
    let mut pin = ptr::null_mut();
    let connect = (&raw const connection).cast();
    // SAFETY: the filter is open, the format is behind the connection, and the handle has its place.
    match unsafe { create(filter, connect, access, &raw mut pin) } {
        0 => Ok(Handle(pin)),
        code => Err(SystemError {
            function: "KsCreatePin",
            code,
        }),
    }
}

/// No buffer.
const NOTHING: Place = (ptr::null_mut(), 0);

/// A buffer of a request: where it is, and how long.
type Place = (*mut c_void, u32);

/// A request that the system works at while this program goes on.
///
/// The system writes to its place until it has completed. One that does not even complete when it is
/// cancelled keeps its place for as long as the program runs.
struct Request<T> {
    place: *mut Requested<T>,
    file: HANDLE,
    is_pended: bool,
    owned: PhantomData<Requested<T>>,
}

struct Requested<T> {
    overlapped: OVERLAPPED,
    payload: T,
}

impl<T> Request<T> {
    fn new(payload: T) -> Called<Self> {
        // SAFETY: it has no name and no attributes.
        let event = unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) };
        if event.is_null() {
            return Err(last_error("CreateEventW"));
        }
        let requested = Requested {
            overlapped: OVERLAPPED {
                hEvent: event,
                ..OVERLAPPED::default()
            },
            payload,
        };
        Ok(Self {
            place: Box::into_raw(Box::new(requested)),
            file: INVALID_HANDLE_VALUE,
            is_pended: false,
            owned: PhantomData,
        })
    }

    /// Where its payload is. The system writes to it while the request is pended.
    const fn payload(&mut self) -> *mut T {
        // SAFETY: the place lives as long as the request.
        unsafe { &raw mut (*self.place).payload }
    }

    const fn overlapped(&self) -> *mut OVERLAPPED {
        // SAFETY: the place lives as long as the request.
        unsafe { &raw mut (*self.place).overlapped }
    }

    fn event(&self) -> HANDLE {
        // SAFETY: the system does not change the handle.
        unsafe { (*self.place).overlapped.hEvent }
    }

    /// Hands the request to the system.
    ///
    /// # Safety
    /// Both buffers are part of the payload or are owned by it, and have their sizes.
    unsafe fn start(&mut self, file: HANDLE, code: u32, input: Place, output: Place) -> Called<()> {
        // SAFETY: the caller says that the buffers live as long as the payload, which lives until the
        // request has completed; the structure beside it does, too.
        let done = unsafe {
            DeviceIoControl(
                file,
                code,
                input.0,
                input.1,
                output.0,
                output.1,
                ptr::null_mut(),
                self.overlapped(),
            )
        };
        if done == 0 {
            // SAFETY: it reads a number of the calling thread.
            let error = unsafe { GetLastError() };
            if error != ERROR_IO_PENDING {
                return Err(SystemError {
                    function: "DeviceIoControl",
                    code: error,
                });
            }
        }
        self.file = file;
        self.is_pended = true;
        Ok(())
    }

    /// Waits for its end, at most for `limit`; returns whether it has ended.
    fn wait(&mut self, limit: Duration) -> Called<bool> {
        let limit = u32::try_from(limit.as_millis().max(1)).unwrap_or(u32::MAX);
        // SAFETY: the event is the request's.
        let waited = unsafe { WaitForSingleObject(self.event(), limit) };
        match waited {
            WAIT_OBJECT_0 => {}
            WAIT_TIMEOUT => return Ok(false),
            _ => return Err(last_error("WaitForSingleObject")),
        }
        let mut transferred = 0;
        // SAFETY: the request was handed to the system for this file.
        let done =
            unsafe { GetOverlappedResult(self.file, self.overlapped(), &raw mut transferred, 0) };
        self.is_pended = false;
        checked("DeviceIoControl", done)?;
        Ok(true)
    }

    /// Waits for its end; a request that takes longer than `limit` is cancelled.
    fn finish(&mut self, limit: Duration) -> Called<()> {
        if self.wait(limit)? {
            return Ok(());
        }
        Err(SystemError {
            function: "DeviceIoControl",
            code: ERROR_TIMEOUT,
        })
    }
}

impl<T> Drop for Request<T> {
    fn drop(&mut self) {
        if self.is_pended {
            // SAFETY: the request was handed to the system for this file, which is open still.
            unsafe { CancelIoEx(self.file, self.overlapped()) };
            // What it ends with is of no interest.
            let _ = self.wait(GRACE);
        }
        if self.is_pended {
            return;
        }
        // SAFETY: the event is the request's, and nothing waits for it any more.
        unsafe { CloseHandle(self.event()) };
        // SAFETY: the place was made by a box, and the system is through with it.
        drop(unsafe { Box::from_raw(self.place) });
    }
}
