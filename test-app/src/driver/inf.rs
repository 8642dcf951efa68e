//! INF files of any version of the driver's package.

/// Lines that they have, without spaces and in lower-case letters.
const CATALOG_FILE: &str = "catalogfile=midiuart.cat";
/// The same for the package for an MPU-401 at a fixed port.
const LAB_CATALOG_FILE: &str = "catalogfile=midiuart-isa.cat";
/// The image that they install.
const IMAGE: &str = "midiuart.sys";

/// Whether an INF file is one of the driver's packages, of whichever version.
#[must_use]
pub fn is_own(inf: &[u8]) -> bool {
    let text = text(inf).to_ascii_lowercase();
    let names_catalog = text.lines().any(|line| {
        let line: String = line.chars().filter(|it| !it.is_whitespace()).collect();
        let line = line.split(';').next().unwrap_or_default();
        line == CATALOG_FILE || line == LAB_CATALOG_FILE
    });
    names_catalog && text.contains(IMAGE)
}

/// INF files are UTF-16 with a byte order mark, or bytes.
fn text(inf: &[u8]) -> String {
    match inf {
        [0xFF, 0xFE, units @ ..] => {
            let units = units.chunks_exact(2);
            let units: Vec<_> = units.map(|it| u16::from_le_bytes([it[0], it[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(inf).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_own;

    const OWN: &str =
        "[Version]\r\nCatalogFile = midiuart.cat ; signed\r\n[Copy]\r\nmidiuart.sys\r\n";

    #[test]
    fn packages_of_the_driver_are_known_by_catalog_and_image() {
        assert!(is_own(OWN.as_bytes()));
        let wide = OWN.encode_utf16().flat_map(u16::to_le_bytes);
        let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain(wide).collect();
        assert!(is_own(&wide));
        for other in [
            OWN.replace("midiuart.cat", "other.cat"),
            OWN.replace("midiuart.sys", "other.sys"),
            OWN.replace("CatalogFile", ";CatalogFile"),
        ] {
            assert!(!is_own(other.as_bytes()), "{other}");
        }
    }
}
