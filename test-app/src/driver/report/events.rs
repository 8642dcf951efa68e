//! Entries of Windows' event logs.

/// What to ask `wevtutil` for, and which of it concerns the driver.
pub struct Query {
    /// The part's file name.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// The log.
    pub log: &'static str,
    /// Which entries, in the `XPath` of event logs.
    pub entries: &'static str,
    /// The most entries to look at, the newest first.
    pub count: usize,
    /// Only those count that mention the driver.
    pub is_filtered: bool,
}

/// The logs that say why a driver does not load, start or survive.
pub const QUERIES: [Query; 5] = [
    Query {
        name: "events-code-integrity.txt",
        title: "Code integrity: signatures of the driver",
        log: "Microsoft-Windows-CodeIntegrity/Operational",
        entries: "*",
        count: 500,
        is_filtered: true,
    },
    Query {
        name: "events-plug-and-play.txt",
        title: "Plug and Play: configuration and start of its devices",
        log: "Microsoft-Windows-Kernel-PnP/Configuration",
        entries: "*",
        count: 1000,
        is_filtered: true,
    },
    Query {
        name: "events-services.txt",
        title: "Service control manager: the driver's service",
        log: "System",
        entries: "*[System[Provider[@Name='Service Control Manager']]]",
        count: 1000,
        is_filtered: true,
    },
    Query {
        name: "events-bug-checks.txt",
        title: "Bug checks, of any driver (event 1001)",
        log: "System",
        entries: "*[System[Provider[@Name='Microsoft-Windows-WER-SystemErrorReporting'] and EventID=1001]]",
        count: 10,
        is_filtered: false,
    },
    Query {
        name: "events-power-losses.txt",
        title: "Restarts without shutdown (Kernel-Power 41)",
        log: "System",
        entries: "*[System[Provider[@Name='Microsoft-Windows-Kernel-Power'] and EventID=41]]",
        count: 10,
        is_filtered: false,
    },
];

impl Query {
    /// The arguments for `wevtutil.exe`. In Unicode, as the console's code page loses letters of names.
    #[must_use]
    pub fn arguments(&self) -> [String; 7] {
        [
            "qe".to_owned(),
            self.log.to_owned(),
            format!("/q:{}", self.entries),
            "/f:text".to_owned(),
            "/rd:true".to_owned(),
            format!("/c:{}", self.count),
            "/uni:true".to_owned(),
        ]
    }

    /// Returns the entries that count, and how many there are.
    #[must_use]
    pub fn of_concern(&self, printed: &str, words: &[String]) -> (String, usize) {
        let entries = entries(printed);
        let concerns = |entry: &&String| {
            let lower = entry.to_lowercase();
            !self.is_filtered || words.iter().any(|word| lower.contains(word))
        };
        let entries: Vec<_> = entries.iter().filter(concerns).cloned().collect();
        (entries.concat(), entries.len())
    }
}

/// The entries, each of which begins with a line like `Event[3]`.
fn entries(printed: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in printed.lines() {
        if line.starts_with("Event[") {
            entries.push(String::new());
        }
        if let Some(entry) = entries.last_mut() {
            entry.push_str(line);
            entry.push('\n');
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
Event[0]
  Log Name: System
  Event ID: 7045
  Description:
A service was installed: other

Event[1]
  Event ID: 7000
  Description:
The MidiUART service failed to start
";

    #[test]
    fn entries_that_mention_the_driver_count() {
        let words = ["midiuart".to_owned()];
        let (text, count) = QUERIES[2].of_concern(PRINTED, &words);
        assert_eq!(count, 1);
        assert!(
            text.starts_with("Event[1]\n") && text.ends_with("start\n"),
            "{text}"
        );
        assert_eq!(
            QUERIES[3].of_concern(PRINTED, &words),
            (PRINTED.to_owned(), 2)
        );
        assert_eq!(QUERIES[3].of_concern("no log", &words), (String::new(), 0));
    }
}
