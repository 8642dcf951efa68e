//! A part of a registry, as `reg export` writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

/// What begins the names of all keys, in small letters.
const ROOT: &str = r"hkey_local_machine\system\currentcontrolset\";

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Number(u32),
    Text(String),
    Texts(Vec<String>),
    /// Of another type, as it is written.
    Other(String),
}

impl Display for Value {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Text(text) => formatter.write_str(text),
            Self::Texts(texts) => formatter.write_str(&texts.join(", ")),
            Self::Other(written) => formatter.write_str(written),
        }
    }
}

/// Values by their names, by their keys; all names in small letters.
#[derive(Debug, Default)]
pub struct Registry {
    keys: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Registry {
    /// Reads an exported file.
    pub fn parse(text: &str) -> Self {
        let joined = text.replace("\r\n", "\n").replace("\\\n  ", "");
        let mut keys: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        let mut current = None;
        for line in joined.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
                current = name
                    .to_ascii_lowercase()
                    .strip_prefix(ROOT)
                    .map(str::to_owned);
                if let Some(name) = &current {
                    keys.entry(name.clone()).or_default();
                }
            } else if let Some(key) = &current
                && let Some((name, value)) = named_value(line)
            {
                let values = keys.entry(key.clone()).or_default();
                values.insert(name.to_ascii_lowercase(), value);
            }
        }
        Self { keys }
    }

    /// A value of a key below `CurrentControlSet`.
    pub fn value(&self, key: &str, name: &str) -> Option<&Value> {
        let values = self.keys.get(&key.to_ascii_lowercase())?;
        values.get(&name.to_ascii_lowercase())
    }

    /// Whether there is a key.
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains_key(&key.to_ascii_lowercase())
    }

    /// The keys that the other one does not have.
    pub fn beyond(&self, other: &Self) -> BTreeSet<&str> {
        let names = self.keys.keys().map(String::as_str);
        names.filter(|name| !other.has(name)).collect()
    }
}

/// A line with a value.
fn named_value(line: &str) -> Option<(String, Value)> {
    let (name, rest) = quoted(line)?;
    let written = rest.strip_prefix('=')?;
    let value = if let Some((text, _)) = quoted(written) {
        Value::Text(text)
    } else if let Some(digits) = written.strip_prefix("dword:") {
        Value::Number(u32::from_str_radix(digits, 16).ok()?)
    } else if let Some(bytes) = written.strip_prefix("hex(2):") {
        Value::Text(texts(bytes).concat())
    } else if let Some(bytes) = written.strip_prefix("hex(7):") {
        Value::Texts(texts(bytes))
    } else {
        Value::Other(written.to_owned())
    };
    Some((name, value))
}

/// What is between quotation marks at the begin, and the rest.
fn quoted(line: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = line.strip_prefix('"')?.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '\\' => text.push(characters.next()?.1),
            // The first quotation mark is before the index.
            '"' => return Some((text, &line[index + 2..])),
            _ => text.push(character),
        }
    }
    None
}

/// Texts in UTF-16, each with a zero behind it.
fn texts(bytes: &str) -> Vec<String> {
    let bytes: Vec<_> = bytes
        .split(',')
        .filter_map(|byte| u8::from_str_radix(byte.trim(), 16).ok())
        .collect();
    let units: Vec<_> = bytes
        .as_chunks()
        .0
        .iter()
        .copied()
        .map(u16::from_le_bytes)
        .collect();
    units
        .split(|unit| *unit == 0)
        .filter(|text| !text.is_empty())
        .map(String::from_utf16_lossy)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORTED: &str = "Windows Registry Editor Version 5.00\r\n\r\n\
        [HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\A]\r\n\
        \"Start\"=dword:00000003\r\n\
        \"Path\"=\"C:\\\\\\\"x\\\"\"\r\n\
        \"ImagePath\"=hex(2):43,00,3a,00,\\\r\n  5c,00,00,00\r\n\
        \"Ids\"=hex(7):41,00,00,00,42,00,43,00,00,00,00,00\r\n\
        \"Blob\"=hex:01\r\n\r\n\
        [HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\A\\B]\r\n";

    #[test]
    fn values_of_all_types_are_read() {
        let registry = Registry::parse(EXPORTED);
        let value = |name| registry.value(r"services\a", name).cloned();
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        assert_eq!(value("start"), Some(Value::Number(3)));
        assert_eq!(value("PATH"), text(r#"C:\"x""#));
        assert_eq!(value("ImagePath"), text(r"C:\"));
        let ids = ["A", "BC"].map(str::to_owned).to_vec();
        assert_eq!(value("Ids"), Some(Value::Texts(ids)));
        assert_eq!(value("Blob"), Some(Value::Other("hex:01".to_owned())));
        assert_eq!(value("Other"), None);
    }

    #[test]
    fn keys_without_values_are_keys() {
        let registry = Registry::parse(EXPORTED);
        assert!(registry.has(r"Services\A\B"));
        assert!(!registry.has(r"Services\B"));
    }

    #[test]
    fn new_keys_are_told() {
        let (more, less) = EXPORTED.split_at(EXPORTED.rfind('[').expect("a key"));
        let (registry, before) = (Registry::parse(EXPORTED), Registry::parse(more));
        assert!(less.contains("B]"));
        assert_eq!(registry.beyond(&before), BTreeSet::from([r"services\a\b"]));
        assert!(before.beyond(&registry).is_empty());
    }
}
