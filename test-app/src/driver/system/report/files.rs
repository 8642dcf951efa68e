//! Files of Windows'.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::super::folders;
use crate::driver::report::evidence::{Dump, Tail};

/// The end of a file below the folder of Windows.
pub fn tail(path: &[&str], limit: usize) -> Result<Tail, String> {
    let mut place = folders::windows().map_err(|error| error.to_string())?;
    place.extend(path);
    read(&place, limit as u64)
        .map_err(|error| format!("{} can't be read: {error}", path.join("\\")))
}

fn read(path: &Path, limit: u64) -> io::Result<Tail> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let start = size.saturating_sub(limit);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Tail {
        bytes,
        is_cut: start > 0,
    })
}

/// `MEMORY.DMP` and the files in `Minidump`, the newest first.
pub fn dumps() -> Result<Vec<Dump>, String> {
    let windows = folders::windows().map_err(|error| error.to_string())?;
    let mut dumps: Vec<_> = dump(&windows.join("MEMORY.DMP")).into_iter().collect();
    match fs::read_dir(windows.join("Minidump")) {
        Ok(entries) => dumps.extend(entries.flatten().filter_map(|it| dump(&it.path()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (),
        Err(error) => return Err(format!("the folder Minidump can't be listed: {error}")),
    }
    dumps.sort_by(|one, other| other.written.cmp(&one.written));
    Ok(dumps)
}

fn dump(path: &Path) -> Option<Dump> {
    let data = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Dump {
        name: path.file_name()?.to_string_lossy().into_owned(),
        bytes: data.len(),
        written: humantime::format_rfc3339_seconds(data.modified().ok()?).to_string(),
    })
}
