//! Who signs a package: a certificate and its key.

use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use der::Encode;
use rsa::pkcs1v15::{self, SigningKey};
use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::Digest;
use x509_cert::Certificate;
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

use super::certificate::{self, CODE_SIGNING};
use crate::failure::Failure;

/// What the WDK's own test certificates have.
const KEY_BITS: usize = 2048;
const DAY: Duration = Duration::from_hours(24);
/// Long enough to test a package, short enough that one left in a machine's Root store stops to count.
pub const VALIDITY: Duration = Duration::from_hours(120 * 24);

/// Who signs.
pub struct Signer {
    /// The certificate.
    pub certificate: Certificate,
    key: SigningKey<Sha256>,
}

impl Signer {
    /// A new key, which is in memory only, with its certificate, valid from the day on.
    ///
    /// # Errors
    /// If the machine has no random numbers.
    pub fn new(now: SystemTime) -> Result<Self, Failure> {
        let (key, certificate) = made(now)
            .map_err(|error| Failure::unusable(format!("no test certificate: {error}")))?;
        Ok(Self {
            certificate,
            key: SigningKey::new(key),
        })
    }

    /// A certificate (DER or PEM) and its RSA key (PKCS #8, PEM).
    ///
    /// # Errors
    /// If they can't be read, don't belong together, or may not sign a package today.
    pub fn load(certificate_path: &Path, key_path: &Path) -> Result<Self, Failure> {
        let bytes = fs::read(certificate_path).map_err(Failure::at(certificate_path))?;
        let text = fs::read_to_string(key_path).map_err(Failure::at(key_path))?;
        let certificate =
            certificate::parse(&bytes).map_err(|error| Failure::about(certificate_path, &error))?;
        let key = RsaPrivateKey::from_pkcs8_pem(&text).map_err(|error| {
            let advice = "an RSA key without password in PKCS #8 (PEM) is needed";
            Failure::about(key_path, &format!("{error}; {advice}"))
        })?;
        certificate::check(&certificate, SystemTime::now())
            .map_err(|error| Failure::about(certificate_path, &error))?;
        if certificate::public_key(&certificate).as_ref() != Ok(&RsaPublicKey::from(&key)) {
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
    ///
    /// RUSTSEC-2023-0071: how long `rsa` takes with a key says something about the key. So the number
    /// that is raised to the key's power is blinded with a random one, which is divided out again.
    ///
    /// # Errors
    /// If the machine has no random numbers.
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let signature = self.key.try_sign_with_rng(&mut OsRng, bytes);
        let signature = signature.map_err(|error| format!("can't be signed: {error}"))?;
        Ok(signature.to_vec())
    }
}

/// A new key and its certificate.
pub fn made(now: SystemTime) -> Result<(RsaPrivateKey, Certificate), Box<dyn std::error::Error>> {
    let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS)?;
    let certificate = self_signed(&SigningKey::new(key.clone()), now)?;
    Ok((key, certificate))
}

/// A certificate that the key itself signs, valid from the day on.
fn self_signed(
    key: &SigningKey<Sha256>,
    now: SystemTime,
) -> Result<Certificate, Box<dyn std::error::Error>> {
    const SERIAL_NUMBER_SIZE: usize = 16;
    let public_key =
        SubjectPublicKeyInfoOwned::from_key(rsa::signature::Keypair::verifying_key(key))?;
    let encoded_key = public_key.to_der()?;
    let mut serial_number = sha2::Sha256::digest(&encoded_key);
    serial_number[0] &= 0x7F; // positive
    let days = now.duration_since(SystemTime::UNIX_EPOCH)?.as_secs() / DAY.as_secs();
    let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(days * DAY.as_secs());
    let name = Name::from_str(&format!("CN={}", certificate::test_name(&encoded_key)))?;
    let mut builder = CertificateBuilder::new(
        // Not for issuing others: CA:FALSE, key usage digitalSignature and nonRepudiation.
        Profile::Leaf {
            issuer: name.clone(),
            enable_key_agreement: false,
            enable_key_encipherment: false,
        },
        SerialNumber::new(&serial_number[..SERIAL_NUMBER_SIZE])?,
        Validity {
            not_before: Time::try_from(begin)?,
            not_after: Time::try_from(begin + VALIDITY)?,
        },
        name,
        public_key,
        key,
    )?;
    builder.add_extension(&ExtendedKeyUsage(vec![CODE_SIGNING]))?;
    Ok(builder.build_with_rng::<pkcs1v15::Signature>(&mut OsRng)?)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use der::Encode;

    use super::super::certificate::check;
    use super::super::tests::{KeyFiles, Made, OTHER, OWN};
    use super::{DAY, Signer};

    fn error(certificate: &[u8]) -> String {
        let mut files = KeyFiles::of(&OWN);
        files.certificate = certificate.to_vec();
        let folder = files.folder();
        let signer = Signer::load(
            &KeyFiles::certificate_in(&folder),
            &KeyFiles::key_in(&folder),
        );
        format!("{:?}", signer.err().expect("refused"))
    }

    #[test]
    fn a_new_certificate_is_valid_for_three_to_six_months() {
        let begin = SystemTime::UNIX_EPOCH + DAY * 20_000;
        let late = begin + DAY - Duration::from_secs(1);
        let made = Signer::new(late).expect("a signer").certificate;
        assert!(check(&made, begin).is_ok());
        assert!(check(&made, begin - Duration::from_secs(1)).is_err());
        assert!(check(&made, begin + DAY * 90).is_ok());
        assert!(check(&made, begin + DAY * 180).is_err());
    }

    #[test]
    fn each_run_has_a_key_of_its_own() {
        assert_ne!(OWN.certificate, OTHER.certificate);
        let key = |signer: &Signer| {
            let info = &signer.certificate.tbs_certificate.subject_public_key_info;
            info.to_der().expect("a key")
        };
        assert_ne!(key(&OWN.signer()), key(&OTHER.signer()));
    }

    #[test]
    fn blinded_signatures_are_the_same_for_the_same_bytes() {
        let signer = OWN.signer();
        let signature = signer.sign(b"bytes").expect("signed");
        assert_eq!(signer.sign(b"bytes"), Ok(signature.clone()));
        assert_ne!(signer.sign(b"other"), Ok(signature));
    }

    #[test]
    fn what_may_not_sign_is_refused_with_the_file_s_name() {
        let made = Made {
            begin: SystemTime::UNIX_EPOCH,
            ..Made::default()
        };
        let expired = made.certificate().to_der().expect("encoded");
        for (certificate, part) in [
            (expired, "expired"),
            (OTHER.files.certificate.clone(), "is not the key of"),
            (b"nothing".to_vec(), "no certificate"),
        ] {
            let error = error(&certificate);
            assert!(error.contains(part), "{error}");
            assert!(error.contains("midiuart-test."), "{error}");
        }
    }
}
