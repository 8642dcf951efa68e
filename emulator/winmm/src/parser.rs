//! What the bytes mean that come from the driver.

use crate::short_message::{RunningStatus, data_bytes};

/// A piece of the incoming stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A whole short message, packed with its status byte.
    Short(u32),
    /// Bytes, packed, that are no message: data without status, a message that another one cuts short,
    /// an undefined status, or an end without a beginning.
    Broken(u32),
    /// The first byte of a System Exclusive message.
    ExclusiveBegin,
    /// A data byte of it.
    ExclusiveData,
    /// Its last byte.
    ExclusiveEnd,
    /// Another message has come before the System Exclusive message's end.
    ExclusiveCut,
}

/// Tells messages apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parser {
    running: RunningStatus,
    bytes: [u8; 3],
    length: usize,
    in_exclusive: bool,
}

const fn packed(bytes: [u8; 3]) -> u32 {
    let [first, second, third] = bytes;
    u32::from_le_bytes([first, second, third, 0])
}

impl Parser {
    /// Whether this byte, if it comes next, is one of a System Exclusive message.
    pub(crate) const fn would_be_exclusive(&self, byte: u8) -> bool {
        match byte {
            0xF0 => true,
            0x00..0x80 | 0xF7 => self.in_exclusive,
            _ => false,
        }
    }

    /// Takes a byte; tells what it ends or adds to, in order.
    pub(crate) fn push(&mut self, byte: u8, mut tell: impl FnMut(Piece)) {
        match byte {
            0xF8.. => tell(Piece::Short(u32::from(byte))),
            0x80.. => self.status(byte, tell),
            _ if self.in_exclusive => tell(Piece::ExclusiveData),
            _ => self.data(byte, tell),
        }
    }

    fn status(&mut self, status: u8, mut tell: impl FnMut(Piece)) {
        if self.in_exclusive {
            self.in_exclusive = false;
            if status == 0xF7 {
                return tell(Piece::ExclusiveEnd);
            }
            tell(Piece::ExclusiveCut);
        }
        if self.length > 0 {
            tell(Piece::Broken(packed(self.bytes)));
            self.length = 0;
        }
        self.running.follow(status);
        match status {
            0xF0 => {
                self.in_exclusive = true;
                tell(Piece::ExclusiveBegin);
            }
            0xF4 | 0xF5 | 0xF7 => tell(Piece::Broken(u32::from(status))),
            0xF6 => tell(Piece::Short(u32::from(status))),
            _ => self.begin(status),
        }
    }

    fn begin(&mut self, status: u8) {
        self.bytes = [status, 0, 0];
        self.length = 1;
    }

    fn data(&mut self, byte: u8, mut tell: impl FnMut(Piece)) {
        if self.length == 0 {
            match self.running.status() {
                Some(status) => self.begin(status),
                None => return tell(Piece::Broken(u32::from(byte))),
            }
        }
        self.bytes[self.length] = byte;
        self.length += 1;
        if self.length == 1 + data_bytes(self.bytes[0]) {
            self.length = 0;
            tell(Piece::Short(packed(self.bytes)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Piece::{Broken, ExclusiveBegin, ExclusiveCut, ExclusiveData, ExclusiveEnd, Short};
    use super::*;

    fn pieces(bytes: &[u8]) -> Vec<Piece> {
        let mut parser = Parser::default();
        let mut pieces = Vec::new();
        for &byte in bytes {
            parser.push(byte, |piece| pieces.push(piece));
        }
        pieces
    }

    #[test]
    fn running_status_is_expanded() {
        assert_eq!(
            pieces(&[0x90, 60, 100, 60, 0, 0xC1, 5, 6]),
            [
                Short(0x0064_3C90),
                Short(0x0000_3C90),
                Short(0x05C1),
                Short(0x06C1)
            ]
        );
    }

    #[test]
    fn real_time_bytes_are_told_at_once() {
        assert_eq!(
            pieces(&[0x90, 0xF8, 60, 0xFE, 100]),
            [Short(0xF8), Short(0xFE), Short(0x0064_3C90)]
        );
        assert_eq!(
            pieces(&[0xF0, 1, 0xF8, 0xF7]),
            [ExclusiveBegin, ExclusiveData, Short(0xF8), ExclusiveEnd]
        );
    }

    #[test]
    fn what_is_no_message_is_told() {
        assert_eq!(pieces(&[5, 0xF7]), [Broken(5), Broken(0xF7)]);
        assert_eq!(
            pieces(&[0x90, 60, 0x80, 1, 2]),
            [Broken(0x3C90), Short(0x0002_0180)]
        );
        assert_eq!(
            pieces(&[0x90, 1, 2, 0xF4, 3]),
            [Short(0x0002_0190), Broken(0xF4), Broken(3)]
        );
        assert_eq!(
            pieces(&[0xF0, 1, 0x90, 2, 3]),
            [
                ExclusiveBegin,
                ExclusiveData,
                ExclusiveCut,
                Short(0x0003_0290)
            ]
        );
        assert_eq!(
            pieces(&[0xF0, 0xF0, 0xF7]),
            [ExclusiveBegin, ExclusiveCut, ExclusiveBegin, ExclusiveEnd]
        );
    }

    proptest! {
        /// Whatever comes, no byte is swallowed: each is in a piece, or still waits for the rest of its
        /// message.
        #[test]
        fn every_byte_is_somewhere(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut parser = Parser::default();
            for &byte in &bytes {
                let exclusive = parser.would_be_exclusive(byte);
                let mut told = Vec::new();
                let waiting = parser.length;
                parser.push(byte, |piece| told.push(piece));
                let is_exclusive = |piece: &Piece| {
                    matches!(piece, ExclusiveBegin | ExclusiveData | ExclusiveEnd)
                };
                prop_assert_eq!(told.iter().any(is_exclusive), exclusive);
                prop_assert!(!told.is_empty() || parser.length > waiting);
            }
        }
    }
}
