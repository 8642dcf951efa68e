//! What file and driver have to agree upon.

use std::fmt::Write;
use std::slice;

use midiuart::filter::{FILTER, REFERENCE_STRING};
use midiuart::parameters::{DEFAULT_PORT_NAME, LONGEST_PORT_NAME, NUMBERS, PORT_NAME_VALUE};
use portcls::types::GUID;

use super::references::copied;
use super::universal::{Key, registry_lines};
use super::{Subject, Verdict, none, number};
use crate::inf::layout::{INTERFACES, SERVICES};
use crate::inf::parser::Line;

const SERVICE: &str = "midiuart";
const IMAGE: &str = "midiuart.sys";

/// `REG_DWORD`; texts have no flags.
const NUMBER_FLAGS: u32 = 0x0001_0001;

/// `KSProxy`, which user-mode clients open the filter through.
const PROXY: &str = "{17CCA71B-ECD7-11D0-B908-00A0C9223196}";

/// Devices that the driver is for. No whole classes, and no bus that is not there.
const HARDWARE_IDS: [&str; 4] = [
    "ROOT\\MIDIUART",
    "ROOT\\MIDIUART_ISA",
    "*PNPB006",
    "PCI\\VEN_1B36&DEV_0002&SUBSYS_11001AF4",
];

/// What makes a MIDI port for winmm: subkey, name, value.
const MULTIMEDIA: [(&str, &str, &str); 4] = [
    ("", "AssociatedFilters", "wdmaud"),
    ("", "Driver", IMAGE),
    ("Drivers", "SubClasses", "midi"),
    ("Drivers\\midi\\wdmaud.drv", "Driver", "wdmaud.drv"),
];
const DESCRIPTION: (&str, &str) = ("Drivers\\midi\\wdmaud.drv", "Description");

/// The interfaces carry the name that the driver gives its subdevice.
pub fn reference_string(subject: &Subject) -> Verdict {
    let Subject { inf, .. } = subject;
    let wrong = interface_lines(subject)
        .filter(|line| inf.expand(line.field(1)) != REFERENCE_STRING)
        .map(|line| {
            let name = inf.expand(line.field(1));
            format!("line {}: {name}, should be {REFERENCE_STRING}", line.number)
        });
    none(wrong, REFERENCE_STRING)
}

/// There is one for each category of the filter, and each goes through `KSProxy`.
pub fn interfaces(subject: &Subject) -> Verdict {
    let Subject { inf, layout, .. } = subject;
    let mut listed: Vec<_> = interface_lines(subject)
        .map(|line| inf.expand(line.field(0)).to_ascii_uppercase())
        .collect();
    let mut wanted: Vec<_> = categories().iter().map(text).collect();
    listed.sort();
    wanted.sort();
    if listed != wanted {
        return Err(format!(
            "{}, should be {}",
            listed.join(" "),
            wanted.join(" ")
        ));
    }
    let proxied = registry_lines(subject).into_iter().any(|(key, line)| {
        key == Key::Interface
            && line.field(2).eq_ignore_ascii_case("CLSID")
            && inf.expand(line.field(4)).eq_ignore_ascii_case(PROXY)
    });
    let sections = layout.named_by(inf, "AddInterface");
    if proxied && sections.len() == 1 {
        Ok(format!("{} categories", wanted.len()))
    } else {
        Err("not all go through KSProxy".to_owned())
    }
}

/// Every parameter is written, with the driver's default.
pub fn parameters(subject: &Subject) -> Verdict {
    let Subject { inf, .. } = subject;
    let lines = registry_lines(subject);
    let find = |name: &str| {
        let mut lines = lines.iter();
        lines.find(|(key, line)| {
            *key == Key::Device && line.field(1).is_empty() && line.field(2) == name
        })
    };
    let mut wrong = Vec::new();
    for parameter in NUMBERS {
        let Some((_, line)) = find(parameter.name) else {
            wrong.push(format!("no {}", parameter.name));
            continue;
        };
        if number(line.field(3)) != Some(NUMBER_FLAGS) {
            wrong.push(format!("line {}: no number", line.number));
        }
        if number(line.field(4)) != Some(parameter.default) {
            wrong.push(format!(
                "line {}: {} is {}, should be {}",
                line.number,
                parameter.name,
                line.field(4),
                parameter.default
            ));
        }
    }
    let name = find(PORT_NAME_VALUE).map(|(_, line)| inf.expand(line.field(4)));
    if name.as_deref() != Some(DEFAULT_PORT_NAME) {
        wrong.push(format!("{PORT_NAME_VALUE} is not {DEFAULT_PORT_NAME}"));
    }
    none(wrong, format!("{} parameters", NUMBERS.len() + 1))
}

/// Service and image are called what the build calls them.
pub fn names(subject: &Subject) -> Verdict {
    let Subject { inf, layout, .. } = subject;
    let services: Vec<_> = layout
        .part(inf, SERVICES)
        .filter(|line| line.has_key("AddService"))
        .map(|line| line.field(0))
        .collect();
    let files: Vec<_> = copied(subject).into_iter().map(|(name, _)| name).collect();
    let mut wrong = Vec::new();
    if services != [SERVICE] {
        wrong.push(format!("service {}", services.join(", ")));
    }
    if files != [IMAGE] {
        wrong.push(format!("files {}", files.join(", ")));
    }
    none(wrong, format!("{SERVICE}, {IMAGE}"))
}

/// A kernel driver that is loaded when a device needs it.
pub fn service_settings(Subject { inf, layout, .. }: &Subject) -> Verdict {
    const SETTINGS: [(&str, u32); 3] = [("ServiceType", 1), ("StartType", 3), ("ErrorControl", 1)];
    let mut wrong = Vec::new();
    for service in layout.named_by(inf, "AddService") {
        for (key, wanted) in SETTINGS {
            let line = service.lines.iter().find(|line| line.has_key(key));
            let value = line.map_or("missing", |line| line.field(0));
            if number(value) != Some(wanted) {
                wrong.push(format!("{key} is {value}, should be {wanted}"));
            }
        }
    }
    none(wrong, "kernel driver, on demand")
}

/// No device of somebody else is claimed.
pub fn hardware_ids(Subject { layout, .. }: &Subject) -> Verdict {
    let ids = layout.devices.iter().flat_map(|device| {
        let ids = device.hardware_ids.iter();
        ids.map(|id| (device.line, id.as_str()))
    });
    let wrong = ids
        .clone()
        .filter(|(_, id)| {
            !HARDWARE_IDS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(id))
        })
        .map(|(line, id)| format!("line {line}: {id}"));
    let ids: Vec<_> = ids.map(|(_, id)| id).collect();
    none(wrong, ids.join(", "))
}

/// Names are there, and winmm shows all of them.
pub fn port_names(subject: &Subject) -> Verdict {
    let Subject { inf, layout, .. } = subject;
    let mut names: Vec<_> = registry_lines(subject)
        .into_iter()
        .filter(|(key, line)| {
            let is_interface_name = *key == Key::Interface && line.field(2) == "FriendlyName";
            is_interface_name || (line.field(1), line.field(2)) == DESCRIPTION
        })
        .map(|(_, line)| inf.expand(line.field(4)))
        .collect();
    if names.len() != 2 {
        return Err(format!("{} names, should be 2", names.len()));
    }
    names.extend(
        layout
            .devices
            .iter()
            .map(|device| device.description.clone()),
    );
    let wrong = names
        .iter()
        .filter(|name| name.is_empty() || name.len() > LONGEST_PORT_NAME)
        .map(|name| format!("\"{name}\" has {} characters", name.len()));
    none(wrong, names.join(", "))
}

/// winmm finds the port.
pub fn multimedia(subject: &Subject) -> Verdict {
    let Subject { inf, .. } = subject;
    let lines = registry_lines(subject);
    let is_there = |(subkey, name, value): &(&str, &str, &str)| {
        lines.iter().any(|(key, line)| {
            *key == Key::Device
                && line.field(1).eq_ignore_ascii_case(subkey)
                && line.field(2).eq_ignore_ascii_case(name)
                && inf.expand(line.field(4)).eq_ignore_ascii_case(value)
        })
    };
    let wrong = MULTIMEDIA
        .iter()
        .filter(|entry| !is_there(entry))
        .map(|(subkey, name, value)| format!("no {subkey}\\{name} = {value}"));
    none(wrong, "a MIDI port of wdmaud.drv")
}

fn interface_lines(Subject { inf, layout, .. }: &Subject) -> impl Iterator<Item = &Line> {
    let lines = layout.part(inf, INTERFACES);
    lines.filter(|line| line.has_key("AddInterface"))
}

/// The filter's categories.
fn categories() -> &'static [GUID] {
    // SAFETY: pointer and count are those of a static table of the driver.
    unsafe { slice::from_raw_parts(FILTER.Categories, FILTER.CategoryCount as usize) }
}

/// A GUID as the registry has it.
fn text(guid: &GUID) -> String {
    let (low, high) = guid.Data4.split_at(2);
    format!(
        "{{{:08X}-{:04X}-{:04X}-{}-{}}}",
        guid.Data1,
        guid.Data2,
        guid.Data3,
        hexadecimal(low),
        hexadecimal(high)
    )
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` can't fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}
