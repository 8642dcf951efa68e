//! Windows' log of device installations, `setupapi.dev.log`.

/// What begins and ends a section.
const BEGIN: &str = ">>>  [";
const END: &str = "<<<  [Exit status";

/// Returns the sections that mention one of `words` (in small letters), the newest first, as many as fit
/// into `limit` bytes; and how many there are besides.
#[must_use]
pub fn sections(log: &str, words: &[String], limit: usize) -> (String, usize) {
    let mut found: Vec<String> = Vec::new();
    let mut open: Option<String> = None;
    for line in log.lines() {
        if line.starts_with(BEGIN) {
            found.extend(open.replace(String::new()));
        }
        if let Some(section) = &mut open {
            section.push_str(line);
            section.push('\n');
            if line.starts_with(END) {
                found.extend(open.take());
            }
        }
    }
    // The last one of an installation that has not ended yet, or never will.
    found.extend(open);
    found.retain(|section| {
        let section = section.to_lowercase();
        words.iter().any(|word| section.contains(word))
    });
    let count = found.len();
    let mut text = String::new();
    let mut taken = 0;
    for section in found.iter().rev() {
        if text.len() + section.len() > limit && taken > 0 {
            break;
        }
        text.push_str(section);
        text.push('\n');
        taken += 1;
    }
    (text, count - taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
[Device Install Log]
     OS Version = 10.0.26100
>>>  [Setup Import Driver Package - x\\midiuart.inf]
>>>  Section start 2026/11/26 11:06:53.123
     cmd: midiuart-test.exe driver install
<<<  Section end 2026/11/26 11:06:54.001
<<<  [Exit status: SUCCESS]

>>>  [Device Install (Hardware initiated) - USB\\OTHER]
     ndv: nothing of ours
<<<  [Exit status: SUCCESS]

>>>  [Device Install (UpdateDriverForPlugAndPlayDevices) - ROOT\\MIDIUART]
     dvi: broken off
>>>  [Delete Driver Package - oem12.inf]
<<<  [Exit status: FAILURE(0xe000023d)]
";

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn sections_of_ours_are_taken_the_newest_first() {
        let (text, left_out) = sections(LOG, &words(&["midiuart", "oem12.inf"]), 10_000);
        let heads: Vec<_> = text.lines().filter(|it| it.starts_with(BEGIN)).collect();
        assert_eq!(
            heads,
            [
                ">>>  [Delete Driver Package - oem12.inf]",
                ">>>  [Device Install (UpdateDriverForPlugAndPlayDevices) - ROOT\\MIDIUART]",
                ">>>  [Setup Import Driver Package - x\\midiuart.inf]",
            ]
        );
        assert!(
            text.contains("cmd: midiuart-test.exe driver install\n"),
            "{text}"
        );
        assert!(
            !text.contains("OTHER") && !text.contains("OS Version"),
            "{text}"
        );
        assert_eq!(left_out, 0);
    }

    #[test]
    fn old_sections_are_left_out_where_there_is_no_room() {
        let (text, left_out) = sections(LOG, &words(&["midiuart", "oem12.inf"]), 150);
        assert_eq!(text.matches(BEGIN).count(), 1, "{text}");
        assert_eq!(left_out, 2);
        assert_eq!(
            sections(LOG, &words(&["elsewhere"]), 150),
            (String::new(), 0)
        );
    }
}
