//! The interrupt routine never returns, and calls nothing.

use core::hint::spin_loop;

use super::Fault;

pub(crate) struct Planted;

impl Fault for Planted {
    fn interrupt() {
        loop {
            spin_loop();
        }
    }
}
