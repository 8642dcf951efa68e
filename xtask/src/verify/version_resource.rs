//! The version resource, after Microsoft's description of `VS_VERSIONINFO`.

use super::Verdict;
use super::image::Image;

/// What Explorer shows, and what a bug report should name.
const WANTED: [&str; 5] = [
    "FileDescription",
    "FileVersion",
    "LegalCopyright",
    "OriginalFilename",
    "ProductName",
];

/// There is one with name, version and copyright, and its two versions agree.
pub fn complete(image: &Image) -> Verdict {
    let Some(resource) = image.version_resource else {
        return Err("there is none".to_owned());
    };
    let Some(version) = fixed_version(resource) else {
        return Err("no fixed part".to_owned());
    };
    let missing: Vec<_> = WANTED
        .into_iter()
        .filter(|name| text(resource, name).is_none_or(|text| text.is_empty()))
        .collect();
    if !missing.is_empty() {
        return Err(format!("without {}", missing.join(", ")));
    }
    let named = text(resource, "FileVersion").unwrap_or_default();
    if named != version {
        return Err(format!("{named} in words is {version} in numbers"));
    }
    let product = text(resource, "ProductName").unwrap_or_default();
    let copyright = text(resource, "LegalCopyright").unwrap_or_default();
    Ok(format!("{product} {version}, {copyright}"))
}

/// The first three numbers of the version in `VS_FIXEDFILEINFO`.
fn fixed_version(resource: &[u8]) -> Option<String> {
    const SIGNATURE: [u8; 4] = 0xFEEF_04BD_u32.to_le_bytes();
    const VERSION_OFFSET: usize = 8;
    let at = position(resource, &SIGNATURE)?;
    let numbers = resource.get(at + VERSION_OFFSET..)?.first_chunk::<8>()?;
    let number = |index| u16::from_le_bytes([numbers[index], numbers[index + 1]]);
    Some(format!("{}.{}.{}", number(2), number(0), number(6)))
}

/// The text under a name.
fn text(resource: &[u8], name: &str) -> Option<String> {
    let key: Vec<u8> = name
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    let end = position(resource, &key)? + key.len();
    // Texts begin at a multiple of four.
    let words = resource.get(end.next_multiple_of(4)..)?.chunks_exact(2);
    let characters: Vec<u16> = words
        .map(|word| u16::from_le_bytes([word[0], word[1]]))
        .take_while(|character| *character != 0)
        .collect();
    String::from_utf16(&characters).ok()
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
