//! Conformance of the driver, point by point as the contract's checklist numbers them.
//!
//! The pure parts run against the chips on a [`bench`]; everything else on an emulated PC ([`rig`]), or
//! there with objects of the port class that do exactly what a test wants ([`stand_ins`]).

mod bench;
#[expect(dead_code, reason = "not all of it is needed here")]
#[path = "../device_alone/objects.rs"]
mod objects;
mod rig;
mod stand_ins;

mod point_01_write_table;
mod point_02_count_rule;
mod point_03_busy_or_dead;
mod point_04_byte_identity;
mod point_05_read;
mod point_06_receive_overflow;
mod point_07_interrupt_routine;
mod point_08_mpu401_setup;
mod point_09_ns16550;
mod point_10_lifetime;
mod point_11_irql_model;
mod point_12_descriptors;
