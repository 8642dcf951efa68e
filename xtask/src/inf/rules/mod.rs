//! The rules for INF files: Windows' own, as far as they can be read from the file, and what file and
//! driver have to agree upon.

mod access;
mod driver;
mod isolation;
mod references;
mod universal;
mod version;

use super::layout::Layout;
use super::parser::Inf;

/// What a rule says: a detail, be it kept or not.
pub type Verdict = Result<String, String>;

/// What the rules look at.
pub struct Subject {
    pub inf: Inf,
    pub layout: Layout,
    /// The file's name without folder and extension.
    pub name: String,
}

/// A rule.
pub struct Rule {
    pub name: &'static str,
    /// Where it comes from. Numbers are `InfVerif`'s; pages are those of Microsoft's driver
    /// documentation.
    pub source: &'static str,
    pub check: fn(&Subject) -> Verdict,
}

macro_rules! rules {
    ($($name:literal, $source:literal, $check:path;)+) => {
        /// All of them.
        pub const RULES: &[Rule] = &[$(Rule { name: $name, source: $source, check: $check }),+];
    };
}

rules! {
    "signature", "page INF Version section", version::signature;
    "class", "page System-defined device setup classes", version::class;
    "provider", "InfVerif 1204", version::provider;
    "catalog", "InfVerif 1233", version::catalog;
    "driver-version", "page INF DriverVer directive", version::driver_version;
    "lockdown", "page INF Version section", version::lockdown;

    "strings-defined", "InfVerif 1235", references::strings_defined;
    "sections-found", "InfVerif 1203", references::sections_found;
    "sections-used", "InfVerif 2083", references::sections_used;
    "sections-of-one-kind", "InfVerif 1205", references::sections_of_one_kind;
    "included-files", "InfVerif 1313, 1314", references::included_files;
    "included-sections", "InfVerif 1220, 1310 to 1312", references::included_sections;
    "files-listed", "InfVerif 1230", references::files_listed;
    "files-used", "Hardware Dev Center: no files beside the INF file's", references::files_used;

    "no-default-install", "InfVerif 1212", universal::no_default_install;
    "no-class-install", "InfVerif 1285", universal::no_class_install;
    "no-legacy-sections", "InfVerif 1300", universal::no_legacy_sections;
    "no-log-config", "InfVerif 1300", universal::no_log_config;
    "no-deletions", "InfVerif 1302", universal::no_deletions;
    "no-legacy-directives", "InfVerif 1300, 1301", universal::no_legacy_directives;
    "no-co-installers", "InfVerif 1303", universal::no_co_installers;
    "relative-keys", "InfVerif 1304, 1221", universal::relative_keys;
    "no-appended-values", "InfVerif 1305", universal::no_appended_values;
    "one-value-each", "InfVerif 133x", universal::one_value_each;
    "devices", "InfVerif 1297", universal::devices;
    "services", "InfVerif 1296", universal::services;

    "driver-store", "InfVerif 1306, page InfVerif /h", isolation::driver_store;
    "no-renaming", "InfVerif 1100", isolation::no_renaming;
    "service-binary", "page Run from the driver store", isolation::service_binary;
    "service-state", "page Driver package isolation", isolation::service_state;
    "no-fixed-paths", "page Driver package isolation", isolation::no_fixed_paths;
    "windows-versions", "page Run from the driver store: since 16299", isolation::windows_versions;
    "no-product-types", "page Using a universal INF file", isolation::no_product_types;

    "reference-string", "driver/src/filter.rs", driver::reference_string;
    "interfaces", "driver/src/filter.rs", driver::interfaces;
    "parameters", "driver/src/parameters.rs", driver::parameters;
    "driver-names", "driver/image, xtask/src/driver.rs", driver::names;
    "service-settings", "page INF AddService directive", driver::service_settings;
    "hardware-ids", "inf/README.md", driver::hardware_ids;
    "port-names", "winmm: MAXPNAMELEN is 32", driver::port_names;
    "multimedia", "page Installing a port class audio driver", driver::multimedia;

    "device-type", "Windows-driver-samples: SimpleAudioSample.inx", access::device_type;
    "security", "SECURITY.md; Windows-driver-samples: SimpleAudioSample.inx", access::security;
}

/// Nothing may be wrong; else all of it is told.
fn none(wrong: impl IntoIterator<Item = String>, detail: impl Into<String>) -> Verdict {
    let wrong: Vec<_> = wrong.into_iter().collect();
    if wrong.is_empty() {
        Ok(detail.into())
    } else {
        Err(wrong.join("; "))
    }
}

/// A number as INF files have it.
fn number(field: &str) -> Option<u32> {
    match field.strip_prefix("0x").or(field.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if field.is_empty() => Some(0),
        None => field.parse().ok(),
    }
}
