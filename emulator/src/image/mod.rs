//! Driver images: files as the Windows kernel loads them.

mod error;
pub(crate) mod exports;
mod file;
pub(crate) mod mapping;
pub(crate) mod symbols;

use std::path::Path;
use std::sync::Arc;

use crate::processor;
pub use error::ImageError;
use error::Reason;
pub(crate) use file::{Access, ImageFile, Section};

/// A driver image, read and found fit to be run. Clones are the same image.
#[derive(Clone, Debug)]
pub struct DriverImage(Arc<ImageFile>);

impl DriverImage {
    /// Reads an image.
    ///
    /// # Errors
    /// What is wrong with it: it is no image, is for another machine, or imports what the emulated PC
    /// lacks.
    pub fn open(path: &Path) -> Result<Self, ImageError> {
        let failed = |reason| ImageError {
            path: path.to_owned(),
            reason,
        };
        let bytes = std::fs::read(path).map_err(|error| failed(Reason::Unreadable(error)))?;
        let file = ImageFile::parse(path, &bytes).map_err(failed)?;
        file.imports.iter().try_for_each(|import| {
            exports::find(&import.image, &import.function)
                .map(|_| ())
                .ok_or_else(|| {
                    failed(Reason::UnknownImport {
                        image: import.image.clone(),
                        function: import.function.clone(),
                        known: exports::what_is_known(&import.image),
                    })
                })
        })?;
        if processor::CATCHES_FAULTS {
            Ok(Self(Arc::new(file)))
        } else {
            Err(failed(Reason::Host))
        }
    }

    pub(crate) fn file(&self) -> &Arc<ImageFile> {
        &self.0
    }

    /// Where it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}
