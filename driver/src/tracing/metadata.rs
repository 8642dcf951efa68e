//! What describes a `TraceLogging` event: bytes that are made when the driver is compiled.

/// Types of fields, as `TraceLogging` numbers them (`TlgIn_t` in `TraceLoggingProvider.h`).
pub(crate) mod in_type {
    /// A text of bytes with a zero at its end.
    pub(crate) const CLOSED_TEXT: u8 = 2;
    /// 32 bits.
    pub(crate) const UINT32: u8 = 8;
    /// 32 bits, of which some are not zero if it is true.
    pub(crate) const BOOL32: u8 = 13;
    /// 32 bits, shown in hexadecimal.
    pub(crate) const HEX32: u8 = 20;
    /// A text in UTF-16 behind its length in bytes (16 bits).
    pub(crate) const COUNTED_UTF16: u8 = 22;
}

/// A field's name and type.
pub(crate) type FieldDescription = (&'static str, u8);

/// What every event has in front.
const DEVICE: FieldDescription = ("Device", in_type::UINT32);
/// The size (16 bits), and a byte for tags, of which there are none.
const HEADER_SIZE: usize = 2 + 1;

/// The bytes of a name, with a zero at its end, and of a type.
const fn size_of_field(field: FieldDescription) -> usize {
    field.0.len() + 1 + 1
}

/// The size of the metadata of an event with that name and those fields.
pub(crate) const fn metadata_size(name: &str, fields: &[FieldDescription]) -> usize {
    let mut size = HEADER_SIZE + name.len() + 1 + size_of_field(DEVICE);
    let mut index = 0;
    while index < fields.len() {
        size += size_of_field(fields[index]);
        index += 1;
    }
    size
}

/// Bytes that are written one after the other.
struct Writer<const SIZE: usize> {
    bytes: [u8; SIZE],
    length: usize,
}

impl<const SIZE: usize> Writer<SIZE> {
    /// Begins with the size.
    const fn begin() -> Self {
        assert!(SIZE <= u16::MAX as usize, "the size has 16 bits");
        let mut bytes = [0; SIZE];
        let size = SIZE.to_le_bytes();
        [bytes[0], bytes[1]] = [size[0], size[1]];
        Self { bytes, length: 2 }
    }

    const fn byte(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    const fn name(&mut self, name: &str) {
        let mut index = 0;
        while index < name.len() {
            self.byte(name.as_bytes()[index]);
            index += 1;
        }
        self.byte(0);
    }

    const fn field(&mut self, field: FieldDescription) {
        self.name(field.0);
        self.byte(field.1);
    }

    const fn end(self) -> [u8; SIZE] {
        assert!(self.length == SIZE, "the size is that of what was written");
        self.bytes
    }
}

/// The metadata of an event.
pub(crate) const fn metadata<const SIZE: usize>(
    name: &str,
    fields: &[FieldDescription],
) -> [u8; SIZE] {
    let mut writer = Writer::begin();
    writer.byte(0);
    writer.name(name);
    writer.field(DEVICE);
    let mut index = 0;
    while index < fields.len() {
        writer.field(fields[index]);
        index += 1;
    }
    writer.end()
}

/// The traits of a provider that has a name only.
pub(super) const fn traits<const SIZE: usize>(name: &str) -> [u8; SIZE] {
    let mut writer = Writer::begin();
    writer.name(name);
    writer.end()
}
