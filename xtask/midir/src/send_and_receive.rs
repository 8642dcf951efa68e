//! Sends notes, controllers and System Exclusive messages to a port that hears itself, by way of
//! `midir`, and checks that they come back; then calls functions of winmm that are not about MIDI.

use std::error::Error;
use std::ffi::CStr;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use midir::{Ignore, MidiInput, MidiOutput};

/// Longest time for the next message.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than midir's buffers of 1024 bytes, four of which it keeps queued.
const SYSEX_LENGTHS: [usize; 4] = [4, 1000, 1025, 5000];

#[link(name = "winmm.dll", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "system" {
    safe fn timeGetTime() -> u32;
    safe fn timeBeginPeriod(milliseconds: u32) -> u32;
    safe fn timeEndPeriod(milliseconds: u32) -> u32;
    fn mmioStringToFOURCCA(text: *const u8, flags: u32) -> u32;
    /// Wine has none.
    safe fn WinmmLogon() -> usize;
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = MidiInput::new("send_and_receive")?;
    input.ignore(Ignore::None);
    let output = MidiOutput::new("send_and_receive")?;
    let inputs = input.ports();
    let outputs = output.ports();
    for port in &inputs {
        println!("input {}", input.port_name(port)?);
    }
    for port in &outputs {
        println!("output {}", output.port_name(port)?);
    }

    let (sender, received) = mpsc::channel();
    let from = inputs.first().ok_or("no input")?;
    let to = outputs.first().ok_or("no output")?;
    let input = input.connect(
        from,
        "in",
        move |_, message, sender| {
            // It hears of nothing once the check is over.
            let _ = sender.send(message.to_vec());
        },
        sender,
    )?;
    let mut output = output.connect(to, "out")?;
    let sent = messages();
    let mut bytes = 0;
    for message in &sent {
        output.send(message)?;
        let back = next(&received, message.len())?;
        if back != *message {
            return Err(format!("sent {message:02x?}, received {back:02x?}").into());
        }
        bytes += back.len();
    }
    output.close();
    input.close();
    println!("sent and received {} messages, {bytes} bytes", sent.len());
    others()
}

/// Notes, controllers and System Exclusive messages.
fn messages() -> Vec<Vec<u8>> {
    let notes = (0..=127).flat_map(|key| [vec![0x90, key, 100], vec![0x80, key, 0]]);
    let controllers = (0..16).map(|channel| vec![0xb0 | channel, 7, 127]);
    let programs = (0..16).map(|channel| vec![0xc0 | channel, 1]);
    let exclusive = SYSEX_LENGTHS.map(|length| {
        let mut message: Vec<u8> = (0..0x80).cycle().take(length).collect();
        message[0] = 0xf0;
        message[length - 1] = 0xf7;
        message
    });
    let all = notes.chain(controllers).chain(programs);
    all.chain(exclusive).collect()
}

/// The next message; midir hands long ones over in several parts.
fn next(received: &Receiver<Vec<u8>>, length: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut message = Vec::new();
    while message.len() < length {
        message.extend(received.recv_timeout(PATIENCE)?);
    }
    Ok(message)
}

/// What a program expects of the system's own functions.
fn others() -> Result<(), Box<dyn Error>> {
    const RIFF: &CStr = c"riff";
    const TO_UPPER: u32 = 0x10; // MMIO_TOUPPER
    let before = timeGetTime();
    thread::sleep(Duration::from_millis(50));
    let passed = timeGetTime().wrapping_sub(before);
    // SAFETY: the text ends with zero.
    let code = unsafe { mmioStringToFOURCCA(RIFF.as_ptr().cast(), TO_UPPER) };
    let begun = timeBeginPeriod(1);
    let ended = timeEndPeriod(1);
    if passed == 0 || code != u32::from_le_bytes(*b"RIFF") || (begun, ended) != (0, 0) {
        return Err(format!("{passed} ms, {code:x}, {begun}, {ended}").into());
    }
    println!("{} of a function that Wine lacks", WinmmLogon());
    println!("other functions of winmm work");
    Ok(())
}
