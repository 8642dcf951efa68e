//! Compares every table, structure, GUID, constant and function of the crate with the DDK headers
//! of mingw-w64, as a C compiler for Windows understands them.
//!
//! The tests that need that compiler are ignored by default; what they compare is complete, since
//! the crate's source is searched for everything it declares.

#![allow(missing_docs, reason = "a test")]

mod declarations;
mod header;
mod layouts;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use declarations::{Interface, Signature};
use header::{Header, I686, Target, X86_64};
use layouts::Layout;
use portcls::interfaces::Interface as _;
use portcls::types::GUID;
use portcls::{descriptors, functions, guid, interfaces, ks, status, types};

/// A number that the crate and the headers must agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fact {
    name: String,
    /// The headers' number as an expression in C.
    c: String,
    expected: u64,
}

impl Fact {
    fn new(name: impl Into<String>, c: impl Into<String>, expected: u64) -> Self {
        Self {
            name: name.into(),
            c: c.into(),
            expected,
        }
    }
}

/// One line for each fact that the headers contradict.
fn contradictions(facts: &[Fact], numbers: &[u64]) -> Vec<String> {
    assert_eq!(facts.len(), numbers.len(), "a number for each fact");
    let pairs = facts.iter().zip(numbers);
    pairs
        .filter(|(fact, number)| fact.expected != **number)
        .map(|(fact, number)| {
            format!(
                "{}: {} here, {number} in the headers",
                fact.name, fact.expected
            )
        })
        .collect()
}

// ---- structures ----------------------------------------------------------------------------

/// C expressions for what has no name in C: offset and size of a field.
fn unnamed_in_c(name: &str, field: &str) -> Option<(&'static str, &'static str)> {
    Some(match (name, field) {
        ("KSPIN_DESCRIPTOR", "Constrained") => (
            "__builtin_offsetof(KSPIN_DESCRIPTOR, Reserved)",
            "sizeof(KSPIN_DESCRIPTOR) - __builtin_offsetof(KSPIN_DESCRIPTOR, Reserved)",
        ),
        ("KSPIN_CONSTRAINED_RANGES", "Reserved") => {
            ("0", "sizeof(((KSPIN_DESCRIPTOR *)0)->Reserved)")
        }
        ("KSPIN_CONSTRAINED_RANGES", "Ranges") => (
            "__builtin_offsetof(KSPIN_DESCRIPTOR, ConstrainedDataRangesCount) \
             - __builtin_offsetof(KSPIN_DESCRIPTOR, Reserved)",
            "__builtin_offsetof(KSPIN_DESCRIPTOR, ConstrainedDataRanges) + sizeof(PVOID) \
             - __builtin_offsetof(KSPIN_DESCRIPTOR, ConstrainedDataRangesCount)",
        ),
        ("KSPIN_CONSTRAINED_LIST", "Count") => (
            "0",
            "sizeof(((KSPIN_DESCRIPTOR *)0)->ConstrainedDataRangesCount)",
        ),
        ("KSPIN_CONSTRAINED_LIST", "DataRanges") => (
            "__builtin_offsetof(KSPIN_DESCRIPTOR, ConstrainedDataRanges) \
             - __builtin_offsetof(KSPIN_DESCRIPTOR, ConstrainedDataRangesCount)",
            "sizeof(((KSPIN_DESCRIPTOR *)0)->ConstrainedDataRanges)",
        ),
        _ => return None,
    })
}

fn facts_of_layout(layout: &Layout) -> Vec<Fact> {
    let name = layout.name;
    let mut facts = Vec::new();
    if !name.starts_with("KSPIN_CONSTRAINED_") {
        let (size, align) = (layout.extent.size, layout.extent.align);
        facts.push(Fact::new(
            format!("size of {name}"),
            format!("sizeof({name})"),
            size,
        ));
        facts.push(Fact::new(
            format!("alignment of {name}"),
            format!("_Alignof({name})"),
            align,
        ));
    }
    for field in &layout.fields {
        let whole = format!("{name}.{}", field.name);
        let (offset, size) = match unnamed_in_c(name, field.name) {
            Some((offset, size)) => (offset.to_owned(), size.to_owned()),
            None => (
                format!("__builtin_offsetof({name}, {})", field.name),
                format!("sizeof((({name} *)0)->{})", field.name),
            ),
        };
        facts.push(Fact::new(
            format!("offset of {whole}"),
            offset,
            field.offset,
        ));
        facts.push(Fact::new(format!("size of {whole}"), size, field.size));
    }
    facts
}

// ---- interfaces ----------------------------------------------------------------------------

macro_rules! tables {
    ($($interface:ident),+ $(,)?) => {
        /// Name, table size and name by GUID of each interface, as compiled.
        const TABLES: &[(&str, usize, GUID)] = &[$((
            stringify!($interface),
            size_of::<<interfaces::$interface as interfaces::Interface>::Table>(),
            interfaces::$interface::IID,
        )),+];
    };
}

tables! {
    IUnknown, IMiniport, IMiniportMidi, IMiniportMidiStream, IPort, IPortMidi, IServiceSink,
    IServiceGroup, IInterruptSync, IResourceList, IRegistryKey, IAdapterPowerManagement,
    IPowerNotify, IUnregisterSubdevice, IPinCount,
}

fn facts_of_interface(interface: &Interface, pointer: u64) -> Vec<Fact> {
    let table = format!("{}Vtbl", interface.name);
    let slots = interface.slots() as u64;
    let whole = Fact::new(
        format!("size of {table}"),
        format!("sizeof({table})"),
        slots * pointer,
    );
    let methods = interface.methods.iter().map(|(slot, method)| {
        let c = format!("__builtin_offsetof({table}, {})", method.name);
        Fact::new(
            format!("place of {table}.{}", method.name),
            c,
            *slot as u64 * pointer,
        )
    });
    std::iter::once(whole).chain(methods).collect()
}

// ---- constants -----------------------------------------------------------------------------

macro_rules! constants {
    ($($module:ident { $($name:ident $(= $c:ident)?),+ $(,)? })+) => {
        fn constants() -> Vec<Fact> {
            vec![$($(Fact::new(
                stringify!($name),
                concat!("(ULONG)", constants!(@c $name $($c)?)),
                low_half(i128::from_constant($module::$name)),
            )),+),+]
        }
    };
    (@c $name:ident) => { stringify!($name) };
    (@c $name:ident $c:ident) => { stringify!($c) };
}

trait FromConstant<T> {
    fn from_constant(value: T) -> Self;
}
impl FromConstant<u8> for i128 {
    fn from_constant(value: u8) -> Self {
        value.into()
    }
}
impl FromConstant<u32> for i128 {
    fn from_constant(value: u32) -> Self {
        value.into()
    }
}
impl FromConstant<i32> for i128 {
    fn from_constant(value: i32) -> Self {
        value.into()
    }
}
impl FromConstant<usize> for i128 {
    fn from_constant(value: usize) -> Self {
        Self::try_from(value).expect("a small number")
    }
}

/// The number as C's `(ULONG)` gives it.
fn low_half(value: i128) -> u64 {
    u64::try_from(value & 0xFFFF_FFFF).expect("32 bits")
}

constants! {
    types {
        NON_PAGED_POOL_NX = NonPagedPoolNx,
        POWER_DEVICE_D0 = PowerDeviceD0,
        POWER_DEVICE_D1 = PowerDeviceD1,
        POWER_DEVICE_D2 = PowerDeviceD2,
        POWER_DEVICE_D3 = PowerDeviceD3,
        CM_RESOURCE_SHARE_SHARED = CmResourceShareShared,
        CM_RESOURCE_TYPE_PORT = CmResourceTypePort,
        CM_RESOURCE_TYPE_INTERRUPT = CmResourceTypeInterrupt,
        CM_RESOURCE_TYPE_MEMORY = CmResourceTypeMemory,
        CM_RESOURCE_TYPE_DMA = CmResourceTypeDma,
        KEY_VALUE_PARTIAL_INFORMATION_CLASS = KeyValuePartialInformation,
        REG_SZ,
        REG_DWORD,
    }
    ks {
        KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT,
        KSPIN_COMMUNICATION_NONE, KSPIN_COMMUNICATION_SINK, KSPIN_COMMUNICATION_SOURCE,
        KSPIN_COMMUNICATION_BOTH, KSPIN_COMMUNICATION_BRIDGE,
        KSSTATE_STOP, KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN,
        KSPROPERTY_PIN_CTYPES, KSPROPERTY_PIN_DATAFLOW, KSPROPERTY_PIN_DATARANGES,
        KSPROPERTY_PIN_DATAINTERSECTION, KSPROPERTY_PIN_COMMUNICATION, KSPROPERTY_PIN_CATEGORY,
        KSPROPERTY_PIN_NAME,
        KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSPROPERTY_TYPE_BASICSUPPORT,
    }
    descriptors { PCFILTER_NODE }
    interfaces {
        INTERRUPT_SYNC_MODE_NORMAL = InterruptSyncModeNormal,
        INTERRUPT_SYNC_MODE_ALL = InterruptSyncModeAll,
        INTERRUPT_SYNC_MODE_REPEAT = InterruptSyncModeRepeat,
        DEVICE_REGISTRY_KEY = DeviceRegistryKey,
        DRIVER_REGISTRY_KEY = DriverRegistryKey,
    }
    functions { PORT_CLASS_DEVICE_EXTENSION_SIZE }
}

fn facts_of_constants(pointer: u64) -> Vec<Fact> {
    let mut facts = constants();
    for fact in &mut facts {
        // The only one that depends on the pointer.
        if fact.name == "PORT_CLASS_DEVICE_EXTENSION_SIZE" {
            fact.expected = 64 * pointer;
        }
    }
    let statuses = declarations::statuses().into_iter();
    facts.extend(statuses.map(|(name, value)| {
        let c = format!("(ULONG){name}");
        Fact::new(name, c, value.into())
    }));
    facts
}

// ---- functions -----------------------------------------------------------------------------

/// Functions that mingw-w64's portcls.h does not declare.
const FUNCTIONS_ABSENT: &[&str] = &[
    "PcUnregisterAdapterPowerManagement",
    "PcGetPhysicalDeviceObject",
];

/// Interfaces whose functions have another first argument in the header: it forgets
/// `#define INTERFACE IMiniport`, so that wdm.h's unrelated type of that name stands there.
const WRONG_THIS: &[(&str, &str)] = &[("IMiniport", "INTERFACE")];

/// Results and arguments that the crate declares otherwise than the header, with the header's type and
/// the reason.
const QUIRKS: &[(&str, Place, &str, &str)] = &[
    (
        "RegisterServiceGroup",
        Place::Result,
        "NTSTATUS",
        "void in Microsoft's header; the status is never to be tested",
    ),
    (
        "QueryRegistryValues",
        Place::Argument(0),
        "PRTL_QUERY_REGISTRY_TABLE",
        "the crate does not describe these tables",
    ),
    (
        "QueryKey",
        Place::Argument(0),
        "KEY_INFORMATION_CLASS",
        "an enumeration",
    ),
    (
        "EnumerateKey",
        Place::Argument(1),
        "KEY_INFORMATION_CLASS",
        "an enumeration",
    ),
    (
        "QueryValueKey",
        Place::Argument(1),
        "KEY_VALUE_INFORMATION_CLASS",
        "an enumeration",
    ),
    (
        "EnumerateValueKey",
        Place::Argument(1),
        "KEY_VALUE_INFORMATION_CLASS",
        "an enumeration",
    ),
    (
        "PcNewInterruptSync",
        Place::Argument(4),
        "INTERRUPTSYNCMODE",
        "an enumeration",
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Result,
    Argument(usize),
}

/// The type in C that a type of the crate stands for; pointers to constants are only kept apart for
/// GUIDs, as in the header.
fn c_type(rust: &str) -> String {
    if rust == "*const GUID" {
        return "const GUID *".to_owned();
    }
    let target = rust
        .strip_prefix("*mut ")
        .or_else(|| rust.strip_prefix("*const "));
    match (target, rust) {
        (Some(target), _) => c_type(target) + " *",
        (None, "u64") => "ULONGLONG".to_owned(),
        (None, "u16") => "WCHAR".to_owned(),
        (None, name) => name.to_owned(),
    }
}

/// The statement that `source` has the type which the crate gives to the function.
fn assignment(signature: &Signature, this: Option<&str>, source: &str) -> String {
    let quirk = |place| {
        let mut quirks = QUIRKS.iter();
        quirks
            .find(|quirk| quirk.0 == signature.name && quirk.1 == place)
            .map(|quirk| quirk.2.to_owned())
    };
    let result = signature
        .result
        .as_deref()
        .map_or_else(|| "void".to_owned(), c_type);
    let result = quirk(Place::Result).unwrap_or(result);
    let own = signature.arguments.iter().enumerate();
    let own =
        own.map(|(index, rust)| quirk(Place::Argument(index)).unwrap_or_else(|| c_type(rust)));
    let this = this.map(|interface| format!("{interface} *"));
    let arguments: Vec<_> = this.into_iter().chain(own).collect();
    let arguments = if arguments.is_empty() {
        "void".to_owned()
    } else {
        arguments.join(", ")
    };
    format!("{{ {result} (NTAPI *typed)({arguments}) = {source}; (void)typed; }}\n")
}

fn assignments() -> String {
    let mut code = String::new();
    for name in FUNCTIONS_ABSENT {
        // Does not compile if the header has it after all.
        let _ = writeln!(code, "extern int {name};");
    }
    for function in declarations::functions() {
        if !FUNCTIONS_ABSENT.contains(&function.name.as_str()) {
            code += &assignment(&function, None, &function.name);
        }
    }
    for interface in declarations::interfaces() {
        let mut names = WRONG_THIS.iter();
        let wrong = names.find(|(name, _)| *name == interface.name);
        let this = wrong.map_or(&*interface.name, |(_, wrong)| wrong);
        for (_, method) in &interface.methods {
            let source = format!("(({}Vtbl *)0)->{}", interface.name, method.name);
            code += &assignment(method, Some(this), &source);
        }
    }
    code
}

// ---- GUIDs ---------------------------------------------------------------------------------

/// GUIDs that mingw-w64's headers lack; their values are those of Microsoft's headers.
const GUIDS_ABSENT: &[&str] = &[
    "IID_IAdapterPowerManagement2",
    "IID_IAdapterPowerManagement3",
    "IID_IPinName",
    "IID_IMusicTechnology",
    "IID_IAdapterPnpManagement",
    "IID_IMiniportPnpNotify",
    "IID_IPortClsPnp",
    "KS_PROXY_CLSID",
];

/// GUIDs that the headers get wrong, with what they say there.
const GUIDS_WRONG: &[(&str, GUID)] = &[
    // punknown.h shifts the last group by two bytes; Microsoft's and mingw-w64's unknwn.h say
    // C000-000000000046.
    (
        "IID_IUnknown",
        GUID::from_u128(0x00000000_0000_0000_0000_c00000000046),
    ),
];

/// GUIDs of ks.h and ksmedia.h are macros in C.
fn guid_declarations() -> String {
    guid::ALL.iter().fold(String::new(), |mut code, (name, _)| {
        let _ = writeln!(
            code,
            "#ifdef STATIC_{name}\nconst GUID probe_{name} = {{ STATIC_{name} }};\n#endif"
        );
        code
    })
}

/// One line for each GUID that the headers contradict, lack unexpectedly, or have unexpectedly.
fn guid_contradictions(
    guids: &[(&str, GUID)],
    absent: &[&str],
    find: impl Fn(&str) -> Option<GUID>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, expected) in guids {
        let found = [find(name), find(&format!("probe_{name}"))];
        let mut found = found.into_iter().flatten().peekable();
        if found.peek().is_some() == absent.contains(name) {
            lines.push(format!(
                "{name}: listed wrongly as absent or present in the headers"
            ));
        }
        let known = GUIDS_WRONG.iter().find(|(wrong, _)| wrong == name);
        let there = known.map_or(*expected, |(_, wrong)| *wrong);
        let wrong = found.filter(|found| *found != there);
        lines.extend(wrong.map(|wrong| format!("{name}: {expected:?} here, {wrong:?} there")));
    }
    lines
}

// ---- the comparison ------------------------------------------------------------------------

fn facts(target: Target) -> Vec<Fact> {
    let layouts = if target.pointer == 8 {
        layouts::compiled()
    } else {
        layouts::computed(target.pointer)
    };
    let interfaces = declarations::interfaces();
    let mut facts: Vec<_> = layouts.iter().flat_map(facts_of_layout).collect();
    facts.extend(
        interfaces
            .iter()
            .flat_map(|one| facts_of_interface(one, target.pointer)),
    );
    facts.extend(facts_of_constants(target.pointer));
    facts
}

fn probe(facts: &[Fact], assignments: &str) -> String {
    let mut code = guid_declarations();
    code += "const unsigned long long probe_numbers[] = {\n";
    for fact in facts {
        let _ = writeln!(code, "{},", fact.c);
    }
    let _ = write!(
        code,
        "}};\nvoid probe_functions(void) {{\n{assignments}}}\n"
    );
    code
}

/// Compiles, reads back, compares.
fn compare(target: Target, name: &str, facts: &[Fact], assignments: &str) -> Vec<String> {
    let header = match Header::compile(target, name, &probe(facts, assignments)) {
        Ok(header) => header,
        Err(messages) => return vec![messages],
    };
    let numbers = header.numbers("probe_numbers", facts.len());
    let mut lines = contradictions(facts, &numbers);
    lines.extend(guid_contradictions(guid::ALL, GUIDS_ABSENT, |name| {
        header.guid(name)
    }));
    lines
}

fn assert_agreement(target: Target) {
    let lines = compare(target, "agreement", &facts(target), &assignments());
    assert!(lines.is_empty(), "{}:\n{}", target.triple, lines.join("\n"));
}

#[test]
#[ignore = "needs clang and mingw-w64's headers: apt-get install --no-install-recommends clang-14 mingw-w64-common"]
fn the_headers_agree_on_64_bits() {
    assert_agreement(X86_64);
}

#[test]
#[ignore = "needs clang and mingw-w64's headers: apt-get install --no-install-recommends clang-14 mingw-w64-common"]
fn the_headers_agree_on_32_bits() {
    assert_agreement(I686);
}

#[test]
#[ignore = "needs clang and mingw-w64's headers: apt-get install --no-install-recommends clang-14 mingw-w64-common"]
fn the_headers_contradict_each_wrong_number() {
    for target in [X86_64, I686] {
        let mut wrong = facts(target);
        for fact in &mut wrong {
            fact.expected ^= 1;
        }
        let lines = compare(target, "numbers", &wrong, "");
        assert_eq!(lines.len(), wrong.len());
    }
}

#[test]
#[ignore = "needs clang and mingw-w64's headers: apt-get install --no-install-recommends clang-14 mingw-w64-common"]
fn the_headers_contradict_wrong_signatures() {
    let functions = declarations::functions();
    let right = functions
        .iter()
        .find(|function| function.name == "PcNewPort")
        .expect("PcNewPort");
    let mut one_more = right.clone();
    one_more.arguments.push("ULONG".to_owned());
    let mut one_less = right.clone();
    one_less.arguments.pop();
    let mut other_kind = right.clone();
    "*mut ULONG".clone_into(&mut other_kind.arguments[0]);
    let mut no_result = right.clone();
    no_result.result = None;
    for target in [X86_64, I686] {
        let code = assignment(right, None, "PcNewPort");
        assert_eq!(
            compare(target, "signatures", &[], &code),
            Vec::<String>::new()
        );
        for wrong in [&one_more, &one_less, &other_kind, &no_result] {
            let code = assignment(wrong, None, "PcNewPort");
            let lines = compare(target, "signatures", &[], &code);
            assert!(
                lines.concat().contains("incompatible"),
                "{wrong:?} was accepted: {lines:?}"
            );
        }
    }
}

// ---- what needs no compiler ----------------------------------------------------------------

fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    items.into_iter().collect()
}

#[test]
fn every_structure_is_compared() {
    let compared = layouts::compiled();
    let compared = set(compared.iter().map(|layout| layout.name.to_owned()));
    assert_eq!(compared, set(declarations::structures()));
}

#[test]
fn every_interface_is_compared() {
    let declared = declarations::interfaces();
    assert_eq!(
        set(declared.iter().map(|interface| interface.name.as_str())),
        set(TABLES.iter().map(|(name, ..)| *name))
    );
    for (name, size, iid) in TABLES {
        let interface = declared
            .iter()
            .find(|interface| interface.name == *name)
            .expect("it");
        assert_eq!(interface.slots() * size_of::<usize>(), *size, "{name}");
        let named = guid::ALL.iter().find(|(name, _)| *name == interface.iid);
        assert_eq!(named.map(|(_, guid)| guid), Some(iid), "{name}");
    }
}

#[test]
fn every_function_is_compared() {
    let declared = declarations::functions();
    let declared = set(declared.iter().map(|function| function.name.as_str()));
    assert_eq!(declared, set(functions::NAMES.iter().copied()));
    assert!(FUNCTIONS_ABSENT.iter().all(|name| declared.contains(name)));
}

#[test]
fn every_constant_is_compared() {
    let compared = constants();
    let compared = compared.iter().map(|fact| fact.name.as_str());
    let declared = declarations::constants();
    assert_eq!(set(compared), set(declared.iter().map(String::as_str)));
}

#[test]
fn every_status_is_compared() {
    let declared = declarations::statuses();
    assert!(!declared.is_empty());
    for (name, value) in declared {
        assert_eq!(
            status::status_name(value.cast_signed()),
            Some(name.as_str())
        );
    }
}

#[test]
fn every_quirk_names_a_function() {
    let interfaces = declarations::interfaces();
    let methods = interfaces.iter().flat_map(|interface| &interface.methods);
    let mut names = set(methods.map(|(_, method)| method.name.clone()));
    names.extend(
        declarations::functions()
            .into_iter()
            .map(|function| function.name),
    );
    for (name, _, _, reason) in QUIRKS {
        assert!(names.contains(*name), "{name}: {reason}");
    }
}

#[test]
fn computed_layouts_are_the_compilers_on_64_bits() {
    assert_eq!(layouts::computed(8), layouts::compiled());
}

#[test]
fn wrong_numbers_and_guids_are_found() {
    let facts = [Fact::new("one", "1", 1), Fact::new("two", "2", 2)];
    assert_eq!(contradictions(&facts, &[1, 2]), Vec::<String>::new());
    assert_eq!(
        contradictions(&facts, &[1, 3]),
        ["two: 2 here, 3 in the headers"]
    );

    let guids = [("A", guid::IID_IPort), ("B", guid::IID_IMiniport)];
    let count = |absent: &[&str], find: fn(&str) -> Option<GUID>| {
        guid_contradictions(&guids, absent, find).len()
    };
    let only_a = |name: &str| (name == "A").then_some(guid::IID_IPort);
    let wrong_a = |name: &str| (name == "probe_A").then_some(guid::IID_IPortMidi);
    assert_eq!(count(&["B"], only_a), 0);
    assert_eq!(count(&[], only_a), 1);
    assert_eq!(count(&["A", "B"], only_a), 1);
    assert_eq!(count(&["B"], wrong_a), 1);
}
