//! `list`: the ports.

use super::choose;
use crate::Host;
use crate::cli::List;
use crate::failure::{CLEAN, Failure};
use crate::output;
use crate::report::json;
use crate::table::Table;

pub fn run(options: &List, host: &mut Host<'_>) -> Result<u8, Failure> {
    let (backend, setup) = choose::machine(&options.machine, host)?;
    let ports = backend.ports(&setup)?;
    let text = if options.json {
        json(&ports)?
    } else {
        let mut table = Table::default();
        for (side, ports) in [("out", ports.outputs), ("in", ports.inputs)] {
            for port in ports {
                let label = format!("{side} {}  {}", port.index, port.name);
                table.row(&label, [port.hardware]);
            }
        }
        table.to_string()
    };
    output::print(host.output, &text)?;
    Ok(CLEAN)
}
