//! Nothing is lost at the greatest haste.

mod support;

use std::sync::Once;

use support::{Buffer, Input, OK, Output};
use windows_sys::Win32::Media::{MM_MIM_CLOSE, MM_MOM_CLOSE, MM_MOM_DONE};

const UNPACED: u32 = 0;
const UNPACED_MIDISRV: u32 = 1;

fn set_ports() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        winmm::control::set_ports("software+unpaced,software+unpaced+midisrv").expect("good ports");
    });
}

/// Messages of which no two neighbours are alike.
fn message(number: usize) -> Vec<u8> {
    let data = |shift: u32| u8::try_from((number >> shift) & 0x7F).expect("seven bits");
    match number % 4 {
        0 => vec![0x90 | (data(2) & 0x0F), data(0), data(7)],
        1 => vec![0xC0 | (data(2) & 0x0F), data(7)],
        2 => vec![0xE0, data(0), data(7)],
        _ => vec![0xF8],
    }
}

fn short_messages_arrive(device: u32) {
    set_ports();
    let (input, buffers) = Input::listen(device, 2, 64);
    let output = Output::open(device);
    let mut sent = Vec::new();
    for number in 0..100_000 {
        let message = message(number);
        assert_eq!(output.short(&message), OK);
        sent.extend(message);
    }
    input.record.wait_for_bytes(sent.len());
    assert!(input.record.bytes() == sent, "other bytes came back");
    assert_eq!(output.close(), OK);
    assert_eq!(output.record.messages().last(), Some(&MM_MOM_CLOSE));
    assert_eq!(input.reset(), OK);
    assert!(buffers.iter().all(|buffer| buffer.is_back()));
    assert_eq!(input.close(), OK);
    assert_eq!(input.record.messages().last(), Some(&MM_MIM_CLOSE));
}

#[test]
fn a_hundred_thousand_short_messages_arrive() {
    short_messages_arrive(UNPACED);
}

#[test]
fn long_messages_arrive_to_the_byte() {
    set_ports();
    let device = UNPACED_MIDISRV;
    let (input, _buffers) = Input::listen(device, 8, 4096);
    let output = Output::open(device);
    let mut sent: Vec<u8> = (0..1 << 20)
        .map(|number: u32| {
            u8::try_from((number.wrapping_mul(number) / 7) & 0x7F).expect("seven bits")
        })
        .collect();
    sent[0] = 0xF0;
    *sent.last_mut().expect("many bytes") = 0xF7;
    let buffer = Buffer::new(&sent);
    assert_eq!(output.prepare(buffer), OK);
    for round in 1..=2 {
        assert_eq!(output.long(buffer), OK);
        output.record.wait_for(MM_MOM_DONE, round);
        assert!(buffer.is_back());
    }
    assert_eq!(output.unprepare(buffer), OK);
    input.record.wait_for_bytes(2 * sent.len());
    assert!(
        input.record.bytes() == sent.repeat(2),
        "other bytes came back"
    );
    assert_eq!(output.close(), OK);
    assert_eq!(input.reset(), OK);
    assert_eq!(input.close(), OK);
}
