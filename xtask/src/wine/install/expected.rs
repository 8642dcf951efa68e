//! What a package has to write into the registry: what the project's own parser reads in its own INF
//! file, and the driver's constants.

use midiuart::filter::REFERENCE_STRING;
use midiuart::parameters::{DEFAULT_PORT_NAME, NUMBERS, PORT_NAME_VALUE};

use super::registry::Value;
use crate::inf::{Inf, InfLine};

/// Where Wine has driver files of folder 13, the driver store, which it does not know:
/// `get_unknown_dirid` in `dlls/setupapi/dirid.c`.
const DRIVER_STORE: &str = r"C:\windows\system32\unknown";

/// What services are registered with, by the names of INF files and of the registry.
const SERVICE_NUMBERS: [(&str, &str); 3] = [
    ("ServiceType", "Type"),
    ("StartType", "Start"),
    ("ErrorControl", "ErrorControl"),
];
const SERVICE_TEXTS: [(&str, &str); 2] = [
    ("ServiceBinary", "ImagePath"),
    ("DisplayName", "DisplayName"),
];

/// A value that has to be in the registry.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it belongs to.
    pub about: String,
    pub key: String,
    pub name: String,
    pub value: Value,
}

/// A device that was installed.
pub struct Installed<'run> {
    pub instance_id: &'run str,
    pub hardware_id: &'run str,
    pub description: &'run str,
    /// The software key, below `Control\Class`.
    pub software_key: &'run str,
    /// The INF file's name in Windows' folder.
    pub inf_name: &'run str,
}

/// The values of an installed device, its service and its interfaces.
pub fn entries(inf: &Inf, install: &str, device: &Installed) -> Vec<Entry> {
    let mut entries = device_key(inf, install, device);
    entries.extend(service_key(inf, install));
    entries.extend(software_key(inf, install, device));
    entries.extend(interface_keys(inf, install, device.instance_id));
    entries
}

/// The interfaces' keys below `Control\DeviceClasses`: one for the device, with one for the filter.
pub fn interface_keys_of(inf: &Inf, install: &str, instance_id: &str) -> Vec<[String; 2]> {
    directives(inf, &format!("{install}.NT.Interfaces"), "AddInterface")
        .map(|line| {
            let category = inf.expand(line.field(0));
            let place = format!("{}#{category}", instance_id.replace('\\', "#"));
            let device = format!(r"Control\DeviceClasses\{category}\##?#{place}");
            let filter = format!(r"{device}\#{REFERENCE_STRING}");
            [device, filter]
        })
        .collect()
}

/// The keys of the interfaces' categories.
pub fn categories<'inf>(inf: &'inf Inf, install: &str) -> impl Iterator<Item = String> + use<'inf> {
    directives(inf, &format!("{install}.NT.Interfaces"), "AddInterface")
        .map(|line| format!(r"Control\DeviceClasses\{}", inf.expand(line.field(0))))
}

/// The service's key.
pub fn service(inf: &Inf, install: &str) -> String {
    let name = added_service(inf, install).map_or("", |line| line.field(0));
    format!(r"Services\{name}")
}

/// The device's key.
pub fn device(instance_id: &str) -> String {
    format!(r"Enum\{instance_id}")
}

/// The software key.
pub fn software(software_key: &str) -> String {
    format!(r"Control\Class\{software_key}")
}

fn device_key(inf: &Inf, install: &str, device: &Installed) -> Vec<Entry> {
    let text = |name: &str, value: &str| Entry {
        about: "device".to_owned(),
        key: self::device(device.instance_id),
        name: name.to_owned(),
        value: Value::Text(value.to_owned()),
    };
    let version = |name| inf.value("Version", name).unwrap_or_default();
    let service = added_service(inf, install).map_or("", |line| line.field(0));
    vec![
        text("DeviceDesc", device.description),
        text("Class", &version("Class")),
        text("ClassGUID", &version("ClassGuid").to_ascii_uppercase()),
        text("Service", service),
        text("Driver", device.software_key),
        Entry {
            value: Value::Texts(vec![device.hardware_id.to_owned()]),
            ..text("HardwareID", "")
        },
    ]
}

fn service_key(inf: &Inf, install: &str) -> Vec<Entry> {
    let key = service(inf, install);
    let section = added_service(inf, install).map_or("", |line| line.field(2));
    let entry = |name: &str, value| Entry {
        about: "service".to_owned(),
        key: key.clone(),
        name: name.to_owned(),
        value,
    };
    let written = |name| inf.value(section, name).unwrap_or_default();
    let numbers = SERVICE_NUMBERS.map(|(inf_name, name)| {
        let number = written(inf_name).parse().unwrap_or_default();
        entry(name, Value::Number(number))
    });
    let texts = SERVICE_TEXTS.map(|(inf_name, name)| {
        let text = written(inf_name).replace("%13%", DRIVER_STORE);
        entry(name, Value::Text(text))
    });
    numbers.into_iter().chain(texts).collect()
}

fn software_key(inf: &Inf, install: &str, device: &Installed) -> Vec<Entry> {
    let key = software(device.software_key);
    let mut entries: Vec<_> = values(inf, &format!("{install}.NT"))
        .map(|(subkey, name, value)| Entry {
            about: below("software key", &subkey),
            key: below(&key, &subkey),
            value: default(&name).unwrap_or(value),
            name,
        })
        .collect();
    entries.extend(
        [
            ("InfPath", device.inf_name),
            ("InfSection", install),
            ("InfSectionExt", ".NT"),
        ]
        .map(|(name, value)| Entry {
            about: "software key".to_owned(),
            key: key.clone(),
            name: name.to_owned(),
            value: Value::Text(value.to_owned()),
        }),
    );
    entries
}

fn interface_keys(inf: &Inf, install: &str, instance_id: &str) -> Vec<Entry> {
    let lines = directives(inf, &format!("{install}.NT.Interfaces"), "AddInterface");
    let keys = interface_keys_of(inf, install, instance_id);
    let mut entries = Vec::new();
    for (line, [device, filter]) in lines.zip(keys) {
        let category = inf.expand(line.field(0));
        let place = format!("{}#{category}", instance_id.replace('\\', "#"));
        let link = format!(r"\\?\{place}\{REFERENCE_STRING}").to_ascii_lowercase();
        let entry = |key: String, name: &str, value| Entry {
            about: line.field(0).trim_matches('%').to_owned(),
            key,
            name: name.to_owned(),
            value,
        };
        let text = |text: &str| Value::Text(text.to_owned());
        entries.push(entry(device, "DeviceInstance", text(instance_id)));
        entries.push(entry(filter.clone(), "SymbolicLink", text(&link)));
        for (subkey, name, value) in values(inf, line.field(2)) {
            let key = below(&format!(r"{filter}\Device Parameters"), &subkey);
            entries.push(entry(key, &name, value));
        }
    }
    entries
}

/// What the driver takes for a parameter that is not there, which is what the package writes.
fn default(name: &str) -> Option<Value> {
    if name == PORT_NAME_VALUE {
        return Some(Value::Text(DEFAULT_PORT_NAME.to_owned()));
    }
    let number = NUMBERS.iter().find(|number| number.name == name)?;
    Some(Value::Number(number.default))
}

/// The values that a section adds: subkey, name, value.
fn values(inf: &Inf, section: &str) -> impl Iterator<Item = (String, String, Value)> {
    directives(inf, section, "AddReg")
        .flat_map(|line| &line.fields)
        .flat_map(|added| inf.lines(added))
        .map(|line| {
            let written = inf.expand(line.field(4));
            let value = match line.field(3) {
                "" => Value::Text(written),
                _ => Value::Number(written.parse().unwrap_or_default()),
            };
            (line.field(1).to_owned(), line.field(2).to_owned(), value)
        })
}

fn added_service<'inf>(inf: &'inf Inf, install: &str) -> Option<&'inf InfLine> {
    directives(inf, &format!("{install}.NT.Services"), "AddService").next()
}

fn directives<'inf>(
    inf: &'inf Inf,
    section: &str,
    directive: &'static str,
) -> impl Iterator<Item = &'inf InfLine> + use<'inf> {
    let lines = inf.lines(section).iter();
    lines.filter(move |line| line.has_key(directive))
}

fn below(key: &str, subkey: &str) -> String {
    match subkey {
        "" => key.to_owned(),
        _ => format!(r"{key}\{subkey}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
[Version]
Class = MEDIA
ClassGuid = {4d36e96c-e325-11ce-bfc1-08002be10318}
[Install.NT]
AddReg = Values
[Values]
HKR,Drivers\midi,Driver,,"a.drv"
HKR,,Uart,0x00010001,3
HKR,,Other,0x00010001,7
[Install.NT.Interfaces]
AddInterface = %KSCATEGORY_AUDIO%, "UART", Interface
[Interface]
AddReg = Interface.Values
[Interface.Values]
HKR,,FriendlyName,,%Name%
[Install.NT.Services]
AddService = service, 2, Service
[Service]
ServiceType = 1
StartType = 3
ErrorControl = 1
ServiceBinary = %13%\service.sys
DisplayName = %Name%
[Strings]
Name = "some name"
KSCATEGORY_AUDIO = "{6994AD04-93EF-11D0-A3CC-00A0C9223196}"
"#;

    const DEVICE: Installed = Installed {
        instance_id: r"ROOT\MEDIA\0007",
        hardware_id: r"ROOT\A",
        description: "a device",
        software_key: r"{4D36E96C}\0003",
        inf_name: "oem0.inf",
    };

    fn found(key: &str, name: &str) -> Option<Value> {
        let inf = Inf::parse(FILE).expect("readable");
        let entries = entries(&inf, "Install", &DEVICE);
        let mut entries = entries.into_iter();
        let entry = entries.find(|entry| entry.key == key && entry.name == name)?;
        Some(entry.value)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn the_device_gets_what_the_models_say() {
        let key = r"Enum\ROOT\MEDIA\0007";
        assert_eq!(found(key, "DeviceDesc"), Some(text("a device")));
        assert_eq!(found(key, "Service"), Some(text("service")));
        let ids = vec![r"ROOT\A".to_owned()];
        assert_eq!(found(key, "HardwareID"), Some(Value::Texts(ids)));
    }

    #[test]
    fn the_service_runs_from_the_driver_store() {
        let key = r"Services\service";
        assert_eq!(found(key, "Start"), Some(Value::Number(3)));
        assert_eq!(found(key, "DisplayName"), Some(text("some name")));
        let image = r"C:\windows\system32\unknown\service.sys";
        assert_eq!(found(key, "ImagePath"), Some(text(image)));
    }

    #[test]
    fn parameters_have_the_drivers_defaults() {
        let key = r"Control\Class\{4D36E96C}\0003";
        assert_eq!(found(key, "Uart"), Some(Value::Number(0)), "not the file's");
        assert_eq!(found(key, "Other"), Some(Value::Number(7)));
        assert_eq!(
            found(&format!(r"{key}\Drivers\midi"), "Driver"),
            Some(text("a.drv"))
        );
        assert_eq!(found(key, "InfPath"), Some(text("oem0.inf")));
    }

    #[test]
    fn interfaces_are_called_what_the_driver_calls_its_filter() {
        let place = "ROOT#MEDIA#0007#{6994AD04-93EF-11D0-A3CC-00A0C9223196}";
        let category = r"Control\DeviceClasses\{6994AD04-93EF-11D0-A3CC-00A0C9223196}";
        let device = format!(r"{category}\##?#{place}");
        let filter = format!(r"{device}\#UART");
        assert_eq!(
            found(&device, "DeviceInstance"),
            Some(text(DEVICE.instance_id))
        );
        let link = format!(r"\\?\{place}\UART").to_ascii_lowercase();
        assert_eq!(found(&filter, "SymbolicLink"), Some(text(&link)));
        let values = format!(r"{filter}\Device Parameters");
        assert_eq!(found(&values, "FriendlyName"), Some(text("some name")));
    }
}
