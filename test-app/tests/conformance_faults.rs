//! The checks of `conformance` find faults: each is planted in the double of winmm, and caught by the check
//! that is meant for it.
#![cfg(not(windows))]

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use midiuart_test::conformance::bench::Ports;
use midiuart_test::conformance::check::Check;
use midiuart_test::conformance::checks;
use midiuart_test::conformance::functions::{HostWinmm, Winmm};
use midiuart_test::conformance::runner::{End, Runner};
use midiuart_test::conformance::verdict::{Finding, Verdict};
use midiuart_test::interrupt::Interrupt;
use windows_sys::Win32::Media::Audio::{
    HMIDIIN, HMIDIOUT, HMIDISTRM, MHDR_DONE, MIDIERR_UNPREPARED, MIDIHDR, MIDIPROP_SET,
    MIDIPROP_TEMPO,
};
use windows_sys::Win32::Media::{
    MM_MIM_CLOSE, MM_MIM_DATA, MM_MOM_DONE, MMSYSERR_BADDEVICEID, MMSYSERR_NODRIVER,
    MMSYSERR_NOERROR,
};

/// A loopback device that is not slowed down to the speed of a cable.
const PORTS: &str = "software+unpaced";
/// Messages of the long run: its checks need not wait for more.
const MESSAGES: usize = 300;
/// How long the check that hangs is waited for.
const SHORT_LIMIT: Duration = Duration::from_secs(5);

/// The port is one, and each test needs it for itself.
fn port() -> MutexGuard<'static, ()> {
    static PORT: Mutex<()> = Mutex::new(());
    static CONFIGURED: Once = Once::new();
    let guard = PORT.lock().unwrap_or_else(PoisonError::into_inner);
    CONFIGURED.call_once(|| winmm::control::set_ports(PORTS).expect("ports"));
    guard
}

fn runner(winmm: Arc<dyn Winmm>) -> Runner {
    let ports = Ports {
        output: 0,
        input: 0,
        messages: MESSAGES,
    };
    Runner::new(winmm, ports)
}

fn check(name: &str) -> &'static Check {
    let found = checks::all().find(|check| check.name == name);
    found.unwrap_or_else(|| panic!("no check {name}"))
}

fn run(runner: &Runner, checks: &[&'static Check]) -> (Vec<Finding>, End) {
    let mut findings = Vec::new();
    let end = runner.run(checks, &Interrupt::default(), |finding| {
        findings.push(finding);
        Ok(())
    });
    (findings, end.expect("nothing to write"))
}

/// The check passes on the double as it is and fails with the fault, for the reason that is named; and it
/// leaves a port that works.
fn caught(fault: impl Winmm + 'static, name: &str, reason: &str) {
    let _port = port();
    let healthy = runner(Arc::new(HostWinmm));
    let (before, _) = run(&healthy, &[check(name)]);
    assert!(
        matches!(before[0].verdict, Verdict::Pass { .. }),
        "without the fault: {}",
        before[0]
    );
    let (found, _) = run(&runner(Arc::new(fault)), &[check(name)]);
    let text = found[0].to_string();
    assert!(text.starts_with(&format!("FAIL {name}: ")), "{text}");
    assert!(text.contains(reason), "{text}");
    let (after, _) = run(&healthy, &[check("open-both-sides")]);
    assert!(
        matches!(after[0].verdict, Verdict::Pass { .. }),
        "after the fault: {}",
        after[0]
    );
}

/// A winmm with a fault: the functions that it has wrong, before the double's own.
macro_rules! fault {
    ($name:ident { $($field:ident: $type:ty),* } $($function:item)*) => {
        #[derive(Default)]
        struct $name {
            $($field: $type),*
        }

        impl Winmm for $name {
            fn behind(&self) -> &dyn Winmm {
                &HostWinmm
            }

            $($function)*
        }
    };
}

/// What a callback is made of instead of what the port says.
type Change = fn(message: u32, first: usize, second: usize) -> Vec<(u32, usize, usize)>;

/// A callback between the port and the one that the check gave.
struct Relay {
    callback: usize,
    instance: usize,
    change: Change,
}

type Callback = unsafe extern "system" fn(*mut c_void, u32, usize, usize, usize);

impl Relay {
    /// The parameters to open a port with. It is never taken away: callbacks may come late.
    fn parameters(callback: usize, instance: usize, change: Change) -> (usize, usize) {
        let relay = Box::leak(Box::new(Self {
            callback,
            instance,
            change,
        }));
        (
            relay_callback as *const c_void as usize,
            &raw const *relay as usize,
        )
    }

    fn call(&self, port: *mut c_void, message: u32, first: usize, second: usize) {
        // SAFETY: the check gave a callback's address.
        let callback: Callback = unsafe { std::mem::transmute(self.callback) };
        // SAFETY: it is called as a port would call it.
        unsafe { callback(port, message, self.instance, first, second) };
    }
}

unsafe extern "system" fn relay_callback(
    port: *mut c_void,
    message: u32,
    instance: usize,
    first: usize,
    second: usize,
) {
    // SAFETY: the instance is a relay's address, and relays stay.
    let relay = unsafe { &*(instance as *const Relay) };
    for (message, first, second) in (relay.change)(message, first, second) {
        relay.call(port, message, first, second);
    }
}

/// Opens an output whose callbacks are changed.
unsafe fn open_output(
    port: *mut HMIDIOUT,
    id: u32,
    (callback, instance): (usize, usize),
    flags: u32,
    change: Change,
) -> u32 {
    let (callback, instance) = Relay::parameters(callback, instance, change);
    // SAFETY: the caller's promise; the relay stays.
    unsafe { HostWinmm.midiOutOpen(port, id, callback, instance, flags) }
}

/// Opens an input whose callbacks are changed.
unsafe fn open_input(
    port: *mut HMIDIIN,
    id: u32,
    (callback, instance): (usize, usize),
    flags: u32,
    change: Change,
) -> u32 {
    let (callback, instance) = Relay::parameters(callback, instance, change);
    // SAFETY: the caller's promise; the relay stays.
    unsafe { HostWinmm.midiInOpen(port, id, callback, instance, flags) }
}

/// How many calls there were before this one.
fn count(calls: &AtomicUsize) -> usize {
    // Ordering: a lone number.
    calls.fetch_add(1, Ordering::Relaxed)
}

#[test]
fn the_double_passes_every_check() {
    let _port = port();
    let all: Vec<_> = checks::all().filter(|check| !check.only_if_named).collect();
    let (findings, end) = run(&runner(Arc::new(HostWinmm)), &all);
    assert_eq!(end, End::All);
    assert_eq!(findings.len(), all.len());
    for finding in findings {
        let for_windows_only = ["open-with-event", "open-with-thread", "open-with-window"];
        let right = match finding.verdict {
            Verdict::Pass { .. } => true,
            Verdict::Fail { .. } => false,
            Verdict::Skip { .. } => for_windows_only.contains(&finding.name),
        };
        assert!(right, "{finding}");
    }
}

fault! { DropsAMessage { sent: AtomicUsize }
    unsafe fn midiOutShortMsg(&self, port: HMIDIOUT, message: u32) -> u32 {
        if count(&self.sent) == 200 {
            return MMSYSERR_NOERROR;
        }
        // SAFETY: the caller's promise.
        unsafe { HostWinmm.midiOutShortMsg(port, message) }
    }
}

#[test]
fn a_message_that_is_dropped() {
    caught(DropsAMessage::default(), "many-messages", "as message 200");
}

fault! { SendsTwice { sent: AtomicUsize }
    unsafe fn midiOutShortMsg(&self, port: HMIDIOUT, message: u32) -> u32 {
        if count(&self.sent) == 50 {
            // SAFETY: the caller's promise.
            unsafe { HostWinmm.midiOutShortMsg(port, message) };
        }
        // SAFETY: as above.
        unsafe { HostWinmm.midiOutShortMsg(port, message) }
    }
}

#[test]
fn a_message_that_is_sent_twice() {
    caught(SendsTwice::default(), "every-status", "as message 51");
}

fault! { MasksAByte {}
    unsafe fn midiOutShortMsg(&self, port: HMIDIOUT, message: u32) -> u32 {
        let masked = if message & 0xFF == 0xEF { message & 0x003F_FFFF } else { message };
        // SAFETY: the caller's promise.
        unsafe { HostWinmm.midiOutShortMsg(port, masked) }
    }
}

#[test]
fn a_data_byte_that_is_cut() {
    caught(MasksAByte::default(), "every-data-byte", "EF");
}

fault! { CutsSysEx {}
    unsafe fn midiOutLongMsg(&self, port: HMIDIOUT, header: *const MIDIHDR, size: u32) -> u32 {
        // SAFETY: the caller's header, which no port has yet.
        let header = unsafe { &mut *header.cast_mut() };
        header.dwBufferLength = header.dwBufferLength.min(2048);
        // SAFETY: the caller's promise.
        unsafe { HostWinmm.midiOutLongMsg(port, header, size) }
    }
}

#[test]
fn system_exclusive_that_is_cut() {
    caught(CutsSysEx::default(), "sysex-reported-lengths", "2049 bytes");
}

fault! { KeepsBuffersAtReset { resets: AtomicUsize }
    unsafe fn midiInReset(&self, port: HMIDIIN) -> u32 {
        // The first of a check; later ones clean up.
        if count(&self.resets) == 1 {
            return MMSYSERR_NOERROR;
        }
        // SAFETY: the caller's promise.
        unsafe { HostWinmm.midiInReset(port) }
    }
}

#[test]
fn buffers_that_a_reset_does_not_return() {
    caught(
        KeepsBuffersAtReset::default(),
        "input-reset-returns-buffers",
        "6 buffers back",
    );
}

fault! { KeepsTheBufferAtStop {}
    unsafe fn midiInStop(&self, _port: HMIDIIN) -> u32 {
        MMSYSERR_NOERROR
    }
}

#[test]
fn an_input_that_does_not_stop() {
    caught(
        KeepsTheBufferAtStop::default(),
        "nothing-stale",
        "nothing after midiInStop",
    );
}

#[test]
fn a_buffer_that_a_stop_does_not_return() {
    caught(
        KeepsTheBufferAtStop::default(),
        "input-stop-in-sysex",
        "one buffer back after midiInStop, got 0",
    );
}

fault! { SetsDoneTooEarly {}
    unsafe fn midiInPrepareHeader(&self, port: HMIDIIN, header: *mut MIDIHDR, size: u32) -> u32 {
        // SAFETY: the caller's promise.
        let code = unsafe { HostWinmm.midiInPrepareHeader(port, header, size) };
        // SAFETY: the caller's header, which is not queued.
        let header = unsafe { &mut *header };
        header.dwFlags |= MHDR_DONE;
        code
    }
}

#[test]
fn a_flag_that_is_wrong() {
    caught(
        SetsDoneTooEarly::default(),
        "prepare-sets-flags",
        "got MHDR_DONE | MHDR_PREPARED",
    );
}

fault! { TakesWhatIsNotPrepared {}
    unsafe fn midiInAddBuffer(&self, port: HMIDIIN, header: *mut MIDIHDR, size: u32) -> u32 {
        // SAFETY: the caller's promise.
        match unsafe { HostWinmm.midiInAddBuffer(port, header, size) } {
            MIDIERR_UNPREPARED => MMSYSERR_NOERROR,
            code => code,
        }
    }
}

#[test]
fn an_unprepared_buffer_that_is_taken() {
    caught(
        TakesWhatIsNotPrepared::default(),
        "unprepared-buffers",
        "MIDIERR_UNPREPARED from midiInAddBuffer, got MMSYSERR_NOERROR",
    );
}

fault! { GivesAnotherCode {}
    unsafe fn midiOutOpen(&self, port: *mut HMIDIOUT, id: u32, callback: usize, instance: usize, flags: u32) -> u32 {
        // SAFETY: the caller's promise.
        match unsafe { HostWinmm.midiOutOpen(port, id, callback, instance, flags) } {
            MMSYSERR_BADDEVICEID => MMSYSERR_NODRIVER,
            code => code,
        }
    }
}

#[test]
fn a_code_that_is_wrong() {
    caught(
        GivesAnotherCode::default(),
        "open-no-device",
        "got MMSYSERR_NODRIVER",
    );
}

fault! { SaysDoneTwice {}
    unsafe fn midiOutOpen(&self, port: *mut HMIDIOUT, id: u32, callback: usize, instance: usize, flags: u32) -> u32 {
        let twice: Change = |message, first, second| {
            let times = if message == MM_MOM_DONE { 2 } else { 1 };
            vec![(message, first, second); times]
        };
        // SAFETY: the caller's promise.
        unsafe { open_output(port, id, (callback, instance), flags, twice) }
    }
}

#[test]
fn a_buffer_that_is_returned_twice() {
    caught(
        SaysDoneTwice::default(),
        "sent-buffers-return-once",
        "MOM_DONE",
    );
}

fault! { SpeaksAfterClose {}
    unsafe fn midiInOpen(&self, port: *mut HMIDIIN, id: u32, callback: usize, instance: usize, flags: u32) -> u32 {
        let late: Change = |message, first, second| {
            let mut calls = vec![(message, first, second)];
            if message == MM_MIM_CLOSE {
                calls.push((MM_MIM_DATA, 0xF8, 0));
            }
            calls
        };
        // SAFETY: the caller's promise.
        unsafe { open_input(port, id, (callback, instance), flags, late) }
    }
}

#[test]
fn a_callback_after_the_close() {
    caught(
        SpeaksAfterClose::default(),
        "silent-after-close",
        "the CLOSE message last",
    );
}

fault! { RunsBackwards {}
    unsafe fn midiInOpen(&self, port: *mut HMIDIIN, id: u32, callback: usize, instance: usize, flags: u32) -> u32 {
        let backwards: Change = |message, first, second| {
            let stamp = if message == MM_MIM_DATA { 1_000_000 - second } else { second };
            vec![(message, first, stamp)]
        };
        // SAFETY: the caller's promise.
        unsafe { open_input(port, id, (callback, instance), flags, backwards) }
    }
}

#[test]
fn time_stamps_that_go_back() {
    caught(RunsBackwards::default(), "time-stamps", "a time stamp of");
}

fault! { PlaysTooFast {}
    unsafe fn midiStreamProperty(&self, stream: HMIDISTRM, data: *mut u8, property: u32) -> u32 {
        if property == (MIDIPROP_SET | MIDIPROP_TEMPO).cast_unsigned() {
            let faster = 60_000_u32.to_le_bytes();
            // SAFETY: the caller's MIDIPROPTEMPO, whose second four bytes are the tempo.
            let tempo = unsafe { data.add(4) };
            // SAFETY: as above.
            unsafe { tempo.copy_from(faster.as_ptr(), faster.len()) };
        }
        // SAFETY: the caller's promise.
        unsafe { HostWinmm.midiStreamProperty(stream, data, property) }
    }
}

#[test]
fn a_stream_that_is_too_fast() {
    caught(
        PlaysTooFast::default(),
        "stream-plays-in-time",
        "between the first and the last note",
    );
}

fault! { HasSecretVolume {}
    unsafe fn midiOutSetVolume(&self, _port: HMIDIOUT, _volume: u32) -> u32 {
        MMSYSERR_NOERROR
    }
}

#[test]
fn a_volume_that_is_not_told_of() {
    caught(
        HasSecretVolume::default(),
        "volume",
        "MMSYSERR_NOTSUPPORTED from midiOutSetVolume",
    );
}

/// Never comes back from a reset, until it is let.
#[derive(Clone, Default)]
struct Hangs(Arc<AtomicBool>);

impl Winmm for Hangs {
    fn behind(&self) -> &dyn Winmm {
        &HostWinmm
    }

    unsafe fn midiOutReset(&self, port: HMIDIOUT) -> u32 {
        // Ordering: a lone flag.
        while !self.0.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
        }
        // SAFETY: the caller's promise.
        unsafe { HostWinmm.midiOutReset(port) }
    }
}

#[test]
fn a_call_that_never_returns_is_named_and_ends_the_run() {
    let _port = port();
    let hangs = Hangs::default();
    let patient = runner(Arc::new(hangs.clone())).with_time_limit(SHORT_LIMIT);
    let wanted = [check("reset-when-idle"), check("every-status")];
    let (findings, end) = run(&patient, &wanted);
    assert_eq!(end, End::Hung);
    assert_eq!(findings.len(), 1);
    let text = findings[0].to_string();
    assert!(text.starts_with("FAIL reset-when-idle: "), "{text}");
    assert!(text.contains("midiOutReset does not return"), "{text}");
    // Ordering: a lone flag.
    hangs.0.store(true, Ordering::Relaxed);
    // The thread that was left behind closes the port now.
    let healthy = runner(Arc::new(HostWinmm));
    let works = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        let (after, _) = run(&healthy, &[check("open-both-sides")]);
        matches!(after[0].verdict, Verdict::Pass { .. })
    });
    assert!(works);
}

#[test]
fn names_of_checks_are_unique() {
    let mut names: Vec<_> = checks::all().map(|check| check.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}
