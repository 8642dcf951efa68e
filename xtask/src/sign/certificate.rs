//! Certificates for code signing, and their keys.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use der::asn1::ObjectIdentifier;
use der::{Decode, DecodePem, Encode, EncodePem};
use rsa::pkcs1v15::{self, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::Verifier;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::Digest;
use x509_cert::Certificate;
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

use crate::failure::Failure;

const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");

const TEST_NAME: &str = "CN=midiuart test certificate";
pub const TEST_KEY: &str = "midiuart-test.key";
pub const TEST_CERTIFICATE: &str = "midiuart-test.cer";
/// What the WDK's own test certificates have.
const TEST_KEY_BITS: usize = 2048;
const TEST_VALIDITY: Duration = Duration::from_hours(10 * 365 * 24);

/// Who signs.
pub struct Signer {
    pub certificate: Certificate,
    key: SigningKey<Sha256>,
}

impl Signer {
    /// The test certificate in a folder, which is made if there is none.
    ///
    /// # Errors
    /// If it can't be made or read, or is not valid any more.
    pub fn for_tests(folder: &Path) -> Result<Self, Failure> {
        let (key, certificate) = (folder.join(TEST_KEY), folder.join(TEST_CERTIFICATE));
        if !key.exists() && !certificate.exists() {
            make_test_certificate(folder).map_err(|error| Failure::about(folder, &error))?;
            println!("made {} and its key", certificate.display());
        }
        Self::load(&certificate, &key)
    }

    /// A certificate (DER or PEM) and its RSA key (PKCS #8, PEM).
    ///
    /// # Errors
    /// If they can't be read, don't belong together, or don't serve for signing code today.
    pub fn load(certificate_path: &Path, key_path: &Path) -> Result<Self, Failure> {
        let bytes = fs::read(certificate_path).map_err(Failure::at(certificate_path))?;
        let text = fs::read_to_string(key_path).map_err(Failure::at(key_path))?;
        let certificate =
            parse(&bytes).map_err(|error| Failure::about(certificate_path, &error))?;
        let key = RsaPrivateKey::from_pkcs8_pem(&text).map_err(|error| {
            let advice = "an RSA key without password in PKCS #8 (PEM) is needed";
            Failure::about(key_path, &format!("{error}; {advice}"))
        })?;
        serves(&certificate, SystemTime::now())
            .and_then(|_| stands_for_itself(&certificate))
            .map_err(|error| Failure::about(certificate_path, &error))?;
        if public_key(&certificate).as_ref() != Ok(&RsaPublicKey::from(&key)) {
            return Err(Failure::about(
                key_path,
                &format!("is not the key of {}", certificate_path.display()),
            ));
        }
        Ok(Self {
            certificate,
            key: SigningKey::new(key),
        })
    }

    /// A signature (RSA, PKCS #1 version 1.5, SHA-256), the same for the same bytes.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        use rsa::signature::{SignatureEncoding, Signer};
        self.key.sign(bytes).to_vec()
    }
}

/// Reads a certificate, DER or PEM.
///
/// # Errors
/// If it is none.
pub fn parse(bytes: &[u8]) -> Result<Certificate, String> {
    let certificate = if bytes.starts_with(b"-----") {
        Certificate::from_pem(bytes)
    } else {
        Certificate::from_der(bytes)
    };
    certificate.map_err(|error| format!("no certificate: {error}"))
}

/// A certificate as text.
///
/// # Errors
/// If it is too long.
pub fn pem(certificate: &Certificate) -> Result<String, String> {
    certificate
        .to_pem(LineEnding::LF)
        .map_err(|error| error.to_string())
}

/// Whether a certificate serves for signing code at a time; says until when.
///
/// # Errors
/// Why not, and what to do.
pub fn serves(certificate: &Certificate, now: SystemTime) -> Result<String, String> {
    let certificate = &certificate.tbs_certificate;
    let Validity {
        not_before,
        not_after,
    } = certificate.validity;
    if now < not_before.to_system_time() {
        return Err(format!(
            "valid from {not_before} on only; look at this machine's clock"
        ));
    }
    if now > not_after.to_system_time() {
        return Err(format!(
            "expired {not_after}; use another one, or remove a test certificate and its key"
        ));
    }
    let usage = certificate.get::<ExtendedKeyUsage>();
    match usage {
        Ok(Some((_, usage))) if usage.0.contains(&CODE_SIGNING) => Ok(format!("to {not_after}")),
        _ => Err(format!(
            "not for code signing; use one with the extended key usage {CODE_SIGNING}"
        )),
    }
}

/// Whether a certificate is signed with its own key, as test certificates are.
///
/// # Errors
/// If somebody else has issued it.
pub fn stands_for_itself(certificate: &Certificate) -> Result<(), String> {
    let own = &certificate.tbs_certificate;
    if own.issuer != own.subject {
        return Err(format!(
            "issued by {}; a self-signed one is needed, as it is for tests only",
            own.issuer
        ));
    }
    let bytes = own.to_der().map_err(|error| error.to_string())?;
    verify(certificate, &bytes, certificate.signature.raw_bytes())
        .map_err(|_| "its own key has not signed it; it was changed".to_owned())
}

/// Checks a signature (RSA, PKCS #1 version 1.5, SHA-256).
///
/// # Errors
/// If it is another key's, or of other bytes.
pub fn verify(certificate: &Certificate, bytes: &[u8], signature: &[u8]) -> Result<(), String> {
    let key = VerifyingKey::<Sha256>::new(public_key(certificate)?);
    pkcs1v15::Signature::try_from(signature)
        .and_then(|signature| key.verify(bytes, &signature))
        .map_err(|_| "the signature is wrong".to_owned())
}

fn public_key(certificate: &Certificate) -> Result<RsaPublicKey, String> {
    let info = &certificate.tbs_certificate.subject_public_key_info;
    let key = info.to_der().ok();
    key.and_then(|key| RsaPublicKey::from_public_key_der(&key).ok())
        .ok_or_else(|| "the certificate's key is no RSA key".to_owned())
}

fn make_test_certificate(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let key = RsaPrivateKey::new(&mut OsRng, TEST_KEY_BITS)?;
    let usages = vec![CODE_SIGNING];
    let certificate = self_signed(&SigningKey::new(key.clone()), SystemTime::now(), usages)?;
    fs::create_dir_all(folder)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = key.to_pkcs8_pem(LineEnding::LF)?;
    options
        .open(folder.join(TEST_KEY))?
        .write_all(text.as_bytes())?;
    fs::write(folder.join(TEST_CERTIFICATE), certificate.to_der()?)?;
    Ok(())
}

/// A certificate that the key itself signs, valid from the day on.
fn self_signed(
    key: &SigningKey<Sha256>,
    now: SystemTime,
    usages: Vec<ObjectIdentifier>,
) -> Result<Certificate, Box<dyn std::error::Error>> {
    const DAY: u64 = 24 * 60 * 60;
    const SERIAL_NUMBER_SIZE: usize = 16;
    let public_key =
        SubjectPublicKeyInfoOwned::from_key(rsa::signature::Keypair::verifying_key(key))?;
    let mut serial_number = sha2::Sha256::digest(public_key.to_der()?);
    serial_number[0] &= 0x7F; // positive
    let today = now.duration_since(SystemTime::UNIX_EPOCH)?.as_secs() / DAY * DAY;
    let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(today);
    let name = Name::from_str(TEST_NAME)?;
    let mut builder = CertificateBuilder::new(
        Profile::Leaf {
            issuer: name.clone(),
            enable_key_agreement: false,
            enable_key_encipherment: false,
        },
        SerialNumber::new(&serial_number[..SERIAL_NUMBER_SIZE])?,
        Validity {
            not_before: Time::try_from(begin)?,
            not_after: Time::try_from(begin + TEST_VALIDITY)?,
        },
        name,
        public_key,
        key,
    )?;
    builder.add_extension(&ExtendedKeyUsage(usages))?;
    Ok(builder.build::<pkcs1v15::Signature>()?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::str::FromStr;
    use std::time::{Duration, SystemTime};

    use der::Encode;
    use der::asn1::ObjectIdentifier;
    use rsa::RsaPrivateKey;
    use rsa::pkcs1v15::SigningKey;
    use rsa::pkcs8::DecodePrivateKey;
    use rsa::sha2::Sha256;
    use x509_cert::name::Name;

    use super::super::tests::{OTHER, OWN};
    use super::{
        CODE_SIGNING, Signer, TEST_CERTIFICATE, TEST_KEY, TEST_VALIDITY, self_signed, serves,
        stands_for_itself,
    };

    const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

    fn key() -> SigningKey<Sha256> {
        let folder = OWN.folder();
        let text = fs::read_to_string(folder.path().join(TEST_KEY)).expect("the key");
        SigningKey::new(RsaPrivateKey::from_pkcs8_pem(&text).expect("a key"))
    }

    fn error(certificate: &[u8]) -> String {
        let folder = OWN.folder();
        let path = folder.path().join("other.cer");
        fs::write(&path, certificate).expect("written");
        let signer = Signer::load(&path, &folder.path().join(TEST_KEY));
        format!("{:?}", signer.err().expect("refused"))
    }

    #[test]
    fn a_test_certificate_is_made_once() {
        let folder = OWN.folder();
        Signer::for_tests(folder.path()).expect("the same signer");
        let certificate = fs::read(folder.path().join(TEST_CERTIFICATE));
        assert_eq!(certificate.expect("the certificate"), OWN.certificate());
    }

    #[test]
    fn certificates_serve_from_their_first_to_their_last_second() {
        let begin = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365 * 40);
        let second = Duration::from_secs(1);
        let certificate = self_signed(&key(), begin, vec![CODE_SIGNING]).expect("made");
        assert!(serves(&certificate, begin - second).is_err());
        assert!(serves(&certificate, begin).is_ok());
        assert!(serves(&certificate, begin + TEST_VALIDITY).is_ok());
        assert!(serves(&certificate, begin + TEST_VALIDITY + second).is_err());
    }

    #[test]
    fn an_expired_certificate_is_refused() {
        let begin = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365 * 40);
        let certificate = self_signed(&key(), begin, vec![CODE_SIGNING]).expect("made");
        assert!(error(&certificate.to_der().expect("encoded")).contains("expired"));
    }

    #[test]
    fn a_certificate_for_something_else_is_refused() {
        let certificate = self_signed(&key(), SystemTime::now(), vec![TIME_STAMPING]);
        let certificate = certificate.expect("made").to_der().expect("encoded");
        assert!(error(&certificate).contains("not for code signing"));
    }

    #[test]
    fn a_certificate_of_another_key_is_refused() {
        assert!(error(OTHER.certificate()).contains("is not the key of"));
    }

    #[test]
    fn a_certificate_that_another_key_signed_is_refused() {
        let own = OWN.signer();
        let other = OTHER.signer();
        let mut certificate = own.certificate;
        certificate.signature = other.certificate.signature;
        assert!(stands_for_itself(&certificate).is_err());
        assert!(error(&certificate.to_der().expect("encoded")).contains("has not signed it"));
    }

    #[test]
    fn a_certificate_that_somebody_else_issued_is_refused() {
        let own = OWN.signer();
        let mut certificate = own.certificate;
        certificate.tbs_certificate.issuer = Name::from_str("CN=somebody").expect("a name");
        let error = stands_for_itself(&certificate).expect_err("refused");
        assert!(error.contains("issued by CN=somebody"), "{error}");
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        assert!(error(b"nothing").contains("no certificate"));
    }
}
