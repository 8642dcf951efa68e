//! Files that are written whole or not at all, and that nobody may read who might not read what was there.

mod access;

use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// The place of a file that is written whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    option: &'static str,
    target: PathBuf,
}

impl OutputFile {
    /// Makes sure that a file can be written at `path`, which `option` names.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the path and what is wrong with it.
    pub fn check(option: &'static str, path: &Path) -> Result<Self, Failure> {
        let target = real_path(path);
        let place = Self { option, target };
        let is_other_than_file = fs::metadata(&place.target).is_ok_and(|data| !data.is_file());
        if is_other_than_file || place.target.file_name().is_none() {
            return Err(place.refuse(path, &"not a file"));
        }
        if !place.folder().exists() {
            return Err(place.refuse(path, &"its folder is not there"));
        }
        place
            .part_file(None)
            .map_err(|error| place.refuse(path, &error))?;
        Ok(place)
    }

    /// Makes sure that it is none of `inputs`, which are read and stay.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the path and `why` it stays.
    pub fn is_none_of(self, inputs: &[PathBuf], why: &str) -> Result<Self, Failure> {
        let is_this =
            |input: &&PathBuf| fs::canonicalize(input).is_ok_and(|input| input == self.target);
        match inputs.iter().find(is_this) {
            None => Ok(self),
            Some(input) => Err(self.refuse(input, &why)),
        }
    }

    /// Whether `other` is at the same place.
    #[must_use]
    pub fn is_where(&self, other: &Self) -> bool {
        self.target == other.target
    }

    fn refuse(&self, path: &Path, fault: &dyn std::fmt::Display) -> Failure {
        Failure::Usage(format!(
            "{}: {fault}; {} takes a file that can be written",
            path.display(),
            self.option
        ))
    }

    /// Writes the file. Who may read and write one that was there before stays as it was.
    ///
    /// # Errors
    /// [`Failure::Device`] if that fails; what was at the place before is then still there.
    pub fn write(&self, contents: &[u8]) -> Result<(), Failure> {
        let before = fs::metadata(&self.target).ok();
        self.part_file(before.as_ref())
            .and_then(|mut part| {
                // The part's own `write_all` would tell the part's name instead of the target's.
                part.as_file_mut().write_all(contents)?;
                access::replace(part, &self.target, before.as_ref())
            })
            .map_err(|error| {
                Failure::Device(format!("cannot write {}: {error}", self.target.display()))
            })
    }

    /// A file beside the target, which disappears unless it becomes the target. `before` is what is there.
    fn part_file(&self, before: Option<&Metadata>) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".midiuart-").suffix(".part");
        access::of_new_file(&mut builder, before);
        // Only the kind, as the rest tells the part's name.
        let part = builder.tempfile_in(self.folder());
        part.map_err(|error| error.kind().into())
    }

    fn folder(&self) -> &Path {
        match self.target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }
}

/// The path of what a link leads to, which is replaced instead of the link; and the same for each way of
/// naming a file that is not there yet.
fn real_path(path: &Path) -> PathBuf {
    let of_new_file = || {
        let folder = fs::canonicalize(path.parent()?).ok()?;
        Some(folder.join(path.file_name()?))
    };
    let real = fs::canonicalize(path).ok().or_else(of_new_file);
    real.unwrap_or_else(|| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("report.html");
        fs::write(&path, "before").expect("a file");
        let place = OutputFile::check("--report", &path).expect("a place");
        assert_eq!(fs::read(&path).expect("the file"), b"before");
        place.write(b"after").expect("room");
        assert_eq!(fs::read(&path).expect("the file"), b"after");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_replaced_keeps_its_mode() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("report.html");
        for mode in [0o600, 0o640, 0o644, 0o666, 0o400] {
            fs::write(&path, "before").expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
            let place = OutputFile::check("--report", &path).expect("a place");
            place.write(b"after").expect("room");
            let data = fs::metadata(&path).expect("the file");
            assert_eq!(data.mode() & 0o7777, mode, "{mode:o}");
            assert_eq!(fs::read(&path).expect("the file"), b"after");
            fs::remove_file(&path).expect("removed");
        }
        // A new one is as the umask has it.
        let umask_sample = folder.path().join("sample");
        fs::write(&umask_sample, "").expect("a file");
        let place = OutputFile::check("--report", &path).expect("a place");
        place.write(b"new").expect("room");
        let mode = |path: &Path| fs::metadata(path).expect("there").mode() & 0o7777;
        assert_eq!(mode(&path), mode(&umask_sample));
    }

    #[test]
    fn places_that_cannot_be_written_are_refused_with_the_option() {
        let folder = TempDir::new().expect("a folder");
        let nowhere = folder.path().join("nowhere").join("report.html");
        for (path, why) in [
            (nowhere.as_path(), "its folder is not there"),
            (folder.path(), "not a file"),
        ] {
            let refused = OutputFile::check("--report", path).expect_err("no place");
            let advice = "--report takes a file that can be written";
            let text = format!("{}: {why}; {advice}", path.display());
            assert_eq!(refused.to_string(), text);
        }
        let twice = |name: &str| OutputFile::check("--csv", &folder.path().join(name));
        let (place, same) = (twice("new").expect("a place"), twice("./new").expect("one"));
        assert!(place.is_where(&same) && !place.is_where(&twice("other").expect("one")));
        let input = folder.path().join("input");
        fs::write(&input, "read").expect("a file");
        let place = OutputFile::check("--report", &input).expect("a place");
        let refused = place.is_none_of(&[input], "is to be read");
        assert!(matches!(refused, Err(Failure::Usage(text)) if text.contains("is to be read")));
    }
}
