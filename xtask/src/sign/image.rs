//! Signatures of images, after Microsoft's "Windows Authenticode Portable Executable Signature
//! Format".

use authenticode::{SPC_INDIRECT_DATA_OBJID, SpcIndirectDataContent};
use der::Encode;
use object::pe;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;

use super::indirect_data::{self, Kind};
use super::signed_data;
use super::signer::Signer;
use crate::verify::{Image, checksum_of};

const CHECKSUM_SIZE: usize = 4;
const DIRECTORY_ENTRY_SIZE: usize = 8;
/// From the checksum to the first entry of the data directory.
const TO_DIRECTORY_64: usize = 112 - 64;
const TO_DIRECTORY_32: usize = 96 - 64;

/// Signatures begin at multiples of this.
const ALIGNMENT: usize = 8;
/// `WIN_CERTIFICATE` up to its data: length, revision, kind.
const HEADER_SIZE: usize = 8;
const REVISION: u16 = authenticode::WIN_CERT_REVISION_2_0;
const KIND: u16 = authenticode::WIN_CERT_TYPE_PKCS_SIGNED_DATA;

/// The signed image, with a right checksum.
///
/// # Errors
/// If it is no image, or signed already.
pub fn signed(image: &[u8], signer: &Signer) -> Result<Vec<u8>, String> {
    let places = Places::of(image)?;
    if places.signature(image).is_some() {
        return Err("is signed already".to_owned());
    }
    let mut image = image.to_vec();
    image.resize(image.len().next_multiple_of(ALIGNMENT), 0);
    let content = indirect_data::of(Kind::SignedImage, &digest::<Sha256>(&image)?)
        .and_then(|content| content.to_der())
        .map_err(|error| error.to_string())
        .and_then(|content| signed_data::sign(signer, SPC_INDIRECT_DATA_OBJID, &content))?;

    let begin = image.len();
    let size = (HEADER_SIZE + content.len()).next_multiple_of(ALIGNMENT);
    let [begin_field, size_field] = [begin, size].map(|number| {
        let number = u32::try_from(number).map_err(|_| "too long for an image".to_owned());
        number.map(u32::to_le_bytes)
    });
    let (begin_field, size_field) = (begin_field?, size_field?);
    image.extend(size_field);
    image.extend(REVISION.to_le_bytes());
    image.extend(KIND.to_le_bytes());
    image.extend(content);
    image.resize(begin + size, 0);
    image[places.directory_entry..][..DIRECTORY_ENTRY_SIZE]
        .copy_from_slice(&[begin_field, size_field].concat());
    let sum = checksum_of(&image, places.checksum);
    image[places.checksum..][..CHECKSUM_SIZE].copy_from_slice(&sum.to_le_bytes());
    Ok(image)
}

/// Checks the signature of an image; says what was signed.
///
/// # Errors
/// If it has none, or not of this certificate, or was changed.
pub fn verify(image: &[u8], certificate: &Certificate) -> Result<String, String> {
    let signature = Places::of(image)?
        .signature(image)
        .ok_or("it is not signed")?;
    let content = signed_data::verified(signature, SPC_INDIRECT_DATA_OBJID, certificate)?;
    let content: SpcIndirectDataContent = content
        .decode_as()
        .map_err(|error| format!("the signature says nothing of an image: {error}"))?;
    let digest = digest::<Sha256>(image)?;
    if content.message_digest.digest.as_bytes() == digest {
        Ok(format!("SHA-256 {}", super::catalog::hexadecimal(&digest)))
    } else {
        Err("it was changed after it was signed".to_owned())
    }
}

/// Both digests of an image that catalogs know it by: SHA-1 and SHA-256.
///
/// # Errors
/// If it is no image.
pub fn digests(image: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
    Ok((digest::<Sha1>(image)?, digest::<Sha256>(image)?))
}

/// The digest of all but the checksum, the place of the signature, and the signature.
fn digest<Algorithm: Digest>(image: &[u8]) -> Result<Vec<u8>, String> {
    let Places {
        checksum,
        directory_entry,
    } = Places::of(image)?;
    let end = Places::of(image)?
        .signature_begin(image)
        .unwrap_or(image.len());
    let mut digest = Algorithm::new();
    for range in [
        0..checksum,
        checksum + CHECKSUM_SIZE..directory_entry,
        directory_entry + DIRECTORY_ENTRY_SIZE..end,
    ] {
        digest.update(image.get(range).ok_or("no room for a signature")?);
    }
    Ok(digest.finalize().to_vec())
}

/// Where things are in an image.
struct Places {
    checksum: usize,
    /// Place and length of the signature.
    directory_entry: usize,
}

impl Places {
    fn of(image: &[u8]) -> Result<Self, String> {
        let parsed = Image::parse(image).map_err(|error| format!("no image: {error}"))?;
        let to_directory = if parsed.is_64_bit {
            TO_DIRECTORY_64
        } else {
            TO_DIRECTORY_32
        };
        let index = pe::IMAGE_DIRECTORY_ENTRY_SECURITY;
        Ok(Self {
            checksum: parsed.checksum_offset,
            directory_entry: parsed.checksum_offset + to_directory + index * DIRECTORY_ENTRY_SIZE,
        })
    }

    fn signature_begin(&self, image: &[u8]) -> Option<usize> {
        let begin: [u8; 4] = *image.get(self.directory_entry..)?.first_chunk()?;
        let begin = u32::from_le_bytes(begin) as usize;
        (begin != 0).then_some(begin)
    }

    /// The data of the signature, which is the last thing in the file.
    fn signature<'image>(&self, image: &'image [u8]) -> Option<&'image [u8]> {
        let listed: [u8; 4] = *image.get(self.directory_entry + 4..)?.first_chunk()?;
        let entry = image.get(self.signature_begin(image)?..)?;
        let (length, rest) = entry.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*length) as usize;
        let kind = [REVISION.to_le_bytes(), KIND.to_le_bytes()].concat();
        if size != entry.len() || *length != listed || !rest.starts_with(&kind) {
            return None;
        }
        let data = entry.get(HEADER_SIZE..)?;
        // Without the zeros that fill up the last eight bytes.
        let header = data.get(..4)?;
        let [0x30, 0x82, high, low] = header else {
            return None;
        };
        data.get(..4 + usize::from(u16::from_be_bytes([*high, *low])))
    }
}
