//! What the probe saw, what that means, and how it is shown.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::beside::BesideRead;
use super::records::Record;
use super::streaming::{Asking, Frame, HeaderTime};
use crate::failure::{CLEAN, DATA_WRONG, NO_LOOP};
use crate::midi::decode::hex;
use crate::visible;

/// How many bytes of a frame are shown.
const SHOWN: usize = 32;
/// How far a stamp may be from the time between sending and arrival: a tick of Windows' clock, and what
/// opening a pin takes.
const TOLERANCE_MS: i64 = 50;

/// What a run saw.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Which report this is.
    command: &'static str,
    /// The device, by Windows' name.
    device: String,
    /// In whose manner reads were asked for.
    asked_like: Asking,
    /// Bytes of the buffer of each read.
    frame_extent: usize,
    /// What was sent, and the reads that completed then.
    steps: Vec<StepReport>,
    /// The same loop another way.
    compared: Compared,
    /// How the reads completed.
    verdict: Verdict,
    /// What the time stamps count from.
    stamps: Stamps,
    /// What follows for programs, and what was not as documented.
    remarks: Vec<String>,
    #[serde(skip)]
    exit_code: u8,
}

/// What was sent together, and the reads that completed then.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    /// What it is.
    pub name: &'static str,
    /// When it was sent, counted from the input's RUN.
    #[serde(rename = "at_us", serialize_with = "microseconds")]
    pub at: Duration,
    /// The messages.
    #[serde(serialize_with = "hexadecimal_list")]
    pub sent: Vec<Vec<u8>>,
    /// The reads, in order.
    pub reads: Vec<ReadReport>,
}

impl StepReport {
    /// The bytes of all records.
    pub fn bytes(&self) -> impl Iterator<Item = u8> {
        let records = self.reads.iter().flat_map(|read| &read.records);
        records.flat_map(|record| record.bytes.iter().copied())
    }
}

/// A read that completed.
#[derive(Clone, Debug)]
pub struct ReadReport {
    /// When, counted from the input's RUN.
    pub at: Duration,
    /// What it brought.
    pub frame: Frame,
    /// The records in that.
    pub records: Vec<Record>,
    /// Whether it claims bytes and has none but zeros.
    pub is_zeroed: bool,
    /// What else is not as documented.
    pub fault: Option<String>,
}

impl ReadReport {
    fn first_bytes(&self) -> String {
        let shown = self.frame.bytes.len().min(SHOWN);
        hex(&self.frame.bytes[..shown])
    }
}

impl Serialize for ReadReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct ReadDocument {
            at_us: u64,
            data_used: u32,
            header: HeaderDocument,
            records: Vec<RecordDocument>,
            is_zeroed: bool,
            fault: Option<String>,
            first_32_bytes: String,
        }
        #[derive(Serialize)]
        struct HeaderDocument {
            time: i64,
            numerator: u32,
            denominator: u32,
        }
        #[derive(Serialize)]
        struct RecordDocument {
            time_delta_ms: u32,
            byte_count: usize,
            bytes: String,
        }
        let HeaderTime {
            time,
            numerator,
            denominator,
        } = self.frame.time;
        let records = self.records.iter().map(|record| RecordDocument {
            time_delta_ms: record.time_delta_ms,
            byte_count: record.bytes.len(),
            bytes: hex(&record.bytes),
        });
        ReadDocument {
            at_us: whole_microseconds(self.at),
            data_used: self.frame.data_used,
            header: HeaderDocument {
                time,
                numerator,
                denominator,
            },
            records: records.collect(),
            is_zeroed: self.is_zeroed,
            fault: self.fault.clone(),
            first_32_bytes: self.first_bytes(),
        }
        .serialize(serializer)
    }
}

/// The same loop another way.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// Which way; nothing if there was none.
    with: Option<String>,
    /// Why it was not compared, or did not get to the end.
    failure: Option<String>,
    /// What came.
    reads: Vec<ComparedRead>,
}

#[derive(Clone, Debug, Serialize)]
struct ComparedRead {
    stamp_ms: u64,
    bytes: String,
}

impl Compared {
    /// It was not compared.
    #[must_use]
    pub const fn not(reason: String) -> Self {
        Self {
            with: None,
            failure: Some(reason),
            reads: Vec::new(),
        }
    }

    /// What came that way.
    #[must_use]
    pub fn new(with: String, reads: Result<Vec<BesideRead>, String>) -> Self {
        let (reads, failure) = match reads {
            Ok(reads) => (reads, None),
            Err(failure) => (Vec::new(), Some(failure)),
        };
        let reads = reads.iter().map(|read| ComparedRead {
            stamp_ms: read.stamp_ms,
            bytes: hex(&read.bytes),
        });
        Self {
            with: Some(with),
            failure,
            reads: reads.collect(),
        }
    }
}

/// How the reads completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// With records, and all bytes were there.
    AsDocumented,
    /// At least one claims bytes, and has none but zeros.
    FullZeroedFrames,
    /// None brought a byte.
    NothingCame,
    /// Bytes are missing or wrong, or a frame is malformed.
    OtherwiseWrong,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AsDocumented => {
                "as documented: each read brings a record, and every byte came back"
            }
            Self::FullZeroedFrames => {
                "full zeroed frames: reads complete with bytes that are not there"
            }
            Self::NothingCame => "nothing came: no read brought a byte",
            Self::OtherwiseWrong => {
                "otherwise wrong: bytes are missing or changed, or a frame is not as documented"
            }
        })
    }
}

/// What the time stamps count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stamps {
    /// `TimeDeltaMs` from the pin's start; the header has no time.
    PinStart,
    /// The header's time from the pin's start, and `TimeDeltaMs` from that.
    Header,
    /// Something else, or one time this and one time that.
    Neither,
    /// There was no record.
    Unknown,
}

impl fmt::Display for Stamps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::PinStart => {
                "TimeDeltaMs counts from the pin's start, and the header has no time: as Windows MIDI \
                 Services expects it"
            }
            Self::Header => {
                "the header has the time, and TimeDeltaMs counts from that: as documented, and not as \
                 Windows MIDI Services expects it"
            }
            Self::Neither => "they count neither from the pin's start nor from the header's time",
            Self::Unknown => "unknown: there was no record",
        })
    }
}

impl Report {
    /// Judges what was seen.
    #[must_use]
    pub fn new(device: &str, asking: Asking, steps: Vec<StepReport>, compared: Compared) -> Self {
        let verdict = verdict(&steps);
        let stamps = stamps(&steps);
        let mut remarks = Vec::new();
        let faults = steps.iter().flat_map(|step| &step.reads);
        for fault in faults.filter_map(|read| read.fault.as_ref()) {
            remarks.push(format!("not as documented: {fault}"));
        }
        remarks.extend(behind_the_first(&steps));
        remarks.extend(consequence(verdict, stamps, !compared.reads.is_empty()));
        Self {
            command: "driver ks-probe",
            device: device.to_owned(),
            asked_like: asking,
            frame_extent: asking.frame_extent(),
            exit_code: match verdict {
                Verdict::AsDocumented => CLEAN,
                Verdict::NothingCame if compared.reads.is_empty() => NO_LOOP,
                Verdict::NothingCame | Verdict::FullZeroedFrames | Verdict::OtherwiseWrong => {
                    DATA_WRONG
                }
            },
            steps,
            compared,
            verdict,
            stamps,
            remarks,
        }
    }

    /// How the reads completed.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What the time stamps count from.
    #[must_use]
    pub const fn stamps(&self) -> Stamps {
        self.stamps
    }

    /// The exit code: all bytes came as documented, something was wrong, nothing came either way.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

fn verdict(steps: &[StepReport]) -> Verdict {
    let reads = || steps.iter().flat_map(|step| &step.reads);
    let sent = steps
        .iter()
        .flat_map(|step| step.sent.iter().flatten().copied());
    let received = || steps.iter().flat_map(StepReport::bytes);
    if reads().any(|read| read.is_zeroed) {
        Verdict::FullZeroedFrames
    } else if received().next().is_none() && reads().all(|read| read.fault.is_none()) {
        Verdict::NothingCame
    } else if received().eq(sent) && reads().all(|read| read.fault.is_none()) {
        Verdict::AsDocumented
    } else {
        Verdict::OtherwiseWrong
    }
}

fn stamps(steps: &[StepReport]) -> Stamps {
    let mut found = None;
    for step in steps {
        for read in &step.reads {
            let Some(record) = read.records.first() else {
                continue;
            };
            let header = read.frame.time.milliseconds();
            let delta = i64::from(record.time_delta_ms);
            let is_right = |stamp: i64| {
                let sent = milliseconds(step.at) - TOLERANCE_MS;
                (sent..=milliseconds(read.at) + TOLERANCE_MS).contains(&stamp)
            };
            let this = if header == 0 && is_right(delta) {
                Stamps::PinStart
            } else if header != 0 && is_right(header.saturating_add(delta)) {
                Stamps::Header
            } else {
                Stamps::Neither
            };
            if *found.get_or_insert(this) != this {
                return Stamps::Neither;
            }
        }
    }
    found.unwrap_or(Stamps::Unknown)
}

/// Windows MIDI Services looks at the first record of a read only.
fn behind_the_first(steps: &[StepReport]) -> Option<String> {
    let reads = steps.iter().flat_map(|step| &step.reads);
    let behind = reads.flat_map(|read| read.records.iter().skip(1));
    let bytes: usize = behind.map(|record| record.bytes.len()).sum();
    (bytes > 0).then(|| {
        format!(
            "{bytes} bytes are in records behind the first of a read; Windows MIDI Services does not look \
             at those"
        )
    })
}

/// What follows for programs.
fn consequence(verdict: Verdict, stamps: Stamps, other_heard: bool) -> Option<String> {
    let text = match (verdict, stamps) {
        (Verdict::FullZeroedFrames, _) => {
            "input is silent for programs that go through Windows MIDI Services: docs/use.md, \"input is \
             silent on Windows 11\""
        }
        (Verdict::NothingCame, _) if other_heard => {
            "the loop is there, as the other way shows: the bytes are lost on the way to this reader"
        }
        (Verdict::NothingCame, _) => {
            "is the output led back to the input? `midiuart-test status` shows bytes_sent and \
             bytes_received; if both rise, Windows has the bytes"
        }
        (_, Stamps::Header) => {
            "Windows MIDI Services takes everything for as old as the pin's opening, and programs that \
             started to record later do not get it: docs/use.md, \"input is silent on Windows 11\""
        }
        (_, Stamps::Neither) => {
            "Windows MIDI Services adds TimeDeltaMs to the moment of opening: what it makes earlier than \
             midiInStart does not reach the program"
        }
        (Verdict::AsDocumented | Verdict::OtherwiseWrong, Stamps::PinStart | Stamps::Unknown) => {
            return None;
        }
    };
    Some(text.to_owned())
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "device   {}", visible::line(&self.device))?;
        let whose = match self.asked_like {
            Asking::Midisrv => "Windows MIDI Services",
            Asking::PublishedProbe => "the published probe",
        };
        let access = if self.asked_like.opens_for_writing() {
            "to read and write"
        } else {
            "to read"
        };
        let part = self.asked_like.time().numerator;
        writeln!(
            formatter,
            "opened   as {whose} does: {access}, standard streaming, header's time {part}/{part}, frame \
             extent {}",
            self.frame_extent
        )?;
        for step in &self.steps {
            let sent: Vec<_> = step.sent.iter().map(|message| hex(message)).collect();
            writeln!(
                formatter,
                "\nsent     {:>8.1} ms  {}: {}",
                shown_milliseconds(step.at),
                step.name,
                sent.join(", ")
            )?;
            if step.reads.is_empty() {
                writeln!(formatter, "  read   none completed")?;
            }
            for read in &step.reads {
                shown_read(formatter, read)?;
            }
        }
        let compared = &self.compared;
        let with = visible::line(compared.with.as_deref().unwrap_or("nothing"));
        writeln!(formatter, "\nbeside   {with}")?;
        if let Some(failure) = &compared.failure {
            let failure = visible::line(failure);
            writeln!(formatter, "         not compared: {failure}")?;
        }
        for read in &compared.reads {
            writeln!(
                formatter,
                "         {:>8} ms  {}",
                read.stamp_ms, read.bytes
            )?;
        }
        if compared.failure.is_none() && compared.reads.is_empty() {
            writeln!(formatter, "         nothing came")?;
        }
        writeln!(formatter, "\nverdict  {}", self.verdict)?;
        writeln!(formatter, "stamps   {}", self.stamps)?;
        for remark in &self.remarks {
            writeln!(formatter, "remark   {remark}")?;
        }
        Ok(())
    }
}

fn shown_read(formatter: &mut fmt::Formatter<'_>, read: &ReadReport) -> fmt::Result {
    let HeaderTime {
        time,
        numerator,
        denominator,
    } = read.frame.time;
    writeln!(
        formatter,
        "  read   {:>8.1} ms  DataUsed {}, header's time {time} x {numerator}/{denominator}",
        shown_milliseconds(read.at),
        read.frame.data_used
    )?;
    for record in &read.records {
        let (delta, count) = (record.time_delta_ms, record.bytes.len());
        writeln!(
            formatter,
            "           TimeDeltaMs {delta}, ByteCount {count}: {}",
            hex(&record.bytes)
        )?;
    }
    if read.records.is_empty() {
        writeln!(formatter, "           no record")?;
    }
    if let Some(fault) = &read.fault {
        writeln!(formatter, "           fault: {fault}")?;
    }
    writeln!(formatter, "           {}", read.first_bytes())
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn shown_milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn whole_microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn microseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(whole_microseconds(*duration))
}

fn hexadecimal_list<S: Serializer>(messages: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(messages.iter().map(|message| hex(message)))
}
