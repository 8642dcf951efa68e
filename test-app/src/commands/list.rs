//! `list`: the ports.

use super::choose;
use crate::Host;
use crate::backend::{Capabilities, PortInfo, Ports};
use crate::cli::List;
use crate::failure::{CLEAN, Failure};
use crate::output;
use crate::report::json;
use crate::table::Table;
use crate::visible;

pub fn run(options: &List, host: &mut Host<'_>) -> Result<u8, Failure> {
    let (backend, setup) = choose::machine(&options.machine, host)?;
    let mut ports = backend.ports(&setup)?;
    if !options.interfaces {
        for port in ports.outputs.iter_mut().chain(&mut ports.inputs) {
            if let Some(capabilities) = &mut port.capabilities {
                capabilities.interface = None;
            }
        }
    }
    let text = if options.json {
        json(&ports)?
    } else {
        shown(&ports)
    };
    output::print(host.output, &text)?;
    Ok(CLEAN)
}

/// A line for each port, and below what Windows tells of them.
fn shown(ports: &Ports) -> String {
    let mut table = Table::default();
    let mut details = String::new();
    for (side, ports) in [("out", &ports.outputs), ("in", &ports.inputs)] {
        for port in ports {
            let label = format!("{side} {}  {}", port.index, port.name);
            table.row(&label, [port.hardware.clone()]);
            if let Some(capabilities) = &port.capabilities {
                details += &told(side, port, capabilities);
            }
        }
    }
    format!("{table}{details}")
}

/// What Windows tells of a port.
fn told(side: &str, port: &PortInfo, capabilities: &Capabilities) -> String {
    let Capabilities {
        manufacturer,
        product,
        driver_version,
        technology,
        voices,
        notes,
        channel_mask,
        supports,
        interface,
    } = capabilities;
    let mut lines = vec![
        ("manufacturer", manufacturer.to_string()),
        ("product", product.to_string()),
        ("driver", driver_version.clone()),
    ];
    let mut line = |label, value: Option<String>| lines.extend(value.map(|it| (label, it)));
    line("technology", technology.clone());
    line("voices", voices.map(|it| it.to_string()));
    line("notes", notes.map(|it| it.to_string()));
    line("channels", channel_mask.map(channels));
    let supports = (!supports.is_empty()).then(|| supports.join(", "));
    line("supports", supports);
    line("interface", interface.clone());
    let lines = lines
        .into_iter()
        .map(|(label, value)| format!("  {label:<12}  {}\n", visible::line(&value)));
    format!(
        "\n{side} {}  {}\n{}",
        port.index,
        visible::line(&port.name),
        lines.collect::<String>()
    )
}

/// The channels of a mask, from 1.
fn channels(mask: u16) -> String {
    match mask {
        u16::MAX => "all".to_owned(),
        0 => "none".to_owned(),
        _ => {
            let numbers = (0..16).filter(|bit| mask & (1 << bit) != 0);
            let numbers: Vec<_> = numbers.map(|bit| (bit + 1).to_string()).collect();
            numbers.join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_windows_tells_stands_below() {
        let port = PortInfo {
            index: 2,
            name: "Keys".to_owned(),
            hardware: "FM synthesizer".to_owned(),
            capabilities: Some(Capabilities {
                manufacturer: 1,
                driver_version: "5.10".to_owned(),
                technology: Some("MOD_FMSYNTH".to_owned()),
                voices: Some(9),
                channel_mask: Some(0x8001),
                supports: vec!["MIDICAPS_STREAM".to_owned()],
                ..Capabilities::default()
            }),
        };
        let ports = Ports {
            outputs: vec![port],
            inputs: vec![PortInfo::default()],
        };
        let shown = shown(&ports);
        let (_, told) = shown.split_once("\n\n").expect("what Windows tells");
        assert_eq!(
            told,
            "\
out 2  Keys
  manufacturer  1
  product       0
  driver        5.10
  technology    MOD_FMSYNTH
  voices        9
  channels      1, 16
  supports      MIDICAPS_STREAM
"
        );
    }
}
