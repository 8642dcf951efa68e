//! Compiles a probe against mingw-w64's DDK headers and reads from the object what they say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSection, ObjectSymbol};
use portcls::types::GUID;

/// A 64-bit or 32-bit Windows on Intel processors.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub triple: &'static str,
    pub pointer: u64,
    definitions: &'static [&'static str],
    /// What the object's format puts in front of names.
    prefix: &'static str,
}

pub const X86_64: Target = Target {
    triple: "x86_64-pc-windows-msvc",
    pointer: 8,
    definitions: &["-D_WIN64", "-D_AMD64_", "-DAMD64"],
    prefix: "",
};
pub const I686: Target = Target {
    triple: "i686-pc-windows-msvc",
    pointer: 4,
    definitions: &["-D_X86_"],
    prefix: "_",
};

const MISSING: &str = "the DDK headers can't be compiled: run `apt-get install \
     --no-install-recommends clang-14 mingw-w64-common`, or name other places by DDK_CLANG and \
     DDK_INCLUDE";

/// Where Debian's mingw-w64-common has the headers of all targets.
const DEBIAN_INCLUDE: &str = "/usr/share/mingw-w64/include";

fn runs(compiler: &str) -> bool {
    let version = Command::new(compiler).arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

fn compiler() -> String {
    if let Ok(named) = std::env::var("DDK_CLANG") {
        return named;
    }
    let numbered = (14..=22).rev().map(|version| format!("clang-{version}"));
    let mut candidates = std::iter::once("clang".to_owned()).chain(numbered);
    candidates
        .find(|candidate| runs(candidate))
        .unwrap_or_else(|| panic!("{MISSING}"))
}

fn include_folder() -> PathBuf {
    let named = std::env::var_os("DDK_INCLUDE").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| DEBIAN_INCLUDE.into());
    assert!(folder.join("ddk/portcls.h").exists(), "{MISSING}");
    folder
}

/// What the headers say.
pub struct Header(Vec<u8>, &'static str);

impl Header {
    /// Compiles `probe.c` with `declarations` behind it.
    ///
    /// # Errors
    /// The compiler's messages.
    pub fn compile(target: Target, name: &str, declarations: &str) -> Result<Self, String> {
        let include = include_folder();
        let room = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(name)
            .join(target.triple);
        fs::create_dir_all(&room).expect("a folder for the probe");
        // wdm.h includes it for inline functions only.
        fs::write(room.join("intrin.h"), "").expect("an empty header");
        let probe = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ddk_headers/probe.c");
        let probe = fs::read_to_string(probe).expect("the probe");
        fs::write(room.join("probe.c"), probe + declarations).expect("the probe");
        let object = room.join("probe.obj");
        let output = Command::new(compiler())
            .arg(format!("--target={}", target.triple))
            .args(["-c", "-nostdinc", "-fgnuc-version=4.2.1"])
            .args(["-fms-compatibility", "-fms-extensions", "-ferror-limit=0"])
            .args(["-Wno-everything", "-Werror=incompatible-pointer-types"])
            .args([
                "-Werror=incompatible-function-pointer-types",
                "-Werror=int-conversion",
            ])
            .args([
                "-D_KERNEL_MODE",
                "-DNTDDI_VERSION=0x0A000000",
                "-D_WIN32_WINNT=0x0A00",
            ])
            .args(target.definitions)
            .arg("-isystem")
            .arg(&room)
            .arg("-isystem")
            .arg(include.join("ddk"))
            .arg("-isystem")
            .arg(include)
            .arg("-o")
            .arg(&object)
            .arg(room.join("probe.c"))
            .output()
            .unwrap_or_else(|_| panic!("{MISSING}"));
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(Self(fs::read(object).expect("the object"), target.prefix))
    }

    /// The bytes of a constant from where it begins to the end of its section.
    fn constant(&self, name: &str) -> Option<Vec<u8>> {
        let object = object::File::parse(&*self.0).expect("an object file");
        let name = format!("{}{name}", self.1);
        let symbol = object.symbols().find(|symbol| symbol.name() == Ok(&name))?;
        let section = object.section_by_index(symbol.section_index()?).ok()?;
        let start = usize::try_from(symbol.address() - section.address()).ok()?;
        section.data().ok()?.get(start..).map(<[u8]>::to_vec)
    }

    /// The 64-bit numbers of the array `name`.
    pub fn numbers(&self, name: &str, count: usize) -> Vec<u64> {
        let bytes = self.constant(name).expect("an array of the probe");
        let (numbers, _) = bytes.as_chunks::<8>();
        numbers
            .iter()
            .take(count)
            .map(|number| u64::from_le_bytes(*number))
            .collect()
    }

    /// The GUID `name`, if the headers have it.
    pub fn guid(&self, name: &str) -> Option<GUID> {
        let bytes = self.constant(name)?;
        let (first, bytes) = bytes.split_first_chunk()?;
        let (second, bytes) = bytes.split_first_chunk()?;
        let (third, bytes) = bytes.split_first_chunk()?;
        Some(GUID {
            Data1: u32::from_le_bytes(*first),
            Data2: u16::from_le_bytes(*second),
            Data3: u16::from_le_bytes(*third),
            Data4: *bytes.first_chunk()?,
        })
    }
}
