//! Certificates, read without Windows: what they are for, and whether one may be trusted by a whole machine.

use std::time::SystemTime;

use der::asn1::ObjectIdentifier;
use der::{Decode, Encode};
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{self, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::Sha256 as SignedDigest;
use rsa::signature::Verifier;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use super::windows::Validity;

/// What the subjects of the project's own test certificates begin with.
pub const OWN_NAME: &str = "CN=midiuart test certificate";

const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// The extensions that a certificate for code needs: identifiers of the keys, key usage, basic constraints,
/// extended key usage. Others can widen what Windows takes it for, as application policies
/// (1.3.6.1.4.1.311.21.10) do, which count before the extended key usage.
const KNOWN_EXTENSIONS: [ObjectIdentifier; 5] = [
    ObjectIdentifier::new_unwrap("2.5.29.14"),
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.35"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
];

/// The longest subject that is shown, in characters.
const LONGEST_SUBJECT: usize = 80;

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    parsed: x509_cert::Certificate,
    der: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate (DER); `None` if it is not one.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        let parsed = x509_cert::Certificate::from_der(der).ok()?;
        Some(Self {
            parsed,
            der: der.to_vec(),
        })
    }

    /// The certificate's bytes (DER).
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What was read.
    #[must_use]
    pub fn parsed(&self) -> &x509_cert::Certificate {
        &self.parsed
    }

    /// Whom it names, in printable ASCII: a stranger wrote it.
    #[must_use]
    pub fn subject(&self) -> String {
        let subject = self.parsed.tbs_certificate.subject.to_string();
        let is_plain = |it: char| it.is_ascii_graphic() || it == ' ';
        let plain = subject
            .chars()
            .map(|it| if is_plain(it) { it } else { '?' });
        let plain: String = plain.collect();
        // Long ones, and those with many spaces, could look like lines of the tool's own.
        let mut plain: String = plain
            .split(' ')
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        if plain.len() > LONGEST_SUBJECT {
            plain.truncate(LONGEST_SUBJECT);
            plain.push_str("...");
        }
        plain
    }

    /// Whether the subject is that of the project's own test certificates, of whichever package.
    #[must_use]
    pub fn is_named_as_own(&self) -> bool {
        let subject = self.parsed.tbs_certificate.subject.to_string();
        subject.split([',', '+']).any(|it| it.starts_with(OWN_NAME))
    }

    /// The SHA-256 digest, by which people compare it.
    #[must_use]
    pub fn sha256(&self) -> String {
        hexadecimal(&Sha256::digest(&self.der))
    }

    /// The SHA-1 digest, by which Windows' stores find it.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        hexadecimal(&Sha1::digest(&self.der))
    }

    /// The time of its end.
    #[must_use]
    pub fn expires(&self) -> String {
        let time = self.parsed.tbs_certificate.validity.not_after;
        time.to_date_time().to_string()
    }

    /// Whether it counts at a time.
    #[must_use]
    pub fn validity(&self, now: SystemTime) -> Validity {
        let validity = self.parsed.tbs_certificate.validity;
        if now < validity.not_before.to_system_time() {
            Validity::NotYet
        } else if now > validity.not_after.to_system_time() {
            Validity::Expired
        } else {
            Validity::Now
        }
    }

    /// Whether a machine can trust it without trusting more than one publisher's code: it is
    /// self-signed, issues no certificates and signs nothing but code.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn serves_only_to_sign_code(&self) -> Result<(), String> {
        let own = &self.parsed.tbs_certificate;
        let unreadable = |_| "has an extension that can't be read".to_owned();
        // Windows takes a self-signed certificate without these for one that may issue others.
        match own.get::<BasicConstraints>().map_err(unreadable)? {
            Some((_, basic)) if !basic.ca => {}
            _ => return Err("may issue other certificates (CA)".to_owned()),
        }
        match own.get::<KeyUsage>().map_err(unreadable)? {
            Some((_, usage)) if !usage.key_cert_sign() && !usage.crl_sign() => {}
            _ => return Err("may issue other certificates (keyCertSign)".to_owned()),
        }
        match own.get::<ExtendedKeyUsage>().map_err(unreadable)? {
            Some((_, usage)) if usage.0 == [CODE_SIGNING] => {}
            _ => return Err("is not for code signing alone (extended key usage)".to_owned()),
        }
        let mut extensions = own.extensions.iter().flatten();
        if let Some(other) = extensions.find(|it| !KNOWN_EXTENSIONS.contains(&it.extn_id)) {
            return Err(format!(
                "has an extension that no test certificate needs ({})",
                other.extn_id
            ));
        }
        if own.issuer != own.subject {
            return Err("was issued by another certificate".to_owned());
        }
        if self.parsed.signature_algorithm.oid != SHA256_WITH_RSA {
            return Err("is not signed with RSA and SHA-256".to_owned());
        }
        let bytes = own.to_der().map_err(|error| error.to_string())?;
        self.verify(&bytes, self.parsed.signature.raw_bytes())
            .map_err(|_| "was not signed with its own key".to_owned())
    }

    /// Checks a signature by the certificate's key (RSA, PKCS #1 version 1.5, SHA-256).
    ///
    /// # Errors
    /// If it is another key's, or of other bytes.
    pub fn verify(&self, bytes: &[u8], signature: &[u8]) -> Result<(), String> {
        let info = &self.parsed.tbs_certificate.subject_public_key_info;
        let key = info.to_der().ok();
        let key = key.and_then(|key| RsaPublicKey::from_public_key_der(&key).ok());
        let key = key.ok_or("the certificate's key is not an RSA key")?;
        pkcs1v15::Signature::try_from(signature)
            .and_then(|signature| VerifyingKey::<SignedDigest>::new(key).verify(bytes, &signature))
            .map_err(|_| "the signature is wrong".to_owned())
    }
}

/// Lower-case digits.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::Certificate;
    use crate::driver::package::made_up::{Kind, MadeUp, OWN, before_and_after, during};
    use crate::driver::windows::Validity;

    #[test]
    fn a_subject_is_shown_in_printable_ascii() {
        let mut hostile = MadeUp::new(&Kind::Own);
        hostile.rename("CN=midiuart\u{1b}[2J\u{202e}cer");
        let certificate = Certificate::read(hostile.certificate()).expect("a certificate");
        let subject = certificate.subject();
        assert!(
            subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{subject:?}"
        );
        assert!(subject.starts_with("CN=midiuart"), "{subject}");
    }

    #[test]
    fn a_subject_does_not_look_like_a_line_of_its_own() {
        let mut hostile = MadeUp::new(&Kind::Own);
        let spaces = " ".repeat(80);
        hostile.rename(&format!(
            "CN=midiuart{spaces}SHA-256    0123{spaces}valid to"
        ));
        let certificate = Certificate::read(hostile.certificate()).expect("a certificate");
        assert_eq!(certificate.subject(), "CN=midiuart SHA-256 0123 valid to");
        hostile.rename(&format!("CN={}", "x".repeat(200)));
        let certificate = Certificate::read(hostile.certificate()).expect("a certificate");
        assert_eq!(certificate.subject().len(), 83);
    }

    #[test]
    fn certificates_count_from_their_first_to_their_last_second() {
        let certificate = Certificate::read(OWN.certificate()).expect("a certificate");
        let [before, after] = before_and_after();
        assert_eq!(certificate.validity(before), Validity::NotYet);
        assert_eq!(certificate.validity(during()), Validity::Now);
        assert_eq!(certificate.validity(after), Validity::Expired);
        assert_eq!(certificate.expires(), "2027-07-14T08:00:00Z");
    }

    #[test]
    fn what_is_no_certificate_is_none() {
        assert_eq!(Certificate::read(b"nothing"), None);
        let longer = [OWN.certificate(), b"0"].concat();
        assert_eq!(Certificate::read(&longer), None);
    }
}
