//! Certificates that sign test packages, and what is demanded of them: a machine that trusts one in its
//! Root store must not trust more than the driver's signature by it.

use std::time::SystemTime;

use der::asn1::ObjectIdentifier;
use der::{Decode, DecodePem, Encode, EncodePem};
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{self, VerifyingKey};
use rsa::pkcs8::{DecodePublicKey, LineEnding};
use rsa::sha2::Sha256;
use rsa::signature::Verifier;
use sha2::Digest;
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_cert::time::Validity;

/// `id-kp-codeSigning`
pub const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// What every test certificate of the packager's is called; a digest of its key follows.
pub const TEST_NAME: &str = "midiuart test certificate";
/// Bytes of the key's SHA-256 digest in the name.
const KEY_DIGEST_SIZE: usize = 8;

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

/// Returns when a certificate expires, if a package may be signed with it at a time: it is valid,
/// self-signed, for code signing and nothing else, and can't issue others.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn check(certificate: &Certificate, now: SystemTime) -> Result<String, String> {
    is_self_signed(certificate)?;
    issues_no_others(certificate)?;
    is_for_code_signing_only(certificate)?;
    has_the_digest_of_its_key(certificate)?;
    is_valid(certificate, now)
}

/// Returns when a certificate expires, if it is valid at a time.
fn is_valid(certificate: &Certificate, now: SystemTime) -> Result<String, String> {
    let Validity {
        not_before,
        not_after,
    } = certificate.tbs_certificate.validity;
    if now < not_before.to_system_time() {
        return Err(format!(
            "valid from {not_before} on only; look at this machine's clock"
        ));
    }
    if now > not_after.to_system_time() {
        return Err(format!("expired {not_after}"));
    }
    Ok(not_after.to_string())
}

/// Returns an error if a certificate is signed with another key than its own.
fn is_self_signed(certificate: &Certificate) -> Result<(), String> {
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

/// Returns an error if other certificates could be issued under a certificate: a machine that has it in
/// Root would trust them, web servers' included.
fn issues_no_others(certificate: &Certificate) -> Result<(), String> {
    const ADVICE: &str = "a machine that trusts it would trust all that it issues; use one with CA:FALSE and \
                          without keyCertSign";
    let own = &certificate.tbs_certificate;
    let constraints = own.get::<BasicConstraints>();
    let constraints = constraints.map_err(|_| "its basic constraints can't be read")?;
    if constraints.is_some_and(|(_, constraints)| constraints.ca) {
        return Err(format!(
            "is a certification authority's (CA:TRUE); {ADVICE}"
        ));
    }
    let usage = own.get::<KeyUsage>();
    let usage = usage.map_err(|_| "its key usage can't be read")?;
    if usage.is_some_and(|(_, usage)| usage.key_cert_sign()) {
        return Err(format!("may sign certificates (keyCertSign); {ADVICE}"));
    }
    Ok(())
}

/// Returns an error if the extended key usage is anything but code signing.
fn is_for_code_signing_only(certificate: &Certificate) -> Result<(), String> {
    let usage = certificate.tbs_certificate.get::<ExtendedKeyUsage>();
    let usage = usage.map_err(|_| "its extended key usage can't be read")?;
    let usages = usage.map_or_else(Vec::new, |(_, usage)| usage.0);
    let advice = format!("use one whose only extended key usage is {CODE_SIGNING}");
    if !usages.contains(&CODE_SIGNING) {
        return Err(format!("not for code signing; {advice}"));
    }
    match usages.iter().find(|usage| **usage != CODE_SIGNING) {
        Some(other) => Err(format!("for more than code signing, {other} too; {advice}")),
        None => Ok(()),
    }
}

/// Returns an error if a certificate has the packager's name with another key's digest.
fn has_the_digest_of_its_key(certificate: &Certificate) -> Result<(), String> {
    let Some(name) = common_name(certificate) else {
        return Ok(());
    };
    if !name.starts_with(TEST_NAME) {
        return Ok(());
    }
    let info = &certificate.tbs_certificate.subject_public_key_info;
    let info = info.to_der().map_err(|error| error.to_string())?;
    let wanted = test_name(&info);
    if name == wanted {
        Ok(())
    } else {
        Err(format!(
            "is called '{name}', but its key makes it '{wanted}'"
        ))
    }
}

/// The name of the test certificate of a key (`SubjectPublicKeyInfo` in DER).
pub fn test_name(key: &[u8]) -> String {
    let digest = sha2::Sha256::digest(key);
    format!("{TEST_NAME} {}", digits(&digest[..KEY_DIGEST_SIZE]))
}

/// The common name of a certificate's owner, if there is one.
pub fn common_name(certificate: &Certificate) -> Option<String> {
    let names = certificate.tbs_certificate.subject.0.iter();
    let mut attributes = names.flat_map(|name| name.0.iter());
    let is_common_name = |it: &&AttributeTypeAndValue| it.oid == COMMON_NAME;
    let value = &attributes.find(is_common_name)?.value;
    String::from_utf8(value.value().to_vec()).ok()
}

/// What `certutil` finds a certificate in a store by: its common name, or its serial number if the name has
/// anything that command lines read otherwise.
pub fn store_name(certificate: &Certificate) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || " .-_".contains(letter);
    match common_name(certificate) {
        Some(name) if !name.is_empty() && name.chars().all(is_plain) => name,
        _ => {
            let number = &certificate.tbs_certificate.serial_number;
            super::catalog::hexadecimal(number.as_bytes())
        }
    }
}

/// The SHA-256 digest of a certificate, as Windows and `midiuart-test driver install` show it.
///
/// # Errors
/// If it can't be encoded.
pub fn fingerprint(certificate: &Certificate) -> Result<String, String> {
    let bytes = certificate.to_der().map_err(|error| error.to_string())?;
    Ok(digits(&sha2::Sha256::digest(bytes)))
}

/// Hexadecimal digits, large.
fn digits(bytes: &[u8]) -> String {
    super::catalog::hexadecimal(bytes).to_ascii_uppercase()
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

/// The key of a certificate.
///
/// # Errors
/// If it is no RSA key.
pub fn public_key(certificate: &Certificate) -> Result<RsaPublicKey, String> {
    let info = &certificate.tbs_certificate.subject_public_key_info;
    let key = info.to_der().ok();
    key.and_then(|key| RsaPublicKey::from_public_key_der(&key).ok())
        .ok_or_else(|| "the certificate's key is no RSA key".to_owned())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;
    use std::time::{Duration, SystemTime};

    use der::asn1::ObjectIdentifier;
    use x509_cert::builder::Profile;
    use x509_cert::ext::pkix::{KeyUsage, KeyUsages};
    use x509_cert::name::Name;

    use super::super::signer::VALIDITY;
    use super::super::tests::{Made, OTHER, OWN};
    use super::{CODE_SIGNING, check, common_name, store_name, test_name};

    const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
    const SERVERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");

    fn now() -> SystemTime {
        SystemTime::now()
    }

    fn refused(made: Made) -> String {
        check(&made.certificate(), now()).expect_err("refused")
    }

    #[test]
    fn certificates_are_valid_from_their_first_to_their_last_second() {
        let begin = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365 * 40);
        let second = Duration::from_secs(1);
        let made = Made {
            begin,
            ..Made::default()
        };
        let (certificate, end) = (made.certificate(), begin + VALIDITY);
        assert!(check(&certificate, begin - second).is_err());
        assert!(check(&certificate, begin).is_ok());
        assert!(check(&certificate, end).is_ok());
        let expired = check(&certificate, end + second).expect_err("refused");
        assert!(expired.contains("expired"), "{expired}");
    }

    #[test]
    fn a_certification_authority_s_certificate_is_refused() {
        let error = refused(Made {
            profile: Profile::Root,
            ..Made::default()
        });
        assert!(error.contains("CA:TRUE"), "{error}");
    }

    #[test]
    fn a_certificate_that_may_sign_others_is_refused() {
        let error = refused(Made {
            key_usage: Some(KeyUsage(
                KeyUsages::DigitalSignature | KeyUsages::KeyCertSign,
            )),
            ..Made::default()
        });
        assert!(error.contains("keyCertSign"), "{error}");
    }

    #[test]
    fn a_certificate_for_anything_but_code_signing_is_refused() {
        for (usages, part) in [
            (vec![TIME_STAMPING], "not for code signing"),
            (vec![CODE_SIGNING, SERVERS], "1.3.6.1.5.5.7.3.1 too"),
            (vec![], "not for code signing"),
        ] {
            let error = refused(Made {
                usages,
                ..Made::default()
            });
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_certificate_that_another_key_signed_is_refused() {
        let mut certificate = OWN.certificate.clone();
        certificate.signature = OTHER.certificate.signature.clone();
        let error = check(&certificate, now()).expect_err("refused");
        assert!(error.contains("has not signed it"), "{error}");
    }

    #[test]
    fn a_certificate_that_somebody_else_issued_is_refused() {
        let mut certificate = OWN.certificate.clone();
        certificate.tbs_certificate.issuer = Name::from_str("CN=somebody").expect("a name");
        let error = check(&certificate, now()).expect_err("refused");
        assert!(error.contains("issued by CN=somebody"), "{error}");
    }

    #[test]
    fn the_name_tells_the_key() {
        let name = common_name(&OWN.certificate).expect("a name");
        let digest = name
            .strip_prefix("midiuart test certificate ")
            .expect("a digest");
        assert_eq!(digest.len(), 16);
        assert!(
            digest
                .bytes()
                .all(|digit| b"0123456789ABCDEF".contains(&digit))
        );
        assert_ne!(common_name(&OTHER.certificate), Some(name.clone()));
        assert_eq!(
            test_name(b"a key"),
            "midiuart test certificate 8FA3AAB2FAA9B79E"
        );
        let error = refused(Made {
            name: Some(format!("CN={name}0")),
            ..Made::default()
        });
        assert!(error.contains("its key makes it"), "{error}");
        // Certificates of others are called what they like.
        let other = Made {
            name: Some("CN=somebody".to_owned()),
            ..Made::default()
        };
        let other = other.certificate();
        assert!(check(&other, now()).is_ok());
        assert_eq!(store_name(&other), "somebody");
        assert_eq!(store_name(&OWN.certificate), name);
    }

    #[test]
    fn a_name_that_a_command_line_would_read_otherwise_is_not_printed() {
        let made = Made {
            name: Some("CN=some%PATH%body".to_owned()),
            ..Made::default()
        };
        assert_eq!(store_name(&made.certificate()), "2a");
    }
}
