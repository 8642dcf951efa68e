//! `list`: the ports.

use super::choose;
use crate::Host;
use crate::cli::List;
use crate::failure::{CLEAN, Failure};
use crate::output;
use crate::report::json;
use crate::table::Table;

pub fn run(options: &List, host: &mut Host<'_>) -> Result<u8, Failure> {
    let setup = choose::machine(&options.machine, host.backend)?;
    let ports = host.backend.ports(&setup)?;
    let text = if options.json {
        json(&ports)?
    } else {
        let mut table = Table::default();
        for port in ports {
            let direction = match (port.output, port.input) {
                (true, true) => "out, in",
                (true, false) => "out",
                (false, true) => "in",
                (false, false) => "-",
            };
            table.row(&port.name, [direction.into(), port.hardware]);
        }
        table.to_string()
    };
    output::print(host.output, &text)?;
    Ok(CLEAN)
}
