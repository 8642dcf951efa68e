//! Small drivers, assembled on the spot and linked into images.

use emulated_pc::ntddk::DRIVER_OBJECT;
use iced_x86::code_asm::{CodeAssembler, IcedError};
use object::pe;
use object::write::pe::{NtHeaders, Writer};

/// The address that images are linked for. They never lie there.
pub const BASE: u64 = 0x1_8000_0000;
/// Sections come in this order, a page each; these are their offsets.
pub const TEXT: u32 = 0x1000;
pub const PAGE: u32 = 0x2000;
pub const INIT: u32 = 0x3000;
const IMPORTS: u32 = 0x4000;

/// What images import, from ntoskrnl.exe.
const FUNCTIONS: [&str; 2] = ["MmMapIoSpaceEx", "KeGetCurrentIrql"];
/// The offsets of the places for their addresses.
pub const MM_MAP_IO_SPACE_EX: u32 = IMPORTS;
pub const KE_GET_CURRENT_IRQL: u32 = IMPORTS + 8;

/// Where `DriverUnload` is in the driver object that the entry point gets in `rcx`.
pub const DRIVER_UNLOAD: usize = std::mem::offset_of!(DRIVER_OBJECT, DriverUnload);
/// Where the image's address is in it.
pub const DRIVER_START: usize = std::mem::offset_of!(DRIVER_OBJECT, DriverStart);

/// Code for one section.
pub type Code = fn(&mut CodeAssembler) -> Result<(), IcedError>;

/// A driver, section by section. Execution begins with INIT.
pub struct Program {
    pub text: Option<Code>,
    pub page: Option<Code>,
    pub init: Code,
}

/// Says something by the status that the entry point returns: `value`, as an error.
pub const SAYING: u32 = 0xE000_0000;

impl Program {
    /// A driver that is nothing but its entry point.
    pub const fn entry(init: Code) -> Self {
        Self {
            text: None,
            page: None,
            init,
        }
    }

    /// The image.
    pub fn link(&self) -> Vec<u8> {
        let code = pe::IMAGE_SCN_CNT_CODE | pe::IMAGE_SCN_MEM_EXECUTE | pe::IMAGE_SCN_MEM_READ;
        let data =
            pe::IMAGE_SCN_CNT_INITIALIZED_DATA | pe::IMAGE_SCN_MEM_READ | pe::IMAGE_SCN_MEM_WRITE;
        let sections = [
            (*b".text\0\0\0", code, assemble(self.text, TEXT)),
            (*b"PAGE\0\0\0\0", code, assemble(self.page, PAGE)),
            (
                *b"INIT\0\0\0\0",
                code | pe::IMAGE_SCN_MEM_DISCARDABLE,
                assemble(Some(self.init), INIT),
            ),
            (*b".idata\0\0", data, imports()),
        ];
        let mut bytes = Vec::new();
        let mut writer = Writer::new(true, 0x1000, 0x200, &mut bytes);
        writer.reserve_dos_header_and_stub();
        writer.reserve_nt_headers(16);
        writer.reserve_section_headers(5);
        let ranges = sections.each_ref().map(|(name, flags, contents)| {
            let size = u32::try_from(contents.len()).expect("a page");
            writer.reserve_section(*name, *flags, size.max(1), size)
        });
        let names = IMPORTS + 8 * 3;
        writer.set_data_directory(pe::IMAGE_DIRECTORY_ENTRY_IMPORT, names, 40);
        // The first 64-bit word of .text is an address, for who wants to see whether it is relocated.
        writer.add_reloc(ranges[0].virtual_address, pe::IMAGE_REL_BASED_DIR64);
        writer.reserve_reloc_section();
        writer.write_dos_header_and_stub().expect("a header");
        writer.write_nt_headers(NtHeaders {
            machine: pe::IMAGE_FILE_MACHINE_AMD64,
            time_date_stamp: 0,
            characteristics: pe::IMAGE_FILE_EXECUTABLE_IMAGE,
            major_linker_version: 0,
            minor_linker_version: 0,
            address_of_entry_point: ranges[2].virtual_address,
            image_base: BASE,
            major_operating_system_version: 10,
            minor_operating_system_version: 0,
            major_image_version: 0,
            minor_image_version: 0,
            major_subsystem_version: 10,
            minor_subsystem_version: 0,
            subsystem: pe::IMAGE_SUBSYSTEM_NATIVE,
            dll_characteristics: pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE,
            size_of_stack_reserve: 0,
            size_of_stack_commit: 0,
            size_of_heap_reserve: 0,
            size_of_heap_commit: 0,
        });
        writer.write_section_headers();
        for ((_, _, contents), range) in sections.iter().zip(ranges) {
            writer.write_section(range.file_offset, contents);
        }
        writer.write_reloc_section();
        bytes
    }
}

/// The address of .text's first instruction comes first in it, as data.
fn assemble(code: Option<Code>, address: u32) -> Vec<u8> {
    let mut assembler = CodeAssembler::new(64).expect("64 bits");
    let mut bytes = Vec::new();
    let mut begin = BASE + u64::from(address);
    if address == TEXT {
        bytes.extend((begin + 8).to_le_bytes());
        begin += 8;
    }
    if let Some(code) = code {
        code(&mut assembler).expect("code");
        bytes.extend(assembler.assemble(begin).expect("code"));
    }
    bytes
}

/// Addresses, the descriptor, the names' places, and the names.
fn imports() -> Vec<u8> {
    let lookup = IMPORTS + 64 + 8;
    let names = lookup + 8 * 3;
    let mut places = Vec::new();
    let mut text = Vec::new();
    for function in FUNCTIONS {
        places.push(u64::from(names) + text.len() as u64);
        text.extend([0, 0]);
        text.extend(function.bytes());
        text.push(0);
    }
    let image = names + u32::try_from(text.len()).expect("a page");
    text.extend(b"ntoskrnl.exe\0");
    let places = places.into_iter().chain([0]).flat_map(u64::to_le_bytes);
    let places: Vec<u8> = places.collect();
    let mut bytes = places.clone();
    for number in [lookup, 0, 0, image, IMPORTS] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.resize((lookup - IMPORTS) as usize, 0);
    bytes.extend(places);
    bytes.extend(text);
    bytes
}
