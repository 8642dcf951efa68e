//! Each rule has an INF file that breaks it, and it alone.

use std::fs;
use std::path::Path;

use super::rules::RULES;
use super::stamp::{Stamp, stamped};
use super::{ANY_DATE, Inf, Layout, hardware_ids};
use crate::architecture::Architecture;

/// A rule, and the texts that are replaced in the file so that it breaks.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
    ("signature", &[("$Windows NT$", "$Windows 95$")]),
    ("class", &[("4d36e96c-e325", "4d36e978-e325")]),
    (
        "provider",
        &[("\"The midiuart maintainers\"", "\"Microsoft\"")],
    ),
    ("catalog", &[("CatalogFile = midiuart.cat", "")]),
    ("driver-version", &[("01/01/2026,", "2026-01-01,")]),
    ("lockdown", &[("PnpLockdown = 1", "PnpLockdown = 0")]),
    ("strings-defined", &[("Disk             = ", "Disc = ")]),
    (
        "sections-found",
        &[(
            "Midiuart.Multimedia, Midiuart.Parameters",
            "Midiuart.Multimedia, Midiuart.Parameters, Midiuart.More",
        )],
    ),
    ("sections-used", &[("[Strings]", "[Forgotten]\n[Strings]")]),
    (
        "sections-of-one-kind",
        &[(
            "CopyFiles = Midiuart.Copy",
            "CopyFiles = Midiuart.Copy\nAddProperty = Midiuart.Interface",
        )],
    ),
    (
        "included-files",
        &[("Include   = ks.inf, wdmaudio.inf", "")],
    ),
    (
        "included-sections",
        &[(", WDMAUDIO.Registration", ", WDMAUDIO.Interfaces")],
    ),
    ("files-listed", &[("midiuart.sys = 1", "midiuart.sys = 2")]),
    (
        "files-used",
        &[("midiuart.sys = 1", "midiuart.sys = 1\nmidiuart.dll = 1")],
    ),
    (
        "no-default-install",
        &[
            ("[Strings]", "[DefaultInstall.NTamd64]\n[Strings]"),
            (
                "AddReg = Midiuart.Interface.Values",
                "AddReg = Midiuart.Interface.Values\nAddProperty = DefaultInstall.NTamd64",
            ),
        ],
    ),
    (
        "no-class-install",
        &[
            ("[Strings]", "[ClassInstall32]\n[Strings]"),
            (
                "AddReg = Midiuart.Interface.Values",
                "AddReg = Midiuart.Interface.Values\nAddProperty = ClassInstall32",
            ),
        ],
    ),
    (
        "no-legacy-sections",
        &[("[Strings]", "[Midiuart.Install.NT.CoInstallers]\n[Strings]")],
    ),
    (
        "no-log-config",
        &[
            (
                "CopyFiles = Midiuart.Copy",
                "CopyFiles = Midiuart.Copy\nLogConfig = Midiuart.Resources",
            ),
            (
                "[Strings]",
                "[Midiuart.Resources]\nIOConfig = 330-331\n[Strings]",
            ),
        ],
    ),
    (
        "no-deletions",
        &[(
            "AddService = midiuart,",
            "DelService = oldmidi\nAddService = midiuart,",
        )],
    ),
    (
        "no-legacy-directives",
        &[
            (
                "CopyFiles = Midiuart.Copy",
                "CopyFiles = Midiuart.Copy\nRegisterDlls = Midiuart.Dlls",
            ),
            ("[Strings]", "[Midiuart.Dlls]\n[Strings]"),
        ],
    ),
    (
        "no-co-installers",
        &[(
            "HKR,,Driver,,midiuart.sys",
            "HKR,,Driver,,midiuart.sys\nHKR,,CoInstallers32,0x00010000,\"helper.dll\"",
        )],
    ),
    (
        "relative-keys",
        &[(
            "HKR,,Driver,,midiuart.sys",
            "HKR,,Driver,,midiuart.sys\nHKLM,Software\\midiuart,Port,,1",
        )],
    ),
    (
        "no-appended-values",
        &[(
            "HKR,,Driver,,midiuart.sys",
            "HKR,,Driver,,midiuart.sys\nHKR,,Others,0x00010008,\"one more\"",
        )],
    ),
    (
        "one-value-each",
        &[(
            "HKR,,Driver,,midiuart.sys",
            "HKR,,Driver,,midiuart.sys\nHKR,,driver,,other.sys",
        )],
    ),
    ("devices", &[(", *PNPB006", "")]),
    (
        "services",
        &[("midiuart, 0x00000002,", "midiuart, 0x00000000,")],
    ),
    (
        "driver-store",
        &[("Midiuart.Copy = 13", "Midiuart.Copy = 12")],
    ),
    (
        "no-renaming",
        &[("midiuart.sys = 1", "midiuart.sys = 1,x64")],
    ),
    (
        "service-binary",
        &[("ServiceBinary = %13%", "ServiceBinary = %12%")],
    ),
    (
        "service-state",
        &[
            (
                "ErrorControl  = 1",
                "ErrorControl  = 1\nAddReg = Midiuart.Service.Values",
            ),
            (
                "[Strings]",
                "[Midiuart.Service.Values]\nHKR,,Trace,0x00010001,1\n\
                 HKR,Parameters,Level,0x00010001,1\n[Strings]",
            ),
        ],
    ),
    (
        "no-fixed-paths",
        &[(
            "HKR,,Driver,,midiuart.sys",
            "HKR,,Driver,,midiuart.sys\nHKR,,Log,,\"C:\\midiuart.log\"",
        )],
    ),
    ("windows-versions", &[(".10.0...16299", ".10.0...15063")]),
    ("no-product-types", &[(".10.0...16299", ".10.0.1..16299")]),
    (
        "reference-string",
        &[("KSNAME_UART        = \"UART\"", "KSNAME_UART = \"Uart\"")],
    ),
    (
        "interfaces",
        &[(
            "AddInterface = %KSCATEGORY_CAPTURE%, %KSNAME_UART%, Midiuart.Interface",
            "",
        )],
    ),
    (
        "parameters",
        &[("FifoDepth,0x00010001,16", "FifoDepth,0x00010001,32")],
    ),
    (
        "driver-names",
        &[("midiuart, 0x00000002,", "midiuart2, 2,")],
    ),
    (
        "service-settings",
        &[("StartType     = 3", "StartType = 0")],
    ),
    (
        "hardware-ids",
        &[("PCI\\VEN_1B36&DEV_0002&SUBSYS_11001AF4", "PCI\\CC_0700")],
    ),
    (
        "port-names",
        &[(
            "\"midiuart MPU-401\"",
            "\"midiuart on an MPU-401 of any kind\"",
        )],
    ),
    (
        "multimedia",
        &[("SubClasses,,\"midi\"", "SubClasses,,\"wave\"")],
    ),
    ("device-type", &[("0x1D", "0x22")]),
    ("security", &[("(A;;GRGWGX;;;WD)", "(A;;GA;;;WD)")]),
];

/// The package's file as it is stamped.
fn good() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inf/midiuart.inx");
    stamp(&fs::read_to_string(path).expect("the package's file"))
}

fn stamp(inx: &str) -> String {
    let stamp = Stamp {
        architecture: Architecture::X64,
        date: ANY_DATE,
        version: "0.1.0",
    };
    stamped(inx, stamp).expect("a place for the version")
}

/// The names of the rules that a file breaks.
fn broken(path: &str, text: &str) -> Vec<&'static str> {
    let broken = super::broken(Path::new(path), text).expect("an INF file");
    broken.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn the_package_s_file_keeps_all_rules() {
    assert_eq!(broken("midiuart.inf", &good()), [""; 0]);
}

#[test]
fn each_rule_has_a_file_that_breaks_it_alone() {
    let rules: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
    let cases: Vec<_> = CASES.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(cases, rules);
    for (rule, replacements) in CASES {
        let mut text = good().replace("\r\n", "\n");
        // Blanks that only align.
        for (old, new) in *replacements {
            let squeezed = squeeze(old);
            text = squeeze(&text);
            assert!(text.contains(&squeezed), "{rule}: {old}");
            text = text.replace(&squeezed, new);
        }
        assert_eq!(broken("midiuart.inf", &text), [*rule]);
    }
}

/// A text with single blanks.
fn squeeze(text: &str) -> String {
    let mut squeezed = text.to_owned();
    while squeezed.contains("  ") {
        squeezed = squeezed.replace("  ", " ");
    }
    squeezed
}

#[test]
fn the_lab_s_file_breaks_what_it_is_kept_apart_for() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inf/lab/midiuart-isa.inx");
    let text = stamp(&fs::read_to_string(path).expect("the lab's file"));
    assert_eq!(broken("midiuart-isa.inf", &text), ["no-log-config"]);
}

#[test]
fn each_way_to_leave_the_device_open_breaks_the_rule() {
    let descriptor = "\"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGWGX;;;WD)(A;;GRGWGX;;;RC)\"";
    let line = format!("HKR,,Security,,{descriptor}");
    let good = good();
    assert!(good.contains(&line));
    for (what, text) in [
        ("none", good.replace(&line, "")),
        (
            "a null list",
            good.replace(descriptor, "\"D:NO_ACCESS_CONTROL\""),
        ),
        ("not protected", good.replace("\"D:P(", "\"D:(")),
        ("one more", good.replace(";;;RC)", ";;;RC)(A;;GA;;;AN)")),
        ("binary", good.replace("Security,,", "Security,1,")),
        (
            "in the software key",
            good.replace(&line, "")
                .replace("HKR,,PortName,", &format!("{line}\r\nHKR,,PortName,")),
        ),
    ] {
        assert_eq!(broken("midiuart.inf", &text), ["security"], "{what}");
    }
}

/// The System Control Interrupt of ACPI, and what every PC has on its other lines.
#[test]
fn the_lab_s_device_gets_no_interrupt_that_a_pc_has_taken() {
    const TAKEN: [u8; 12] = [0, 1, 2, 3, 4, 6, 8, 9, 12, 13, 14, 15];
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inf/lab/midiuart-isa.inx");
    let inf = Inf::parse(&fs::read_to_string(path).expect("the lab's file")).expect("an INF file");
    let layout = Layout::of(&inf);
    let configurations = layout.named_by(&inf, "LogConfig");
    let (mut with, mut without) = (0, 0);
    for configuration in configurations {
        let ports = configuration.lines.iter().find(|it| it.has_key("IOConfig"));
        assert_eq!(ports.expect("ports").fields, ["330-331"]);
        let mut lines = configuration.lines.iter();
        match lines.find(|line| line.has_key("IRQConfig")) {
            Some(line) => {
                with += 1;
                for field in &line.fields {
                    let interrupt = field.parse().expect("a number");
                    assert!(interrupt < 16 && !TAKEN.contains(&interrupt), "{interrupt}");
                }
                assert!(line.fields.len() > 1, "no choice");
            }
            None => without += 1,
        }
    }
    assert_eq!((with, without), (1, 1));
}

#[test]
fn both_files_set_the_same_values() {
    let read = |path: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
        Inf::parse(&fs::read_to_string(path).expect("an INF file")).expect("an INF file")
    };
    let (package, lab) = (read("inf/midiuart.inx"), read("inf/lab/midiuart-isa.inx"));
    for section in ["Midiuart.Parameters", "Midiuart.Device"] {
        let values = |inf: &Inf| -> Vec<_> {
            let lines = inf.lines(section).iter();
            lines.map(|line| line.fields.clone()).collect()
        };
        assert!(!values(&package).is_empty(), "{section}");
        assert_eq!(values(&package), values(&lab));
    }
}

#[test]
fn hardware_ids_are_listed_once() {
    let ids = hardware_ids(&good()).expect("an INF file");
    assert_eq!(
        ids,
        [
            "ROOT\\MIDIUART",
            "*PNPB006",
            "PCI\\VEN_1B36&DEV_0002&SUBSYS_11001AF4"
        ]
    );
}
