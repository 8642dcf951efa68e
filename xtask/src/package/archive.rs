//! Packages as zip files: the same bytes for the same files.

use std::io::{Cursor, Read, Write};

use der::DateTime;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::contents::Files;

/// The zip file of a folder.
///
/// # Errors
/// If it gets too long.
pub fn packed(folder: &str, files: &Files, date: DateTime) -> ZipResult<Vec<u8>> {
    let date = zip::DateTime::from_date_and_time(date.year(), date.month(), date.day(), 0, 0, 0);
    write(folder, files, date.unwrap_or_default())
}

/// The folder's name and the files of a zip file that [`packed`] has made.
///
/// # Errors
/// If it is none, or differs in any byte from what it should be.
pub fn unpacked(bytes: &[u8]) -> Result<(String, Files), String> {
    let (folder, files, date) = read(bytes).map_err(|error| format!("no zip file: {error}"))?;
    let again = write(&folder, &files, date).map_err(|error| error.to_string())?;
    if again == bytes {
        Ok((folder, files))
    } else {
        Err("the zip file was changed, or made by another program".to_owned())
    }
}

fn write(folder: &str, files: &Files, date: zip::DateTime) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(date)
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(format!("{folder}/{name}"), options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn read(bytes: &[u8]) -> ZipResult<(String, Files, zip::DateTime)> {
    let mut zip = ZipArchive::new(Cursor::new(bytes))?;
    let (mut folder, mut files) = (String::new(), Files::new());
    let mut date = zip::DateTime::default();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index)?;
        let path = file.name()?.into_owned();
        let (parent, name) = path.split_once('/').unwrap_or(("", &path));
        parent.clone_into(&mut folder);
        date = file.last_modified().unwrap_or_default();
        let mut contents = Vec::new();
        file.read_to_end(&mut contents)?;
        files.insert(name.to_owned(), contents);
    }
    Ok((folder, files, date))
}
