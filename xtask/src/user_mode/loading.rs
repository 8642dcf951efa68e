//! Checks which libraries Windows can load into a program, which administrators run in folders where others
//! may have planted libraries.

use object::LittleEndian as LE;
use object::pe;
use object::read::Result;
use object::read::pe::{PeFile64, ResourceNameOrId};

/// Libraries that Windows never looks for in a program's folder: the two that are loaded before the program's
/// imports, and the name of an API set, which is looked up in the schema of API sets
/// (<https://learn.microsoft.com/windows/win32/dlls/dynamic-link-library-search-order>). Other `KnownDLLs` are
/// not listed: which they are depends on the registry, and Wine 8 has none.
const NEVER_BESIDE_A_PROGRAM: [&str; 3] = [
    "api-ms-win-core-synch-l1-2-0.dll",
    "kernel32.dll",
    "ntdll.dll",
];

/// `LOAD_LIBRARY_SEARCH_SYSTEM32` of libloaderapi.h.
const SYSTEM32_ONLY: u16 = 0x800;

/// The parts of an image that decide which libraries are loaded. Names are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loading {
    /// `None` without a load configuration, or if it is too short.
    dependent_load_flags: Option<u16>,
    /// Loaded with the program.
    imports: Vec<String>,
    /// Loaded when they are needed.
    delayed: Vec<String>,
    has_manifest: bool,
}

impl Loading {
    /// Reads an image.
    ///
    /// # Errors
    /// If it is none for 64 bits.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let file = PeFile64::parse(bytes)?;
        Ok(Self {
            dependent_load_flags: dependent_load_flags(&file)?,
            imports: imports(&file)?,
            delayed: delayed(&file)?,
            has_manifest: has_manifest(&file)?,
        })
    }

    /// Checks that only Windows' own libraries, `brought`, can be loaded into the program. Returns those that
    /// are loaded when they are needed.
    ///
    /// # Errors
    /// The reason why others can be loaded.
    pub fn check(&self, brought: &[&str]) -> std::result::Result<String, String> {
        match self.dependent_load_flags {
            None => return Err("has no load configuration".to_owned()),
            Some(SYSTEM32_ONLY) => {}
            Some(flags) => {
                return Err(format!(
                    "DependentLoadFlags are {flags:#x}, not {SYSTEM32_ONLY:#x}: Windows looks for imported \
                     libraries in the program's folder"
                ));
            }
        }
        if let Some(other) = other_than(&NEVER_BESIDE_A_PROGRAM, &self.imports) {
            return Err(format!(
                "imports from {other} without delay; test-app/build.rs lists what is delayed"
            ));
        }
        if let Some(other) = other_than(brought, &self.delayed) {
            return Err(format!(
                "imports from {other}, which Windows does not bring"
            ));
        }
        if !self.has_manifest {
            return Err(
                "has no embedded manifest: a file beside the program could redirect its libraries"
                    .to_owned(),
            );
        }
        Ok(self.delayed.join(", "))
    }
}

fn other_than<'a>(known: &[&str], names: &'a [String]) -> Option<&'a String> {
    names.iter().find(|name| !known.contains(&name.as_str()))
}

fn dependent_load_flags(file: &PeFile64) -> Result<Option<u16>> {
    /// Of the field in `IMAGE_LOAD_CONFIG_DIRECTORY64`. `object` reads the newest Windows' only.
    const OFFSET: usize = 78;
    let Some(directory) = file.data_directory(pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG) else {
        return Ok(None);
    };
    let bytes = directory.data(file.data(), &file.section_table())?;
    let field = bytes.get(OFFSET..).and_then(|rest| rest.first_chunk());
    Ok(field.copied().map(u16::from_le_bytes))
}

fn imports(file: &PeFile64) -> Result<Vec<String>> {
    let Some(table) = file.import_table()? else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    let mut descriptors = table.descriptors()?;
    while let Some(descriptor) = descriptors.next()? {
        names.push(lowercase(table.name(descriptor.name.get(LE))?));
    }
    Ok(names)
}

fn delayed(file: &PeFile64) -> Result<Vec<String>> {
    let Some(table) = file.delay_load_import_table()? else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    let mut descriptors = table.descriptors()?;
    while let Some(descriptor) = descriptors.next()? {
        names.push(lowercase(table.name(descriptor.dll_name_rva.get(LE))?));
    }
    Ok(names)
}

fn has_manifest(file: &PeFile64) -> Result<bool> {
    let sections = file.section_table();
    let directories = file.data_directories();
    let Some(resources) = directories.resource_directory(file.data(), &sections)? else {
        return Ok(false);
    };
    let types = resources.root()?;
    Ok(types.entries.iter().any(
        |entry| matches!(entry.name_or_id(), ResourceNameOrId::Id(id) if id == pe::RT_MANIFEST),
    ))
}

/// Windows ignores case in names of files.
fn lowercase(name: &[u8]) -> String {
    String::from_utf8_lossy(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::user_mode::OF_WINDOWS;

    fn sound() -> Loading {
        Loading {
            dependent_load_flags: Some(SYSTEM32_ONLY),
            imports: vec!["kernel32.dll".to_owned(), "ntdll.dll".to_owned()],
            delayed: vec!["newdev.dll".to_owned()],
            has_manifest: true,
        }
    }

    /// What a sound program is refused for after `spoil`.
    fn objection(spoil: impl Fn(&mut Loading)) -> String {
        let mut loading = sound();
        assert_eq!(loading.check(OF_WINDOWS), Ok("newdev.dll".to_owned()));
        spoil(&mut loading);
        loading.check(OF_WINDOWS).expect_err("it is spoilt")
    }

    #[test]
    fn nothing_but_windows_own_libraries_gets_in() {
        let none = objection(|it| it.dependent_load_flags = None);
        assert_eq!(none, "has no load configuration");
        assert!(objection(|it| it.dependent_load_flags = Some(0)).contains("0x0, not 0x800"));
        let early = objection(|it| it.imports.push("newdev.dll".to_owned()));
        assert!(early.contains("newdev.dll without delay"), "{early}");
        let foreign = objection(|it| it.delayed.push("other.dll".to_owned()));
        assert!(foreign.contains("other.dll, which"), "{foreign}");
        assert!(objection(|it| it.has_manifest = false).contains("no embedded manifest"));
    }

    /// Where the built program has a text, a zero behind it.
    fn place(bytes: &[u8], text: &str) -> usize {
        let text = [text.as_bytes(), &[0]].concat();
        let mut places = bytes.windows(text.len()).enumerate();
        let found = places.find(|(_, window)| window.eq_ignore_ascii_case(&text));
        found.expect("the text").0
    }

    #[test]
    #[ignore = "needs `cargo xtask test-app`, for x64 or ARM64"]
    fn the_built_programs_are_sound_and_spoilt_copies_are_not() {
        /// The data directories' place behind the signature, and their size.
        const DIRECTORIES: usize = 4 + 20 + 112;
        const DIRECTORY_SIZE: usize = 8;
        let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/package");
        let programs = ["x64", "arm64"].map(|it| packages.join(it).join("midiuart-test.exe"));
        let built: Vec<_> = programs.iter().filter(|it| it.exists()).collect();
        assert!(!built.is_empty(), "`cargo xtask test-app` first");
        for program in built {
            let sound = fs::read(program).expect("a program");
            let read = |bytes: &[u8]| Loading::parse(bytes).expect("an image");
            assert!(read(&sound).check(OF_WINDOWS).is_ok());

            let signature = u32::from_le_bytes(*sound[0x3c..].first_chunk().expect("a field"));
            let without = |index: usize| {
                let mut bytes = sound.clone();
                let begin = signature as usize + DIRECTORIES + index * DIRECTORY_SIZE;
                bytes[begin..begin + DIRECTORY_SIZE].fill(0);
                read(&bytes)
            };
            let no_flags = without(pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG);
            assert!(no_flags.check(OF_WINDOWS).is_err());
            assert!(!without(pe::IMAGE_DIRECTORY_ENTRY_RESOURCE).has_manifest);
            assert!(!read(&sound).delayed.is_empty());
            assert!(
                without(pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT)
                    .delayed
                    .is_empty()
            );

            for name in ["kernel32.dll", "newdev.dll"] {
                let mut bytes = sound.clone();
                let begin = place(&bytes, name);
                bytes[begin] = b'x';
                assert!(read(&bytes).check(OF_WINDOWS).is_err(), "{name}");
            }
        }
    }
}
