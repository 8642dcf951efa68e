//! Removes what names a person, a computer or a network.
//!
//! Some names can't be removed wherever they occur: a user "midi" would destroy each report, a user "a"
//! each word. So a name is *distinctive* if it has at least `DISTINCTIVE` characters and is not a part
//! of a word in the [`vocabulary`]. A distinctive name is removed everywhere, even inside longer words.
//! An *ambiguous* one is removed where its context makes it a name: as the folder below `Users`, before or
//! after the separator of `DOMAIN\user`, in an e-mail address or UPN, after labels such as `Computer:`,
//! and as a short name (`MIDI~1`). Elsewhere the word stays, and names nobody. The labels are Windows'
//! English ones.

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use regex::{Captures, Regex, escape};
use serde_json::Value;

use super::evidence::Names;
use super::vocabulary;

/// The fewest characters of a distinctive name.
const DISTINCTIVE: usize = 4;

/// After this many runs over a text it is left to [`Scrubber::find`].
const MOST_RUNS: usize = 8;

/// Folders below `Users` that belong to no user, in small letters.
pub const PROFILES_OF_NOBODY: [&str; 4] = ["public", "default", "default user", "all users"];

/// GUIDs that are the same on each machine: they say what a device is.
const KNOWN_GUIDS: [&str; 6] = [
    "4d36e96c-e325-11ce-bfc1-08002be10318", // GUID_DEVCLASS_MEDIA
    "6994ad04-93ef-11d0-a3cc-00a0c9223196", // KSCATEGORY_AUDIO
    "65e8773e-8f56-11d0-a3b9-00a0c9223196", // KSCATEGORY_RENDER
    "65e8773d-8f56-11d0-a3b9-00a0c9223196", // KSCATEGORY_CAPTURE
    "17cca71b-ecd7-11d0-b908-00a0c9223196", // the proxy's class, which the INF file names
    "00000000-0000-0000-0000-000000000000",
];

/// Accounts of Windows' own, which each machine has.
const KNOWN_SIDS: [&str; 3] = ["S-1-5-18", "S-1-5-19", "S-1-5-20"];

/// Labels of events' fields whose value names a user or a computer.
const LABELS: &str =
    "Computer|Computer Name|User|User Name|Account Name|Account Domain|Workstation Name";

/// A kind of thing to find, and what is put in its place.
struct Rule {
    pattern: Regex,
    replacement: Replacement,
}

enum Replacement {
    /// What [`Captures::expand`] makes of this.
    Text(String),
    /// What this returns; `None` leaves it as it is.
    Judged(fn(&str, &Captures<'_>) -> Option<&'static str>),
}

/// Removes names, for one machine.
pub struct Scrubber {
    rules: Vec<Rule>,
    /// What may not occur afterwards: distinctive names.
    forbidden: Vec<Regex>,
    /// The same in UTF-16, as bytes in small letters.
    forbidden_wide: Vec<Vec<u8>>,
}

impl Scrubber {
    /// For a machine with these names.
    ///
    /// # Errors
    /// If there is a name that no pattern can be made of.
    pub fn new(names: &Names) -> Result<Self, regex::Error> {
        let users = cleaned(&names.users, "user");
        let computers = cleaned(&names.computers, "computer");
        let domains = cleaned(&names.domains, "domain");
        let owners = cleaned(&names.owners, "owner");
        let profiles = cleaned(&names.profiles, "profile");
        let all = [
            users.as_slice(),
            computers.as_slice(),
            domains.as_slice(),
            owners.as_slice(),
        ]
        .concat();
        let mut this = Self {
            rules: Vec::new(),
            forbidden: Vec::new(),
            forbidden_wide: Vec::new(),
        };
        for (profile, _) in &profiles {
            // Only a folder below another one: not "C:\".
            if profile.matches(['\\', '/']).count() > 1 {
                let path = flexible(profile);
                this.replace(&format!(r"(?i){path}"), "<profile>")?;
                this.forbidden.push(Regex::new(&format!(r"(?i){path}"))?);
            }
        }
        // A name may have spaces, but then it is followed by a separator.
        this.judge(
            r#"(?i)(\bUsers[\\/]+)([^\\/:*?"<>|\r\n]{1,64})([\\/])"#,
            |_, found| (!is_of_nobody(&found[2])).then_some("${1}<user>${3}"),
        )?;
        this.judge(
            r#"(?i)(\bUsers[\\/]+)([^\\/:*?"<>|\s,;')]{1,64})"#,
            |_, found| (!is_of_nobody(&found[2])).then_some("${1}<user>"),
        )?;
        this.judge(
            &format!(r"(?im)^(\s*(?:{LABELS}):[ \t]+)(\S[^\r\n]*)$"),
            |_, found| {
                let is_known = KNOWN_SIDS.contains(&&found[2])
                    || found[2].to_uppercase().starts_with(r"NT AUTHORITY\")
                    || found[2].starts_with('<');
                (!is_known).then_some("${1}<removed>")
            },
        )?;
        this.replace(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*", "<e-mail>")?;
        let either: Vec<_> = computers.iter().chain(&domains).collect();
        for (name, what) in &either {
            let (pattern, what) = (flexible(name), *what);
            if is_distinctive(name) {
                let account = r#"[^\s\\/:*?"<>|,;@']{1,64}"#;
                let rule = format!(r"(?i)(^|[^\w])({pattern})([\\/]+){account}");
                this.replace(&rule, &format!("${{1}}<{what}>${{3}}<user>"))?;
            }
            for (user, _) in &users {
                let user = flexible(user);
                let rule = format!(r"(?i)(^|[^\w])({pattern})([\\/]+)({user})($|[^\w])");
                this.replace(&rule, &format!("${{1}}<{what}>${{3}}<user>${{5}}"))?;
            }
        }
        for (name, what) in &all {
            if is_distinctive(name) {
                let pattern = flexible(name);
                this.replace(&format!("(?i){pattern}"), &format!("<{what}>"))?;
                this.forbidden.push(Regex::new(&format!("(?i){pattern}"))?);
                let wide = name.to_lowercase();
                let wide = wide.encode_utf16().flat_map(u16::to_le_bytes);
                this.forbidden_wide.push(wide.collect());
            }
            if *what == "user"
                && let Some(short) = short_name(name)
            {
                this.replace(&format!(r"(?i){}~\d", escape(&short)), "<user>")?;
            }
        }
        this.judge(r"\bS-1(?:-\d+){2,}", |_, found| {
            (!KNOWN_SIDS.contains(&&found[0])).then_some("<sid>")
        })?;
        this.judge(
            r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            |_, found| {
                let guid = found[0].to_lowercase();
                (!KNOWN_GUIDS.contains(&guid.as_str())).then_some("<guid>")
            },
        )?;
        this.replace(r"(?i)\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b", "<mac>")?;
        this.judge(
            r"(?i)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:%\d+)?",
            ip_version_6,
        )?;
        this.judge(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", ip_version_4)?;
        this.judge(r"(?i)\b[0-9a-f]{4}-[0-9a-f]{4}\b", volume_serial)?;
        Ok(this)
    }

    fn replace(&mut self, pattern: &str, by: &str) -> Result<(), regex::Error> {
        self.rules.push(Rule {
            pattern: Regex::new(pattern)?,
            replacement: Replacement::Text(by.to_owned()),
        });
        Ok(())
    }

    fn judge(
        &mut self,
        pattern: &str,
        judge: fn(&str, &Captures<'_>) -> Option<&'static str>,
    ) -> Result<(), regex::Error> {
        self.rules.push(Rule {
            pattern: Regex::new(pattern)?,
            replacement: Replacement::Judged(judge),
        });
        Ok(())
    }

    /// Returns the text without names: a replacement may make another name visible.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..MOST_RUNS {
            let done = self.once(&text);
            if done == text {
                break;
            }
            text = done;
        }
        text
    }

    fn once(&self, text: &str) -> String {
        self.rules.iter().fold(text.to_owned(), |text, rule| {
            let replaced = rule.pattern.replace_all(&text, |found: &Captures<'_>| {
                let mut into = String::new();
                match &rule.replacement {
                    Replacement::Text(by) => found.expand(by, &mut into),
                    Replacement::Judged(judge) => match judge(&text, found) {
                        Some(by) => found.expand(by, &mut into),
                        None => into.push_str(&found[0]),
                    },
                }
                into
            });
            replaced.into_owned()
        })
    }

    /// Removes names from all texts in a JSON document. The names of members stay: they are those of a
    /// schema. A document that is not from this process is checked for that by [`find`](Self::find).
    pub fn json(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.json(value)),
            Value::Object(members) => {
                for (name, value) in members {
                    if let Value::String(text) = value {
                        *text = self.member(name, text);
                    } else {
                        self.json(value);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => (),
        }
    }

    /// The text of a member, whose name says what it is.
    fn member(&self, name: &str, text: &str) -> String {
        let context = format!("\"{name}\": ");
        let whole = self.text(&format!("{context}{text}"));
        let text = whole.strip_prefix(&context).map(str::to_owned);
        text.unwrap_or_else(|| self.text(&whole))
    }

    /// Returns what kind of name is still in the bytes, if any: a distinctive one in UTF-8 or UTF-16, or
    /// anything that another run would remove.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Option<&'static str> {
        let text = String::from_utf8_lossy(bytes);
        if self.forbidden.iter().any(|name| name.is_match(&text)) {
            return Some("a name of this machine");
        }
        let lower = bytes.to_ascii_lowercase();
        let has = |name: &Vec<u8>| lower.windows(name.len()).any(|bytes| bytes == name);
        if self.forbidden_wide.iter().any(has) {
            return Some("a name of this machine in UTF-16");
        }
        (self.text(&text) != text).then_some("something that may name a person or a machine")
    }
}

/// The names that can be searched for, the longest first so that none hides a part of another.
fn cleaned(names: &[String], what: &'static str) -> Vec<(String, &'static str)> {
    let names = names.iter().map(|name| name.trim().trim_end_matches('\\'));
    let mut names: Vec<_> = names
        .filter(|name| !name.is_empty())
        .map(|name| (name.to_owned(), what))
        .collect();
    names.sort_by_key(|(name, _)| (usize::MAX - name.len(), name.to_lowercase()));
    names.dedup_by(|one, other| one.0.to_lowercase() == other.0.to_lowercase());
    names
}

fn is_distinctive(name: &str) -> bool {
    name.chars().count() >= DISTINCTIVE && !vocabulary::has(&name.to_lowercase())
}

fn is_of_nobody(folder: &str) -> bool {
    folder.starts_with('<') || PROFILES_OF_NOBODY.contains(&folder.to_lowercase().as_str())
}

/// A pattern for a name: separators may be doubled, as in JSON, and what is not ASCII may have been lost
/// in another encoding.
fn flexible(name: &str) -> String {
    name.chars().fold(String::new(), |mut pattern, character| {
        // Writing to a `String` can't fail.
        let _ = match character {
            '\\' | '/' => write!(pattern, r"[\\/]+"),
            ' '..='~' => write!(pattern, "{}", escape(character.encode_utf8(&mut [0; 4]))),
            _ => {
                let mut units = [0; 2];
                let units = character.encode_utf16(&mut units);
                let escaped = units.iter().fold(String::new(), |text, unit| {
                    text + &format!(r"\\+u{unit:04x}")
                });
                write!(pattern, "(?:{character}|{escaped}|\u{FFFD}+|\\?)")
            }
        };
        pattern
    })
}

/// The beginning of a name's short form (8.3), as Windows makes it.
fn short_name(name: &str) -> Option<String> {
    let kept = name
        .chars()
        .filter(|it| it.is_ascii_alphanumeric() || "_-$".contains(*it));
    let short: String = kept.take(6).collect();
    (!short.is_empty()).then_some(short)
}

/// The text before what was found, on the same line.
fn before<'t>(text: &'t str, found: &Captures<'_>) -> &'t str {
    let start = found.get(0).map_or(0, |it| it.start());
    let line = text[..start].rfind('\n').map_or(0, |it| it + 1);
    &text[line..start]
}

/// Whether what was found is not a part of something longer.
fn stands_alone(text: &str, found: &Captures<'_>, joins: &str) -> bool {
    let Some(found) = found.get(0) else {
        return false;
    };
    let joins = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || joins.contains(it));
    !joins(text[..found.start()].chars().next_back()) && !joins(text[found.end()..].chars().next())
}

/// Versions look the same: four numbers. The first of an address is not 0, and versions are called so.
fn ip_version_4(text: &str, found: &Captures<'_>) -> Option<&'static str> {
    let address: Ipv4Addr = found[0].parse().ok()?;
    let before = before(text, found).to_lowercase();
    let is_version = ["version", "driverver"]
        .iter()
        .any(|word| before.contains(word));
    let is_one = !is_version
        && stands_alone(text, found, ".")
        && !matches!(address.octets()[0], 0 | 127 | 255);
    is_one.then_some("<ip>")
}

/// Times of day look alike, but have too few digits.
fn ip_version_6(text: &str, found: &Captures<'_>) -> Option<&'static str> {
    let address = found[0].split('%').next().unwrap_or_default();
    let _: Ipv6Addr = address.parse().ok()?;
    let digits = address.chars().filter(char::is_ascii_hexdigit).count();
    (digits > 4 && stands_alone(text, found, "_:")).then_some("<ip>")
}

/// Two groups of four hexadecimal digits; years from 1900 to 2199 do not count.
fn volume_serial(text: &str, found: &Captures<'_>) -> Option<&'static str> {
    let is_year = |text: &str| {
        let number: Option<u16> = text.parse().ok();
        number.is_some_and(|number| (1900..2200).contains(&number))
    };
    let (one, other) = found[0].split_once('-')?;
    let is_period = is_year(one) && is_year(other);
    (!is_period && stands_alone(text, found, "-_")).then_some("<volume>")
}
