//! What the rules look at in an image.

use object::LittleEndian as LE;
use object::pe;
use object::read::Result;
use object::read::pe::{
    ExportTarget, ImageNtHeaders, ImageOptionalHeader, Import, PeFile, optional_header_magic,
};

/// An image, as far as the rules look into it.
pub struct Image<'data> {
    pub bytes: &'data [u8],
    pub machine: &'static str,
    pub is_64_bit: bool,
    pub entry_point: u32,
    pub subsystem: u16,
    pub dll_flags: u16,
    pub file_flags: u16,
    pub section_alignment: u32,
    pub checksum: u32,
    /// Where the checksum is in the file.
    pub checksum_offset: usize,
    /// Where the header's time stamp is in the file.
    pub time_stamp_offset: usize,
    /// The address that the image is linked for.
    pub base: u64,
    pub sections: Vec<Section<'data>>,
    pub imports: Vec<ImportedImage>,
    pub exports: Vec<(String, u32)>,
    pub has_relocations: bool,
    /// Where the image has addresses of its own.
    pub relocations: Vec<u32>,
    pub guard: Option<Guard>,
    pub debug_entries: Vec<DebugEntry>,
    pub version_resource: Option<&'data [u8]>,
}

pub struct Section<'data> {
    pub name: String,
    pub address: u32,
    pub size: u32,
    pub flags: u32,
    /// What is in the file. Behind it the section is filled with zeros, up to its size.
    pub data: &'data [u8],
}

pub struct ImportedImage {
    pub name: String,
    pub functions: Vec<String>,
}

/// An entry of the debug directory.
pub struct DebugEntry {
    pub kind: u32,
    /// Where its time stamp is in the file.
    pub time_stamp_offset: usize,
    /// Where its data are in the file.
    pub data_offset: usize,
}

/// What the load configuration says about control flow guard.
pub struct Guard {
    pub flags: u32,
    pub functions: u64,
}

impl<'data> Image<'data> {
    pub fn parse(bytes: &'data [u8]) -> Result<Self> {
        match optional_header_magic(bytes)? {
            pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => Self::read::<pe::ImageNtHeaders64>(bytes),
            _ => Self::read::<pe::ImageNtHeaders32>(bytes),
        }
    }

    fn read<Headers: ImageNtHeaders>(bytes: &'data [u8]) -> Result<Self> {
        /// Of the checksum, behind the signature, the file header and a part of the optional header.
        const CHECKSUM_OFFSET: usize = 4 + 20 + 64;
        /// Behind the signature, the machine and the number of sections.
        const TIME_STAMP_OFFSET: usize = 4 + 2 + 2;
        let file = PeFile::<Headers>::parse(bytes)?;
        let dos_header = pe::ImageDosHeader::parse(bytes)?;
        let file_header = file.nt_headers().file_header();
        let optional_header = file.nt_headers().optional_header();
        let headers_offset = dos_header.nt_headers_offset() as usize;
        Ok(Self {
            bytes,
            machine: machine(file_header.machine.get(LE)),
            is_64_bit: file.nt_headers().is_type_64(),
            entry_point: optional_header.address_of_entry_point(),
            subsystem: optional_header.subsystem().0,
            dll_flags: optional_header.dll_characteristics().0,
            file_flags: file_header.characteristics.get(LE).0,
            section_alignment: optional_header.section_alignment(),
            checksum: optional_header.check_sum(),
            checksum_offset: headers_offset + CHECKSUM_OFFSET,
            time_stamp_offset: headers_offset + TIME_STAMP_OFFSET,
            base: optional_header.image_base(),
            sections: sections(&file)?,
            imports: imports(&file)?,
            exports: exports(&file)?,
            has_relocations: directory(&file, pe::IMAGE_DIRECTORY_ENTRY_BASERELOC)?.is_some(),
            relocations: relocations(&file)?,
            guard: guard(&file)?,
            debug_entries: debug_entries(&file)?,
            version_resource: version_resource(&file)?,
        })
    }

    /// The section that has an address.
    pub fn section_at(&self, address: u32) -> Option<&Section<'data>> {
        self.sections.iter().find(|section| {
            address
                .checked_sub(section.address)
                .is_some_and(|offset| offset < section.size)
        })
    }
}

fn machine(machine: pe::Machine) -> &'static str {
    match machine {
        pe::IMAGE_FILE_MACHINE_AMD64 => "x64",
        pe::IMAGE_FILE_MACHINE_ARM64 => "ARM64",
        pe::IMAGE_FILE_MACHINE_I386 => "x86",
        _ => "another machine",
    }
}

fn directory<'data, Headers: ImageNtHeaders>(
    file: &PeFile<'data, Headers>,
    index: usize,
) -> Result<Option<&'data [u8]>> {
    file.data_directory(index)
        .map(|directory| directory.data(file.data(), &file.section_table()))
        .transpose()
}

fn sections<'data, Headers: ImageNtHeaders>(
    file: &PeFile<'data, Headers>,
) -> Result<Vec<Section<'data>>> {
    let read = |section: &pe::ImageSectionHeader| {
        let size = section.virtual_size.get(LE);
        let data = section.pe_data(file.data())?;
        Ok(Section {
            name: String::from_utf8_lossy(section.raw_name()).into_owned(),
            address: section.virtual_address.get(LE),
            size,
            flags: section.characteristics.get(LE).0,
            data: data.get(..size as usize).unwrap_or(data),
        })
    };
    file.section_table().iter().map(read).collect()
}

fn relocations<Headers: ImageNtHeaders>(file: &PeFile<Headers>) -> Result<Vec<u32>> {
    let directories = file.data_directories();
    let Some(mut blocks) = directories.relocation_blocks(file.data(), &file.section_table())?
    else {
        return Ok(Vec::new());
    };
    let mut addresses = Vec::new();
    while let Some(block) = blocks.next()? {
        let relocations = block.filter(|it| it.typ != pe::IMAGE_REL_BASED_ABSOLUTE);
        addresses.extend(relocations.map(|it| it.virtual_address));
    }
    Ok(addresses)
}

fn imports<Headers: ImageNtHeaders>(file: &PeFile<Headers>) -> Result<Vec<ImportedImage>> {
    let Some(table) = file.import_table()? else {
        return Ok(Vec::new());
    };
    let mut images = Vec::new();
    let mut descriptors = table.descriptors()?;
    while let Some(descriptor) = descriptors.next()? {
        let name = table.name(descriptor.name.get(LE))?;
        let mut thunks = table.thunks(descriptor.original_first_thunk.get(LE))?;
        let mut functions = Vec::new();
        while let Some(thunk) = thunks.next::<Headers>()? {
            functions.push(match table.import::<Headers>(thunk)? {
                Import::Name(_, name) => String::from_utf8_lossy(name).into_owned(),
                Import::Ordinal(ordinal) => format!("#{ordinal}"),
            });
        }
        images.push(ImportedImage {
            name: String::from_utf8_lossy(name).into_owned(),
            functions,
        });
    }
    Ok(images)
}

fn exports<Headers: ImageNtHeaders>(file: &PeFile<Headers>) -> Result<Vec<(String, u32)>> {
    let Some(table) = file.export_table()? else {
        return Ok(Vec::new());
    };
    let exports = table.exports()?.into_iter();
    Ok(exports
        .filter_map(|export| match (export.name, export.target) {
            (Some(name), ExportTarget::Address(address)) => {
                Some((String::from_utf8_lossy(name).into_owned(), address))
            }
            _ => None,
        })
        .collect())
}

fn guard<Headers: ImageNtHeaders>(file: &PeFile<Headers>) -> Result<Option<Guard>> {
    let Some(config) = directory(file, pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG)? else {
        return Ok(None);
    };
    // GuardCFFunctionCount and GuardFlags of IMAGE_LOAD_CONFIG_DIRECTORY. `object` reads the
    // structure of the newest Windows only, and the linkers write older ones.
    let guard = if file.nt_headers().is_type_64() {
        number(config, 136).zip(number(config, 144).map(u32::from_le_bytes))
    } else {
        let count = number(config, 84).map(u32::from_le_bytes);
        let flags = number(config, 88).map(u32::from_le_bytes);
        count.map(|count| u64::from(count).to_le_bytes()).zip(flags)
    };
    Ok(guard.map(|(functions, flags)| Guard {
        flags,
        functions: u64::from_le_bytes(functions),
    }))
}

fn number<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

fn debug_entries<Headers: ImageNtHeaders>(file: &PeFile<Headers>) -> Result<Vec<DebugEntry>> {
    const ENTRY_SIZE: usize = size_of::<pe::ImageDebugDirectory>();
    const TIME_STAMP_OFFSET: usize = 4;
    let Some(directory) = file.data_directory(pe::IMAGE_DIRECTORY_ENTRY_DEBUG) else {
        return Ok(Vec::new());
    };
    let (begin, _) = directory.file_range(&file.section_table())?;
    let bytes = directory.data(file.data(), &file.section_table())?;
    let count = bytes.len() / ENTRY_SIZE;
    let (entries, _) =
        object::pod::slice_from_bytes::<pe::ImageDebugDirectory>(bytes, count).unwrap_or_default();
    let offsets = (begin as usize..).step_by(ENTRY_SIZE);
    Ok(entries
        .iter()
        .zip(offsets)
        .map(|(entry, offset)| DebugEntry {
            kind: entry.typ.get(LE).0,
            time_stamp_offset: offset + TIME_STAMP_OFFSET,
            data_offset: entry.pointer_to_raw_data.get(LE) as usize,
        })
        .collect())
}

/// The data of the first resource of type version.
fn version_resource<'data, Headers: ImageNtHeaders>(
    file: &PeFile<'data, Headers>,
) -> Result<Option<&'data [u8]>> {
    let sections = file.section_table();
    let Some(resources) = file
        .data_directories()
        .resource_directory(file.data(), &sections)?
    else {
        return Ok(None);
    };
    let types = resources.root()?;
    let Some(version) = types
        .entries
        .iter()
        .find(|entry| entry.name_or_id().id() == Some(pe::RT_VERSION))
    else {
        return Ok(None);
    };
    let mut entry = version.data(resources)?;
    // Two levels more: name and language.
    while let Some(table) = entry.clone().table() {
        let Some(first) = table.entries.first() else {
            return Ok(None);
        };
        entry = first.data(resources)?;
    }
    let Some(leaf) = entry.data() else {
        return Ok(None);
    };
    let (address, size) = (leaf.offset_to_data.get(LE), leaf.size.get(LE));
    let data = sections.pe_data_at(file.data(), address);
    Ok(data.and_then(|data| data.get(..size as usize)))
}
