//! Rules of driver package isolation: the package runs from where Windows keeps it.

use super::references::copied;
use super::universal::{Key, registry_lines};
use super::{Subject, Verdict, none};

/// The driver store.
const DRIVER_STORE: &str = "13";
const IN_DRIVER_STORE: &str = "%13%\\";

/// The first build of Windows that runs drivers from the driver store: version 1709.
const FIRST_BUILD: u32 = 16299;

/// Parts of paths that are somewhere else on other systems.
const FIXED_PATHS: [&str; 7] = [
    ":\\",
    "\\systemroot",
    "\\windows\\",
    "\\registry\\",
    "system32",
    "%systemroot%",
    "%windir%",
];

/// Files stay in the driver store.
pub fn driver_store(Subject { inf, layout, .. }: &Subject) -> Verdict {
    let folders = inf.lines("DestinationDirs");
    let mut wrong: Vec<_> = folders
        .iter()
        .filter(|line| line.field(0) != DRIVER_STORE)
        .map(|line| format!("line {}: folder {}", line.number, line.field(0)))
        .collect();
    for section in layout.named_by(inf, "CopyFiles") {
        let has_folder = |name| folders.iter().any(|line| line.has_key(name));
        if !has_folder(&section.name) && !has_folder("DefaultDestDir") {
            wrong.push(format!("[{}] has no destination", section.name));
        }
    }
    none(wrong, "folder 13 only")
}

/// A file is called the same, and in the same folder, as in the package.
pub fn no_renaming(Subject { inf, layout, .. }: &Subject) -> Verdict {
    let mut wrong = Vec::new();
    for section in layout.named_by(inf, "CopyFiles") {
        let folders = inf.lines("DestinationDirs").iter();
        let folder = folders.filter(|line| line.has_key(&section.name));
        let folder = folder.map(|line| line.field(1)).next().unwrap_or_default();
        for line in &section.lines {
            let (to, from) = (line.field(0), line.field(1));
            if !(from.is_empty() || from.eq_ignore_ascii_case(to)) {
                wrong.push(format!("line {}: {from} becomes {to}", line.number));
            }
            let mut sources = inf.lines("SourceDisksFiles").iter();
            let source = sources.find(|source| source.has_key(to));
            let source = source.map_or("", |source| source.field(1));
            if !source.eq_ignore_ascii_case(folder) {
                wrong.push(format!(
                    "line {}: \\{source} becomes \\{folder}",
                    line.number
                ));
            }
        }
    }
    none(wrong, "names stay")
}

/// The service's image is a file of the package, in the driver store.
pub fn service_binary(subject: &Subject) -> Verdict {
    let Subject { inf, layout, .. } = subject;
    let mut wrong = Vec::new();
    let mut files = Vec::new();
    for service in layout.named_by(inf, "AddService") {
        let binary = service
            .lines
            .iter()
            .find(|line| line.has_key("ServiceBinary"));
        let path = binary.map_or("", |line| line.field(0));
        match path.strip_prefix(IN_DRIVER_STORE) {
            Some(file) if copied(subject).iter().any(|(name, _)| name == file) => files.push(path),
            Some(file) => wrong.push(format!("{file} is not copied")),
            None => wrong.push(format!("[{}] runs {path}", service.name)),
        }
    }
    none(wrong, files.join(", "))
}

/// A service keeps its values under Parameters.
pub fn service_state(subject: &Subject) -> Verdict {
    let lines = registry_lines(subject);
    let wrong = lines
        .iter()
        .filter(|(key, line)| {
            let (first, _) = line
                .field(1)
                .split_once('\\')
                .unwrap_or((line.field(1), ""));
            *key == Key::Service && !first.eq_ignore_ascii_case("Parameters")
        })
        .map(|(_, line)| format!("line {}: {}", line.number, line.field(2)));
    none(wrong, "none elsewhere")
}

/// No path is written out.
pub fn no_fixed_paths(Subject { inf, .. }: &Subject) -> Verdict {
    let lines = inf.sections().iter().flat_map(|section| &section.lines);
    let wrong = lines
        .flat_map(|line| line.fields.iter().map(move |field| (line.number, field)))
        .filter(|(_, field)| {
            let field = inf.expand(field).to_ascii_lowercase();
            FIXED_PATHS.iter().any(|path| field.contains(path))
        })
        .map(|(line, field)| format!("line {line}: {field}"));
    none(wrong, "none")
}

/// Only Windows versions that run drivers from the driver store are offered any.
pub fn windows_versions(Subject { layout, .. }: &Subject) -> Verdict {
    let is_new_enough = |decoration: &String| {
        let parts: Vec<_> = decoration.split('.').collect();
        let is_processor = ["ntamd64", "ntarm64"].contains(&&*parts[0].to_ascii_lowercase());
        let build = parts.get(5).and_then(|build| build.parse::<u32>().ok());
        is_processor
            && parts.get(1..3) == Some(&["10", "0"])
            && build.is_some_and(|build| build >= FIRST_BUILD)
    };
    let wrong = layout
        .decorations
        .iter()
        .filter(|decoration| !is_new_enough(decoration))
        .map(|decoration| format!("models for \"{decoration}\""));
    none(wrong, layout.decorations.join(", "))
}

/// No difference is made between editions of Windows.
pub fn no_product_types(Subject { layout, .. }: &Subject) -> Verdict {
    let wrong = layout
        .decorations
        .iter()
        .filter(|decoration| {
            let mut parts = decoration.split('.').skip(3).take(2);
            parts.any(|part| !part.is_empty())
        })
        .map(|decoration| format!("models for \"{decoration}\""));
    none(wrong, "any")
}
