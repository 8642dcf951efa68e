//! Imports of the kernel. There are no import libraries in the linker's form, but the compiler makes
//! imports by itself from the names, and mingw-w64's libraries have those.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::architecture::Architecture;

/// Exports of the kernel that mingw-w64's libraries do not list, as on x86 they would be called.
const NOT_IN_MINGW: [&str; 8] = [
    "_ExAllocatePool2@16",
    "_ExAllocateTimer@12",
    "_ExCancelTimer@8",
    "_ExDeleteTimer@16",
    "_ExSetTimer@24",
    "_KeQueryInterruptTimePrecise@4",
    "_MmMapIoSpaceEx@16",
    // Called by the compiler's own code if a stack frame is larger than a page.
    "__chkstk",
];

/// Exported by the kernel and declared by the WDK, but inline in mingw-w64's headers for 64 bits.
/// wdk-sys calls it.
const INLINE_ON_64_BITS: &str = r#"
#[link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "C" {
    #[must_use]
    pub fn KeGetCurrentIrql() -> KIRQL;
}
"#;

/// A function under the name that its caller's object file has for it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Import {
    name: String,
    convention: Convention,
}

/// Calling conventions, of which only x86 has more than one, with the bytes that the called
/// function takes off the stack.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Convention {
    C,
    Stdcall { bytes: usize },
    Fastcall { bytes: usize },
}

impl Import {
    /// From a name as x86 decorates it: `_name@bytes`, `@name@bytes` or `_name`.
    fn decorated(symbol: &str) -> Option<Self> {
        let (rest, is_fastcall) = match symbol.strip_prefix('@') {
            Some(rest) => (rest, true),
            None => (symbol.strip_prefix('_')?, false),
        };
        let (name, convention) = match rest.split_once('@') {
            None => (rest, Convention::C),
            Some((name, bytes)) => {
                let bytes = bytes.parse().ok()?;
                let convention = if is_fastcall {
                    Convention::Fastcall { bytes }
                } else {
                    Convention::Stdcall { bytes }
                };
                (name, convention)
            }
        };
        Some(Self {
            name: name.to_owned(),
            convention,
        })
    }

    fn plain(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            convention: Convention::C,
        }
    }

    fn declaration(&self) -> String {
        let (convention, bytes) = match self.convention {
            Convention::C => ("C", 0),
            Convention::Stdcall { bytes } => ("stdcall", bytes),
            Convention::Fastcall { bytes } => ("fastcall", bytes),
        };
        let arguments = "_: u32, ".repeat(bytes / 4);
        format!(
            "unsafe extern \"{convention}\" {{ fn {}({arguments}); }}",
            self.name
        )
    }
}

/// Rust source that imports all functions of ntoskrnl.exe and hal.dll.
pub fn of_kernel(architecture: Architecture) -> String {
    let libraries = architecture.mingw().join("lib");
    let mut kernel = names_in_library(&libraries.join("libntoskrnl.a"), architecture);
    let hal: BTreeSet<_> = names_in_library(&libraries.join("libhal.a"), architecture)
        .into_iter()
        .filter(|import| !kernel.contains(import))
        .collect();
    kernel.extend(
        NOT_IN_MINGW
            .iter()
            .filter_map(|symbol| Import::decorated(symbol))
            .map(|import| match architecture {
                Architecture::X86 => import,
                Architecture::X64 | Architecture::Arm64 => Import::plain(&import.name),
            }),
    );
    let mut source = String::new();
    add_module(&mut source, "ntoskrnl.exe", &kernel);
    add_module(&mut source, "hal.dll", &hal);
    match architecture {
        Architecture::X86 => source,
        Architecture::X64 | Architecture::Arm64 => source + INLINE_ON_64_BITS,
    }
}

/// What the linker has to be told about imports. On x86 the compiler calls C's functions by names
/// with an underscore, and imports them without.
pub fn link_arguments(architecture: Architecture) -> impl Iterator<Item = String> {
    let names: &[&str] = match architecture {
        Architecture::X86 => &["memcmp", "memcpy", "memmove", "memset"],
        Architecture::X64 | Architecture::Arm64 => &[],
    };
    names
        .iter()
        .map(|name| format!("/ALTERNATENAME:_{name}={name}"))
}

fn add_module(source: &mut String, image: &str, imports: &BTreeSet<Import>) {
    let module = image.replace('.', "_");
    let _ = writeln!(
        source,
        "#[allow(clashing_extern_declarations, dead_code)]\nmod imports_of_{module} {{"
    );
    for import in imports {
        // The kernel's exports have no decorated names.
        let name_type = match import.convention {
            Convention::C => "",
            Convention::Stdcall { .. } | Convention::Fastcall { .. } => {
                ", import_name_type = \"undecorated\""
            }
        };
        let _ = writeln!(
            source,
            "#[link(name = \"{image}\", kind = \"raw-dylib\", modifiers = \"+verbatim\"{name_type})]\n{}",
            import.declaration()
        );
    }
    source.push_str("}\n");
}

/// The functions of an import library in GNU form, from its symbol table.
fn names_in_library(library: &Path, architecture: Architecture) -> BTreeSet<Import> {
    println!("cargo::rerun-if-changed={}", library.display());
    let bytes = fs::read(library).unwrap_or_else(|error| panic!("{}: {error}", library.display()));
    let symbols =
        archive_symbols(&bytes).unwrap_or_else(|| panic!("{}: not an archive", library.display()));
    // A function has both NAME and __imp_NAME, a datum only the latter.
    symbols
        .iter()
        .filter(|symbol| symbols.contains(format!("__imp_{symbol}").as_str()))
        .filter_map(|symbol| match architecture {
            Architecture::X86 => Import::decorated(symbol),
            Architecture::X64 | Architecture::Arm64 => Some(Import::plain(symbol)),
        })
        .collect()
}

/// The symbols that a System V archive lists in its first member.
fn archive_symbols(archive: &[u8]) -> Option<BTreeSet<&str>> {
    const MAGIC: &[u8] = b"!<arch>\n";
    const MEMBER_HEADER: usize = 60;
    const SIZE_FIELD: std::ops::Range<usize> = 48..58;
    let member = archive.strip_prefix(MAGIC)?;
    let size = str::from_utf8(member.get(SIZE_FIELD)?).ok()?.trim();
    let table = member
        .get(MEMBER_HEADER..)?
        .get(..size.parse::<usize>().ok()?)?;
    // A count and that many offsets, 32 bits each, then the names, each with a zero at its end.
    let (count, rest) = table.split_first_chunk()?;
    let count = usize::try_from(u32::from_be_bytes(*count)).ok()?;
    let names = rest.get(count.checked_mul(4)?..)?;
    Some(
        names
            .split(|byte| *byte == 0)
            .filter_map(|name| str::from_utf8(name).ok())
            .filter(|name| !name.is_empty())
            .collect(),
    )
}
