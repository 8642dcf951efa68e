//! Devices that fail while programs use them: everybody hears of it, and nobody waits for ever.

mod support;

use std::sync::Once;

use support::{Buffer, Input, OK, Output};
use windows_sys::Win32::Media::Audio::MIDIERR_NOTREADY;
use windows_sys::Win32::Media::{
    MM_MIM_CLOSE, MM_MIM_ERROR, MM_MIM_LONGDATA, MM_MOM_DONE, MMSYSERR_NODRIVER,
};
use winmm::{control, midiOutGetNumDevs};

const VANISHING: u32 = 0;
const BREAKING: u32 = 1;
const VANISHING_BY_ITSELF: u32 = 2;

fn set_ports() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let list = "16550,mpu401,software+vanish-after-50";
        control::set_ports(list).expect("good ports");
    });
}

/// One test, as devices change their numbers when one vanishes.
#[test]
fn devices_fail() {
    set_ports();
    a_chip_that_is_dead_is_told();
    a_device_vanishes_by_itself();
    a_device_vanishes_in_use();
}

fn a_chip_that_is_dead_is_told() {
    let output = Output::open(BREAKING);
    assert!(control::break_chip(BREAKING as usize));
    let results: Vec<u32> = (0..2000).map(|_| output.short(&[0x90, 1, 2])).collect();
    assert!(results.contains(&MIDIERR_NOTREADY));
    let strange = |&&result: &&u32| result != OK && result != MIDIERR_NOTREADY;
    assert_eq!(results.iter().find(strange), None);
    assert_eq!(output.reset(), OK);
    assert_eq!(output.close(), OK);
}

fn a_device_vanishes_by_itself() {
    let output = Output::open(VANISHING_BY_ITSELF);
    // SAFETY: it takes nothing.
    while unsafe { midiOutGetNumDevs() } == 3 {
        std::thread::yield_now();
    }
    assert_eq!(output.short(&[0xF8]), MMSYSERR_NODRIVER);
    assert_eq!(output.close(), OK);
}

fn a_device_vanishes_in_use() {
    let (input, buffers) = Input::listen(VANISHING, 2, 16);
    let output = Output::open(VANISHING);
    let buffer = Buffer::new(&vec![0x55; 1 << 20]);
    assert_eq!(output.prepare(buffer), OK);
    assert_eq!(output.long(buffer), OK);
    assert!(control::pull_out(VANISHING as usize));
    output.record.wait_for(MM_MOM_DONE, 1);
    assert!(buffer.is_back());
    assert!(!control::pull_out(VANISHING as usize));
    // SAFETY: it takes nothing.
    assert_eq!(unsafe { midiOutGetNumDevs() }, 1);
    assert_eq!(output.short(&[0xF8]), MMSYSERR_NODRIVER);
    assert_eq!(output.long(buffer), MMSYSERR_NODRIVER);
    assert_eq!(output.reset(), MMSYSERR_NODRIVER);
    assert_eq!(output.unprepare(buffer), OK);
    assert_eq!(output.close(), OK);
    assert_eq!(input.start(), MMSYSERR_NODRIVER);
    assert!(!buffers[0].is_back());
    assert_eq!(input.reset(), MMSYSERR_NODRIVER);
    assert!(buffers.iter().all(|buffer| buffer.is_back()));
    assert_eq!(input.close(), OK);
    let mut messages = input.record.messages();
    // What the cable brought back before is no message.
    messages.retain(|&message| message != MM_MIM_ERROR);
    assert_eq!(
        messages[1..],
        [MM_MIM_LONGDATA, MM_MIM_LONGDATA, MM_MIM_CLOSE]
    );
}
