//! Names for places in images, from the PDB beside them.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use pdb_addr2line::pdb::PDB;
use pdb_addr2line::{Context, ContextPdbData};

use super::ImageFile;
use crate::machine::stop::StackFrame;

/// Gives frames of images their symbols, where the PDB is there and belongs to the image.
pub(crate) fn name(frames: &mut [StackFrame]) {
    let images: BTreeSet<_> = frames.iter().map(|frame| frame.image.clone()).collect();
    for image in images {
        // Without a PDB there are no names; the places are told all the same.
        let _ = with_context(&image, |context| {
            for frame in frames.iter_mut().filter(|frame| frame.image == image) {
                frame.symbols = symbols(context, frame).unwrap_or_default();
            }
        });
    }
}

fn with_context(image: &Path, work: impl FnOnce(&Context)) -> Option<()> {
    let file = File::open(image.with_extension("pdb")).ok()?;
    let mut pdb = PDB::open(file).ok()?;
    let identity = pdb.pdb_information().ok()?.guid.to_bytes_le();
    let image = std::fs::read(image).ok()?;
    if ImageFile::pdb_identity(&image) != Some(identity) {
        return None;
    }
    let data = ContextPdbData::try_from_pdb(pdb).ok()?;
    work(&data.make_context().ok()?);
    Some(())
}

fn symbols(context: &Context, frame: &StackFrame) -> Option<Vec<String>> {
    let offset = u32::try_from(frame.offset).ok()?;
    // What is called last in a function returns to what lies behind it.
    let offset = offset.checked_sub(frame.is_return.into())?;
    let found = context.find_frames(offset).ok()??;
    let names = found.frames.iter().map(|inlined| {
        let function = inlined.function.as_deref().unwrap_or("?");
        match (&inlined.file, inlined.line) {
            (Some(file), Some(line)) => format!("{function}, {file}:{line}"),
            _ => function.to_owned(),
        }
    });
    Some(names.collect())
}
