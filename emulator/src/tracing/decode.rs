//! Decodes `TraceLogging` events, whose metadata name and type their fields
//! (`TraceLoggingProvider.h` of the Windows SDK describes the format).

use std::fmt;

use super::event::{Event, Field, RawEvent, Value};

/// `WINEVENT_CHANNEL_TRACELOGGING`.
const TRACE_LOGGING_CHANNEL: u8 = 11;
/// This bit of a byte says that another byte of the same kind follows.
const MORE: u8 = 0x80;

/// Types of fields (`TlgIn_t`).
mod in_type {
    pub(super) const CLOSED_UTF16: u8 = 1;
    pub(super) const CLOSED_UTF8: u8 = 2;
    pub(super) const INT8: u8 = 3;
    pub(super) const UINT8: u8 = 4;
    pub(super) const INT16: u8 = 5;
    pub(super) const UINT16: u8 = 6;
    pub(super) const INT32: u8 = 7;
    pub(super) const UINT32: u8 = 8;
    pub(super) const INT64: u8 = 9;
    pub(super) const UINT64: u8 = 10;
    pub(super) const BOOL32: u8 = 13;
    pub(super) const HEX32: u8 = 20;
    pub(super) const HEX64: u8 = 21;
    pub(super) const COUNTED_UTF16: u8 = 22;
    pub(super) const COUNTED_UTF8: u8 = 23;
}

/// Why an event could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// It is of another channel than that of `TraceLogging`, so it does not describe itself.
    OtherChannel(u8),
    /// A size in the metadata is not that of the metadata.
    WrongSize,
    /// The metadata end too early.
    MetadataTooShort,
    /// The data end too early.
    DataTooShort,
    /// Data are left when all fields have theirs.
    DataTooLong,
    /// A text is not in its encoding.
    NoText,
    /// A field of a type that the decoder does not know.
    UnknownType(u8),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherChannel(channel) => {
                write!(formatter, "an event of channel {channel}, not of 11")
            }
            Self::WrongSize => formatter.write_str("the metadata's size is wrong"),
            Self::MetadataTooShort => formatter.write_str("the metadata end too early"),
            Self::DataTooShort => formatter.write_str("the data end too early"),
            Self::DataTooLong => formatter.write_str("data are left"),
            Self::NoText => formatter.write_str("a text is not in its encoding"),
            Self::UnknownType(number) => write!(formatter, "a field of unknown type {number}"),
        }
    }
}

impl std::error::Error for DecodeError {}

type Decoded<T> = Result<T, DecodeError>;

impl RawEvent {
    /// Decodes an event that describes itself.
    ///
    /// # Errors
    /// What is wrong with the event.
    pub fn decode(&self) -> Decoded<Event> {
        if self.channel != TRACE_LOGGING_CHANNEL {
            return Err(DecodeError::OtherChannel(self.channel));
        }
        let provider = provider_name(&self.provider_metadata)?;
        let mut metadata = sized(&self.event_metadata)?;
        while metadata.byte()? & MORE != 0 {}
        let name = metadata.closed_utf8()?;
        let mut data = Reader {
            bytes: &self.data,
            too_short: DecodeError::DataTooShort,
        };
        let mut fields = Vec::new();
        while !metadata.bytes.is_empty() {
            let name = metadata.closed_utf8()?;
            let kind = metadata.byte()?;
            if kind & MORE != 0 {
                // How the field is to be shown, and then tags.
                let mut more = metadata.byte()?;
                while more & MORE != 0 {
                    more = metadata.byte()?;
                }
            }
            let value = data.value(kind & !MORE)?;
            fields.push(Field { name, value });
        }
        if !data.bytes.is_empty() {
            return Err(DecodeError::DataTooLong);
        }
        Ok(Event {
            provider,
            name,
            level: self.level,
            keyword: self.keyword,
            fields,
        })
    }
}

/// The name in a provider's metadata, which are its traits too.
pub(crate) fn provider_name(metadata: &[u8]) -> Decoded<String> {
    sized(metadata)?.closed_utf8()
}

/// Metadata behind their size.
fn sized(metadata: &[u8]) -> Decoded<Reader<'_>> {
    let mut reader = Reader {
        bytes: metadata,
        too_short: DecodeError::MetadataTooShort,
    };
    let size = u16::from_le_bytes(reader.array()?);
    if usize::from(size) != metadata.len() {
        return Err(DecodeError::WrongSize);
    }
    Ok(reader)
}

/// Bytes that are still to be read.
struct Reader<'a> {
    bytes: &'a [u8],
    too_short: DecodeError,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Decoded<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(self.too_short)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or(self.too_short)?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Decoded<u8> {
        self.array().map(|[byte]| byte)
    }

    /// A text with a zero at its end.
    fn closed_utf8(&mut self) -> Decoded<String> {
        let length = self.bytes.iter().position(|byte| *byte == 0);
        let text = self.take(length.ok_or(self.too_short)?)?;
        self.byte()?;
        utf8(text)
    }

    fn closed_utf16(&mut self) -> Decoded<String> {
        let mut units = Vec::new();
        loop {
            match u16::from_le_bytes(self.array()?) {
                0 => break,
                unit => units.push(unit),
            }
        }
        String::from_utf16(&units).map_err(|_| DecodeError::NoText)
    }

    /// A text behind its length in bytes.
    fn counted(&mut self) -> Decoded<&'a [u8]> {
        let length = u16::from_le_bytes(self.array()?);
        self.take(usize::from(length))
    }

    fn value(&mut self, kind: u8) -> Decoded<Value> {
        Ok(match kind {
            in_type::CLOSED_UTF16 => Value::Text(self.closed_utf16()?),
            in_type::CLOSED_UTF8 => Value::Text(self.closed_utf8()?),
            in_type::COUNTED_UTF16 => Value::Text(utf16(self.counted()?)?),
            in_type::COUNTED_UTF8 => Value::Text(utf8(self.counted()?)?),
            in_type::INT8 => Value::Signed(i8::from_le_bytes(self.array()?).into()),
            in_type::INT16 => Value::Signed(i16::from_le_bytes(self.array()?).into()),
            in_type::INT32 => Value::Signed(i32::from_le_bytes(self.array()?).into()),
            in_type::INT64 => Value::Signed(i64::from_le_bytes(self.array()?)),
            in_type::UINT8 => Value::Unsigned(self.byte()?.into()),
            in_type::UINT16 => Value::Unsigned(u16::from_le_bytes(self.array()?).into()),
            in_type::UINT32 | in_type::HEX32 => {
                Value::Unsigned(u32::from_le_bytes(self.array()?).into())
            }
            in_type::UINT64 | in_type::HEX64 => Value::Unsigned(u64::from_le_bytes(self.array()?)),
            in_type::BOOL32 => Value::Boolean(u32::from_le_bytes(self.array()?) != 0),
            unknown => return Err(DecodeError::UnknownType(unknown)),
        })
    }
}

fn utf8(bytes: &[u8]) -> Decoded<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::NoText)
}

fn utf16(bytes: &[u8]) -> Decoded<String> {
    let (pairs, []) = bytes.as_chunks() else {
        return Err(DecodeError::NoText);
    };
    let units: Vec<_> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    String::from_utf16(&units).map_err(|_| DecodeError::NoText)
}

#[cfg(test)]
mod tests {
    use portcls::types::GUID;

    use super::*;
    use crate::time::Instant;

    fn with_size(body: &[u8]) -> Vec<u8> {
        let size = u16::try_from(body.len() + 2).expect("a sane length");
        [&size.to_le_bytes(), body].concat()
    }

    /// As `TraceLoggingWrite` would write it.
    fn raw(fields: &[u8], data: &[u8]) -> RawEvent {
        RawEvent {
            provider: GUID::from_u128(1),
            at: Instant::POWER_ON,
            irql: 0,
            id: 0,
            channel: TRACE_LOGGING_CHANNEL,
            level: 4,
            keyword: 1,
            provider_metadata: with_size(b"Somebody\0"),
            event_metadata: with_size(&[b"\0Happened\0", fields].concat()),
            data: data.to_vec(),
        }
    }

    fn values(fields: &[u8], data: &[u8]) -> Decoded<Vec<Value>> {
        let event = raw(fields, data).decode()?;
        assert_eq!((&*event.provider, &*event.name), ("Somebody", "Happened"));
        Ok(event.fields.into_iter().map(|field| field.value).collect())
    }

    #[test]
    fn every_type_of_field_is_decoded() {
        for (kind, data, value) in [
            (1, &b"h\0i\0\0\0"[..], Value::Text("hi".to_owned())),
            (2, b"hi\0", Value::Text("hi".to_owned())),
            (3, &[0xFF], Value::Signed(-1)),
            (4, &[0xFF], Value::Unsigned(255)),
            (5, &[0xFE, 0xFF], Value::Signed(-2)),
            (6, &[1, 2], Value::Unsigned(513)),
            (7, &[0xFF; 4], Value::Signed(-1)),
            (8, &[1, 0, 0, 1], Value::Unsigned(0x0100_0001)),
            (9, &[0xFF; 8], Value::Signed(-1)),
            (10, &[0xFF; 8], Value::Unsigned(u64::MAX)),
            (13, &[1, 0, 0, 0], Value::Boolean(true)),
            (20, &[1, 0, 0, 0xC0], Value::Unsigned(0xC000_0001)),
            (
                21,
                &[1, 0, 0, 0, 0, 0, 0, 1],
                Value::Unsigned(0x0100_0000_0000_0001),
            ),
            (22, b"\x04\0h\0i\0", Value::Text("hi".to_owned())),
            (23, b"\x02\0hi", Value::Text("hi".to_owned())),
        ] {
            let fields = [b"a\0", &[kind][..]].concat();
            assert_eq!(values(&fields, data), Ok(vec![value]), "type {kind}");
            assert_eq!(
                values(&fields, &data[..data.len() - 1]),
                Err(DecodeError::DataTooShort),
                "type {kind}"
            );
        }
    }

    #[test]
    fn several_fields_with_formats_and_tags_are_told_apart() {
        let fields = b"one\0\x88\x0Etwo\0\x88\x8E\x81\x02three\0\x04";
        let expected = [1, 2, 3].map(Value::Unsigned).to_vec();
        assert_eq!(values(fields, b"\x01\0\0\0\x02\0\0\0\x03"), Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(values(b"", b"x"), Err(DecodeError::DataTooLong));
        assert_eq!(values(b"a", b""), Err(DecodeError::MetadataTooShort));
        assert_eq!(values(b"a\0\x0B", b""), Err(DecodeError::UnknownType(11)));
        assert_eq!(values(b"a\0\x02", b"\xFF\0"), Err(DecodeError::NoText));
        let mut event = raw(b"", b"");
        event.event_metadata.push(0);
        assert_eq!(event.decode(), Err(DecodeError::WrongSize));
        event.channel = 0;
        assert_eq!(event.decode(), Err(DecodeError::OtherChannel(0)));
    }
}
