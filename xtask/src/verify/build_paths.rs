//! Paths of the machine that built an image.

use std::env;
use std::path::PathBuf;

use super::Verdict;
use super::image::Image;

/// Where people and machines build, and where compilers are.
const ROOTS: [&str; 14] = [
    "/build/",
    "/builds/",
    "/home/",
    "/mnt/",
    "/opt/",
    "/root/",
    "/tmp/",
    "/usr/",
    "/var/",
    "/work/",
    "/Users/",
    "\\Users\\",
    "\\src\\",
    ":\\",
];

/// None are inside.
pub fn none(image: &Image) -> Verdict {
    let here = [
        env::current_dir().ok(),
        env::home_dir(),
        env::var_os("CARGO_HOME").map(PathBuf::from),
    ];
    let here = here
        .into_iter()
        .flatten()
        .map(|path| path.display().to_string());
    let roots = ROOTS.into_iter().map(str::to_owned).chain(here);
    // A root directory of a container is no path to look for.
    let wanted: Vec<_> = roots.filter(|root| root.len() > 1).collect();
    for text in texts(image.bytes) {
        if let Some(at) = wanted.iter().find_map(|root| text.find(root.as_str())) {
            return Err(text.chars().skip(at).take(80).collect());
        }
    }
    Ok("none".to_owned())
}

/// Runs of printable characters, of one byte each or of two.
fn texts(bytes: &[u8]) -> Vec<String> {
    let narrow = runs(bytes.iter().map(|byte| u16::from(*byte)));
    let wide = |bytes: &[u8]| {
        runs(
            bytes
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]])),
        )
    };
    let odd = bytes.get(1..).unwrap_or_default();
    [narrow, wide(bytes), wide(odd)].concat()
}

fn runs(characters: impl Iterator<Item = u16>) -> Vec<String> {
    const SHORTEST: usize = 8;
    let mut found = Vec::new();
    let mut run = String::new();
    for character in characters.chain([0]) {
        match u8::try_from(character) {
            Ok(byte) if byte == b' ' || byte.is_ascii_graphic() => run.push(byte.into()),
            _ => {
                if run.len() >= SHORTEST {
                    found.push(run.clone());
                }
                run.clear();
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::texts;

    #[test]
    fn texts_of_both_widths_are_found() {
        let mut bytes = b"\x01/usr/lib/rust\x02".to_vec();
        bytes.extend("C:\\driver".encode_utf16().flat_map(u16::to_le_bytes));
        let texts = texts(&bytes);
        assert!(texts.contains(&"/usr/lib/rust".to_owned()));
        assert!(texts.contains(&"C:\\driver".to_owned()), "{texts:?}");
    }
}
