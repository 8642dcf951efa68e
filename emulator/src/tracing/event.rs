//! Events, as they were written and decoded.

use portcls::types::GUID;

use crate::time::Instant;

/// An event as its provider has written it.
#[derive(Clone, Debug, PartialEq)]
pub struct RawEvent {
    /// Which provider has written it.
    pub provider: GUID,
    /// When.
    pub at: Instant,
    /// At which IRQL.
    pub irql: u8,
    /// The number that a manifest gives the event; 0 without a manifest.
    pub id: u16,
    /// The event's channel; 11 for `TraceLogging`.
    pub channel: u8,
    /// How bad it is: 1 critical, 2 error, 3 warning, 4 information, 5 verbose.
    pub level: u8,
    /// Its categories, a bit each.
    pub keyword: u64,
    /// What describes the provider (`EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA`).
    pub provider_metadata: Vec<u8>,
    /// What describes the event and its fields (`EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA`).
    pub event_metadata: Vec<u8>,
    /// The values of the fields.
    pub data: Vec<u8>,
}

/// An event that describes itself, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The provider's name.
    pub provider: String,
    /// The event's name.
    pub name: String,
    /// How bad it is: 1 critical, 2 error, 3 warning, 4 information, 5 verbose.
    pub level: u8,
    /// Its categories, a bit each.
    pub keyword: u64,
    /// Its fields, in order.
    pub fields: Vec<Field>,
}

/// A field of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number without a sign, of any size.
    Unsigned(u64),
    /// A number with a sign, of any size.
    Signed(i64),
    /// Yes or no.
    Boolean(bool),
    /// A text, whatever its encoding was.
    Text(String),
}

impl Event {
    /// The value of the field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        let field = self.fields.iter().find(|field| field.name == name);
        field.map(|field| &field.value)
    }
}
