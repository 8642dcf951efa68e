//! A made-up Windows to report about.

use std::collections::BTreeMap;

use super::evidence::{Dump, Evidence, Limits, Names, Program, Ran, Service, Tail};
use crate::driver::windows::{Called, SystemError};

pub const PORTS: &str = r#"{"outputs":[{"index":1,"name":"midiuart","hardware":"port","capabilities":null}],
"inputs":[{"index":0,"name":"midiuart","hardware":"port","capabilities":null}]}"#;

const ENTRY: &str = "\
Event[0]
  Log Name: System
  User: S-1-5-21-11-22-33-1001
  User Name: NORDWIND\\mustermann
  Computer: ERIKAS-PC.nordwind.example
  Description:
midiuart.sys of C:\\Users\\Mustermann\\Downloads failed for mustermann@nordwind.example
Event[1]
  Description:
another driver
";

pub struct FakeEvidence {
    pub names: Names,
    pub texts: BTreeMap<&'static str, String>,
    /// What programs print, by their first argument.
    pub printed: BTreeMap<&'static str, Ran>,
    pub log: Vec<u8>,
    /// Everything fails but the names.
    pub is_broken: bool,
    pub has_names: bool,
}

pub fn ran(output: &str) -> Ran {
    Ran {
        output: output.into(),
        code: Some(0),
        ..Ran::default()
    }
}

/// As programs print in UTF-16.
pub fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

impl Default for FakeEvidence {
    fn default() -> Self {
        let texts = [
            ("ProductName", "Windows 10 Pro"),
            ("EditionID", "Professional"),
            ("DisplayVersion", "24H2"),
            ("CurrentBuildNumber", "26100"),
            ("BuildLabEx", "26100.1.amd64fre.ge_release.240331-1435"),
            ("midi", "wdmaud.drv"),
            ("ProcessorNameString", "A Processor @ 3.00GHz"),
        ];
        let events = Ran {
            output: wide(ENTRY),
            ..ran("")
        };
        Self {
            names: Names {
                users: vec!["Mustermann".to_owned()],
                computers: vec!["ERIKAS-PC".to_owned()],
                domains: vec!["NORDWIND".to_owned()],
                profiles: vec![r"C:\Users\Mustermann".to_owned()],
                owners: vec!["Erika Mustermann".to_owned()],
            },
            texts: texts.map(|(name, text)| (name, text.to_owned())).into(),
            printed: [
                ("list", ran(PORTS)),
                ("/query", ran("no drivers\n")),
                ("qe", events),
            ]
            .into(),
            log: br">>>  [Setup Import Driver Package - C:\Users\Mustermann\midiuart.inf]
     cmd: C:\Users\MUSTER~1\midiuart-test.exe driver install
<<<  [Exit status: SUCCESS]
"
            .to_vec(),
            is_broken: false,
            has_names: true,
        }
    }
}

const DENIED: SystemError = SystemError {
    function: "Fake",
    code: 5,
};

impl FakeEvidence {
    fn unless_broken<T>(&self, value: T) -> Called<T> {
        if self.is_broken {
            Err(DENIED)
        } else {
            Ok(value)
        }
    }
}

impl Evidence for FakeEvidence {
    fn names(&self) -> Called<Names> {
        if self.has_names {
            Ok(self.names.clone())
        } else {
            Err(DENIED)
        }
    }

    fn text(&self, _key: &str, value: &str) -> Called<Option<String>> {
        self.unless_broken(self.texts.get(value).cloned())
    }

    fn number(&self, _key: &str, value: &str) -> Option<u32> {
        match value {
            "UBR" => Some(2454),
            "VerifyDriverLevel" => Some(0x0012_09bb),
            _ => None,
        }
        .filter(|_| !self.is_broken)
    }

    fn session(&self) -> Called<u32> {
        self.unless_broken(1)
    }

    fn service(&self, name: &str) -> Called<Option<Service>> {
        let service = Service {
            start: "manual".to_owned(),
            state: "running".to_owned(),
        };
        self.unless_broken((name != "midisrv").then_some(service))
    }

    fn run(&self, _program: Program, arguments: &[&str], limits: Limits) -> Result<Ran, String> {
        let ran = self.unless_broken(&self.printed[arguments[0]]);
        let mut ran = ran.map_err(|error| error.to_string())?.clone();
        if ran.output.len() > limits.bytes {
            ran.output.truncate(limits.bytes);
            ran.is_cut = true;
            ran.code = None;
        }
        Ok(ran)
    }

    fn tail(&self, path: &[&str], _limit: usize) -> Result<Tail, String> {
        assert_eq!(path, ["inf", "setupapi.dev.log"]);
        let tail = self.unless_broken(Tail {
            bytes: self.log.clone(),
            is_cut: false,
        });
        tail.map_err(|error| error.to_string())
    }

    fn dumps(&self) -> Result<Vec<Dump>, String> {
        let dumps = self.unless_broken(vec![Dump {
            name: "112626-8765-01.dmp".to_owned(),
            bytes: 2_097_152,
            written: "2026-11-26T11:06:53Z".to_owned(),
        }]);
        dumps.map_err(|error| error.to_string())
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "ImageOS").then(|| "win25".to_owned())
    }
}
