//! How a message is shown.

use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use super::assembly::Received;
use crate::failure::Failure;
use crate::midi::decode::{Group, Meaning, hex};
use crate::visible;

/// A message, and what it means.
pub(super) struct Line<'l> {
    /// Since the port was opened.
    pub(super) at: Duration,
    pub(super) received: &'l Received,
    pub(super) meaning: &'l Meaning,
}

/// A line of `--json`.
#[derive(Serialize)]
struct Document<'l> {
    /// Seconds since the port was opened.
    time_s: f64,
    /// Milliseconds since it was started, as Windows stamps them.
    winmm_ms: u32,
    kind: Group,
    name: &'static str,
    channel: Option<u8>,
    values: &'l str,
    /// The bytes.
    hex: String,
}

impl Line<'_> {
    pub(super) fn text(&self) -> String {
        let Meaning {
            name,
            channel,
            values,
            ..
        } = self.meaning;
        let channel = channel.map_or("     ".to_owned(), |it| format!("ch {it:>2}"));
        let line = format!(
            "{:>11.6} {:>7}  {channel}  {name:<16}  {values}",
            self.at.as_secs_f64(),
            self.received.stamp_ms
        );
        format!("{}\n", line.trim_end())
    }

    pub(super) fn json(&self) -> Result<String, Failure> {
        json(&Document {
            time_s: self.at.as_secs_f64(),
            winmm_ms: self.received.stamp_ms,
            kind: self.meaning.group,
            name: self.meaning.name,
            channel: self.meaning.channel,
            values: &self.meaning.values,
            hex: hex(&self.received.bytes),
        })
    }
}

/// A document in a line.
pub(super) fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map(|text| visible::json(&text).into_owned() + "\n")
        .map_err(|error| Failure::Device(format!("cannot write JSON: {error}")))
}

/// The name of a kind, as `--only` takes it.
pub(super) fn name(group: Group) -> String {
    let value = group.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::midi::decode::meaning;

    #[test]
    fn a_line_has_both_times() {
        let mut received = Received {
            at: Instant::now(),
            stamp_ms: 1234,
            bytes: vec![0x90, 60, 100],
            is_broken: false,
        };
        let shown = |received: &Received| {
            let line = Line {
                at: Duration::from_micros(1_234_567),
                received,
                meaning: &meaning(&received.bytes, 24),
            };
            (line.text(), line.json().expect("JSON"))
        };
        assert_eq!(
            shown(&received),
            (
                "   1.234567    1234  ch  1  note on           C4 (60)  velocity 100\n".to_owned(),
                "{\"time_s\":1.234567,\"winmm_ms\":1234,\"kind\":\"notes\",\"name\":\"note on\",\
                 \"channel\":1,\"values\":\"C4 (60)  velocity 100\",\"hex\":\"90 3c 64\"}\n"
                    .to_owned()
            )
        );
        received.bytes = vec![0xF8];
        assert_eq!(shown(&received).0, "   1.234567    1234         clock\n");
    }
}
