//! Each property of a built image is corrupted in a copy, and the rule of that name breaks.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use iced_x86::{Decoder, DecoderOptions, Mnemonic};
use object::pe;

use super::image::Image;
use super::{RULES, checksum};

/// Within the optional header, the same for 32 and 64 bits.
const ENTRY_POINT: usize = 16;
const SECTION_ALIGNMENT: usize = 32;
const SUBSYSTEM: usize = 68;
const DLL_FLAGS: usize = 70;
/// Within a section's header.
const SECTION_FLAGS: usize = 36;
/// From the checksum, which is how [`Image`] knows the header, back to its begin.
const CHECKSUM: usize = 64;

fn images() -> Vec<PathBuf> {
    images_for(&["x64", "arm64", "x86"])
}

fn images_for(processors: &[&str]) -> Vec<PathBuf> {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/package");
    let images: Vec<_> = processors
        .iter()
        .map(|folder| packages.join(folder).join("midiuart.sys"))
        .filter(|path| path.exists())
        .collect();
    assert!(!images.is_empty(), "`cargo xtask driver` first");
    images
}

/// The names of the rules that the bytes break.
fn broken(bytes: &[u8]) -> Vec<&'static str> {
    let image = Image::parse(bytes).expect("still an image");
    RULES
        .iter()
        .filter(|rule| (rule.check)(&image).is_err())
        .map(|rule| rule.name)
        .collect()
}

/// Corrupts copies of all built images and corrects their checksums; only `rule` may break.
fn breaks_only(rule: &str, corrupt: impl Fn(&mut Vec<u8>, &Header)) {
    breaks_only_in(&images(), rule, corrupt);
}

/// The same for some of the images.
fn breaks_only_in(images: &[PathBuf], rule: &str, corrupt: impl Fn(&mut Vec<u8>, &Header)) {
    for path in images {
        let mut bytes = fs::read(path).expect("a built image");
        assert_eq!(broken(&bytes), [""; 0], "{}", path.display());
        let header = Header::of(&bytes);
        corrupt(&mut bytes, &header);
        header.correct_checksum(&mut bytes);
        assert_eq!(broken(&bytes), [rule], "{}", path.display());
    }
}

/// Where things are in the file.
struct Header {
    optional: usize,
    checksum: usize,
    sections: usize,
}

impl Header {
    fn of(bytes: &[u8]) -> Self {
        let checksum = Image::parse(bytes).expect("an image").checksum_offset;
        let optional = checksum - CHECKSUM;
        // SizeOfOptionalHeader is the last but one of the file header's fields.
        let size = u16::from_le_bytes([bytes[optional - 4], bytes[optional - 3]]);
        Self {
            optional,
            checksum,
            sections: optional + usize::from(size),
        }
    }

    fn correct_checksum(&self, bytes: &mut [u8]) {
        let sum = checksum::of(bytes, self.checksum);
        bytes[self.checksum..][..4].copy_from_slice(&sum.to_le_bytes());
    }

    /// The flags of a section.
    fn section_flags(&self, bytes: &[u8], name: &str) -> usize {
        let section = (self.sections..)
            .step_by(size_of::<pe::ImageSectionHeader>())
            .find(|offset| bytes[*offset..].starts_with(name.as_bytes()));
        section.expect("a section of that name") + SECTION_FLAGS
    }
}

fn change_u32(bytes: &mut [u8], offset: usize, change: impl Fn(u32) -> u32) {
    let field: [u8; 4] = bytes[offset..][..4].try_into().expect("four bytes");
    let changed = change(u32::from_le_bytes(field));
    bytes[offset..][..4].copy_from_slice(&changed.to_le_bytes());
}

fn clear_dll_flag(bytes: &mut [u8], header: &Header, flag: pe::DllFlags) {
    // The field is 16 bits long, and zeros of the next one don't change.
    change_u32(bytes, header.optional + DLL_FLAGS, |flags| {
        flags & !u32::from(flag.0)
    });
}

/// Replaces the only occurrence of a text by one of the same length.
fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let places: Vec<_> = (0..=bytes.len() - old.len())
        .filter(|at| bytes[*at..].starts_with(old))
        .collect();
    assert_eq!(places.len(), 1, "{}", String::from_utf8_lossy(old));
    bytes[places[0]..][..new.len()].copy_from_slice(new);
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn subsystem() {
    breaks_only("native-subsystem", |bytes, header| {
        bytes[header.optional + SUBSYSTEM] = 2;
    });
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn entry_point() {
    breaks_only("entry-point", |bytes, header| {
        change_u32(bytes, header.optional + ENTRY_POINT, |entry| entry + 4);
    });
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn imported_image() {
    // Its functions are not in the list either, then.
    let corrupt = |bytes: &mut Vec<u8>| replace(bytes, b"portcls.sys\0", b"portals.sys\0");
    for path in images() {
        let mut bytes = fs::read(&path).expect("a built image");
        corrupt(&mut bytes);
        Header::of(&bytes).correct_checksum(&mut bytes);
        assert_eq!(broken(&bytes), ["import-images", "import-list"]);
    }
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn imported_function() {
    breaks_only("import-list", |bytes, _| {
        replace(bytes, b"\0MmUnmapIoSpace\0", b"\0MmUnmapIoSpade\0");
    });
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn function_that_is_too_new() {
    breaks_only("import-versions", |bytes, _| {
        replace(bytes, b"\0ExAllocateTimer\0", b"\0ExAllocatePool2\0");
    });
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn run_time_library() {
    for path in images() {
        let mut bytes = fs::read(&path).expect("a built image");
        replace(&mut bytes, b"portcls.sys\0", b"msvcr71.dll\0");
        Header::of(&bytes).correct_checksum(&mut bytes);
        let broken = broken(&bytes);
        assert!(broken.contains(&"no-run-time-library"), "{broken:?}");
    }
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn writable_code() {
    breaks_only("write-xor-execute", |bytes, header| {
        let flags = header.section_flags(bytes, ".text");
        change_u32(bytes, flags, |flags| flags | pe::IMAGE_SCN_MEM_WRITE.0);
    });
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn section_alignment() {
    breaks_only("section-alignment", |bytes, header| {
        change_u32(bytes, header.optional + SECTION_ALIGNMENT, |_| 512);
    });
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn init_that_stays() {
    breaks_only("init-section", |bytes, header| {
        let flags = header.section_flags(bytes, "INIT");
        change_u32(bytes, flags, |flags| {
            flags & !pe::IMAGE_SCN_MEM_DISCARDABLE.0
        });
    });
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn init_with_data_or_in_memory_for_good() {
    for flag in [
        pe::IMAGE_SCN_CNT_INITIALIZED_DATA,
        pe::IMAGE_SCN_MEM_NOT_PAGED,
    ] {
        section_with("INIT", flag, "init-section");
    }
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn section_without_access() {
    for flags in [0, pe::IMAGE_SCN_CNT_INITIALIZED_DATA.0] {
        breaks_only("section-access", |bytes, header| {
            let offset = header.section_flags(bytes, ".rdata");
            change_u32(bytes, offset, |_| flags);
        });
    }
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn resident_section_that_may_be_paged_out() {
    for name in [".text", ".rdata"] {
        breaks_only("resident-sections", |bytes, header| {
            let flags = header.section_flags(bytes, name);
            change_u32(bytes, flags, |flags| flags & !pe::IMAGE_SCN_MEM_NOT_PAGED.0);
        });
    }
    // Relocations that were kept would have to stay.
    breaks_only("resident-sections", |bytes, header| {
        let flags = header.section_flags(bytes, ".reloc");
        change_u32(bytes, flags, |flags| {
            flags & !pe::IMAGE_SCN_MEM_DISCARDABLE.0
        });
    });
}

#[test]
#[ignore = "needs `cargo xtask driver --arch x86`"]
fn floating_point() {
    for code in [
        [0x0F, 0x57, 0xC0], // xorps xmm0, xmm0
        [0x0F, 0x6F, 0xC1], // movq mm0, mm1
        [0xD9, 0xEE, 0xCC], // fldz
        [0x0F, 0x77, 0xCC], // emms
        [0x0F, 0xAE, 0x10], // ldmxcsr [eax]
        [0xC5, 0xF8, 0x77], // vzeroupper
    ] {
        with_code("no-floating-point", code);
    }
}

/// What can't be read as instructions could hide anything.
#[test]
#[ignore = "needs `cargo xtask driver --arch x86`"]
fn data_in_code() {
    for code in [
        [0xCC, 0xCC, 0xE8], // takes the next function's first bytes for an address
        [0x90, 0x8D, 0xC0], // no instruction: the address of a register
    ] {
        with_code("no-floating-point", code);
    }
}

/// Puts code into the first, a middle and the last place of the x86 image where only padding is, in each of
/// its executable sections.
fn with_code(rule: &str, code: [u8; 3]) {
    const NOP: u8 = 0x90;
    let images = images_for(&["x86"]);
    let bytes = fs::read(&images[0]).expect("a built image");
    for section in [".text", "PAGE"] {
        let mut places = padding(&bytes, file_range(&bytes, section));
        places.retain(|place| place.len() >= code.len());
        assert!(places.len() >= 3, "{section} has no room");
        for index in [0, places.len() / 2, places.len() - 1] {
            let place = places[index].clone();
            breaks_only_in(&images, rule, |bytes, _| {
                bytes[place.clone()].fill(NOP);
                bytes[place.end - code.len()..place.end].copy_from_slice(&code);
            });
        }
    }
}

/// Where only instructions are that do nothing: what compiler and linker put before functions and loops.
fn padding(bytes: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let mut places: Vec<Range<usize>> = Vec::new();
    let code = &bytes[range.clone()];
    for instruction in &mut Decoder::new(32, code, DecoderOptions::NONE) {
        if !matches!(instruction.mnemonic(), Mnemonic::Int3 | Mnemonic::Nop) {
            continue;
        }
        let begin = range.start + instruction.ip32() as usize;
        let end = begin + instruction.len();
        match places.last_mut() {
            Some(last) if last.end == begin => last.end = end,
            _ => places.push(begin..end),
        }
    }
    places
}

/// Where the bytes of a section are that are in memory, too.
fn file_range(bytes: &[u8], name: &str) -> Range<usize> {
    let image = Image::parse(bytes).expect("an image");
    let section = image.sections.iter().find(|section| section.name == name);
    let data = section.expect("a section of that name").data;
    let begin = data.as_ptr().addr() - bytes.as_ptr().addr();
    begin..begin + data.len()
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn page_that_is_never_paged() {
    for flag in [
        pe::IMAGE_SCN_MEM_DISCARDABLE,
        pe::IMAGE_SCN_MEM_NOT_PAGED,
        pe::IMAGE_SCN_CNT_INITIALIZED_DATA,
    ] {
        section_with("PAGE", flag, "page-section");
    }
    breaks_only("page-section", |bytes, header| {
        let flags = header.section_flags(bytes, "PAGE");
        let name = flags - SECTION_FLAGS;
        bytes[name..][..4].copy_from_slice(b"SAGE");
        // Under another name it would have to stay in memory.
        change_u32(bytes, flags, |flags| flags | pe::IMAGE_SCN_MEM_NOT_PAGED.0);
    });
}

fn section_with(name: &str, flag: pe::SectionFlags, rule: &str) {
    breaks_only(rule, |bytes, header| {
        let flags = header.section_flags(bytes, name);
        change_u32(bytes, flags, |flags| flags | flag.0);
    });
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn flags() {
    for (rule, flag) in [
        ("no-execute", pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT),
        (
            "address-randomisation",
            pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE,
        ),
        (
            "force-integrity",
            pe::IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY,
        ),
        ("control-flow-guard", pe::IMAGE_DLLCHARACTERISTICS_GUARD_CF),
    ] {
        breaks_only(rule, |bytes, header| clear_dll_flag(bytes, header, flag));
    }
    let flag = pe::IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA;
    // 32 bits have no use for it.
    let images = images_for(&["x64", "arm64"]);
    breaks_only_in(&images, "high-entropy", |bytes, header| {
        clear_dll_flag(bytes, header, flag);
    });
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn time_stamp() {
    breaks_only("reproducible-time-stamp", |bytes, _| {
        let image = Image::parse(bytes).expect("an image");
        let mark = image
            .debug_entries
            .iter()
            .find(|entry| entry.kind == pe::IMAGE_DEBUG_TYPE_REPRO.0);
        // The type comes two 16-bit fields after the time stamp.
        let kind = mark.expect("the mark").time_stamp_offset + 8;
        bytes[kind] = 1;
    });
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn checksum_itself() {
    for path in images() {
        let mut bytes = fs::read(&path).expect("a built image");
        let header = Header::of(&bytes);
        bytes[header.checksum] ^= 1;
        assert_eq!(broken(&bytes), ["checksum"]);
    }
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn version_resource() {
    for name in ["LegalCopyright", "FileVersion", "ProductName"] {
        let other = name.replace('e', "a");
        breaks_only("version-resource", |bytes, _| {
            replace(
                bytes,
                &utf16(&format!("{name}\0")),
                &utf16(&format!("{other}\0")),
            );
        });
    }
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn build_path() {
    breaks_only("no-build-paths", |bytes, _| {
        replace(bytes, b"midiuart.pdb\0", b"/home/me.pdb\0");
    });
}

#[test]
#[ignore = "needs `cargo xtask driver`"]
fn planted_fault() {
    breaks_only("no-planted-fault", |bytes, _| {
        // The name of an event.
        replace(bytes, b"ParametersInFor", b"planted fault: ");
    });
}

#[test]
fn what_is_no_image_is_told_so() {
    assert!(Image::parse(b"").is_err());
    assert!(Image::parse(b"MZ, and no more than that").is_err());
}
