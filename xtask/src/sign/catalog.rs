//! Catalogs of driver packages: a signed list of the digests of all files. Written as the WDK's tools
//! and Microsoft's signing service write them for Windows 10 and 11: version 2, each file by its
//! SHA-1 and by its SHA-256 digest. (Read off such catalogs; Microsoft documents the attributes for
//! `MakeCat` and the list as certificate trust list in [MS-CAESO].)

use std::collections::BTreeMap;

use der::asn1::{Any, BmpString, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{DateTime, Decode, Encode, Sequence, Tag, TagNumber};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::ext::Extension;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::image;
use super::indirect_data::{self, Kind, algorithm};
use super::signed_data::{self, attribute};
use super::signer::Signer;
use crate::architecture::Architecture;

/// `szOID_CTL`
const TRUST_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.1");
/// `szOID_CATALOG_LIST`
const CATALOG_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.1.1");
/// `szOID_CATALOG_LIST_MEMBER_V2`
const MEMBER_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.1.3");
/// `CAT_NAMEVALUE_OBJID`
const NAME_VALUE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.2.1");
/// `CAT_MEMBERINFO2_OBJID`
const MEMBER_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.12.2.3");
/// `SPC_INDIRECT_DATA_OBJID`
const INDIRECT_DATA: ObjectIdentifier = authenticode::SPC_INDIRECT_DATA_OBJID;

/// How the kinds of files are told in [`MEMBER_INFO`].
const IMAGE: TagNumber = TagNumber::N0;
const FLAT_FILE: TagNumber = TagNumber::N2;

/// `CRYPTCAT_ATTR_AUTHENTICATED`, `…_NAMEASCII` and `…_DATAASCII`
const TEXT: u32 = 0x1001_0001;

/// Platform 2 is Windows NT; 10.0 is Windows 10 and 11.
const WINDOWS: &str = "2:10.0";

const IDENTIFIER_SIZE: usize = 16;

/// What Windows calls its versions from 1709 on, which are those that the package is for.
fn windows_versions(architecture: Architecture) -> String {
    const VERSIONS: [&str; 7] = ["RS3", "RS4", "RS5", "19H1", "Vb", "21H2", "22H2"];
    let processor = match architecture {
        Architecture::X64 => "X64",
        Architecture::Arm64 => "ARM64",
        Architecture::X86 => "X86",
    };
    VERSIONS
        .map(|version| format!("_v100_{processor}_{version}"))
        .join(",")
}

/// What a catalog is of.
pub struct Contents<'files> {
    pub architecture: Architecture,
    pub hardware_ids: &'files [String],
    /// Images and others, by their names.
    pub files: &'files [(&'files str, &'files [u8])],
    pub date: DateTime,
}

/// Makes a signed catalog.
///
/// # Errors
/// If an image can't be read.
pub fn signed(contents: &Contents, signer: &Signer) -> Result<Vec<u8>, String> {
    let mut subjects = Vec::new();
    for (name, bytes) in contents.files {
        for member in members(name, bytes)? {
            subjects.push(member.subject().map_err(|error| error.to_string())?);
        }
    }
    subjects.sort_by(|one, other| one.identifier.as_bytes().cmp(other.identifier.as_bytes()));
    list(contents, subjects)
        .and_then(|list| list.to_der())
        .map_err(|error| error.to_string())
        .and_then(|list| signed_data::sign(signer, TRUST_LIST, &list))
}

/// What a catalog says.
pub struct Catalog {
    /// The file's name by its digest.
    pub members: BTreeMap<Vec<u8>, String>,
    /// The texts about the package by their names.
    pub attributes: BTreeMap<String, String>,
}

/// Reads a catalog that a certificate's key has signed.
///
/// # Errors
/// If it is none, or not signed with this certificate, or was changed.
pub fn verified(bytes: &[u8], certificate: &Certificate) -> Result<Catalog, String> {
    let content = signed_data::verified(bytes, TRUST_LIST, certificate)?;
    let unreadable = |error: der::Error| format!("no list of files: {error}");
    let list: TrustList = content.decode_as().map_err(unreadable)?;
    let mut members = BTreeMap::new();
    for subject in list.subjects {
        let name = subject.name().map_err(unreadable)?;
        members.insert(subject.identifier.into_bytes(), name.unwrap_or_default());
    }
    let mut attributes = BTreeMap::new();
    for extension in list.extensions {
        let text = NameValue::from_der(extension.extn_value.as_bytes()).map_err(unreadable)?;
        attributes.insert(text.name.to_string(), text.text());
    }
    Ok(Catalog {
        members,
        attributes,
    })
}

/// The attributes that a package's catalog has, by their names.
pub fn attributes(architecture: Architecture, hardware_ids: &[String]) -> Vec<(String, String)> {
    let mut attributes = vec![("OS".to_owned(), windows_versions(architecture))];
    let ids = hardware_ids.iter().enumerate().rev();
    attributes
        .extend(ids.map(|(index, id)| (format!("HWID{}", index + 1), id.to_ascii_lowercase())));
    attributes
}

/// The digests that a catalog knows a file by.
///
/// # Errors
/// If an image can't be read.
pub fn digests(name: &str, bytes: &[u8]) -> Result<[Vec<u8>; 2], String> {
    Ok(members(name, bytes)?.map(|member| member.digest))
}

/// Digits for digests.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A file under one of its digests.
struct Member<'name> {
    name: &'name str,
    is_image: bool,
    digest: Vec<u8>,
    /// The digest is told a second time, with its algorithm.
    has_indirect_data: bool,
}

fn members<'name>(name: &'name str, bytes: &[u8]) -> Result<[Member<'name>; 2], String> {
    let is_image = bytes.starts_with(b"MZ");
    let (sha1, sha256) = if is_image {
        image::digests(bytes)?
    } else {
        let sha256 = Sha256::digest(bytes).to_vec();
        (Sha1::digest(bytes).to_vec(), sha256)
    };
    Ok(
        [(sha1, false), (sha256, true)].map(|(digest, has_indirect_data)| Member {
            name,
            is_image,
            digest,
            has_indirect_data,
        }),
    )
}

impl Member<'_> {
    fn subject(&self) -> der::Result<Subject> {
        let number = if self.is_image { IMAGE } else { FLAT_FILE };
        let kind = Any::new(
            Tag::ContextSpecific {
                constructed: false,
                number,
            },
            [],
        )?;
        let mut attributes = vec![
            attribute(MEMBER_INFO, kind)?,
            attribute(
                NAME_VALUE,
                Any::encode_from(&NameValue::new("OSAttr", WINDOWS)?)?,
            )?,
            attribute(
                NAME_VALUE,
                Any::encode_from(&NameValue::new("File", &self.name.to_ascii_lowercase())?)?,
            )?,
        ];
        if self.has_indirect_data {
            let kind = if self.is_image {
                Kind::ImageInCatalog
            } else {
                Kind::FlatFileInCatalog
            };
            let data = indirect_data::of(kind, &self.digest)?;
            attributes.push(attribute(INDIRECT_DATA, Any::encode_from(&data)?)?);
        }
        Ok(Subject {
            identifier: OctetString::new(self.digest.as_slice())?,
            attributes: SetOfVec::try_from(attributes)?,
        })
    }
}

fn list(contents: &Contents, subjects: Vec<Subject>) -> der::Result<TrustList> {
    let mut identifier = Sha256::new();
    for subject in &subjects {
        identifier.update(subject.identifier.as_bytes());
    }
    let attributes = attributes(contents.architecture, contents.hardware_ids);
    let extensions = attributes.into_iter().map(|(name, value)| {
        Ok(Extension {
            extn_id: NAME_VALUE,
            critical: false,
            extn_value: OctetString::new(NameValue::new(&name, &value)?.to_der()?)?,
        })
    });
    Ok(TrustList {
        usage: vec![CATALOG_LIST],
        // Any number that other lists don't have.
        identifier: OctetString::new(&identifier.finalize()[..IDENTIFIER_SIZE])?,
        this_update: UtcTime::from_date_time(contents.date)?,
        algorithm: algorithm(MEMBER_V2)?,
        subjects,
        extensions: extensions.collect::<der::Result<_>>()?,
    })
}

/// A certificate trust list, as far as catalogs have it.
#[derive(Sequence)]
struct TrustList {
    usage: Vec<ObjectIdentifier>,
    identifier: OctetString,
    this_update: UtcTime,
    algorithm: AlgorithmIdentifierOwned,
    subjects: Vec<Subject>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

#[derive(Sequence)]
struct Subject {
    identifier: OctetString,
    attributes: SetOfVec<Attribute>,
}

impl Subject {
    /// The file's name.
    fn name(&self) -> der::Result<Option<String>> {
        let texts = self.attributes.iter().filter(|it| it.oid == NAME_VALUE);
        for value in texts.flat_map(|attribute| attribute.values.iter()) {
            let text: NameValue = value.decode_as()?;
            if text.name.to_string() == "File" {
                return Ok(Some(text.text()));
            }
        }
        Ok(None)
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
    fn new(name: &str, value: &str) -> der::Result<Self> {
        let units = value.encode_utf16().chain([0]);
        Ok(Self {
            name: BmpString::from_utf8(name)?,
            flags: TEXT,
            value: OctetString::new(units.flat_map(u16::to_le_bytes).collect::<Vec<_>>())?,
        })
    }

    fn text(&self) -> String {
        let units = self.value.as_bytes().chunks_exact(2);
        let units: Vec<_> = units
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
            .take_while(|unit| *unit != 0)
            .collect();
        String::from_utf16_lossy(&units)
    }
}
