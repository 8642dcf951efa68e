//! A report of what is true on a machine with Windows, for people who do not have it.
//!
//! It is made in three steps: [`mod@collect`] asks Windows, [`scrub`] removes names, and a last look over all
//! bytes refuses a report in which a name is left.

pub mod added;
mod archive;
pub mod child;
pub mod collect;
mod decode;
pub mod events;
pub mod evidence;
pub mod facts;
#[cfg(test)]
pub(crate) mod fake;
pub mod part;
#[cfg(test)]
mod schema_tests;
pub mod scrub;
mod setup_log;
mod summary;
#[cfg(test)]
pub(crate) mod tests;
pub mod vocabulary;

use crate::driver::advice::refused;
use crate::failure::Failure;
use crate::report::json;
use added::Added;
use collect::{Opening, Sources, collect, listed};
use evidence::Evidence;
use scrub::Scrubber;

/// The Windows that this program runs on, if it is one: what installing knows of it, and the rest.
#[must_use]
pub fn this_machine() -> Option<(Opening, Box<dyn Evidence>)> {
    #[cfg(windows)]
    {
        let windows: Opening = std::sync::Arc::new(|| Box::new(super::system::System));
        Some((windows, Box::new(super::system::report::Collector)))
    }
    #[cfg(not(windows))]
    {
        None
    }
}

/// A report without names, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its files, by their names in the archive.
    pub files: Vec<(String, Vec<u8>)>,
    /// The first lines of `report.txt`: what decides.
    pub summary: String,
}

/// Makes a report.
///
/// # Errors
/// If the names to remove are not known, or one is left at the end: there is no report then.
pub fn make(sources: &Sources<'_>, mut added: Vec<Added>) -> Result<Report, Failure> {
    let names = sources.evidence.names();
    let names = names.map_err(|error| {
        refused(
            "the names to remove from the report are not known, so none is made",
            &error,
        )
    })?;
    let scrubber = Scrubber::new(&names).map_err(|error| {
        Failure::Device(format!(
            "no report is made: a name can't be searched for: {error}"
        ))
    })?;
    for document in added.iter_mut().flat_map(|it| &mut it.documents) {
        scrubber.json(document);
    }
    let (mut facts, mut parts) = collect(sources, &added);
    for part in &mut parts {
        part.text = scrubber.text(&part.text);
        part.note = part.note.as_deref().map(|note| scrubber.text(note));
    }
    facts.parts = listed(&parts);
    let text = scrubber.text(&summary::text(&facts, &parts));
    let mut document = serde_json::to_value(&facts)
        .map_err(|error| Failure::Device(format!("cannot write JSON: {error}")))?;
    scrubber.json(&mut document);
    let summary = text
        .lines()
        .take_while(|line| !line.starts_with("Secure Boot"));
    let summary: Vec<_> = summary.flat_map(|line| [line, "\n"]).collect();
    let summary = summary.concat();
    let mut files = vec![
        ("report.txt".to_owned(), text.into_bytes()),
        ("report.json".to_owned(), json(&document)?.into_bytes()),
    ];
    files.extend(
        parts
            .iter()
            .map(|part| (part.name.clone(), part.file().into_bytes())),
    );
    match files
        .iter()
        .find_map(|(name, bytes)| Some((name, scrubber.find(bytes)?)))
    {
        None => Ok(Report { files, summary }),
        Some((name, what)) => Err(Failure::Device(format!(
            "no report is made: {name} still has {what} after names were removed; please report that, and leave out --add files if it is one of them"
        ))),
    }
}

impl Report {
    /// The zip file.
    ///
    /// # Errors
    /// If it gets too long.
    pub fn packed(&self) -> Result<Vec<u8>, Failure> {
        archive::pack(&self.files)
            .map_err(|error| Failure::Device(format!("cannot make the zip file: {error}")))
    }
}
