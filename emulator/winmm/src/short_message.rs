//! How many bytes a packed short message has.

/// A short message as `midiOutShortMsg` takes it: the first byte is the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShortMessage {
    bytes: [u8; 3],
    length: usize,
}

impl ShortMessage {
    /// A message of three bytes.
    pub(crate) const fn whole(bytes: [u8; 3]) -> Self {
        Self { bytes, length: 3 }
    }

    /// The bytes that go to the driver.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The status that data bytes without one belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunningStatus(Option<u8>);

impl RunningStatus {
    /// Unpacks a message. One without a status byte belongs to the last channel message; nothing if
    /// there was none, or a System Exclusive or Common message came after it.
    pub(crate) fn unpack(&mut self, packed: u32) -> Option<ShortMessage> {
        let [first, second, third, _] = packed.to_le_bytes();
        let length = match first {
            0x00..0x80 => data_bytes(self.0?),
            status => {
                self.follow(status);
                1 + data_bytes(status)
            }
        };
        Some(ShortMessage {
            bytes: [first, second, third],
            length,
        })
    }

    /// Takes note of a status byte.
    pub(crate) fn follow(&mut self, status: u8) {
        match status {
            0x80..0xF0 => self.0 = Some(status),
            0xF0..0xF8 => self.0 = None,
            _ => {}
        }
    }

    /// The status of the last channel message, if it still counts.
    pub(crate) const fn status(self) -> Option<u8> {
        self.0
    }

    /// Forgets it, as after a System Exclusive message.
    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }
}

/// How many data bytes follow a status byte in a short message.
pub(crate) const fn data_bytes(status: u8) -> usize {
    match status {
        0x80..=0xBF | 0xE0..=0xEF | 0xF2 => 2,
        0xC0..=0xDF | 0xF1 | 0xF3 => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(running: &mut RunningStatus, packed: u32) -> Option<Vec<u8>> {
        let message = running.unpack(packed);
        message.map(|message| message.bytes().to_vec())
    }

    #[test]
    fn each_message_has_its_length() {
        let mut running = RunningStatus::default();
        for (packed, bytes) in [
            (0x007F_4090, &[0x90, 0x40, 0x7F][..]),
            (0xAAAA_05C3, &[0xC3, 0x05]),
            (0x0012_34E0, &[0xE0, 0x34, 0x12]),
            (0x0000_00F8, &[0xF8]),
            (0x0000_10F1, &[0xF1, 0x10]),
            (0x0001_02F2, &[0xF2, 0x02, 0x01]),
            (0x0000_00F6, &[0xF6]),
        ] {
            assert_eq!(unpacked(&mut running, packed).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn running_status_is_handed_on_as_it_is() {
        let mut running = RunningStatus::default();
        assert_eq!(unpacked(&mut running, 0x4030), None);
        unpacked(&mut running, 0x007F_4090);
        unpacked(&mut running, 0xF8);
        assert_eq!(unpacked(&mut running, 0x0000_7F41), Some(vec![0x41, 0x7F]));
        unpacked(&mut running, 0x05C3);
        assert_eq!(unpacked(&mut running, 0x06), Some(vec![0x06]));
        unpacked(&mut running, 0xF6);
        assert_eq!(unpacked(&mut running, 0x06), None);
    }
}
