//! The one thing that is changed in an INF file, so that Wine 8.0 can read it.

/// An INF file whose models sections for a processor are not for a Windows version. Wine accepts the
/// version where the manufacturer is listed and then does not look for the section that it belongs to
/// (`enum_compat_drivers_from_file` in `dlls/setupapi/devinst.c` goes by
/// `SetupDiGetActualSectionToInstallW`, which tries `.NTamd64`, `.NT` and nothing only).
pub fn without_windows_version(inf: &str, processor: &str) -> String {
    let platform = format!(".NT{processor}.");
    inf.split_inclusive('\n')
        .map(|line| match line.find(&platform) {
            Some(begin) if line.starts_with('[') => {
                let (_, end) = line.split_once(']').unwrap_or_default();
                let kept = &line[..begin + platform.len() - 1];
                format!("{kept}]{end}")
            }
            _ => line.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::without_windows_version;

    #[test]
    fn only_the_name_of_the_models_section_changes() {
        assert_eq!(
            without_windows_version(
                "%A% = B, NTamd64.10.0...16299\r\n[B.NTamd64.10.0...16299]\r\n[B.NT.Services]\r\n",
                "amd64"
            ),
            "%A% = B, NTamd64.10.0...16299\r\n[B.NTamd64]\r\n[B.NT.Services]\r\n"
        );
    }
}
