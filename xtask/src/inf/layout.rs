//! Which sections of an INF file are reached, and from where.

use super::parser::{Inf, Line, Section};

/// What Windows looks for behind the name of an install section, from the most exact on.
const PLATFORMS: [&str; 5] = [".NTamd64", ".NTarm64", ".NTx86", ".NT", ""];

/// The sections that belong to an install section, by what is behind its name.
const PARTS_OF_INSTALL: [&str; 11] = [
    SERVICES,
    INTERFACES,
    "HW",
    "CoInstallers",
    "FactDef",
    "LogConfigOverride",
    "Wdf",
    "Software",
    "Components",
    "Events",
    "Filters",
];
/// The part with the services.
pub const SERVICES: &str = "Services";
/// The part with the device interfaces.
pub const INTERFACES: &str = "Interfaces";

/// Directives whose fields name sections.
const LISTS_OF_SECTIONS: [&str; 16] = [
    "AddProperty",
    "AddReg",
    "BitReg",
    "CopyFiles",
    "CopyINF",
    "DelFiles",
    "DelProperty",
    "DelReg",
    "Ini2Reg",
    "LogConfig",
    "ProfileItems",
    "RegisterDlls",
    "RenFiles",
    "UnregisterDlls",
    "UpdateIniFields",
    "UpdateInis",
];

/// Directives with a section in one field, and which one.
const WITH_A_SECTION: [(&str, usize); 3] =
    [("AddInterface", 2), ("AddService", 2), ("AddService", 3)];

/// Sections that Windows looks for by name.
const WELL_KNOWN: [&str; 6] = [
    "Version",
    "Strings",
    "SourceDisksNames",
    "SourceDisksFiles",
    "DestinationDirs",
    "Manufacturer",
];

/// A device that the file has a driver for.
#[derive(Debug)]
pub struct Device {
    pub description: String,
    /// The install section, without platform.
    pub install: String,
    pub hardware_ids: Vec<String>,
    pub line: usize,
}

/// A directive that names a section.
#[derive(Debug)]
pub struct Reference {
    pub directive: String,
    pub from: String,
    pub to: String,
    pub line: usize,
}

/// How the sections hang together.
#[derive(Debug, Default)]
pub struct Layout {
    /// Platform and Windows version of each models section.
    pub decorations: Vec<String>,
    pub devices: Vec<Device>,
    /// The install sections with their platforms.
    pub installs: Vec<String>,
    pub references: Vec<Reference>,
    reached: Vec<String>,
}

impl Layout {
    /// Follows all names from the sections that Windows begins with.
    pub fn of(inf: &Inf) -> Self {
        let mut layout = Self::default();
        for name in WELL_KNOWN {
            layout.reach(name);
        }
        for manufacturer in inf.lines("Manufacturer") {
            layout.add_models(inf, manufacturer);
        }
        let mut installs: Vec<_> = layout.devices.iter().map(|it| it.install.clone()).collect();
        installs.sort();
        installs.dedup();
        for install in installs {
            for platform in PLATFORMS {
                layout.add_install(inf, format!("{install}{platform}"));
            }
        }
        layout
    }

    /// Whether anything leads to a section.
    pub fn reaches(&self, section: &Section) -> bool {
        self.reached.iter().any(|name| section.is_called(name))
    }

    /// The sections that a directive names.
    pub fn named_by<'inf>(&self, inf: &'inf Inf, directive: &str) -> Vec<&'inf Section> {
        inf.sections()
            .iter()
            .filter(|section| {
                self.references.iter().any(|reference| {
                    reference.directive.eq_ignore_ascii_case(directive)
                        && section.is_called(&reference.to)
                })
            })
            .collect()
    }

    /// The lines of a part of all install sections.
    pub fn part<'inf>(&self, inf: &'inf Inf, part: &str) -> impl Iterator<Item = &'inf Line> {
        self.installs
            .iter()
            .flat_map(move |install| inf.lines(&format!("{install}.{part}")))
    }

    fn reach(&mut self, section: &str) {
        self.reached.push(section.to_owned());
    }

    fn add_models(&mut self, inf: &Inf, manufacturer: &Line) {
        let Some((name, decorations)) = manufacturer.fields.split_first() else {
            return;
        };
        let undecorated = [String::new()];
        let decorations = if decorations.is_empty() {
            &undecorated
        } else {
            decorations
        };
        for decoration in decorations {
            let models = if decoration.is_empty() {
                name.clone()
            } else {
                format!("{name}.{decoration}")
            };
            self.decorations.push(decoration.clone());
            self.refer("Manufacturer", "Manufacturer", &models, manufacturer.number);
            self.reach(&models);
            self.devices
                .extend(inf.lines(&models).iter().map(|line| Device {
                    description: inf.expand(line.key.as_deref().unwrap_or_default()),
                    install: line.field(0).to_owned(),
                    hardware_ids: line.fields.iter().skip(1).cloned().collect(),
                    line: line.number,
                }));
        }
    }

    fn add_install(&mut self, inf: &Inf, name: String) {
        if inf.section(&name).is_none() {
            return;
        }
        self.follow(inf, &name);
        for part in PARTS_OF_INSTALL {
            self.follow(inf, &format!("{name}.{part}"));
        }
        self.installs.push(name);
    }

    /// A section is reached, and with it all that it names.
    fn follow(&mut self, inf: &Inf, name: &str) {
        if self
            .reached
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
        {
            return;
        }
        self.reach(name);
        for line in inf.lines(name) {
            let Some(directive) = &line.key else { continue };
            for to in named_sections(directive, line) {
                self.refer(directive, name, to, line.number);
                self.follow(inf, to);
            }
        }
    }

    fn refer(&mut self, directive: &str, from: &str, to: &str, line: usize) {
        self.references.push(Reference {
            directive: directive.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            line,
        });
    }
}

fn named_sections<'line>(directive: &str, line: &'line Line) -> Vec<&'line str> {
    let is = |name: &str| directive.eq_ignore_ascii_case(name);
    if LISTS_OF_SECTIONS.iter().any(|name| is(name)) {
        // `@` makes a file's name of it.
        let names = line.fields.iter().filter(|name| !name.starts_with('@'));
        return names.map(String::as_str).collect();
    }
    WITH_A_SECTION
        .iter()
        .filter(|(name, _)| is(name))
        .map(|(_, index)| line.field(*index))
        .filter(|name| !name.is_empty())
        .collect()
}
