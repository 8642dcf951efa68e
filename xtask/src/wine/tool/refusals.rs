//! Wrong uses of the tool, which it refuses in one line.

use crate::wine::prefix::Ended;
use crate::wine::report::Verdict;

/// A wrong use.
pub struct Refusal {
    pub name: &'static str,
    pub ports: &'static str,
    pub arguments: &'static [&'static str],
    /// By the table of `midiuart-test --help`.
    exit_code: i32,
}

pub const REFUSALS: [Refusal; 13] = [
    Refusal {
        name: "refused: no such port",
        ports: "software",
        arguments: &["stress", "--port", "Juno"],
        exit_code: 4,
    },
    Refusal {
        name: "refused: no port at all",
        ports: "",
        arguments: &["latency"],
        exit_code: 4,
    },
    Refusal {
        name: "refused: several ports match",
        ports: "software,16550",
        arguments: &["latency", "--port", "UART"],
        exit_code: 4,
    },
    Refusal {
        name: "refused: a busy port",
        ports: "software+busy",
        arguments: &["stress"],
        exit_code: 3,
    },
    Refusal {
        name: "refused: the port vanishes",
        ports: "software+vanish-after-2000",
        arguments: &["stress", "--duration", "20s"],
        exit_code: 3,
    },
    Refusal {
        name: "refused: the chip dies",
        ports: "16550+dead-after-2000",
        arguments: &["stress", "--duration", "20s"],
        exit_code: 3,
    },
    Refusal {
        name: "refused: no loop cable",
        ports: "16550+no-cable",
        arguments: &["latency"],
        exit_code: 5,
    },
    Refusal {
        name: "refused: no MIDI message",
        ports: "software",
        arguments: &["send", "on", "60", "128"],
        exit_code: 2,
    },
    Refusal {
        name: "refused: a report that can't be written",
        ports: "software",
        arguments: &["latency", "--report", r"no-such-folder\latency.html"],
        exit_code: 2,
    },
    Refusal {
        name: "refused: no driver to probe",
        ports: "software",
        arguments: &["driver", "ks-probe"],
        exit_code: 4,
    },
    Refusal {
        name: "refused: another winmm for driver commands",
        ports: "software",
        arguments: &["--winmm", r"double\winmm.dll", "driver", "status"],
        exit_code: 2,
    },
    Refusal {
        name: "refused: another winmm that is not there",
        ports: "software",
        arguments: &["--winmm", r"double\none.dll", "list"],
        exit_code: 2,
    },
    Refusal {
        name: "refused: another winmm that is none",
        ports: "software",
        arguments: &["--winmm", r"C:\windows\system32\version.dll", "list"],
        exit_code: 3,
    },
];

impl Refusal {
    /// The exit code is the table's, and one line says why, besides those of the progress until then.
    pub fn judge(&self, ended: &Ended) -> Verdict {
        let is_progress = |line: &&str| line.contains(" x real time, ");
        let lines = ended.errors.lines().filter(|line| !is_progress(line));
        let lines: Vec<_> = lines.collect();
        match (ended.exit_code, &lines[..]) {
            (Some(code), [line]) if code == self.exit_code => {
                Ok(format!("{code}, {}", line.trim()))
            }
            _ => Err(format!("not {} and one line", self.exit_code)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_exit_code_and_one_line() {
        let ended = |exit_code, errors: &str| Ended {
            exit_code: Some(exit_code),
            output: String::new(),
            errors: errors.to_owned(),
        };
        let refusal = &REFUSALS[0];
        assert_eq!(refusal.exit_code, 4);
        assert!(refusal.judge(&ended(4, "no such port\n")).is_ok());
        let progress = "0 of 20 s, 1.0 x real time, 20 s left\nthe port is gone\n";
        assert!(refusal.judge(&ended(4, progress)).is_ok());
        assert!(refusal.judge(&ended(2, "no such port\n")).is_err());
        assert!(refusal.judge(&ended(4, "")).is_err());
        assert!(
            refusal
                .judge(&ended(4, "no such port\nthere are: 0\n"))
                .is_err()
        );
    }
}
