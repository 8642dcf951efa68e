//! The version resource, as a compiled resource file (`.res`), so that no resource compiler is
//! needed on any system. Layout after Microsoft's "Resource File Formats" and `VS_VERSIONINFO`.

use std::env;
use std::num::ParseIntError;

const COPYRIGHT: &str = "Copyright (c) 2026 The midiuart maintainers. MIT OR Apache-2.0";
const FILE_NAME: &str = "midiuart.sys";
const PRODUCT: &str = "midiuart";

/// `RT_VERSION`
const TYPE_VERSION: u16 = 16;
/// `VS_VERSION_INFO`, the only name such a resource may have.
const NAME_VERSION_INFO: u16 = 1;
/// English, United States.
const LANGUAGE: u16 = 0x0409;
/// UTF-16.
const CODE_PAGE: u16 = 1200;

const FIXED_FILE_INFO_SIGNATURE: u32 = 0xFEEF_04BD;
const FIXED_FILE_INFO_VERSION: u32 = 0x0001_0000;
/// `VOS_NT_WINDOWS32`
const FILE_OS: u32 = 0x0004_0004;
/// `VFT_DRV`
const FILE_TYPE: u32 = 3;
/// `VFT2_DRV_SOUND`
const FILE_SUBTYPE: u32 = 9;

/// The resource file for the version and description of the package that is being built.
pub fn of_this_package() -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let version = env::var("CARGO_PKG_VERSION")?;
    let description = env::var("CARGO_PKG_DESCRIPTION")?;
    let numbers = file_version()?;
    let strings = [
        ("CompanyName", "The midiuart maintainers"),
        ("FileDescription", description.as_str()),
        ("FileVersion", version.as_str()),
        ("InternalName", FILE_NAME),
        ("LegalCopyright", COPYRIGHT),
        ("OriginalFilename", FILE_NAME),
        ("ProductName", PRODUCT),
        ("ProductVersion", version.as_str()),
    ];
    let strings = strings
        .iter()
        .map(|(name, text)| Node::text(name, text))
        .collect();
    let table = Node::parent(&format!("{LANGUAGE:04x}{CODE_PAGE:04x}"), strings);
    let translation = [LANGUAGE.to_le_bytes(), CODE_PAGE.to_le_bytes()].concat();
    let info = Node {
        name: "VS_VERSION_INFO".to_owned(),
        value: Value::Binary(fixed_file_info(numbers)),
        children: vec![
            Node::parent("StringFileInfo", vec![table]),
            Node::parent(
                "VarFileInfo",
                vec![Node {
                    name: "Translation".to_owned(),
                    value: Value::Binary(translation),
                    children: Vec::new(),
                }],
            ),
        ],
    };
    // A file of 32-bit resources begins with an empty one.
    let mut file = resource(0, 0, 0, &[]);
    file.extend(resource(
        TYPE_VERSION,
        NAME_VERSION_INFO,
        LANGUAGE,
        &info.encoded(),
    ));
    Ok(file)
}

fn file_version() -> Result<[u16; 3], Box<dyn std::error::Error>> {
    let number = |name| -> Result<u16, Box<dyn std::error::Error>> {
        env::var(name)?
            .parse()
            .map_err(|error: ParseIntError| error.into())
    };
    Ok([
        number("CARGO_PKG_VERSION_MAJOR")?,
        number("CARGO_PKG_VERSION_MINOR")?,
        number("CARGO_PKG_VERSION_PATCH")?,
    ])
}

/// `VS_FIXEDFILEINFO`
fn fixed_file_info([major, minor, patch]: [u16; 3]) -> Vec<u8> {
    let high = u32::from(major) << 16 | u32::from(minor);
    let low = u32::from(patch) << 16;
    [
        FIXED_FILE_INFO_SIGNATURE,
        FIXED_FILE_INFO_VERSION,
        high, // file version
        low,
        high, // product version
        low,
        0x3F, // which flags are valid
        0,    // flags
        FILE_OS,
        FILE_TYPE,
        FILE_SUBTYPE,
        0, // date
        0,
    ]
    .iter()
    .flat_map(|number| number.to_le_bytes())
    .collect()
}

/// One resource with its header. Type and name are numbers.
fn resource(kind: u16, name: u16, language: u16, data: &[u8]) -> Vec<u8> {
    const HEADER_SIZE: u32 = 32;
    const NUMBER_FOLLOWS: u16 = 0xFFFF;
    let size = u32::try_from(data.len()).expect("some hundred bytes");
    let mut bytes = Vec::new();
    bytes.extend(size.to_le_bytes());
    bytes.extend(HEADER_SIZE.to_le_bytes());
    for number in [NUMBER_FOLLOWS, kind, NUMBER_FOLLOWS, name] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([0; 4]); // version of the data
    bytes.extend([0; 2]); // flags
    bytes.extend(language.to_le_bytes());
    bytes.extend([0; 8]); // version, characteristics
    bytes.extend(data);
    pad(&mut bytes);
    bytes
}

enum Value {
    None,
    Text(String),
    Binary(Vec<u8>),
}

/// The form that all parts of a version resource have.
struct Node {
    name: String,
    value: Value,
    children: Vec<Node>,
}

impl Node {
    fn parent(name: &str, children: Vec<Self>) -> Self {
        Self {
            name: name.to_owned(),
            value: Value::None,
            children,
        }
    }

    fn text(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            value: Value::Text(text.to_owned()),
            children: Vec::new(),
        }
    }

    fn encoded(&self) -> Vec<u8> {
        // The length of a text is counted in characters, that of other values in bytes.
        let (value, length, is_text) = match &self.value {
            Value::None => (Vec::new(), 0, true),
            Value::Text(text) => {
                let bytes = utf16_with_end(text);
                let characters = bytes.len() / 2;
                (bytes, characters, true)
            }
            Value::Binary(bytes) => (bytes.clone(), bytes.len(), false),
        };
        let mut bytes = vec![0; 2]; // the length, known at the end
        bytes.extend(short(length));
        bytes.extend(short(is_text.into()));
        bytes.extend(utf16_with_end(&self.name));
        pad(&mut bytes);
        bytes.extend(value);
        for child in &self.children {
            pad(&mut bytes);
            bytes.extend(child.encoded());
        }
        let length = short(bytes.len());
        bytes[..2].copy_from_slice(&length);
        bytes
    }
}

fn short(number: usize) -> [u8; 2] {
    u16::try_from(number)
        .expect("some hundred bytes")
        .to_le_bytes()
}

fn utf16_with_end(text: &str) -> Vec<u8> {
    text.encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// Everything begins at a multiple of four bytes.
fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}
