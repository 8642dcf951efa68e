//! What a `winmm.dll` has to export.

use crate::verify::Image;

/// Names, one a line.
const LIST: &str = include_str!("../../data/winmm_exports.txt");

/// Checks an image's exports: a name that is missing fails all programs that import it, one too many
/// hides another image's.
pub fn check(image: &[u8]) -> Result<String, String> {
    let image = Image::parse(image).map_err(|error| error.to_string())?;
    let exported: Vec<_> = image.exports.iter().map(|(name, _)| &**name).collect();
    compare(&exported)
}

fn compare(exported: &[&str]) -> Result<String, String> {
    let listed = || LIST.lines().filter(|line| !line.starts_with('#'));
    let missing: Vec<_> = listed().filter(|name| !exported.contains(name)).collect();
    if !missing.is_empty() {
        return Err(format!("does not export {}", missing.join(", ")));
    }
    let others: Vec<_> = exported
        .iter()
        .filter(|name| !listed().any(|listed| listed == **name))
        .copied()
        .collect();
    if others.is_empty() {
        Ok(format!("all {} names of winmm.dll", exported.len()))
    } else {
        Err(format!("exports {} besides", others.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_are_needed_and_no_others() {
        let all: Vec<_> = LIST.lines().skip(1).collect();
        assert!(all.len() > 180);
        assert_eq!(
            compare(&all),
            Ok(format!("all {} names of winmm.dll", all.len()))
        );
        assert_eq!(
            compare(&all[1..]),
            Err("does not export CloseDriver".to_owned())
        );
        let more = [&all[..], &["rust_begin"]].concat();
        assert_eq!(compare(&more), Err("exports rust_begin besides".to_owned()));
    }
}
