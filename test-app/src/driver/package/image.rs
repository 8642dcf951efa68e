//! What of a driver's image its signature is about.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::driver::machine::Architecture;

// Places of fields (winnt.h), from the begin of the file, …
const E_LFANEW: usize = 0x3C;
// … from the begin of IMAGE_NT_HEADERS64.
const MACHINE: usize = 4;
const OPTIONAL_HEADER_MAGIC: usize = 24;
const CHECK_SUM: usize = 24 + 64;
const SECURITY_DIRECTORY: usize = 24 + 112 + 4 * 8;

const SIGNATURE: &[u8] = b"PE\0\0";
const MAGIC_64: u16 = 0x20B;

/// The parts of an image's header that matter here.
pub struct Header {
    /// Which processor it is for.
    pub architecture: Architecture,
    signed: [Range<usize>; 3],
}

impl Header {
    /// That of an image for 64 bits.
    pub fn of(image: &[u8]) -> Option<Self> {
        let begin = usize::try_from(double_word(image, E_LFANEW)?).ok()?;
        if !image.get(begin..)?.starts_with(SIGNATURE)
            || word(image, begin + OPTIONAL_HEADER_MAGIC)? != MAGIC_64
        {
            return None;
        }
        let check_sum = begin + CHECK_SUM;
        let directory = begin + SECURITY_DIRECTORY;
        // The signature is the last thing in the file.
        let end = match double_word(image, directory)? {
            0 => image.len(),
            begin => usize::try_from(begin).ok()?,
        };
        let signed = [0..check_sum, check_sum + 4..directory, directory + 8..end];
        let is_whole = signed.iter().all(|part| image.get(part.clone()).is_some());
        is_whole.then_some(Self {
            architecture: Architecture::of_image(word(image, begin + MACHINE)?),
            signed,
        })
    }

    /// The digest that catalogs know the image by: all but its checksum, its signature and where that
    /// is.
    pub fn digest(&self, image: &[u8]) -> Vec<u8> {
        let mut digest = Sha256::new();
        for part in &self.signed {
            digest.update(&image[part.clone()]);
        }
        digest.finalize().to_vec()
    }
}

fn word(image: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*image.get(at..)?.first_chunk()?))
}

fn double_word(image: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*image.get(at..)?.first_chunk()?))
}
