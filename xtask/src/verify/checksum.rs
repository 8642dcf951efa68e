//! The checksum of an image.

use super::Verdict;
use super::image::Image;

/// The system computes it for each driver, and does not load one where it is wrong.
pub fn right(image: &Image) -> Verdict {
    let right = of(image.bytes, image.checksum_offset);
    if image.checksum == right {
        Ok(format!("{right:#x}"))
    } else {
        Err(format!("{:#x}, should be {right:#x}", image.checksum))
    }
}

/// The sum of all 16-bit words with the carries added again, the checksum itself taken as zero,
/// plus the length.
pub fn of(bytes: &[u8], checksum_offset: usize) -> u32 {
    let words = bytes.chunks(2).enumerate().map(|(index, word)| {
        let offset = 2 * index;
        let is_checksum = (checksum_offset..checksum_offset + 4).contains(&offset);
        match word {
            _ if is_checksum => 0,
            [low, high] => u32::from(u16::from_le_bytes([*low, *high])),
            [low] => u32::from(*low),
            _ => 0,
        }
    });
    let sum = words.fold(0_u32, |sum, word| {
        let sum = sum + word;
        (sum & 0xFFFF) + (sum >> 16)
    });
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    sum.wrapping_add(length)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn carries_are_added_again() {
        // 0xFFFF + 2 = 0x1_0001, and 1 + 1 = 2; the length is 8.
        assert_eq!(of(&[0xFF, 0xFF, 2, 0, 9, 9, 9, 9], 4), 2 + 8);
    }

    #[test]
    fn an_odd_last_byte_counts() {
        assert_eq!(of(&[0, 0, 0, 0, 5], 0), 5 + 5);
    }
}
