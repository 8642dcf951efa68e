//! What a driver image says of itself.

use std::ops::Range;
use std::path::{Path, PathBuf};

use bitflags::bitflags;
use object::LittleEndian as LE;
use object::pe;
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader, PeFile64};

use super::error::Reason;
use crate::host_memory::PAGE_SIZE;

/// The only subsystem that the kernel loads.
const NATIVE: u16 = pe::IMAGE_SUBSYSTEM_NATIVE.0;
/// Headers take a page.
const LEAST_BYTES: u32 = 4096;
/// No driver is larger. Keeps a damaged header from asking for all memory.
const MOST_BYTES: u32 = 1 << 30;

/// A driver image, not mapped yet.
#[derive(Debug)]
pub(crate) struct ImageFile {
    pub(crate) path: PathBuf,
    /// As it lies in memory, before relocation.
    pub(crate) memory: Vec<u8>,
    /// The address it was linked for.
    pub(crate) preferred_base: u64,
    /// Offset of `DriverEntry`.
    pub(crate) entry: u32,
    pub(crate) sections: Vec<Section>,
    /// Offsets of 64-bit addresses, to be moved with the image.
    pub(crate) relocations: Vec<u32>,
    pub(crate) imports: Vec<Import>,
    /// The table by which the stack is unwound.
    pub(crate) exception_table: Range<usize>,
    /// Where the value is that stack guards are compared with.
    pub(crate) security_cookie: Option<u32>,
}

/// A section of an image.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) name: String,
    /// Its offsets from the image's base.
    pub(crate) range: Range<usize>,
    pub(crate) access: Access,
}

bitflags! {
    /// What may be done with a section, and when.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Access: u8 {
        const WRITE = 1 << 0;
        const EXECUTE = 1 << 1;
        /// Gone after `DriverEntry`.
        const DISCARDABLE = 1 << 2;
        /// Only there below `DISPATCH_LEVEL`.
        const PAGEABLE = 1 << 3;
    }
}

/// A function that an image imports.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) image: String,
    pub(crate) function: String,
    /// Offset of the place for its address.
    pub(crate) slot: u32,
}

impl ImageFile {
    /// Reads a file's headers, tables and sections.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Reason> {
        let no_image = |error: object::Error| Reason::NoImage(error.to_string());
        require_x64(bytes)?;
        let file = PeFile64::parse(bytes).map_err(no_image)?;
        let optional_header = file.nt_headers().optional_header();
        let subsystem = optional_header.subsystem().0;
        if subsystem != NATIVE {
            return Err(Reason::NotNative(subsystem));
        }
        let size = optional_header.size_of_image();
        let entry = optional_header.address_of_entry_point();
        if entry == 0 {
            return Err(Reason::NoEntryPoint);
        }
        if !(LEAST_BYTES..=MOST_BYTES).contains(&size) || entry >= size {
            return Err(Reason::Damaged("its size can't be right"));
        }
        let mut memory = vec![0; size as usize];
        let sections = lay_out(&file, &mut memory)?;
        let image = Self {
            path: path.to_owned(),
            preferred_base: optional_header.image_base(),
            entry,
            sections,
            relocations: relocations(&file, size)?,
            imports: imports(&file, &memory)?,
            exception_table: directory(&file, pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION)
                .filter(|range| range.end <= memory.len())
                .unwrap_or(0..0),
            security_cookie: security_cookie(&file, &memory),
            memory,
        };
        if image
            .section_at(entry as usize)
            .is_none_or(|section| !section.access.contains(Access::EXECUTE))
        {
            return Err(Reason::Damaged("its entry point is not in code"));
        }
        Ok(image)
    }

    /// What tells the PDB that belongs to an image.
    pub(super) fn pdb_identity(bytes: &[u8]) -> Option<[u8; 16]> {
        let file = PeFile64::parse(bytes).ok()?;
        Some(object::Object::pdb_info(&file).ok()??.guid())
    }

    /// The section at an offset from the image's base.
    pub(crate) fn section_at(&self, offset: usize) -> Option<&Section> {
        self.sections
            .iter()
            .find(|section| section.range.contains(&offset))
    }

    /// The file's name.
    pub(crate) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// Which machine a file is for can be told before anything else of it is understood.
fn require_x64(bytes: &[u8]) -> Result<(), Reason> {
    let kind = object::FileKind::parse(bytes)
        .map_err(|_| Reason::NoImage("it does not begin as one".to_owned()))?;
    let dos_header =
        pe::ImageDosHeader::parse(bytes).map_err(|error| Reason::NoImage(error.to_string()))?;
    let machine_offset = dos_header.nt_headers_offset() as usize + 4;
    let machine = bytes
        .get(machine_offset..)
        .and_then(|rest| rest.first_chunk())
        .map(|bytes| pe::Machine(u16::from_le_bytes(*bytes)));
    match machine {
        Some(pe::IMAGE_FILE_MACHINE_AMD64) if kind == object::FileKind::Pe64 => Ok(()),
        Some(pe::IMAGE_FILE_MACHINE_ARM64) => Err(Reason::OtherMachine("ARM64")),
        Some(pe::IMAGE_FILE_MACHINE_I386) => Err(Reason::OtherMachine("x86")),
        Some(pe::IMAGE_FILE_MACHINE_ARMNT) => Err(Reason::OtherMachine("ARM")),
        _ => Err(Reason::OtherMachine("an unknown machine")),
    }
}

/// Copies headers and sections to where they lie in memory.
fn lay_out(file: &PeFile64, memory: &mut [u8]) -> Result<Vec<Section>, Reason> {
    const DAMAGED: Reason = Reason::Damaged("a section lies outside of the image");
    let headers = file.nt_headers().optional_header().size_of_headers() as usize;
    let headers = file
        .data()
        .get(..headers.min(memory.len()))
        .ok_or(DAMAGED)?;
    memory[..headers.len()].copy_from_slice(headers);
    file.section_table()
        .iter()
        .map(|header| {
            let begin = header.virtual_address.get(LE) as usize;
            if !begin.is_multiple_of(PAGE_SIZE) {
                return Err(Reason::Damaged("its sections do not begin with pages"));
            }
            let size = header.virtual_size.get(LE) as usize;
            let range = begin..begin.checked_add(size).ok_or(DAMAGED)?;
            let place = memory.get_mut(range.clone()).ok_or(DAMAGED)?;
            let contents = header.pe_data(file.data()).map_err(|_| DAMAGED)?;
            let length = contents.len().min(place.len());
            place[..length].copy_from_slice(&contents[..length]);
            let name = String::from_utf8_lossy(header.raw_name()).into_owned();
            let flags = header.characteristics.get(LE);
            let access = |flag, condition| if condition { flag } else { Access::empty() };
            let of =
                |access_flag, flag: pe::SectionFlags| access(access_flag, flags.0 & flag.0 != 0);
            Ok(Section {
                range,
                access: of(Access::WRITE, pe::IMAGE_SCN_MEM_WRITE)
                    | of(Access::EXECUTE, pe::IMAGE_SCN_MEM_EXECUTE)
                    | of(Access::DISCARDABLE, pe::IMAGE_SCN_MEM_DISCARDABLE)
                    // By its name the kernel knows it.
                    | access(Access::PAGEABLE, name.starts_with("PAGE")),
                name,
            })
        })
        .collect()
}

fn relocations(file: &PeFile64, size: u32) -> Result<Vec<u32>, Reason> {
    const DAMAGED: Reason = Reason::Damaged("its relocations can't be read");
    let blocks = file
        .data_directories()
        .relocation_blocks(file.data(), &file.section_table())
        .map_err(|_| DAMAGED)?;
    let Some(mut blocks) = blocks else {
        return Err(Reason::Damaged("it has no relocations"));
    };
    let mut offsets = Vec::new();
    while let Some(block) = blocks.next().map_err(|_| DAMAGED)? {
        for relocation in block {
            match relocation.typ {
                pe::IMAGE_REL_BASED_ABSOLUTE => {}
                pe::IMAGE_REL_BASED_DIR64 if relocation.virtual_address <= size - 8 => {
                    offsets.push(relocation.virtual_address);
                }
                _ => return Err(DAMAGED),
            }
        }
    }
    Ok(offsets)
}

fn imports(file: &PeFile64, memory: &[u8]) -> Result<Vec<Import>, Reason> {
    const DAMAGED: Reason = Reason::Damaged("its imports can't be read");
    /// Of a place for an address.
    const SLOT: u32 = 8;
    let table = file.import_table().map_err(|_| DAMAGED)?;
    let Some(table) = table else {
        return Ok(Vec::new());
    };
    let mut imports = Vec::new();
    let mut images = table.descriptors().map_err(|_| DAMAGED)?;
    while let Some(descriptor) = images.next().map_err(|_| DAMAGED)? {
        let image = table.name(descriptor.name.get(LE)).map_err(|_| DAMAGED)?;
        let image = String::from_utf8_lossy(image).into_owned();
        let names = match descriptor.original_first_thunk.get(LE) {
            0 => descriptor.first_thunk.get(LE),
            names => names,
        };
        let mut names = table.thunks(names).map_err(|_| DAMAGED)?;
        let mut slot = descriptor.first_thunk.get(LE);
        while let Some(thunk) = names.next::<pe::ImageNtHeaders64>().map_err(|_| DAMAGED)? {
            use object::read::pe::ImageThunkData;
            let function = if thunk.is_ordinal() {
                format!("ordinal {}", thunk.ordinal())
            } else {
                let (_, name) = table.hint_name(thunk.address()).map_err(|_| DAMAGED)?;
                String::from_utf8_lossy(name).into_owned()
            };
            if slot as usize + SLOT as usize > memory.len() {
                return Err(DAMAGED);
            }
            imports.push(Import {
                image: image.clone(),
                function,
                slot,
            });
            slot += SLOT;
        }
    }
    Ok(imports)
}

fn directory(file: &PeFile64, index: usize) -> Option<Range<usize>> {
    let directory = file.data_directory(index)?;
    let begin = directory.virtual_address.get(LE) as usize;
    Some(begin..begin + directory.size.get(LE) as usize)
}

/// The offset of the security cookie, which the load configuration tells.
fn security_cookie(file: &PeFile64, memory: &[u8]) -> Option<u32> {
    let place = directory(file, pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG)?.start
        + std::mem::offset_of!(pe::ImageLoadConfigDirectory64, security_cookie);
    let address = u64::from_le_bytes(*memory.get(place..)?.first_chunk()?);
    let offset = address.checked_sub(file.nt_headers().optional_header().image_base())?;
    let offset = u32::try_from(offset).ok()?;
    (offset as usize + 8 <= memory.len()).then_some(offset)
}
