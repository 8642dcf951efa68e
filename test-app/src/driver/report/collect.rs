//! Collecting.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::added::Added;
use super::decode;
use super::events::{QUERIES, Query};
use super::evidence::{Evidence, Limits, Program, Ran};
use super::facts::{
    Counters, DeviceFacts, Facts, Midi, OperatingSystem, PartFacts, ReadCounters,
    StoredCertificate, Told, Verifier,
};
use super::part::Part;
use super::setup_log;
use super::summary;
use crate::driver::certificate::{Certificate, hexadecimal};
use crate::driver::counters::DeviceCounters;
use crate::driver::problems;
use crate::driver::windows::{Called, Device, Store, Windows};
use crate::driver::{HARDWARE_ID, SERVICE};
use crate::report::json;

/// The largest part, in bytes.
const LARGEST_PART: usize = 1 << 20;
/// How much of the end of `setupapi.dev.log` is looked at.
const LARGEST_LOG: usize = 16 << 20;
/// The room for a device's counters: more than they take today.
const ROOM_FOR_COUNTERS: usize = 1024;
/// What the subjects of the driver's certificates have in common.
const SUBJECT: &str = "midiuart";

const CURRENT_VERSION: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const DRIVERS32: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Drivers32";
const MEMORY_MANAGEMENT: &str =
    r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management";
const FIRST_PROCESSOR: &str = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0";

const SERVICES: [&str; 4] = ["Audiosrv", "AudioEndpointBuilder", "midisrv", SERVICE];
const VALUES_OF_DRIVERS32: [&str; 4] =
    ["midi", "midi1", "MidisrvTransferComplete", "UseLegacyMidi"];

/// Opens the Windows to ask, in the thread that asks.
pub type Opening = Arc<dyn Fn() -> Box<dyn Windows> + Send + Sync>;

/// Whom to ask, and for how long.
pub struct Sources<'a> {
    /// What installing knows of Windows.
    pub windows: Opening,
    /// Everything else.
    pub evidence: &'a dyn Evidence,
    /// The longest time for each question.
    pub patience: Duration,
    /// When the report is made, in UTC.
    pub made_at: String,
}

/// Collects everything; what fails holds its error.
#[must_use]
pub fn collect(sources: &Sources<'_>, added: &[Added]) -> (Facts, Vec<Part>) {
    let evidence = sources.evidence;
    let devices = devices(sources);
    let counters = counters(sources, devices.known().map_or(&[], Vec::as_slice));
    let words = words(devices.known().map_or(&[], Vec::as_slice));
    let mut parts = vec![verifier(sources)];
    parts.extend(QUERIES.iter().map(|query| events(sources, query, &words)));
    parts.push(setup_log(evidence, &words));
    parts = parts
        .into_iter()
        .map(|it| it.limited(LARGEST_PART))
        .collect();
    // Half a document is none: these have a limit of their own.
    parts.extend(
        added
            .iter()
            .zip(1..)
            .map(|(added, number)| added_part(added, number)),
    );
    let mut facts = Facts {
        command: "driver report",
        version: env!("CARGO_PKG_VERSION"),
        made_at: sources.made_at.clone(),
        decisive: Vec::new(),
        system: system(evidence),
        machine: sources.ask(|windows| windows.machine()),
        session: evidence.session().into(),
        midi: midi(evidence),
        verifier: Verifier {
            drivers: evidence
                .text(MEMORY_MANAGEMENT, "VerifyDrivers")
                .ok()
                .flatten(),
            level: evidence
                .number(MEMORY_MANAGEMENT, "VerifyDriverLevel")
                .map(|level| format!("0x{level:08x}")),
        },
        devices,
        counters,
        ports: ports(sources),
        certificates: certificates(sources),
        dumps: evidence.dumps().into(),
        parts: Vec::new(),
    };
    facts.decisive = summary::decisive(&facts);
    (facts, parts)
}

/// What `report.json` says of the parts.
#[must_use]
pub fn listed(parts: &[Part]) -> Vec<PartFacts> {
    let parts = parts.iter().map(|part| PartFacts {
        name: part.name.clone(),
        title: part.title.clone(),
        state: part.state,
        note: part.note.clone(),
        bytes: part.file().len(),
    });
    parts.collect()
}

impl Sources<'_> {
    /// Asks Windows in a thread of its own: a driver that hangs may never answer.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Windows) -> Called<T> + Send + 'static,
    ) -> Told<T> {
        let (sender, receiver) = mpsc::channel();
        let windows = Arc::clone(&self.windows);
        thread::spawn(move || {
            // Nobody may be left to hear it.
            let _ = sender.send(question(windows().as_ref()));
        });
        match receiver.recv_timeout(self.patience) {
            Ok(answer) => answer.into(),
            Err(_) => Told::Missing(format!(
                "no answer within {}",
                humantime::format_duration(self.patience)
            )),
        }
    }

    /// Runs a program; returns what it printed without the line in which it was ended.
    fn run(&self, program: Program, arguments: &[&str]) -> Result<(String, Ran), String> {
        let limits = Limits {
            time: self.patience,
            bytes: 8 * LARGEST_PART,
        };
        let ran = self.evidence.run(program, arguments, limits)?;
        let mut text = decode::text(&ran.output);
        if ran.is_cut || ran.is_late {
            text.truncate(text.rfind('\n').map_or(0, |it| it + 1));
        }
        Ok((text, ran))
    }
}

fn system(evidence: &dyn Evidence) -> OperatingSystem {
    let text = |value| evidence.text(CURRENT_VERSION, value).ok().flatten();
    OperatingSystem {
        product: text("ProductName"),
        edition: text("EditionID"),
        display_version: text("DisplayVersion"),
        build: text("CurrentBuildNumber"),
        revision: evidence.number(CURRENT_VERSION, "UBR"),
        lab: text("BuildLabEx"),
        processor: evidence
            .text(FIRST_PROCESSOR, "ProcessorNameString")
            .ok()
            .flatten()
            .map(|name| name.trim().to_owned()),
        processors: thread::available_parallelism().map_or(0, Into::into),
        image: evidence.variable("ImageOS"),
        image_version: evidence.variable("ImageVersion"),
    }
}

fn midi(evidence: &dyn Evidence) -> Midi {
    let value = |name: &str| {
        let text = evidence.text(DRIVERS32, name).ok().flatten();
        text.or_else(|| evidence.number(DRIVERS32, name).map(|it| it.to_string()))
    };
    Midi {
        services: SERVICES
            .map(|name| (name, evidence.service(name).into()))
            .into(),
        drivers32: VALUES_OF_DRIVERS32.map(|name| (name, value(name))).into(),
    }
}

fn devices(sources: &Sources<'_>) -> Told<Vec<DeviceFacts>> {
    sources.ask(|windows| {
        let devices = windows.devices()?.into_iter().map(|device| DeviceFacts {
            explanation: (device.problem != 0).then(|| problems::explain(device.problem)),
            device,
        });
        Ok(devices.collect())
    })
}

fn counters(sources: &Sources<'_>, devices: &[DeviceFacts]) -> Vec<Counters> {
    let running = devices.iter().filter(|it| it.device.is_started);
    let counters = running.map(|DeviceFacts { device, .. }| {
        let instance = device.instance.clone();
        let read = sources.ask(move |windows| {
            let bytes = windows.counters(&instance, ROOM_FOR_COUNTERS)?;
            Ok(ReadCounters {
                hex: hexadecimal(&bytes),
                decoded: DeviceCounters::of_bytes(instance, &bytes),
            })
        });
        Counters {
            instance: device.instance.clone(),
            read,
        }
    });
    counters.collect()
}

/// What entries of logs that concern the driver mention, in small letters.
fn words(devices: &[DeviceFacts]) -> Vec<String> {
    let of_device = |device: &Device| {
        let package = device.package.iter().map(|it| it.to_lowercase());
        package
            .chain([device.instance.to_lowercase()])
            .collect::<Vec<_>>()
    };
    let devices = devices.iter().flat_map(|it| of_device(&it.device));
    let mut words: Vec<_> = [SERVICE.to_owned(), HARDWARE_ID.to_lowercase()].into();
    words.extend(devices);
    words
}

/// The ports, by a child process: a stuck audio service keeps winmm from returning.
fn ports(sources: &Sources<'_>) -> Told<Value> {
    let arguments = ["list", "--on", "winmm", "--json"];
    match sources.run(Program::Own, &arguments) {
        Err(error) => Told::Missing(error),
        Ok((_, ran)) if ran.is_late => Told::Missing(format!(
            "winmm did not answer within {}",
            humantime::format_duration(sources.patience)
        )),
        Ok((text, ran)) => match serde_json::from_str(&text) {
            Ok(ports) if ran.code == Some(0) => Told::Known(ports),
            _ => Told::Missing(format!("`list` printed: {}", text.trim())),
        },
    }
}

fn certificates(sources: &Sources<'_>) -> Told<Vec<StoredCertificate>> {
    sources.ask(|windows| {
        let mut found = Vec::new();
        for store in Store::ALL {
            let all = windows.certificates(store)?;
            let all = all.iter().filter_map(|der| Certificate::read(der));
            let own = all.filter(|it| it.subject().to_ascii_lowercase().contains(SUBJECT));
            found.extend(own.map(|it| StoredCertificate {
                store,
                thumbprint: it.thumbprint(),
                expires: it.expires(),
            }));
        }
        Ok(found)
    })
}

fn verifier(sources: &Sources<'_>) -> Part {
    let (name, title) = ("verifier.txt", "Driver Verifier now (verifier /query)");
    match sources.run(Program::System("verifier.exe"), &["/query"]) {
        Err(error) => Part::missing(name, title, &error),
        Ok((text, ran)) => ended(Part::new(name, title, text), &ran),
    }
}

fn events(sources: &Sources<'_>, query: &Query, words: &[String]) -> Part {
    let arguments = query.arguments();
    let arguments = arguments.each_ref().map(String::as_str);
    match sources.run(Program::System("wevtutil.exe"), &arguments) {
        Err(error) => Part::missing(query.name, query.title, &error),
        Ok((text, ran)) if ran.code.is_some_and(|code| code != 0) => {
            let why = text.trim();
            let why = if why.is_empty() { "no reason" } else { why };
            let code = ran.code.unwrap_or_default();
            let why = format!("wevtutil ended with code {code}: {why}");
            Part::missing(query.name, query.title, &why)
        }
        Ok((text, ran)) => {
            let (entries, count) = query.of_concern(&text, words);
            let mut part = Part::new(query.name, query.title, entries);
            let newest = query.count;
            part.note = Some(format!(
                "{count} of the newest {newest} entries that were looked at"
            ));
            ended(part, &ran)
        }
    }
}

/// Says how the program that printed it ended, if it was ended or failed.
fn ended(part: Part, ran: &Ran) -> Part {
    if ran.is_late {
        part.cut("the program was ended: it took too long")
    } else if ran.is_cut {
        part.cut("the program was ended: it printed too much")
    } else {
        match ran.code {
            Some(0) => part,
            Some(code) => part.cut(&format!("the program ended with code {code}")),
            None => part.cut("the program was ended by something else"),
        }
    }
}

fn setup_log(evidence: &dyn Evidence, words: &[String]) -> Part {
    let (name, title) = (
        "setupapi.txt",
        "Sections of inf\\setupapi.dev.log about the driver, the newest first",
    );
    match evidence.tail(&["inf", "setupapi.dev.log"], LARGEST_LOG) {
        Err(error) => Part::missing(name, title, &error),
        Ok(tail) => {
            let log = decode::text(&tail.bytes);
            let (text, left_out) = setup_log::sections(&log, words, LARGEST_PART);
            let mut part = Part::new(name, title, text);
            if tail.is_cut {
                part = part.cut("only the end of the log was looked at");
            }
            if left_out > 0 {
                part = part.cut(&format!("{left_out} older sections were left out"));
            }
            part
        }
    }
}

fn added_part(added: &Added, number: u32) -> Part {
    let command = &added.command;
    let documents = added
        .documents
        .iter()
        .map(|document| json(document).unwrap_or_default());
    Part::new(
        &format!("added/{number}-{command}.json"),
        &format!(
            "What `{}` printed, added by the user",
            command.replace("driver-", "driver ")
        ),
        documents.collect(),
    )
}
