//! What a signature says of a file: its kind and its digest. From Microsoft's "Windows Authenticode
//! Portable Executable Signature Format", and from what the WDK's tools write.

use authenticode::{DigestInfo, SpcAttributeTypeAndOptionalValue, SpcIndirectDataContent};
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Decode, Tag};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// The digest that signatures are over.
pub const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// `SPC_PE_IMAGE_DATA_OBJID`
const PE_IMAGE_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.15");
/// `SPC_CAB_DATA_OBJID`, which stands for all flat files.
const FLAT_FILE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.25");

/// `SpcPeImageData` in an image: no flags, and an empty file name.
const IN_IMAGE: &[u8] = &[
    0x30, 0x09, 0x03, 0x01, 0x00, 0xA0, 0x04, 0xA2, 0x02, 0x80, 0x00,
];
/// `SpcPeImageData` in a catalog: the flags for resources and imports, and an empty file name.
const IN_CATALOG: &[u8] = &[
    0x30, 0x0A, 0x03, 0x02, 0x05, 0xA0, 0xA0, 0x04, 0xA2, 0x02, 0x80, 0x00,
];
/// `SpcLink` of a flat file: an empty file name.
const FLAT_LINK: &[u8] = &[0xA2, 0x02, 0x80, 0x00];

/// Which file, and where it is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    SignedImage,
    ImageInCatalog,
    FlatFileInCatalog,
}

/// The statement for a SHA-256 digest.
pub fn of(kind: Kind, digest: &[u8]) -> der::Result<SpcIndirectDataContent> {
    let (value_type, value) = match kind {
        Kind::SignedImage => (PE_IMAGE_DATA, IN_IMAGE),
        Kind::ImageInCatalog => (PE_IMAGE_DATA, IN_CATALOG),
        Kind::FlatFileInCatalog => (FLAT_FILE, FLAT_LINK),
    };
    Ok(SpcIndirectDataContent {
        data: SpcAttributeTypeAndOptionalValue {
            value_type,
            value: Any::from_der(value)?,
        },
        message_digest: DigestInfo {
            digest_algorithm: algorithm(SHA256)?,
            digest: OctetString::new(digest)?,
        },
    })
}

/// An algorithm without parameters, as Microsoft's tools write it.
pub fn algorithm(oid: ObjectIdentifier) -> der::Result<AlgorithmIdentifierOwned> {
    Ok(AlgorithmIdentifierOwned {
        oid,
        parameters: Some(Any::new(Tag::Null, [])?),
    })
}
