//! Signers, and catalogs that they sign, made up for tests.

use std::str::FromStr;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{Any, BitString, BmpString, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{DateTime, Decode, Encode, Tag};
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{Keypair, SignatureEncoding, Signer};
use sha2::Digest;
use x509_cert::attr::Attribute;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

/// Small, so that tests don't wait for keys.
const KEY_BITS: usize = 1024;

const fn id(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}
const CODE_SIGNING: ObjectIdentifier = id("1.3.6.1.5.5.7.3.3");
const SERVER: ObjectIdentifier = id("1.3.6.1.5.5.7.3.1");
const SHA256_WITH_RSA: ObjectIdentifier = id("1.2.840.113549.1.1.11");
const RSA: ObjectIdentifier = id("1.2.840.113549.1.1.1");
const SHA256: ObjectIdentifier = id("2.16.840.1.101.3.4.2.1");
const SIGNED_DATA: ObjectIdentifier = id("1.2.840.113549.1.7.2");
const TRUST_LIST: ObjectIdentifier = id("1.3.6.1.4.1.311.10.1");
const CATALOG_LIST: ObjectIdentifier = id("1.3.6.1.4.1.311.12.1.1");
const MEMBER: ObjectIdentifier = id("1.3.6.1.4.1.311.12.1.3");
const NAME_VALUE: ObjectIdentifier = id("1.3.6.1.4.1.311.12.2.1");
const CONTENT_TYPE: ObjectIdentifier = id("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = id("1.2.840.113549.1.9.4");
const OF_THE_TESTS: ObjectIdentifier = id("1.3.6.1.4.1.99999.1");

/// The day on which all of them begin; they end after the 180 days that packages have.
const BEGIN: Duration = Duration::from_hours(500_000);
const LIFE: Duration = Duration::from_hours(180 * 24);

/// A time at which they count.
pub fn during() -> SystemTime {
    SystemTime::UNIX_EPOCH + BEGIN + LIFE / 2
}

/// A time before, and one after that.
pub fn before_and_after() -> [SystemTime; 2] {
    let begin = SystemTime::UNIX_EPOCH + BEGIN;
    let second = Duration::from_secs(1);
    [begin - second, begin + LIFE + second]
}

/// What is right or wrong with a certificate.
#[derive(Clone, Debug)]
pub enum Kind {
    /// As packages have it.
    Own,
    /// The same, with these bytes in it.
    Named(Vec<u8>),
    /// With `CA:TRUE`.
    Authority,
    /// With `keyCertSign`.
    CertificateSigner,
    /// For servers, too.
    ServerToo,
    /// Without extended key usage.
    AnyPurpose,
    /// With another issuer's name.
    IssuedByOther,
    /// With its own name, and another key's signature.
    SignedByOther,
}

/// Who signs.
pub struct MadeUp {
    key: SigningKey<Sha256>,
    certificate: Certificate,
    der: Vec<u8>,
}

/// One that is as it should be.
pub static OWN: LazyLock<MadeUp> = LazyLock::new(|| MadeUp::new(&Kind::Own));
/// Another one.
pub static OTHER: LazyLock<MadeUp> = LazyLock::new(|| MadeUp::new(&Kind::Own));

/// What is wrong with a catalog.
pub struct Bag<'a> {
    /// Certificates beside the signer's.
    pub others: Vec<&'a MadeUp>,
    /// The signer's is missing.
    pub leaves_out_signer: bool,
    /// How many signatures it has.
    pub signers: usize,
    /// Whose key signs.
    pub signed_by: Option<&'a MadeUp>,
    /// The list is changed after it was signed.
    pub changes_list: bool,
}

impl Default for Bag<'_> {
    fn default() -> Self {
        Self {
            others: Vec::new(),
            leaves_out_signer: false,
            signers: 1,
            signed_by: None,
            changes_list: false,
        }
    }
}

fn algorithm(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid,
        parameters: Some(Any::new(Tag::Null, []).expect("short")),
    }
}

fn extension(extn_id: ObjectIdentifier, value: &impl Encode) -> Extension {
    let value = value.to_der().expect("encoded");
    Extension {
        extn_id,
        critical: false,
        extn_value: OctetString::new(value).expect("short"),
    }
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Attribute {
    Attribute {
        oid,
        values: SetOfVec::try_from(vec![value]).expect("one"),
    }
}

impl MadeUp {
    /// Makes a key and its certificate.
    pub fn new(kind: &Kind) -> Self {
        let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS).expect("a key");
        let key = SigningKey::<Sha256>::new(key);
        let public = SubjectPublicKeyInfoOwned::from_key(key.verifying_key()).expect("encoded");
        let digest = sha2::Sha256::digest(public.to_der().expect("encoded"));
        let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        let name = format!("CN=midiuart test certificate {number:08x}");
        let subject = Name::from_str(&name).expect("a name");
        let mut usages = vec![CODE_SIGNING];
        let mut key_usage = KeyUsage(KeyUsages::DigitalSignature.into());
        let mut basic = BasicConstraints {
            ca: false,
            path_len_constraint: None,
        };
        let mut issuer = subject.clone();
        let mut extensions = Vec::new();
        match kind {
            Kind::Own | Kind::SignedByOther | Kind::AnyPurpose => {}
            Kind::Named(bytes) => {
                let value = OctetString::new(bytes.as_slice()).expect("short");
                extensions.push(extension(OF_THE_TESTS, &value));
            }
            Kind::Authority => basic.ca = true,
            Kind::CertificateSigner => {
                key_usage = KeyUsage(KeyUsages::DigitalSignature | KeyUsages::KeyCertSign);
            }
            Kind::ServerToo => usages.push(SERVER),
            Kind::IssuedByOther => issuer = Name::from_str("CN=somebody").expect("a name"),
        }
        extensions.push(extension(id("2.5.29.19"), &basic));
        extensions.push(extension(id("2.5.29.15"), &key_usage));
        if !matches!(kind, Kind::AnyPurpose) {
            extensions.push(extension(id("2.5.29.37"), &ExtendedKeyUsage(usages)));
        }
        let begin = SystemTime::UNIX_EPOCH + BEGIN;
        let tbs_certificate = TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(&number.to_be_bytes()).expect("short"),
            signature: algorithm(SHA256_WITH_RSA),
            issuer,
            validity: Validity {
                not_before: Time::try_from(begin).expect("a time"),
                not_after: Time::try_from(begin + LIFE).expect("a time"),
            },
            subject,
            subject_public_key_info: public,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(extensions),
        };
        let bytes = tbs_certificate.to_der().expect("encoded");
        let signature = match kind {
            Kind::SignedByOther => OTHER.key.sign(&bytes),
            _ => key.sign(&bytes),
        };
        let certificate = Certificate {
            tbs_certificate,
            signature_algorithm: algorithm(SHA256_WITH_RSA),
            signature: BitString::from_bytes(&signature.to_vec()).expect("short"),
        };
        let der = certificate.to_der().expect("encoded");
        Self {
            key,
            certificate,
            der,
        }
    }

    /// Gives it another name; its signature is wrong then.
    pub fn rename(&mut self, subject: &str) {
        self.certificate.tbs_certificate.subject = Name::from_str(subject).expect("a name");
        self.der = self.certificate.to_der().expect("encoded");
    }

    /// DER.
    pub fn certificate(&self) -> &[u8] {
        &self.der
    }

    /// A signed catalog with those names and digests.
    pub fn catalog(&self, members: &[(&str, Vec<u8>)], bag: &Bag<'_>) -> Vec<u8> {
        let content = Any::from_der(&trust_list(members)).expect("a list");
        let mut attributes = vec![
            attribute(
                CONTENT_TYPE,
                Any::encode_from(&TRUST_LIST).expect("encoded"),
            ),
            attribute(
                MESSAGE_DIGEST,
                Any::new(
                    Tag::OctetString,
                    sha2::Sha256::digest(content.value()).to_vec(),
                )
                .expect("short"),
            ),
        ];
        let mut infos = Vec::new();
        for index in 0..bag.signers {
            if index > 0 {
                let value = Any::new(Tag::OctetString, []).expect("short");
                attributes.push(attribute(OF_THE_TESTS, value));
            }
            let attributes = SetOfVec::try_from(attributes.clone()).expect("a set");
            let bytes = attributes.to_der().expect("encoded");
            let signature = bag.signed_by.unwrap_or(self).key.sign(&bytes).to_vec();
            let own = &self.certificate.tbs_certificate;
            infos.push(SignerInfo {
                version: CmsVersion::V1,
                sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                    issuer: own.issuer.clone(),
                    serial_number: own.serial_number.clone(),
                }),
                digest_alg: algorithm(SHA256),
                signed_attrs: Some(attributes),
                signature_algorithm: algorithm(RSA),
                signature: OctetString::new(signature).expect("short"),
                unsigned_attrs: None,
            });
        }
        let content = if bag.changes_list {
            let longer = [members, &[("other", vec![3; 32])]].concat();
            Any::from_der(&trust_list(&longer)).expect("a list")
        } else {
            content
        };
        let own = (!bag.leaves_out_signer).then_some(self);
        let certificates = own.into_iter().chain(bag.others.iter().copied());
        let certificates =
            certificates.map(|it| CertificateChoices::Certificate(it.certificate.clone()));
        let data = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![algorithm(SHA256)]).expect("one"),
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: TRUST_LIST,
                econtent: Some(content),
            },
            certificates: Some(
                CertificateSet::try_from(certificates.collect::<Vec<_>>()).expect("a set"),
            ),
            crls: None,
            signer_infos: SignerInfos::try_from(infos).expect("a set"),
        };
        let info = ContentInfo {
            content_type: SIGNED_DATA,
            content: Any::encode_from(&data).expect("encoded"),
        };
        info.to_der().expect("encoded")
    }
}

/// A certificate trust list (DER), as the packager writes it.
fn trust_list(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let sequence = |parts: &[Vec<u8>]| {
        let value = parts.concat();
        Any::new(Tag::Sequence, value)
            .expect("short")
            .to_der()
            .expect("encoded")
    };
    let date = DateTime::from_unix_duration(BEGIN).expect("a date");
    let subjects = members.iter().map(|(name, digest)| {
        let value: Vec<u8> = name
            .encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect();
        let text = sequence(&[
            BmpString::from_utf8("File")
                .expect("a text")
                .to_der()
                .expect("encoded"),
            0x1001_0001_u32.to_der().expect("encoded"),
            OctetString::new(value)
                .expect("short")
                .to_der()
                .expect("encoded"),
        ]);
        let text = attribute(NAME_VALUE, Any::from_der(&text).expect("a sequence"));
        let attributes = SetOfVec::try_from(vec![text]).expect("one");
        sequence(&[
            OctetString::new(digest.as_slice())
                .expect("short")
                .to_der()
                .expect("encoded"),
            attributes.to_der().expect("encoded"),
        ])
    });
    let subjects: Vec<_> = subjects.collect();
    sequence(&[
        sequence(&[CATALOG_LIST.to_der().expect("encoded")]),
        OctetString::new([7; 16])
            .expect("short")
            .to_der()
            .expect("encoded"),
        UtcTime::from_date_time(date)
            .expect("a date")
            .to_der()
            .expect("encoded"),
        algorithm(MEMBER).to_der().expect("encoded"),
        sequence(&subjects),
    ])
}
