//! Rules about names: what is named is there, and what is there is named.

use std::collections::BTreeSet;

use super::{Subject, Verdict, none};
use crate::inf::parser::{Inf, Line, Part, parts};

/// Every token has its string.
pub fn strings_defined(Subject { inf, .. }: &Subject) -> Verdict {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in inf.sections().iter().flat_map(|section| &section.lines) {
        for field in line.key.iter().chain(&line.fields) {
            for part in parts(field) {
                let Part::Token(token) = part else { continue };
                count += 1;
                // A number is a folder's.
                let is_folder = token.bytes().all(|byte| byte.is_ascii_digit());
                if !is_folder && inf.string(token).is_none() {
                    wrong.push(format!("line {}: %{token}% has no string", line.number));
                }
            }
        }
    }
    none(wrong, format!("{count} uses"))
}

/// Every section that is named is there.
pub fn sections_found(Subject { inf, layout, .. }: &Subject) -> Verdict {
    let missing = |name: &str| inf.section(name).is_none();
    let mut wrong: Vec<_> = layout
        .references
        .iter()
        .filter(|reference| missing(&reference.to))
        .map(|it| format!("line {}: {} names [{}]", it.line, it.directive, it.to))
        .collect();
    for device in &layout.devices {
        let install = device.install.to_ascii_lowercase();
        let is_there = layout.installs.iter().any(|name| {
            let rest = name.to_ascii_lowercase();
            rest.strip_prefix(&install)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(".nt"))
        });
        if !is_there {
            wrong.push(format!("line {}: no [{}]", device.line, device.install));
        }
    }
    none(wrong, format!("{} references", layout.references.len()))
}

/// Every section is reached.
pub fn sections_used(Subject { inf, layout, .. }: &Subject) -> Verdict {
    let wrong = inf
        .sections()
        .iter()
        .filter(|section| !layout.reaches(section))
        .map(|section| format!("nothing leads to [{}]", section.name));
    none(wrong, format!("{} sections", inf.sections().len()))
}

/// No section is used for two things.
pub fn sections_of_one_kind(Subject { layout, .. }: &Subject) -> Verdict {
    let mut wrong = BTreeSet::new();
    for one in &layout.references {
        for other in &layout.references {
            if one.to.eq_ignore_ascii_case(&other.to)
                && one.directive.to_ascii_lowercase() < other.directive.to_ascii_lowercase()
            {
                wrong.insert(format!(
                    "{} and {} name [{}]",
                    one.directive, other.directive, one.to
                ));
            }
        }
    }
    none(wrong, "each has one use")
}

/// `Needs` has an `Include` in the same section.
pub fn included_files(Subject { inf, .. }: &Subject) -> Verdict {
    let mut wrong = Vec::new();
    let mut files = BTreeSet::new();
    for section in inf.sections() {
        let find = |key| section.lines.iter().find(|line| line.has_key(key));
        files.extend(find("Include").map(|line| line.fields.join(", ")));
        if let Some(needs) = find("Needs").filter(|_| find("Include").is_none()) {
            wrong.push(format!("line {}: Needs without Include", needs.number));
        }
    }
    none(wrong, files.into_iter().collect::<Vec<_>>().join(", "))
}

/// `Needs` names sections of the kind that it stands in.
pub fn included_sections(Subject { inf, layout, .. }: &Subject) -> Verdict {
    let kinds = ["Services", "Interfaces", "HW", "CoInstallers"];
    let kind = |name: &str| {
        let (_, last) = name.rsplit_once('.').unwrap_or_default();
        kinds
            .into_iter()
            .find(|kind| kind.eq_ignore_ascii_case(last))
    };
    let mut wrong = Vec::new();
    let mut names = Vec::new();
    for section in inf.sections() {
        for line in section.lines.iter().filter(|line| line.has_key("Needs")) {
            names.extend(line.fields.iter().cloned());
            let is_install = layout.installs.iter().any(|install| {
                section
                    .name
                    .to_lowercase()
                    .starts_with(&install.to_lowercase())
            });
            if !is_install {
                wrong.push(format!(
                    "line {}: Needs outside install sections",
                    line.number
                ));
            }
            for needed in &line.fields {
                if kind(needed) != kind(&section.name) {
                    wrong.push(format!("line {}: {needed} is of another kind", line.number));
                }
            }
        }
    }
    none(wrong, names.join(", "))
}

/// Every file that is copied comes from a disk.
pub fn files_listed(subject: &Subject) -> Verdict {
    let Subject { inf, .. } = subject;
    let mut wrong = Vec::new();
    for (file, line) in copied(subject) {
        let listed = inf
            .lines("SourceDisksFiles")
            .iter()
            .find(|line| line.has_key(&file));
        let Some(listed) = listed else {
            wrong.push(format!("line {line}: {file} is not in SourceDisksFiles"));
            continue;
        };
        let disk = listed.field(0);
        let mut disks = inf.lines("SourceDisksNames").iter();
        if !disks.any(|line| line.has_key(disk)) {
            wrong.push(format!("line {}: no disk {disk}", listed.number));
        }
    }
    none(wrong, names(&copied(subject)))
}

/// Every file on a disk is copied.
pub fn files_used(subject: &Subject) -> Verdict {
    let copied = copied(subject);
    let is_copied = |line: &Line| copied.iter().any(|(file, _)| line.has_key(file));
    let lines = subject.inf.lines("SourceDisksFiles").iter();
    let wrong = lines.filter(|line| !is_copied(line)).map(|line| {
        let file = line.key.as_deref().unwrap_or_default();
        format!("line {}: {file} is not copied", line.number)
    });
    none(wrong, names(&copied))
}

/// The files that are copied, and the lines.
pub fn copied(Subject { inf, layout, .. }: &Subject) -> Vec<(String, usize)> {
    let in_sections = layout
        .named_by(inf, "CopyFiles")
        .into_iter()
        .flat_map(|section| &section.lines)
        .map(|line| (line.field(0).to_owned(), line.number));
    in_sections.chain(copied_by_name(inf)).collect()
}

/// `CopyFiles = @file`
fn copied_by_name(inf: &Inf) -> impl Iterator<Item = (String, usize)> {
    let lines = inf.sections().iter().flat_map(|section| &section.lines);
    lines
        .filter(|line| line.has_key("CopyFiles"))
        .flat_map(|line| {
            let files = line.fields.iter().filter_map(|name| name.strip_prefix('@'));
            files.map(|file| (file.to_owned(), line.number))
        })
}

fn names(files: &[(String, usize)]) -> String {
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}
