//! The rules that hold for driver images.

mod build_paths;
mod checksum;
mod floating_point;
mod headers;
mod image;
mod imports;
mod planted_faults;
mod sections;
#[cfg(test)]
mod tests;
mod version_resource;

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
pub use checksum::of as checksum_of;
pub use image::Image;
pub use imports::arguments as import_arguments;
pub use planted_faults::of as planted_fault;

/// What a rule says: a detail, be it kept or not.
type Verdict = Result<String, String>;

struct Rule {
    name: &'static str,
    check: fn(&Image) -> Verdict,
}

const RULES: &[Rule] = &[
    Rule {
        name: "native-subsystem",
        check: headers::native_subsystem,
    },
    Rule {
        name: "entry-point",
        check: headers::entry_point,
    },
    Rule {
        name: "import-images",
        check: imports::from_known_images,
    },
    Rule {
        name: "import-list",
        check: imports::listed,
    },
    Rule {
        name: "import-versions",
        check: imports::old_enough,
    },
    Rule {
        name: "no-run-time-library",
        check: imports::no_run_time_library,
    },
    Rule {
        name: "write-xor-execute",
        check: sections::write_xor_execute,
    },
    Rule {
        name: "section-alignment",
        check: sections::aligned,
    },
    Rule {
        name: "section-access",
        check: sections::accessible,
    },
    Rule {
        name: "resident-sections",
        check: sections::resident,
    },
    Rule {
        name: "init-section",
        check: sections::init_discardable,
    },
    Rule {
        name: "page-section",
        check: sections::page_pageable,
    },
    Rule {
        name: "no-floating-point",
        check: floating_point::none,
    },
    Rule {
        name: "no-execute",
        check: headers::no_execute,
    },
    Rule {
        name: "address-randomisation",
        check: headers::address_randomisation,
    },
    Rule {
        name: "high-entropy",
        check: headers::high_entropy,
    },
    Rule {
        name: "force-integrity",
        check: headers::force_integrity,
    },
    Rule {
        name: "control-flow-guard",
        check: headers::control_flow_guard,
    },
    Rule {
        name: "reproducible-time-stamp",
        check: headers::reproducible_time_stamp,
    },
    Rule {
        name: "checksum",
        check: checksum::right,
    },
    Rule {
        name: "version-resource",
        check: version_resource::complete,
    },
    Rule {
        name: "no-build-paths",
        check: build_paths::none,
    },
    Rule {
        name: "no-planted-fault",
        check: planted_faults::none,
    },
];

/// Checks all rules for all images, a line each.
///
/// # Errors
/// If a rule is broken, or a file is no image.
pub fn all(paths: &[PathBuf]) -> Result<(), Failure> {
    let mut broken = 0;
    for path in paths {
        let bytes = fs::read(path).map_err(Failure::at(path))?;
        let image = Image::parse(&bytes).map_err(|error| not_an_image(path, &error))?;
        println!(
            "{}: {}, {} bytes",
            path.display(),
            image.machine,
            bytes.len()
        );
        for rule in RULES {
            let (word, detail) = match (rule.check)(&image) {
                Ok(detail) => ("PASS", detail),
                Err(detail) => {
                    broken += 1;
                    ("FAIL", detail)
                }
            };
            println!("{word} {}: {detail}", rule.name);
        }
    }
    match broken {
        0 => Ok(()),
        1 => Err(Failure::found("1 rule is broken")),
        _ => Err(Failure::found(format!("{broken} rules are broken"))),
    }
}

/// The rules that an image breaks, with what is wrong.
///
/// # Errors
/// If it is no image.
pub fn broken(bytes: &[u8]) -> object::read::Result<Vec<(&'static str, String)>> {
    let image = Image::parse(bytes)?;
    let verdicts = RULES.iter().map(|rule| (rule.name, (rule.check)(&image)));
    Ok(verdicts
        .filter_map(|(name, verdict)| Some((name, verdict.err()?)))
        .collect())
}

fn not_an_image(path: &Path, error: &object::read::Error) -> Failure {
    Failure::about(path, &format!("no Windows image: {error}"))
}
