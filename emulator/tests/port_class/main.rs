//! The port class, the MIDI port and the clients, with a small driver of their own.

mod beside;
mod checks;
mod clients;
mod data;
mod descriptions;
mod failures;
mod interrupts;
mod life;
mod midi_input;
mod power_registration;
mod removal;
mod repetition;
mod scenario;
mod shared_line;
mod test_driver;
mod threads;
mod timing;
