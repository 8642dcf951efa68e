//! What a package's catalog says, and who signed it: a PKCS #7 signature over a certificate trust list
//! whose members are the package's files.

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{Any, BmpString, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{Decode, Encode, Sequence};
use sha2::{Digest, Sha256};
use x509_cert::attr::Attribute;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::driver::certificate::Certificate;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// `szOID_CTL`
const TRUST_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.1");
/// `CAT_NAMEVALUE_OBJID`
const NAME_VALUE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.2.1");
/// The attribute that has a file's name.
const FILE: &str = "File";

/// A catalog whose signer is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// Who signed it.
    pub signer: Certificate,
    /// Names, in lower-case letters, and digests.
    members: Vec<(String, Vec<u8>)>,
    content: Any,
    content_type: ObjectIdentifier,
    signature: SignerInfo,
}

impl Catalog {
    /// Reads a catalog, and finds the certificate of its one signer by the signer's id: the bag of
    /// certificates is not signed, so what else is in it means nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let unreadable = |_| "is not a signed catalog".to_owned();
        let info = ContentInfo::from_der(bytes).map_err(unreadable)?;
        if info.content_type != SIGNED_DATA {
            return Err("is not a signed catalog".to_owned());
        }
        let data: SignedData = info.content.decode_as().map_err(unreadable)?;
        let [signature] = data.signer_infos.0.as_slice() else {
            let count = data.signer_infos.0.len();
            return Err(format!("has {count} signers, not one"));
        };
        let bag = data.certificates.iter().flat_map(|bag| bag.0.iter());
        let bag = bag.filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate),
            CertificateChoices::Other(_) => None,
        });
        let signers: Vec<_> = bag.filter(|it| is_meant(&signature.sid, it)).collect();
        let [signer] = signers.as_slice() else {
            return Err("does not have its signer's certificate once".to_owned());
        };
        let signer = signer.to_der().ok();
        let signer = signer.and_then(|der| Certificate::read(&der));
        let content_type = data.encap_content_info.econtent_type;
        let content = data.encap_content_info.econtent;
        let content = content.ok_or("has no list of files")?;
        if content_type != TRUST_LIST {
            return Err("has no list of files".to_owned());
        }
        let list: TrustList = content
            .decode_as()
            .map_err(|_| "has no list of files".to_owned())?;
        let members = list.subjects.iter().filter_map(Subject::member);
        Ok(Self {
            signer: signer.ok_or("has a certificate that can't be read")?,
            members: members.collect(),
            signature: signature.clone(),
            content,
            content_type,
        })
    }

    /// Whether a file of that name is listed with that SHA-256 digest.
    #[must_use]
    pub fn lists(&self, name: &str, digest: &[u8]) -> bool {
        let mut members = self.members.iter();
        members.any(|(listed, other)| listed.eq_ignore_ascii_case(name) && other == digest)
    }

    /// Checks the signature by the signer's key.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(&self) -> Result<(), String> {
        let attributes = self.signature.signed_attrs.as_ref();
        let attributes = attributes.ok_or("has no signed attributes")?;
        let value = |oid| {
            let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
            match (found.next(), found.next()) {
                (Some(attribute), None) if attribute.values.len() == 1 => {
                    attribute.values.get(0).map(Any::value)
                }
                _ => None,
            }
        };
        // PKCS #7 leaves out the tag and the length of what is signed.
        let digest = Sha256::digest(self.content.value());
        if self.signature.digest_alg.oid != SHA256
            || value(CONTENT_TYPE) != Some(self.content_type.as_bytes())
            || value(MESSAGE_DIGEST) != Some(&digest)
        {
            return Err("was changed after it was signed".to_owned());
        }
        let bytes = attributes.to_der().map_err(|error| error.to_string())?;
        self.signer
            .verify(&bytes, self.signature.signature.as_bytes())
            .map_err(|_| "was not signed with the key of its certificate".to_owned())
    }
}

fn is_meant(id: &SignerIdentifier, certificate: &x509_cert::Certificate) -> bool {
    let certificate = &certificate.tbs_certificate;
    match id {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == certificate.issuer && id.serial_number == certificate.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => certificate
            .get::<SubjectKeyIdentifier>()
            .is_ok_and(|found| found.is_some_and(|(_, own)| own == *id)),
    }
}

/// A certificate trust list, as far as catalogs have it ([MS-CAESO]).
#[derive(Sequence)]
struct TrustList {
    usage: Vec<ObjectIdentifier>,
    identifier: OctetString,
    this_update: UtcTime,
    algorithm: AlgorithmIdentifierOwned,
    subjects: Vec<Subject>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

/// A file under one of its digests.
#[derive(Sequence)]
struct Subject {
    identifier: OctetString,
    attributes: SetOfVec<Attribute>,
}

impl Subject {
    /// Its name and digest.
    fn member(&self) -> Option<(String, Vec<u8>)> {
        let texts = self.attributes.iter().filter(|it| it.oid == NAME_VALUE);
        let mut texts = texts
            .flat_map(|attribute| attribute.values.iter())
            .filter_map(|value| value.decode_as::<NameValue>().ok());
        let name = texts.find(|text| text.name.to_string() == FILE)?.text();
        Some((name, self.identifier.as_bytes().to_vec()))
    }
}

/// `CAT_NAMEVALUE`
#[derive(Sequence)]
struct NameValue {
    name: BmpString,
    flags: u32,
    /// UTF-16, little endian, with a closing zero.
    value: OctetString,
}

impl NameValue {
    fn text(&self) -> String {
        let units = self.value.as_bytes().chunks_exact(2);
        let units: Vec<_> = units
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
            .take_while(|unit| *unit != 0)
            .collect();
        String::from_utf16_lossy(&units)
    }
}
