//! Rules about imports.

use std::collections::HashMap;

use super::Verdict;
use super::image::{Image, ImportedImage};

const LIST: &str = include_str!("../../data/imports.txt");
/// Windows 10 1709.
const OLDEST_SUPPORTED_BUILD: u32 = 16299;

/// A line of the list of what may be imported.
struct Entry {
    image: &'static str,
    function: &'static str,
    /// The oldest build that has it.
    build: u32,
    /// How x86 calls it.
    x86: &'static str,
}

impl Entry {
    fn parse(line: &'static str) -> Option<Self> {
        let mut words = line.split_whitespace();
        Some(Self {
            image: words.next()?,
            function: words.next()?,
            build: words.next()?.parse().ok()?,
            x86: words.next()?,
        })
    }

    /// What x86 objects call the function; none if there is no such function on x86.
    fn decorated(&self) -> Option<String> {
        let Self { function, x86, .. } = self;
        match *x86 {
            "-" => None,
            // With no underscore; `link_arguments` in `xtask/cross/wdk-build/src/imports.rs` says why.
            "C" => Some((*function).to_owned()),
            bytes if bytes.starts_with('@') => Some(format!("@{function}{bytes}")),
            bytes => Some(format!("_{function}@{bytes}")),
        }
    }
}

fn entries() -> impl Iterator<Item = Entry> {
    let lines = LIST.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(Entry::parse)
}

/// The list by image and function, with the oldest build that has it.
fn list() -> HashMap<(&'static str, &'static str), u32> {
    entries()
        .map(|entry| ((entry.image, entry.function), entry.build))
        .collect()
}

/// On x86, a function takes its arguments off the stack, and an image that pushes others than it takes
/// off has a broken stack after the call. In an image's imports there is no trace of them, but the linker's map
/// has the names that the declarations made: each has to take the bytes that the list has for it.
pub fn arguments(map: &str) -> Verdict {
    const IMPORTED: &str = "__imp_";
    let listed: Vec<_> = entries().filter_map(|entry| entry.decorated()).collect();
    let names: Vec<_> = map
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1)?.strip_prefix(IMPORTED))
        .collect();
    let wrong: Vec<_> = names
        .iter()
        .copied()
        .filter(|name| !listed.iter().any(|listed| listed == name))
        .collect();
    if names.is_empty() {
        Err("the map names no imports".to_owned())
    } else if wrong.is_empty() {
        Ok(format!("{} imported functions", names.len()))
    } else {
        Err(format!("not as listed: {}", wrong.join(", ")))
    }
}

/// The list's words for an image. Windows ignores case in names of files.
fn lowercase(image: &ImportedImage) -> String {
    image.name.to_ascii_lowercase()
}

fn functions<'a>(image: &'a Image) -> impl Iterator<Item = (String, &'a str)> {
    image.imports.iter().flat_map(|imported| {
        imported
            .functions
            .iter()
            .map(|function| (lowercase(imported), &**function))
    })
}

/// Images of the list only.
pub fn from_known_images(image: &Image) -> Verdict {
    let list = list();
    let (known, unknown): (Vec<_>, Vec<_>) = image
        .imports
        .iter()
        .map(lowercase)
        .partition(|name| list.keys().any(|(image, _)| image == name));
    if unknown.is_empty() {
        Ok(known.join(", "))
    } else {
        Err(unknown.join(", "))
    }
}

/// Functions of the list only.
pub fn listed(image: &Image) -> Verdict {
    let list = list();
    let unknown: Vec<_> = functions(image)
        .filter(|(image, function)| !list.contains_key(&(&**image, *function)))
        .map(|(image, function)| format!("{image}!{function}"))
        .collect();
    if unknown.is_empty() {
        Ok(format!(
            "{} functions, all listed",
            functions(image).count()
        ))
    } else {
        Err(format!("not listed: {}", unknown.join(", ")))
    }
}

/// Functions that the oldest supported Windows has.
pub fn old_enough(image: &Image) -> Verdict {
    let list = list();
    let builds: Vec<_> = functions(image)
        .filter_map(|(image, function)| {
            let build = *list.get(&(&*image, function))?;
            Some((build, function))
        })
        .collect();
    let too_new: Vec<_> = builds
        .iter()
        .filter(|(build, _)| *build > OLDEST_SUPPORTED_BUILD)
        .map(|(build, function)| format!("{function} exists since build {build}"))
        .collect();
    if !too_new.is_empty() {
        return Err(too_new.join(", "));
    }
    match builds.iter().max() {
        Some((build, function)) => Ok(format!(
            "newest is {function} of build {build}, oldest supported build is \
             {OLDEST_SUPPORTED_BUILD}"
        )),
        None => Ok("nothing imported".to_owned()),
    }
}

/// No run-time library of a compiler. There is none in the kernel.
pub fn no_run_time_library(image: &Image) -> Verdict {
    const PREFIXES: [&str; 6] = [
        "vcruntime",
        "msvcr",
        "msvcp",
        "ucrt",
        "api-ms-win",
        "libgcc",
    ];
    let libraries: Vec<_> = image
        .imports
        .iter()
        .map(lowercase)
        .filter(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    if libraries.is_empty() {
        Ok("none".to_owned())
    } else {
        Err(libraries.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn each_line_of_the_list_is_understood() {
        let lines = LIST
            .lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let mut count = 0;
        for line in lines {
            count += 1;
            let entry = Entry::parse(line).unwrap_or_else(|| panic!("{line}"));
            let source = line.split_whitespace().nth(4);
            assert!(
                source.is_some_and(|source| source.starts_with('[')),
                "no source: {line}"
            );
            let bytes = entry.x86.strip_prefix('@').unwrap_or(entry.x86);
            let is_count = bytes.parse::<u32>().is_ok_and(|it| it.is_multiple_of(4));
            assert!(is_count || ["C", "-"].contains(&entry.x86), "x86: {line}");
        }
        assert_eq!(list().len(), count);
    }

    #[test]
    fn the_list_knows_what_is_too_new() {
        let build = list()[&("ntoskrnl.exe", "ExAllocatePool2")];
        assert!(build > OLDEST_SUPPORTED_BUILD);
    }

    #[test]
    fn an_argument_too_many_is_found() {
        let map =
            |name: &str| format!(" 0002:00000be0 __imp_{name} 0000000010008be0 library:image");
        for right in ["_ExSetTimer@24", "@KfReleaseSpinLock@8", "memcpy"] {
            assert_eq!(
                arguments(&map(right)),
                Ok("1 imported functions".to_owned())
            );
        }
        for wrong in [
            "_ExSetTimer@20",
            "_KfReleaseSpinLock@8",
            "_memcpy@12",
            "_KeReleaseSpinLock@12",
        ] {
            assert_eq!(
                arguments(&map(wrong)),
                Err(format!("not as listed: {wrong}"))
            );
        }
        assert!(arguments("").is_err());
    }

    #[test]
    #[ignore = "needs `cargo xtask driver --arch x86`"]
    fn the_x86_image_calls_each_import_with_the_bytes_that_it_takes() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/package/x86");
        let map = fs::read_to_string(package.join("midiuart.map")).expect("a map");
        let bytes = fs::read(package.join("midiuart.sys")).expect("an image");
        let image = Image::parse(&bytes).expect("an image");
        let count = functions(&image).count();
        assert_eq!(arguments(&map), Ok(format!("{count} imported functions")));
    }

    /// A second source for the list: mingw-w64's import libraries, made by others from the kernel's exports.
    #[test]
    #[ignore = "needs `cargo xtask driver --install --arch x86`"]
    fn the_list_agrees_with_import_libraries() {
        let read = |name| fs::read(Path::new("/usr/i686-w64-mingw32/lib").join(name));
        let libraries: Vec<_> = ["libntoskrnl.a", "libhal.a"]
            .map(|name| read(name).expect("an import library"))
            .into_iter()
            .flat_map(|bytes| names(&bytes))
            .collect();
        let mut compared = 0;
        for entry in entries() {
            let same = libraries.iter().filter(|it| function(it) == entry.function);
            for name in same {
                compared += 1;
                let listed = entry.decorated().map(|listed| match entry.x86 {
                    "C" => format!("_{listed}"),
                    _ => listed,
                });
                assert_eq!(listed.as_deref(), Some(&**name));
            }
        }
        assert!(compared >= 15, "{compared} compared");
    }

    /// The names of a System V archive's first member, among others.
    fn names(archive: &[u8]) -> HashSet<String> {
        let texts = archive.split(|byte| *byte == 0);
        let names = texts.filter_map(|text| str::from_utf8(text).ok());
        names
            .filter(|name| name.starts_with(['_', '@']) && !name.starts_with("__"))
            .map(str::to_owned)
            .collect()
    }

    /// A name without decorations.
    fn function(name: &str) -> &str {
        let name = &name[1..];
        name.split_once('@').map_or(name, |(name, _)| name)
    }
}
