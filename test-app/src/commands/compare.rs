//! `compare`: the figures of two runs side by side.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Host;
use crate::cli::Compare;
use crate::failure::{CLEAN, Failure};
use crate::output;
use crate::ratios::Ratios;
use crate::report::json;

pub fn run(options: &Compare, host: &mut Host<'_>) -> Result<u8, Failure> {
    let before = read(&options.before)?;
    let after = read(&options.after)?;
    let name = |path: &Path| path.display().to_string();
    let names = [name(&options.before), name(&options.after)];
    let ratios = Ratios::of(names, [&before, &after])?;
    let text = if options.json {
        json(&ratios)?
    } else {
        ratios.to_text()
    };
    output::print(host.output, &text)?;
    Ok(CLEAN)
}

fn read(path: &Path) -> Result<Value, Failure> {
    let refuse = |fault: String| Failure::Usage(format!("{}: {fault}", path.display()));
    let text = fs::read(path).map_err(|error| refuse(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| {
        refuse(format!(
            "not JSON: {error}; accepted is what latency --json or stress --json printed"
        ))
    })
}
