//! What the crate's source declares, so that nothing is left out of the comparison.

use std::fs;
use std::path::{Path, PathBuf};

/// A function's declaration, with Rust's types as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub name: String,
    pub arguments: Vec<String>,
    pub result: Option<String>,
}

/// An interface with all functions of its table.
#[derive(Clone, Debug)]
pub struct Interface {
    pub name: String,
    pub iid: String,
    base: Option<String>,
    pub methods: Vec<(usize, Signature)>,
}

impl Interface {
    /// Functions in the whole table.
    pub fn slots(&self) -> usize {
        self.methods.last().map_or(0, |(slot, _)| slot + 1)
    }
}

fn source(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a source file of the crate");
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |code, line| code + line + "\n")
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn word(text: &str) -> &str {
    let end = text.find(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    &text[..end.unwrap_or(text.len())]
}

/// The names that follow `keyword` in files of the crate; those of macros are none.
fn declared(keyword: &str, files: &[&str]) -> Vec<String> {
    let sources = files.iter().map(|file| source(&source_folder().join(file)));
    sources
        .flat_map(|code| declared_in(keyword, &code))
        .collect()
}

fn declared_in(keyword: &str, code: &str) -> Vec<String> {
    let found = code.split(keyword).skip(1).map(word);
    found
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

const TABLE_FILES: &[&str] = &["types.rs", "ks.rs", "descriptors.rs"];

pub fn structures() -> Vec<String> {
    let mut names = declared("pub struct ", TABLE_FILES);
    names.extend(declared("pub union ", TABLE_FILES));
    names
}

/// The constants of all files but those whose items are compared by other lists.
pub fn constants() -> Vec<String> {
    let mut names = declared("pub const ", TABLE_FILES);
    names.extend(declared("pub const ", &["functions.rs"]));
    for code in interface_sources() {
        names.extend(declared_in("pub const ", &code));
    }
    names.retain(|name| !matches!(name.as_str(), "fn" | "NAMES"));
    names
}

fn interface_sources() -> Vec<String> {
    let folder = fs::read_dir(source_folder().join("interfaces")).expect("a folder");
    folder
        .map(|entry| source(&entry.expect("an entry").path()))
        .collect()
}

/// The names and values of `status.rs`.
pub fn statuses() -> Vec<(String, u32)> {
    let code = source(&source_folder().join("status.rs"));
    code.lines()
        .filter_map(|line| line.trim().strip_suffix(';')?.split_once(" = 0x"))
        .map(|(name, digits)| {
            let digits = digits.replace('_', "");
            let value = u32::from_str_radix(&digits, 16).expect("hexadecimal digits");
            (name.to_owned(), value)
        })
        .collect()
}

/// Parses `fn name(argument: type, …) -> type;` from behind the `fn`.
fn signature(text: &str) -> Option<Signature> {
    let name = word(text);
    let (declaration, _) = text[name.len()..].split_once(';')?;
    let (arguments, result) = declaration.strip_prefix('(')?.rsplit_once(')')?;
    let arguments = arguments
        .split(',')
        .filter_map(|argument| Some(argument.split_once(':')?.1.trim().to_owned()))
        .collect();
    Some(Signature {
        name: name.to_owned(),
        arguments,
        result: result
            .trim()
            .strip_prefix("->")
            .map(|result| result.trim().to_owned()),
    })
}

/// All interfaces, in no particular order, with what they inherit.
pub fn interfaces() -> Vec<Interface> {
    let own = own_interfaces();
    let inherited = |interface: &Interface| {
        let mut methods = interface.methods.clone();
        let mut base = interface.base.as_deref();
        while let Some(name) = base {
            let found = own.iter().find(|other| other.name == name);
            let found = found.expect("its base");
            methods.splice(0..0, found.methods.iter().cloned());
            base = found.base.as_deref();
        }
        methods
    };
    let whole = own.iter().map(|interface| Interface {
        methods: inherited(interface),
        ..interface.clone()
    });
    whole.collect()
}

/// All interfaces without what they inherit.
fn own_interfaces() -> Vec<Interface> {
    let mut interfaces = vec![unknown()];
    for code in interface_sources() {
        for block in code.split("interface! {").skip(1) {
            let block = block.trim_start();
            let name = word(block);
            let iid = word(&block[name.len() + 1..]);
            let (_, base) = block.split_once("Vtbl:").expect("a base");
            let methods = block.split(" => fn ").collect::<Vec<_>>();
            let methods = methods.windows(2).map(|pair| {
                let slot = pair[0].rsplit(char::is_whitespace).next().map(str::parse);
                (slot.expect("a slot").expect("a number"), pair[1])
            });
            interfaces.push(Interface {
                name: name.to_owned(),
                iid: iid.to_owned(),
                base: Some(word(base.trim_start()).to_owned()),
                methods: methods
                    .map(|(slot, text)| (slot, signature(text).expect("a function")))
                    .collect(),
            });
        }
    }
    interfaces
}

/// `IUnknown` is declared without the macro.
fn unknown() -> Interface {
    let count = |slot, name: &str| {
        let signature = Signature {
            name: name.to_owned(),
            arguments: Vec::new(),
            result: Some("ULONG".to_owned()),
        };
        (slot, signature)
    };
    let query = Signature {
        name: "QueryInterface".to_owned(),
        arguments: vec!["*const GUID".to_owned(), "*mut PVOID".to_owned()],
        result: Some("NTSTATUS".to_owned()),
    };
    Interface {
        name: "IUnknown".to_owned(),
        iid: "IID_IUnknown".to_owned(),
        base: None,
        methods: vec![(0, query), count(1, "AddRef"), count(2, "Release")],
    }
}

/// The functions that portcls.sys exports.
pub fn functions() -> Vec<Signature> {
    let code = source(&source_folder().join("functions.rs"));
    code.split(" = fn ")
        .skip(1)
        .filter(|text| !text.starts_with('$'))
        .filter_map(signature)
        .collect()
}
