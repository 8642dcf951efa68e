//! Every structure of the crate, field by field, with its layout on 64-bit and on 32-bit Windows.
//!
//! On 64 bits the compiler itself is asked. There is no 32-bit `core` to ask on the host, so the
//! layout there is computed from the fields' types by C's rules; that computation is proved by
//! comparing its 64-bit answers with the compiler's.

use portcls::descriptors::*;
use portcls::ks::*;
use portcls::types::*;

/// Size and alignment in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub size: u64,
    pub align: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub offset: u64,
    pub size: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub name: &'static str,
    pub extent: Extent,
    pub fields: Vec<Field>,
}

/// A type whose extent follows from the size of a pointer.
trait Model {
    fn extent(pointer: u64) -> Extent;
}

macro_rules! plain {
    ($($type:ty: $size:literal;)+) => { $(
        impl Model for $type {
            fn extent(_pointer: u64) -> Extent {
                Extent { size: $size, align: $size }
            }
        }
    )+ };
}

// Windows aligns 64-bit numbers to eight bytes in 32-bit programs too.
plain! { u8: 1; u16: 2; u32: 4; i32: 4; i64: 8; }

macro_rules! as_wide_as_a_pointer {
    ($([$($generic:ident)?] $type:ty;)+) => { $(
        impl<$($generic)?> Model for $type {
            fn extent(pointer: u64) -> Extent {
                Extent { size: pointer, align: pointer }
            }
        }
    )+ };
}

as_wide_as_a_pointer! {
    [] usize;
    [T] *const T;
    [T] *mut T;
    [] Option<PCPFNPROPERTY_HANDLER>;
}

impl<T: Model, const N: usize> Model for [T; N] {
    fn extent(pointer: u64) -> Extent {
        let Extent { size, align } = T::extent(pointer);
        Extent {
            size: size * N as u64,
            align,
        }
    }
}

/// Fields that 32-bit Windows does not have.
const ONLY_ON_64_BITS: &[(&str, &str)] = &[("KSSTREAM_HEADER", "Reserved")];

/// Lays fields out as C does: `together` in a union, otherwise one behind the other.
fn lay_out(
    name: &'static str,
    together: bool,
    bounds: Bounds,
    fields: Vec<(&'static str, Extent)>,
    pointer: u64,
) -> Layout {
    let mut end = 0;
    let mut whole = Extent {
        size: 0,
        align: bounds.least_align,
    };
    let mut placed = Vec::new();
    for (field, extent) in fields {
        if pointer == 4 && ONLY_ON_64_BITS.contains(&(name, field)) {
            continue;
        }
        let align = extent.align.min(bounds.most_align);
        let offset = if together {
            0
        } else {
            end_of_padding(end, align)
        };
        end = offset + extent.size;
        whole.size = whole.size.max(end);
        whole.align = whole.align.max(align);
        placed.push(Field {
            name: field,
            offset,
            size: extent.size,
        });
    }
    whole.size = end_of_padding(whole.size, whole.align);
    Layout {
        name,
        extent: whole,
        fields: placed,
    }
}

const fn end_of_padding(offset: u64, align: u64) -> u64 {
    offset.div_ceil(align) * align
}

/// What `repr(align)` and `repr(packed)` ask for.
#[derive(Clone, Copy)]
struct Bounds {
    least_align: u64,
    most_align: u64,
}

const NATURAL: Bounds = Bounds {
    least_align: 1,
    most_align: u64::MAX,
};
const ALIGN_8: Bounds = Bounds {
    least_align: 8,
    ..NATURAL
};
const PACKED_4: Bounds = Bounds {
    most_align: 4,
    ..NATURAL
};

fn extent_of_field<S, F: Model>(_field: fn(&S) -> F, pointer: u64) -> Extent {
    F::extent(pointer)
}

const fn size_of_field<S, F>(_field: fn(&S) -> F) -> usize {
    size_of::<F>()
}

macro_rules! layouts {
    (
        structs { $($name:ident($bounds:expr) { $($field:ident),+ $(,)? })+ }
        unions { $($union:ident($union_bounds:expr) { $($variant:ident: $type:ty),+ $(,)? })+ }
    ) => {
        $(
            impl Model for $name {
                fn extent(pointer: u64) -> Extent {
                    // A field that is missing in the list does not compile.
                    let _ = |$name { $($field: _),+ }: $name| ();
                    let fields = vec![$((
                        stringify!($field),
                        extent_of_field(|whole: &$name| whole.$field, pointer),
                    )),+];
                    lay_out(stringify!($name), false, $bounds, fields, pointer).extent
                }
            }
        )+
        $(
            impl Model for $union {
                fn extent(pointer: u64) -> Extent {
                    // A variant of another type does not compile.
                    $(let _ = |value: $type| $union { $variant: value };)+
                    let fields = vec![$((stringify!($variant), <$type>::extent(pointer))),+];
                    lay_out(stringify!($union), true, $union_bounds, fields, pointer).extent
                }
            }
        )+

        /// All layouts as computed for pointers of that many bytes.
        pub fn computed(pointer: u64) -> Vec<Layout> {
            vec![
                $({
                    let fields = vec![$((
                        stringify!($field),
                        extent_of_field(|whole: &$name| whole.$field, pointer),
                    )),+];
                    lay_out(stringify!($name), false, $bounds, fields, pointer)
                },)+
                $({
                    let fields = vec![$((stringify!($variant), <$type>::extent(pointer))),+];
                    lay_out(stringify!($union), true, $union_bounds, fields, pointer)
                },)+
            ]
        }

        /// All layouts as the compiler has them on this 64-bit host.
        pub fn compiled() -> Vec<Layout> {
            vec![
                $(Layout {
                    name: stringify!($name),
                    extent: Extent {
                        size: size_of::<$name>() as u64,
                        align: align_of::<$name>() as u64,
                    },
                    fields: vec![$(Field {
                        name: stringify!($field),
                        offset: core::mem::offset_of!($name, $field) as u64,
                        size: size_of_field(|whole: &$name| whole.$field) as u64,
                    }),+],
                },)+
                $(Layout {
                    name: stringify!($union),
                    extent: Extent {
                        size: size_of::<$union>() as u64,
                        align: align_of::<$union>() as u64,
                    },
                    fields: vec![$(Field {
                        name: stringify!($variant),
                        offset: core::mem::offset_of!($union, $variant) as u64,
                        size: size_of::<$type>() as u64,
                    }),+],
                },)+
            ]
        }
    };
}

layouts! {
    structs {
        GUID(NATURAL) { Data1, Data2, Data3, Data4 }
        UNICODE_STRING(NATURAL) { Length, MaximumLength, Buffer }
        CM_PORT(PACKED_4) { Start, Length }
        CM_INTERRUPT(PACKED_4) { Level, Vector, Affinity }
        CM_PARTIAL_RESOURCE_DESCRIPTOR(PACKED_4) { Type, ShareDisposition, Flags, u }
        KEY_VALUE_PARTIAL_INFORMATION(NATURAL) { TitleIndex, Type, DataLength, Data }
        KSDATAFORMAT(ALIGN_8) {
            FormatSize, Flags, SampleSize, Reserved, MajorFormat, SubFormat, Specifier,
        }
        KSDATARANGE_MUSIC(NATURAL) { DataRange, Technology, Channels, Notes, ChannelMask }
        KSMUSICFORMAT(NATURAL) { TimeDeltaMs, ByteCount }
        KSTIME(NATURAL) { Time, Numerator, Denominator }
        KSSTREAM_HEADER(NATURAL) {
            Size, TypeSpecificFlags, PresentationTime, Duration, FrameExtent, DataUsed, Data,
            OptionsFlags, Reserved,
        }
        KSIDENTIFIER(ALIGN_8) { Set, Id, Flags }
        KSPIN_DESCRIPTOR(NATURAL) {
            InterfacesCount, Interfaces, MediumsCount, Mediums, DataRangesCount, DataRanges,
            DataFlow, Communication, Category, Name, Constrained,
        }
        KSPIN_CONSTRAINED_LIST(NATURAL) { Count, DataRanges }
        KSP_PIN(NATURAL) { Property, PinId, Reserved }
        PCFILTER_DESCRIPTOR(NATURAL) {
            Version, AutomationTable, PinSize, PinCount, Pins, NodeSize, NodeCount, Nodes,
            ConnectionCount, Connections, CategoryCount, Categories,
        }
        PCPIN_DESCRIPTOR(NATURAL) {
            MaxGlobalInstanceCount, MaxFilterInstanceCount, MinFilterInstanceCount,
            AutomationTable, KsPinDescriptor,
        }
        PCNODE_DESCRIPTOR(NATURAL) { Flags, AutomationTable, Type, Name }
        PCCONNECTION_DESCRIPTOR(NATURAL) { FromNode, FromNodePin, ToNode, ToNodePin }
        PCAUTOMATION_TABLE(NATURAL) {
            PropertyItemSize, PropertyCount, Properties, MethodItemSize, MethodCount, Methods,
            EventItemSize, EventCount, Events, Reserved,
        }
        PCPROPERTY_ITEM(NATURAL) { Set, Id, Flags, Handler }
        PCPROPERTY_REQUEST(NATURAL) {
            MajorTarget, MinorTarget, Node, PropertyItem, Verb, InstanceSize, Instance, ValueSize,
            Value, Irp,
        }
    }
    unions {
        POWER_STATE(NATURAL) { SystemState: i32, DeviceState: i32 }
        CM_RESOURCE(PACKED_4) {
            Port: CM_PORT,
            Interrupt: CM_INTERRUPT,
            Memory: CM_PORT,
            DeviceSpecificData: [u32; 3],
            MessageInterrupt: CM_INTERRUPT,
        }
        KSPIN_CONSTRAINED_RANGES(NATURAL) { Reserved: i64, Ranges: KSPIN_CONSTRAINED_LIST }
    }
}
