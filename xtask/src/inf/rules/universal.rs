//! Rules of universal and declarative INF files: nothing runs at installation, and nothing is taken
//! away or changed outside the package.

use std::collections::HashMap;

use super::{Subject, Verdict, none, number};
use crate::inf::layout::SERVICES;
use crate::inf::parser::{Line, Section};

/// `SPSVCINST_ASSOCSERVICE`: the service is the device's function driver.
const FUNCTION_DRIVER: u32 = 2;

/// `FLG_ADDREG_DELVAL` and `FLG_ADDREG_APPEND`
const CHANGES_A_VALUE: u32 = 4 | 8;

/// A driver for devices has no `DefaultInstall`.
pub fn no_default_install(subject: &Subject) -> Verdict {
    no_sections(subject, &["DefaultInstall"])
}

/// The class is Microsoft's.
pub fn no_class_install(subject: &Subject) -> Verdict {
    no_sections(subject, &["ClassInstall32"])
}

/// Parts of install sections that are gone.
pub fn no_legacy_sections(Subject { inf, .. }: &Subject) -> Verdict {
    const LEGACY: [&str; 3] = [".coinstallers", ".factdef", ".logconfigoverride"];
    let wrong = inf
        .sections()
        .iter()
        .filter(|section| {
            let name = section.name.to_ascii_lowercase();
            LEGACY.iter().any(|legacy| name.ends_with(legacy))
        })
        .map(|section| format!("[{}]", section.name));
    none(wrong, "none")
}

/// No resources are given to devices that no bus reports.
pub fn no_log_config(subject: &Subject) -> Verdict {
    no_directives(subject, &["LogConfig"])
}

/// Windows takes away what it installed, and nothing else does.
pub fn no_deletions(subject: &Subject) -> Verdict {
    no_directives(
        subject,
        &["DelFiles", "DelProperty", "DelReg", "DelService"],
    )
}

/// The other directives that are gone.
pub fn no_legacy_directives(subject: &Subject) -> Verdict {
    no_directives(
        subject,
        &[
            "BitReg",
            "Ini2Reg",
            "ProfileItems",
            "RegisterDlls",
            "RenFiles",
            "UnregisterDlls",
            "UpdateIniFields",
            "UpdateInis",
        ],
    )
}

/// None is registered either.
pub fn no_co_installers(subject: &Subject) -> Verdict {
    let lines = registry_lines(subject);
    let wrong = lines
        .iter()
        .filter(|(_, line)| {
            line.field(2)
                .to_ascii_lowercase()
                .starts_with("coinstallers")
        })
        .map(|(_, line)| format!("line {}: {}", line.number, line.field(2)));
    none(wrong, "none")
}

/// All keys are the device's, the interface's or the service's own.
pub fn relative_keys(subject: &Subject) -> Verdict {
    let lines = registry_lines(subject);
    let wrong = lines
        .iter()
        .filter(|(_, line)| !line.field(0).eq_ignore_ascii_case("HKR"))
        .map(|(_, line)| format!("line {}: {}", line.number, line.field(0)));
    none(wrong, format!("{} values", lines.len()))
}

/// Values are written, not changed.
pub fn no_appended_values(subject: &Subject) -> Verdict {
    let lines = registry_lines(subject);
    let wrong = lines
        .iter()
        .filter(|(_, line)| match number(line.field(3)) {
            Some(flags) => flags & CHANGES_A_VALUE != 0,
            None => true,
        })
        .map(|(_, line)| format!("line {}: flags {}", line.number, line.field(3)));
    none(wrong, format!("{} values", lines.len()))
}

/// No value is written twice.
pub fn one_value_each(subject: &Subject) -> Verdict {
    let mut first = HashMap::new();
    let mut wrong = Vec::new();
    let lines = registry_lines(subject);
    for (key_of, line) in &lines {
        let name = [line.field(1), line.field(2)].map(str::to_ascii_lowercase);
        if let Some(before) = first.insert((*key_of, name), line.number) {
            wrong.push(format!(
                "line {}: {} is also in line {before}",
                line.number,
                line.field(2)
            ));
        }
    }
    none(wrong, format!("{} values", lines.len()))
}

/// The file is for devices.
pub fn devices(Subject { layout, .. }: &Subject) -> Verdict {
    if layout.devices.is_empty() {
        return Err("there are none".to_owned());
    }
    let wrong = layout
        .devices
        .iter()
        .filter(|device| device.hardware_ids.is_empty())
        .map(|device| format!("line {}: no hardware id", device.line));
    none(wrong, format!("{} devices", layout.devices.len()))
}

/// Each install section has the service that is the function driver.
pub fn services(Subject { inf, layout, .. }: &Subject) -> Verdict {
    let wrong = layout
        .installs
        .iter()
        .filter(|install| {
            let lines = inf.lines(&format!("{install}.{SERVICES}"));
            let function_drivers = lines.iter().filter(|line| {
                line.has_key("AddService")
                    && number(line.field(1)).is_some_and(|flags| flags & FUNCTION_DRIVER != 0)
            });
            function_drivers.count() != 1
        })
        .map(|install| format!("[{install}.{SERVICES}] has not one function driver"));
    none(wrong, "one function driver")
}

/// The lines that write to the registry, and what the key is of.
pub fn registry_lines(Subject { inf, layout, .. }: &Subject) -> Vec<(Key, &Line)> {
    let mut lines = Vec::new();
    for section in layout.named_by(inf, "AddReg") {
        let is_named_by = |from: &dyn Fn(&str) -> bool| {
            layout.references.iter().any(|reference| {
                reference.directive.eq_ignore_ascii_case("AddReg")
                    && section.is_called(&reference.to)
                    && from(&reference.from)
            })
        };
        let services = layout.named_by(inf, "AddService");
        let interfaces = layout.named_by(inf, "AddInterface");
        let within = |sections: &[&Section], name: &str| {
            sections.iter().any(|section| section.is_called(name))
        };
        let key = if is_named_by(&|from| within(&services, from)) {
            Key::Service
        } else if is_named_by(&|from| within(&interfaces, from)) {
            Key::Interface
        } else if is_named_by(&|from| from.to_ascii_uppercase().ends_with(".HW")) {
            Key::Hardware
        } else {
            Key::Device
        };
        lines.extend(section.lines.iter().map(|line| (key, line)));
    }
    lines
}

/// What a registry key belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Key {
    /// The device's software key.
    Device,
    /// The device's hardware key, where some names are properties of the device.
    Hardware,
    Interface,
    Service,
}

fn no_sections(Subject { inf, .. }: &Subject, names: &[&str]) -> Verdict {
    let wrong = inf
        .sections()
        .iter()
        .filter(|section| {
            let name = section.name.split('.').next().unwrap_or_default();
            names.iter().any(|wrong| wrong.eq_ignore_ascii_case(name))
        })
        .map(|section| format!("[{}]", section.name));
    none(wrong, "none")
}

fn no_directives(Subject { inf, .. }: &Subject, names: &[&str]) -> Verdict {
    let sections = inf.sections().iter();
    let wrong = sections
        .filter(|section| !section.is_called("Strings"))
        .flat_map(|section| &section.lines)
        .filter(|line| names.iter().any(|name| line.has_key(name)))
        .map(|line| {
            let name = line.key.as_deref().unwrap_or_default();
            format!("line {}: {name}", line.number)
        });
    none(wrong, "none")
}
