//! Images with planted faults, for tests of whoever has to catch them.

use std::path::Path;
use std::time::Instant;

use crate::architecture::Architecture;
use crate::cross;
use crate::driver;
use crate::failure::Failure;
use crate::verify::planted_fault;

/// A planted fault.
struct Fault {
    /// The name of its image's folder; `fault-` and this is the feature that plants it.
    name: &'static str,
    /// When it strikes.
    strikes: &'static str,
}

const FAULTS: [Fault; 10] = [
    Fault {
        name: "access-after-removal",
        strikes: "a client writes to a pin of a removed device",
    },
    Fault {
        name: "double-release",
        strikes: "the device is stopped or removed",
    },
    Fault {
        name: "leaked-pool",
        strikes: "a pin is opened; shows when the driver is unloaded",
    },
    Fault {
        name: "lock-held",
        strikes: "a client writes",
    },
    Fault {
        name: "null-dereference",
        strikes: "a client writes",
    },
    Fault {
        name: "paged-memory",
        strikes: "a client writes",
    },
    Fault {
        name: "panic",
        strikes: "a client writes",
    },
    Fault {
        name: "pool-overrun",
        strikes: "a client writes",
    },
    Fault {
        name: "stack-overflow",
        strikes: "a client writes",
    },
    Fault {
        name: "unbounded-loop",
        strikes: "the device interrupts",
    },
];

/// Builds an image with each of the faults into target/faulty/NAME.
///
/// # Errors
/// If one does not build, or has another fault than it should have.
pub fn build(root: &Path) -> Result<(), Failure> {
    let begin = Instant::now();
    let all = root.join("target/faulty");
    for Fault { name, strikes } in FAULTS {
        let begin = Instant::now();
        let feature = format!("fault-{name}");
        let linked = cross::build(root, Architecture::X64, &[&feature])?;
        let image = driver::collect(&linked, &all.join(name))?;
        if planted_fault(&image) != Some(&*feature) {
            return Err(Failure::found(format!("the image lacks {feature}")));
        }
        let seconds = begin.elapsed().as_secs_f64();
        println!("{seconds:>8.1} s  {name}: when {strikes}");
    }
    println!("{:>8.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::FAULTS;

    const MANIFEST: &str = include_str!("../../driver/image/Cargo.toml");

    #[test]
    fn every_feature_that_plants_a_fault_is_in_the_table() {
        let features = MANIFEST
            .lines()
            .filter_map(|line| line.strip_prefix("fault-")?.split_once(' '))
            .map(|(name, _)| name);
        assert!(features.eq(FAULTS.iter().map(|fault| fault.name)));
    }
}
