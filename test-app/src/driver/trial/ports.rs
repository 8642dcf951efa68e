//! Finding a port by its name, while ports come and go.

use crate::backend::{PortInfo, Ports};

/// The first output and the first input whose names have `name` in them; capital letters do not matter.
/// One that is called just that comes before others.
#[must_use]
pub fn find(name: &str, ports: &Ports) -> (Option<PortInfo>, Option<PortInfo>) {
    let lower = name.to_lowercase();
    let first = |ports: &[PortInfo]| {
        let exact = ports.iter().find(|port| port.name.to_lowercase() == lower);
        let part = || {
            let mut ports = ports.iter();
            ports.find(|port| port.name.to_lowercase().contains(&lower))
        };
        exact.or_else(part).cloned()
    };
    (first(&ports.outputs), first(&ports.inputs))
}
