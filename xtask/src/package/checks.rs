//! What is checked of a package.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use der::Encode;
use x509_cert::Certificate;

use super::contents::{CERTIFICATE, Files, IMAGE, LICENSES, NOTES, SUMS, TEST_PROGRAM, sums};
use super::edition::Edition;
use super::osslsigncode;
use crate::architecture::Architecture;
use crate::inf::{self, ARCHITECTURES, decoration};
use crate::sign::{catalog, certificate, image};
use crate::verify::{self, Image};

/// What a check says: a detail, be it well or not.
pub type Verdict = Result<String, String>;

struct Check {
    name: &'static str,
    run: fn(&Package) -> Verdict,
}

/// Those that need nothing but the package.
const CHECKS: &[Check] = &[
    Check {
        name: "files",
        run: files,
    },
    Check {
        name: "sums",
        run: sums_agree,
    },
    Check {
        name: "inf-rules",
        run: inf_rules,
    },
    Check {
        name: "architecture",
        run: architecture,
    },
    Check {
        name: "image-rules",
        run: image_rules,
    },
    Check {
        name: "certificate",
        run: certificate_suits,
    },
    Check {
        name: "image-signature",
        run: image_signature,
    },
    Check {
        name: "test-program-signature",
        run: test_program_signature,
    },
    Check {
        name: "catalog-signature",
        run: catalog_signature,
    },
    Check {
        name: "catalog-members",
        run: catalog_members,
    },
    Check {
        name: "catalog-attributes",
        run: catalog_attributes,
    },
];

/// Those that another program does.
const SECOND_OPINIONS: &[Check] = &[
    Check {
        name: "osslsigncode-image",
        run: osslsigncode::image,
    },
    Check {
        name: "osslsigncode-catalog",
        run: osslsigncode::catalog,
    },
    Check {
        name: "osslsigncode-membership",
        run: osslsigncode::membership,
    },
];

const MADE_AGAIN: &str = "`cargo xtask package` makes the package again";

/// A package, wherever it comes from.
pub struct Package {
    name: String,
    files: Files,
}

impl Package {
    /// Files of a folder or zip file of that name.
    pub fn new(name: String, files: Files) -> Self {
        Self { name, files }
    }

    /// The folder's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All files.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The contents of a file.
    pub fn file(&self, name: &str) -> Result<&[u8], String> {
        let file = self.files.get(name).map(Vec::as_slice);
        file.ok_or_else(|| format!("{name} is missing"))
    }

    /// INF file or catalog.
    pub fn named(&self, extension: &str) -> Result<String, String> {
        Ok(format!("{}.{extension}", self.edition()?.name()))
    }

    /// The certificate that comes with it, in DER, as it is in the catalog.
    pub fn certificate(&self) -> Result<Certificate, String> {
        let bytes = self.file(CERTIFICATE)?;
        let certificate = certificate::parse(bytes);
        let certificate = certificate.map_err(|error| format!("{CERTIFICATE}: {error}"))?;
        match certificate.to_der() {
            Ok(encoded) if encoded == bytes => Ok(certificate),
            _ => Err(format!(
                "{CERTIFICATE}: not encoded as in the catalog; {MADE_AGAIN}"
            )),
        }
    }

    /// The checks that need nothing else and fail, with what is wrong.
    pub fn broken(&self) -> Vec<(&'static str, String)> {
        let verdicts = CHECKS.iter().map(|check| (check.name, (check.run)(self)));
        verdicts
            .filter_map(|(name, verdict)| Some((name, verdict.err()?)))
            .collect()
    }

    /// Prints a line for each check; returns how many fail.
    pub fn report(&self) -> usize {
        let mut broken = 0;
        let others = if cfg!(unix) { SECOND_OPINIONS } else { &[] };
        for check in CHECKS.iter().chain(others) {
            match (check.run)(self) {
                Ok(detail) => println!("PASS {}: {detail}", check.name),
                Err(detail) => {
                    broken += 1;
                    println!("FAIL {}: {detail}", check.name);
                }
            }
        }
        broken
    }

    fn edition(&self) -> Result<Edition, String> {
        let has = |edition: &Edition| self.files.contains_key(&format!("{}.inf", edition.name()));
        let edition = Edition::ALL.into_iter().find(has);
        edition.ok_or_else(|| format!("the INF file is missing; {MADE_AGAIN}"))
    }

    fn inf(&self) -> Result<&str, String> {
        let name = self.named("inf")?;
        str::from_utf8(self.file(&name)?).map_err(|error| format!("{name}: {error}"))
    }

    /// The processor in the INF file.
    fn architecture(&self) -> Result<Architecture, String> {
        let inf = self.inf()?.to_ascii_lowercase();
        let is_named = |it: &Architecture| inf.contains(&format!(".nt{}.", decoration(*it)));
        let mut named = ARCHITECTURES.into_iter().filter(is_named);
        match (named.next(), named.next()) {
            (Some(architecture), None) => Ok(architecture),
            _ => Err("the INF file is not for one processor".to_owned()),
        }
    }
}

/// All files are there, and no others.
fn files(package: &Package) -> Verdict {
    let (inf, catalog) = (package.named("inf")?, package.named("cat")?);
    let needed = [&*inf, &catalog, IMAGE, CERTIFICATE, NOTES, SUMS];
    let needed = needed.iter().chain(&LICENSES);
    for name in needed.clone() {
        package
            .file(name)
            .map_err(|error| format!("{error}; {MADE_AGAIN}"))?;
    }
    let is_known = |name: &&String| **name == TEST_PROGRAM || needed.clone().any(|it| it == *name);
    match package.files.keys().find(|name| !is_known(name)) {
        Some(other) => Err(format!("{other} does not belong here; remove it")),
        None => Ok(format!("{} files", package.files.len())),
    }
}

/// Every file is what the list of digests says.
fn sums_agree(package: &Package) -> Verdict {
    let listed = String::from_utf8_lossy(package.file(SUMS)?);
    let mut files = package.files.clone();
    files.remove(SUMS);
    let right = sums(&files);
    if listed == right {
        return Ok(format!("{} files", files.len()));
    }
    let lines = |text: &str| -> BTreeMap<String, String> {
        let lines = text.lines().filter_map(|line| line.split_once("  "));
        lines
            .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
            .collect()
    };
    let (listed, right) = (lines(&listed), lines(&right));
    let wrong: Vec<_> = files
        .keys()
        .filter(|name| listed.get(*name) != right.get(*name))
        .cloned()
        .collect();
    Err(match wrong.as_slice() {
        [] => format!("{SUMS} itself was changed; {MADE_AGAIN}"),
        names => format!("{} is not what {SUMS} says; {MADE_AGAIN}", names.join(", ")),
    })
}

/// The INF file keeps the rules.
fn inf_rules(package: &Package) -> Verdict {
    let name = package.named("inf")?;
    let broken = inf::broken(Path::new(&name), package.inf()?)
        .map_err(|error| format!("{name}: {error}"))?;
    let tolerated = package.edition()?.tolerated_rule();
    match broken
        .into_iter()
        .find(|(rule, _)| Some(*rule) != tolerated)
    {
        Some((rule, error)) => Err(format!("{name}: {rule}: {error}")),
        None => Ok(match tolerated {
            Some(rule) => format!("all but {rule}"),
            None => "all".to_owned(),
        }),
    }
}

/// INF file, images and the package's name are for the same processor.
fn architecture(package: &Package) -> Verdict {
    let architecture = package.architecture()?;
    let wanted = architecture.folder();
    for name in [IMAGE, TEST_PROGRAM] {
        if let Ok(bytes) = package.file(name) {
            let image = Image::parse(bytes).map_err(|error| format!("{name}: {error}"))?;
            if !image.machine.eq_ignore_ascii_case(wanted) {
                let machine = image.machine;
                return Err(format!(
                    "{name} is for {machine}, the INF file for {wanted}"
                ));
            }
        }
    }
    if package.name.ends_with(wanted) {
        Ok(wanted.to_owned())
    } else {
        Err(format!("{} is for {wanted}", package.name))
    }
}

/// The image keeps the rules after it was signed, too.
fn image_rules(package: &Package) -> Verdict {
    let broken = verify::broken(package.file(IMAGE)?).map_err(|error| error.to_string())?;
    match broken.first() {
        Some((rule, error)) => Err(format!("{IMAGE}: {rule}: {error}")),
        None => Ok("all".to_owned()),
    }
}

/// The certificate is self-signed, for signing code and nothing else, and valid today.
fn certificate_suits(package: &Package) -> Verdict {
    let certificate = package.certificate()?;
    let told = |error| format!("{CERTIFICATE}: {error}");
    let expiry = certificate::check(&certificate, SystemTime::now()).map_err(told)?;
    let fingerprint = certificate::fingerprint(&certificate)?;
    let owner = &certificate.tbs_certificate.subject;
    Ok(format!("{owner}, SHA-256 {fingerprint}, expires {expiry}"))
}

fn image_signature(package: &Package) -> Verdict {
    signature(package, IMAGE)
}

fn test_program_signature(package: &Package) -> Verdict {
    if package.files.contains_key(TEST_PROGRAM) {
        signature(package, TEST_PROGRAM)
    } else {
        Ok(format!("without {TEST_PROGRAM}"))
    }
}

/// An image is signed with the package's certificate, and was not changed since.
fn signature(package: &Package, name: &str) -> Verdict {
    image::verify(package.file(name)?, &package.certificate()?)
        .map_err(|error| format!("{name}: {error}; {MADE_AGAIN}"))
}

/// The catalog is signed with the package's certificate, and was not changed since.
fn catalog_signature(package: &Package) -> Verdict {
    let catalog = signed_catalog(package)?;
    Ok(format!("{} digests", catalog.members.len()))
}

/// The catalog has both digests of the INF file and the image, and nothing else.
fn catalog_members(package: &Package) -> Verdict {
    let mut members = signed_catalog(package)?.members;
    let inf = package.named("inf")?;
    for name in [&*inf, IMAGE] {
        for digest in catalog::digests(name, package.file(name)?)? {
            if members.remove(&digest).as_deref() != Some(name) {
                return Err(format!(
                    "{name} is not in the catalog: it was changed after it was signed; {MADE_AGAIN}"
                ));
            }
        }
    }
    match members.into_values().next() {
        Some(other) => Err(format!("{other} is in the catalog, but not in the package")),
        None => Ok(format!("{inf}, {IMAGE}, by SHA-1 and SHA-256")),
    }
}

/// The catalog is for the devices and the processor of the INF file.
fn catalog_attributes(package: &Package) -> Verdict {
    let listed = signed_catalog(package)?.attributes;
    let ids = inf::hardware_ids(package.inf()?)?;
    let wanted = catalog::attributes(package.architecture()?, &ids);
    let count = ids.len();
    if listed == wanted.into_iter().collect() {
        Ok(format!("{count} hardware ids, {}", listed["OS"]))
    } else {
        Err(format!("not those of the INF file; {MADE_AGAIN}"))
    }
}

fn signed_catalog(package: &Package) -> Result<catalog::Catalog, String> {
    let name = package.named("cat")?;
    catalog::verified(package.file(&name)?, &package.certificate()?)
        .map_err(|error| format!("{name}: {error}; {MADE_AGAIN}"))
}
