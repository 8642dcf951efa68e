//! Keys that are kept, so that a package can be made again to the byte.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{self, Path};
use std::time::SystemTime;

use der::Encode;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use tempfile::NamedTempFile;

use super::signer::{self, Signer};
use crate::failure::Failure;

/// What the two files are called.
pub const KEY: &str = "midiuart-test.key";
/// See [`KEY`].
pub const CERTIFICATE: &str = "midiuart-test.cer";

/// The signer whose key and certificate are in `folder`; both are made if neither is there.
///
/// # Errors
/// If the folder is in `checkout`, where builds, clean-ups and copies of the sources would meet the key; if
/// others may read the key; if one of the two files is missing, or they can't sign a package today.
pub fn signer(folder: &Path, checkout: &Path) -> Result<Signer, Failure> {
    is_outside(folder, checkout)?;
    make_folder(folder).map_err(Failure::at(folder))?;
    is_outside(folder, checkout)?;
    let real = folder.canonicalize().map_err(Failure::at(folder))?;
    let (key, certificate) = (real.join(KEY), real.join(CERTIFICATE));
    match (key.exists(), certificate.exists()) {
        (false, false) => {
            make(&real).map_err(|error| Failure::about(folder, &error))?;
            println!("made {} and {CERTIFICATE}", key.display());
        }
        (true, true) => is_private(&key)?,
        (true, false) => return Err(is_alone(&key, CERTIFICATE)),
        (false, true) => return Err(is_alone(&certificate, KEY)),
    }
    Signer::load(&certificate, &key).map_err(|failure| {
        failure.with_advice(&format!(
            "delete {KEY} and {CERTIFICATE} in {}, and the next run makes new ones",
            real.display()
        ))
    })
}

/// Returns an error if a folder, or the place where it would be made, is in the checkout, or in the target
/// folder that a link there leads to.
fn is_outside(folder: &Path, checkout: &Path) -> Result<(), Failure> {
    let whole = path::absolute(folder).map_err(Failure::at(folder))?;
    let mut existing = whole.ancestors().filter_map(|it| it.canonicalize().ok());
    let real = existing.next().unwrap_or(whole.clone());
    for inside in [checkout.to_owned(), checkout.join("target")] {
        if inside.canonicalize().is_ok_and(|it| real.starts_with(it)) {
            let error = "--keep-key takes a folder outside the checkout and its target folder";
            return Err(Failure::about(folder, &error));
        }
    }
    Ok(())
}

/// Makes a folder that nobody else may enter; one that is there stays as it is.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes both files, or neither.
fn make(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let (key, certificate) = signer::made(SystemTime::now())?;
    let key = part(folder, key.to_pkcs8_pem(LineEnding::LF)?.as_bytes())?;
    let certificate = part(folder, &certificate.to_der()?)?;
    let key_path = folder.join(KEY);
    key.persist_noclobber(&key_path)?;
    if let Err(error) = certificate.persist_noclobber(folder.join(CERTIFICATE)) {
        fs::remove_file(key_path)?;
        return Err(error.into());
    }
    Ok(())
}

/// A file beside the final ones, which on Unix nobody else may read.
fn part(folder: &Path, contents: &[u8]) -> io::Result<NamedTempFile> {
    let mut part = tempfile::Builder::new()
        .prefix(".midiuart-")
        .tempfile_in(folder)?;
    part.write_all(contents)?;
    File::sync_all(part.as_file())?;
    Ok(part)
}

/// Returns an error if others than the owner may read the key. (On Windows the folder's access list
/// counts, which is not looked at.)
#[cfg(unix)]
fn is_private(key: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    /// Read, write, execute; of the group and of all.
    const OTHERS: u32 = 0o077;
    let mode = fs::metadata(key).map_err(Failure::at(key))?.permissions();
    if mode.mode() & OTHERS == 0 {
        return Ok(());
    }
    let path = key.display();
    let error = format!("others may read this key; `chmod 600 {path}`, or make a new one");
    Err(Failure::about(key, &error))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn is_private(_key: &Path) -> Result<(), Failure> {
    Ok(())
}

fn is_alone(there: &Path, missing: &str) -> Failure {
    let error = format!("is there without {missing}; put that beside it, or delete this");
    Failure::about(there, &error)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::SystemTime;

    use der::Encode;
    use tempfile::TempDir;

    use super::super::tests::{KeyFiles, Made, OWN};
    use super::{CERTIFICATE, KEY, signer};

    fn checkout() -> TempDir {
        let checkout = tempfile::tempdir().expect("a folder");
        fs::create_dir(checkout.path().join("target")).expect("a folder");
        checkout
    }

    fn refused(folder: &TempDir) -> String {
        let error = signer(folder.path(), checkout().path()).err();
        format!("{:?}", error.expect("refused"))
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_may_read_it() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("keys/midiuart");
        let first = signer(&folder, checkout().path()).expect("made");
        let again = signer(&folder, checkout().path()).expect("read");
        assert_eq!(first.certificate, again.certificate);
        assert_eq!(first.sign(b"bytes"), again.sign(b"bytes"));
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &std::path::Path| {
                let data = fs::metadata(path).expect("there");
                data.permissions().mode() & 0o777
            };
            assert_eq!(mode(&folder.join(KEY)), 0o600);
            assert_eq!(mode(&folder), 0o700);
        }
    }

    #[test]
    fn no_key_is_kept_in_the_checkout() {
        let checkout = checkout();
        for name in ["", "target", "target/signing", "keys", "target/../keys"] {
            let folder = checkout.path().join(name);
            let error = signer(&folder, checkout.path()).err().expect("refused");
            assert!(
                format!("{error:?}").contains("outside the checkout"),
                "{name}"
            );
            assert!(!folder.join(KEY).exists());
        }
        assert!(!checkout.path().join("keys").exists());
        assert!(!checkout.path().join("target/signing").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_no_key_into_the_checkout() {
        let (checkout, elsewhere) = (checkout(), tempfile::tempdir().expect("a folder"));
        let target = checkout.path().join("target");
        let link = elsewhere.path().join("link");
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        assert!(signer(&link, checkout.path()).is_err());
        // A target folder that is elsewhere is one all the same.
        fs::remove_dir(&target).expect("removed");
        let target_elsewhere = elsewhere.path().join("target");
        fs::create_dir(&target_elsewhere).expect("a folder");
        std::os::unix::fs::symlink(&target_elsewhere, &target).expect("a link");
        assert!(signer(&target_elsewhere.join("keys"), checkout.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = KeyFiles::of(&OWN).folder();
        let key = folder.path().join(KEY);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).expect("set");
        assert!(refused(&folder).contains("chmod 600"));
    }

    #[test]
    fn an_expired_key_gets_a_line_that_says_what_to_do() {
        let made = Made {
            begin: SystemTime::UNIX_EPOCH,
            ..Made::default()
        };
        let mut files = KeyFiles::of(&OWN);
        files.certificate = made.certificate().to_der().expect("encoded");
        let error = refused(&files.folder());
        assert!(error.contains("expired 1970-"), "{error}");
        assert!(error.contains("the next run makes new ones"), "{error}");
        assert!(!error.contains("\\n"), "{error}");
    }

    #[test]
    fn half_a_pair_is_refused() {
        for (gone, told) in [(KEY, CERTIFICATE), (CERTIFICATE, KEY)] {
            let folder = KeyFiles::of(&OWN).folder();
            fs::remove_file(folder.path().join(gone)).expect("removed");
            let error = refused(&folder);
            assert!(error.contains(told) && error.contains("without"), "{error}");
            assert!(!folder.path().join(gone).exists());
        }
    }
}
