//! MIDI messages as people write them: `on C4 100`, `cc 7 127`, `syx f0 7e 7f 06 01 f7`.

mod note_name;
mod text;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::message::{SYSEX_BEGIN, SYSEX_END, short_length};
pub use note_name::{note_name, note_number};
pub use text::Place;
use text::Text;

/// What can be written, for `--help` and for what is answered to other texts.
pub const ACCEPTED: &str = "on NOTE VELOCITY, off NOTE [VELOCITY], cc CONTROLLER VALUE, pc PROGRAM, \
    bend VALUE, at NOTE PRESSURE, cp PRESSURE, ch CHANNEL, clock, start, stop, continue, sensing, reset, \
    mtc VALUE, spp POSITION, song SONG, tune, syx F0 … F7, file FILE.syx, hex BYTES, wait TIME";

/// The longest wait: a day.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// The velocity of a note off that names none.
const RELEASE_VELOCITY: u8 = 64;

/// A number that follows a word.
#[derive(Clone, Copy, Debug)]
enum Value {
    /// A note: a number or a name.
    Note,
    /// 7 bits.
    Seven(&'static str),
    /// 7 bits that may be left out.
    SevenOr(&'static str, u8),
    /// 14 bits, the lower seven sent first.
    Fourteen(&'static str),
}

/// A word that begins a message.
struct Message {
    word: &'static str,
    status: u8,
    values: &'static [Value],
}

const fn message(word: &'static str, status: u8, values: &'static [Value]) -> Message {
    Message {
        word,
        status,
        values,
    }
}

/// The messages that are written as a word and numbers.
const MESSAGES: &[Message] = &[
    message(
        "off",
        0x80,
        &[Value::Note, Value::SevenOr("velocity", RELEASE_VELOCITY)],
    ),
    message("on", 0x90, &[Value::Note, Value::Seven("velocity")]),
    message("at", 0xA0, &[Value::Note, Value::Seven("pressure")]),
    message(
        "cc",
        0xB0,
        &[Value::Seven("controller"), Value::Seven("value")],
    ),
    message("pc", 0xC0, &[Value::Seven("program")]),
    message("cp", 0xD0, &[Value::Seven("pressure")]),
    message("bend", 0xE0, &[Value::Fourteen("bend")]),
    message("mtc", 0xF1, &[Value::Seven("quarter frame")]),
    message("spp", 0xF2, &[Value::Fourteen("song position")]),
    message("song", 0xF3, &[Value::Seven("song")]),
    message("tune", 0xF6, &[]),
    message("clock", 0xF8, &[]),
    message("start", 0xFA, &[]),
    message("continue", 0xFB, &[]),
    message("stop", 0xFC, &[]),
    message("sensing", 0xFE, &[]),
    message("reset", 0xFF, &[]),
];

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this message, which is complete.
    Send(Vec<u8>),
    /// Let time pass.
    Wait(Duration),
    /// Send the messages in this file.
    File(PathBuf),
}

/// Why a text is none that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is wrong there, and what is accepted.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.text)
    }
}

/// Reads texts; knows the channel from one text to the next.
#[derive(Clone, Debug, Default)]
pub struct WordReader {
    /// From 0.
    channel: u8,
}

impl WordReader {
    /// Reads the arguments of a program: messages may go on from one to the next.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn arguments(&mut self, arguments: &[String]) -> Result<Vec<Step>, Fault> {
        self.read(&mut Text::of_arguments(arguments))
    }

    /// Reads a line of a text, counted from 1: messages do not go on in the next.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn line(&mut self, number: usize, line: &str) -> Result<Vec<Step>, Fault> {
        self.read(&mut Text::of_line(number, line))
    }

    fn read(&mut self, text: &mut Text<'_>) -> Result<Vec<Step>, Fault> {
        let mut steps = Vec::new();
        while let Some((place, word)) = text.next() {
            let lower = word.to_lowercase();
            match lower.as_str() {
                "ch" => {
                    let number = ranged(text, "channel", 1, 16)?;
                    self.channel = u8::try_from(number - 1).unwrap_or_default();
                }
                "wait" => steps.push(Step::Wait(wait(text)?)),
                "syx" => steps.push(Step::Send(exclusive(text)?)),
                "hex" => steps.extend(hex(text)?.into_iter().map(Step::Send)),
                "file" => {
                    let (_, path) = text.rest_of_part().ok_or_else(|| missing(text, "file"))?;
                    steps.push(Step::File(path.into()));
                }
                _ => match MESSAGES.iter().find(|message| message.word == lower) {
                    Some(message) => steps.push(Step::Send(self.message(message, text)?)),
                    None => {
                        return Err(Fault {
                            place,
                            text: format!("'{word}' begins no message; accepted: {ACCEPTED}"),
                        });
                    }
                },
            }
        }
        Ok(steps)
    }

    fn message(&self, message: &Message, text: &mut Text<'_>) -> Result<Vec<u8>, Fault> {
        let channel = if message.status < SYSEX_BEGIN {
            self.channel
        } else {
            0
        };
        let mut bytes = vec![message.status | channel];
        for value in message.values {
            match *value {
                Value::Note => bytes.push(note(text)?),
                Value::Seven(name) => bytes.push(low_seven(ranged(text, name, 0, 127)?)),
                Value::SevenOr(name, usual) => {
                    let is_there = text.peek().is_some_and(|(_, word)| number(word).is_some());
                    bytes.push(if is_there {
                        low_seven(ranged(text, name, 0, 127)?)
                    } else {
                        usual
                    });
                }
                Value::Fourteen(name) => {
                    let number = ranged(text, name, 0, 16383)?;
                    bytes.extend([low_seven(number), low_seven(number >> 7)]);
                }
            }
        }
        Ok(bytes)
    }
}

/// The lowest seven bits.
fn low_seven(number: u32) -> u8 {
    number.to_le_bytes()[0] & 0x7F
}

/// A number: decimal, or hexadecimal after `0x`.
fn number(word: &str) -> Option<u32> {
    let digits = |text: &str, radix| {
        let is_digits = text.chars().all(|it| it.is_digit(radix));
        is_digits.then(|| u32::from_str_radix(text, radix).ok())?
    };
    match word.strip_prefix("0x").or(word.strip_prefix("0X")) {
        Some(hexadecimal) => digits(hexadecimal, 16),
        None => digits(word, 10),
    }
}

fn ranged(text: &mut Text<'_>, name: &str, least: u32, most: u32) -> Result<u32, Fault> {
    let (place, word) = text.next().ok_or_else(|| missing(text, name))?;
    let is_in_range = |number: &u32| (least..=most).contains(number);
    number(word).filter(is_in_range).ok_or_else(|| Fault {
        place,
        text: format!("'{word}' is no {name}; accepted are {least} to {most}"),
    })
}

fn note(text: &mut Text<'_>) -> Result<u8, Fault> {
    let (place, word) = text.next().ok_or_else(|| missing(text, "note"))?;
    let numbered = number(word).filter(|number| *number < 128);
    let note = numbered.map(low_seven).or_else(|| note_number(word));
    note.ok_or_else(|| Fault {
        place,
        text: format!(
            "'{word}' is no note; accepted are 0 to 127 and names from C-1 to G9 such as C4, which is 60, \
             c#4 or Eb3"
        ),
    })
}

fn wait(text: &mut Text<'_>) -> Result<Duration, Fault> {
    let (place, word) = text.next().ok_or_else(|| missing(text, "time"))?;
    let time = humantime::parse_duration(word).ok();
    time.filter(|time| *time <= LONGEST_WAIT)
        .ok_or_else(|| Fault {
            place,
            text: format!(
                "'{word}' is no time; accepted are times such as 500ms or 2s, up to a day"
            ),
        })
}

/// A byte of two hexadecimal digits, or of one.
fn byte(word: &str) -> Option<u8> {
    let is_byte = word.len() <= 2 && word.chars().all(|it| it.is_ascii_hexdigit());
    is_byte.then(|| u8::from_str_radix(word, 16).ok())?
}

fn exclusive(text: &mut Text<'_>) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    loop {
        let (place, word) = text
            .next()
            .ok_or_else(|| missing(text, "F7 that ends the System Exclusive message"))?;
        let fault = |text: &str| Fault {
            place,
            text: format!("'{word}' {text}"),
        };
        match (byte(word), bytes.is_empty()) {
            (Some(SYSEX_BEGIN), true) => bytes.push(SYSEX_BEGIN),
            (_, true) => {
                return Err(fault(
                    "begins no System Exclusive message: accepted is F0, hexadecimal bytes from 00 to 7F, \
                     and F7; `file` sends a file",
                ));
            }
            (Some(SYSEX_END), false) => {
                bytes.push(SYSEX_END);
                return Ok(bytes);
            }
            (Some(data @ ..0x80), false) => bytes.push(data),
            (_, false) => {
                return Err(fault(
                    "is no byte of a System Exclusive message; accepted are hexadecimal bytes from 00 to \
                     7F, and F7 at the end",
                ));
            }
        }
    }
}

/// All hexadecimal bytes that follow, which have to be complete messages.
fn hex(text: &mut Text<'_>) -> Result<Vec<Vec<u8>>, Fault> {
    let mut bytes = Vec::new();
    let mut places = Vec::new();
    while let Some((place, word)) = text.peek()
        && let Some(byte) = byte(word)
    {
        text.next();
        bytes.push(byte);
        places.push(place);
    }
    if bytes.is_empty() {
        return Err(match text.peek() {
            Some((place, word)) => Fault {
                place,
                text: format!("'{word}' is no byte; accepted are hexadecimal bytes from 00 to FF"),
            },
            None => missing(text, "hexadecimal byte"),
        });
    }
    split(&bytes).map_err(|at| Fault {
        place: places[at],
        text:
            "no complete message begins here; each begins with its own status byte, and a System \
               Exclusive message ends with F7"
                .to_owned(),
    })
}

/// Takes complete messages, each with its status, apart.
///
/// # Errors
/// The number of the first byte that begins none.
pub fn split(bytes: &[u8]) -> Result<Vec<Vec<u8>>, usize> {
    let mut messages = Vec::new();
    let mut at = 0;
    while let rest @ [first, ..] = &bytes[at..] {
        let length = if *first == SYSEX_BEGIN {
            let data = rest[1..].iter().take_while(|byte| **byte < 0x80).count();
            let ends = rest.get(1 + data) == Some(&SYSEX_END);
            ends.then_some(data + 2)
        } else {
            short_length(rest)
        };
        let length = length.ok_or(at)?;
        messages.push(rest[..length].to_vec());
        at += length;
    }
    Ok(messages)
}

fn missing(text: &Text<'_>, what: &str) -> Fault {
    Fault {
        place: text.end(),
        text: format!("a {what} is missing here"),
    }
}

#[cfg(test)]
mod tests;
