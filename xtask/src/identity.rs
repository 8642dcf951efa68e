//! What tells one build of an image from another, and which PDB belongs to it.
//!
//! The linker derives both from the PDB, and that names folders, and crates by hashes of folders. So
//! equal images would have other identities in other folders. Here they get them from the image.

use object::pe;
use sha2::{Digest, Sha256};

use crate::verify::{Image, checksum_of};

const GUID_SIZE: usize = 16;
/// Behind the letters `RSDS`.
const GUID_OFFSET: usize = 4;
const TIME_STAMP_SIZE: usize = 4;
const CHECKSUM_SIZE: usize = 4;

/// Gives image and PDB the identity that the image's contents make.
///
/// # Errors
/// What is not as the linker writes it.
pub fn take_from_contents(image: &mut [u8], pdb: &mut [u8]) -> Result<(), String> {
    let parsed = Image::parse(image).map_err(|error| error.to_string())?;
    let checksum = parsed.checksum_offset;
    let entries = &parsed.debug_entries;
    let code_view = entries
        .iter()
        .find(|entry| entry.kind == pe::IMAGE_DEBUG_TYPE_CODEVIEW.0)
        .ok_or("the image names no PDB")?;
    let guid = code_view.data_offset + GUID_OFFSET;
    let time_stamps: Vec<_> = entries
        .iter()
        .map(|entry| entry.time_stamp_offset)
        .chain([parsed.time_stamp_offset])
        .collect();
    let guid_in_pdb =
        only_place(pdb, &image[guid..][..GUID_SIZE]).ok_or("the PDB is not that of the image")?;

    for place in &time_stamps {
        image[*place..][..TIME_STAMP_SIZE].fill(0);
    }
    image[guid..][..GUID_SIZE].fill(0);
    image[checksum..][..CHECKSUM_SIZE].fill(0);
    let hash = Sha256::digest(&*image);
    let (new_guid, rest) = hash.split_at(GUID_SIZE);
    image[guid..][..GUID_SIZE].copy_from_slice(new_guid);
    pdb[guid_in_pdb..][..GUID_SIZE].copy_from_slice(new_guid);
    for place in time_stamps {
        image[place..][..TIME_STAMP_SIZE].copy_from_slice(&rest[..TIME_STAMP_SIZE]);
    }
    let sum = checksum_of(image, checksum);
    image[checksum..][..CHECKSUM_SIZE].copy_from_slice(&sum.to_le_bytes());
    Ok(())
}

/// Where some bytes are, if they are there once only.
fn only_place(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut places = bytes
        .windows(wanted.len())
        .enumerate()
        .filter(|(_, window)| *window == wanted)
        .map(|(place, _)| place);
    let place = places.next()?;
    places.next().is_none().then_some(place)
}
