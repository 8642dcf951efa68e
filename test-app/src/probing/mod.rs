//! Measures how long messages take through a port whose output comes back to its input.

pub mod figures;
pub mod ledger;
pub mod load;
pub mod plan;
pub mod probe;
mod run;

pub use figures::Figures;
pub use ledger::{Ledger, Tally};
pub use plan::{Plan, Unsuitable};
pub use run::{Probed, Prober};
