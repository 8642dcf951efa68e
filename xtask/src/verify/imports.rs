//! Rules about imports.

use std::collections::HashMap;

use super::Verdict;
use super::image::{Image, ImportedImage};

const LIST: &str = include_str!("../../data/imports.txt");
/// Windows 10 1709.
const OLDEST_SUPPORTED_BUILD: u32 = 16299;

/// The list of what may be imported: image and function, and the oldest build that has it.
fn list() -> HashMap<(&'static str, &'static str), u32> {
    LIST.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let key = (words.next()?, words.next()?);
            Some((key, words.next()?.parse().ok()?))
        })
        .collect()
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
    use super::*;

    #[test]
    fn each_line_of_the_list_is_understood() {
        let lines = LIST
            .lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let mut count = 0;
        for line in lines {
            count += 1;
            let source = line.split_whitespace().nth(3);
            assert!(
                source.is_some_and(|source| source.starts_with('[')),
                "no source: {line}"
            );
        }
        assert_eq!(list().len(), count);
    }

    #[test]
    fn the_list_knows_what_is_too_new() {
        let build = list()[&("ntoskrnl.exe", "ExAllocatePool2")];
        assert!(build > OLDEST_SUPPORTED_BUILD);
    }
}
