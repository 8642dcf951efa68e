//! Text from bytes of an unknown encoding.

/// Decodes UTF-16 with or without a byte order mark, and UTF-8. In other encodings, each byte that is not
/// ASCII becomes U+FFFD; the [`Scrubber`](super::scrub::Scrubber) finds names in that, too.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ if zeros(bytes, 1) > bytes.len() / 8 => utf16(bytes, u16::from_le_bytes),
        _ if zeros(bytes, 0) > bytes.len() / 8 => utf16(bytes, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    // What is cut from the middle of UTF-16 has a mark inside; zeros hide names from a search.
    text.replace(['\u{FEFF}', '\0'], "").replace("\r\n", "\n")
}

/// How many of the bytes at even (0) or odd (1) places are 0.
fn zeros(bytes: &[u8], place: usize) -> usize {
    let pairs = bytes.chunks_exact(2);
    pairs.filter(|pair| pair[place] == 0).count()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    String::from_utf16_lossy(&units.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_gives_the_same_text() {
        let wide: Vec<u16> = "Jürgen\r\nuses midi".encode_utf16().collect();
        let little: Vec<u8> = wide.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = wide.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [
            little.clone(),
            big.clone(),
            [&[0xFF, 0xFE], little.as_slice()].concat(),
            [&[0xFE, 0xFF], big.as_slice()].concat(),
            "\u{FEFF}Jürgen\nuses midi".into(),
        ] {
            assert_eq!(text(&bytes), "Jürgen\nuses midi", "{bytes:x?}");
        }
        assert_eq!(text(b"J\x81rgen\0"), "J\u{FFFD}rgen");
        assert_eq!(text(b""), "");
    }
}
