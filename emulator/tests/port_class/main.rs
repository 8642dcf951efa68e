//! The port class, the MIDI port and the clients, with a small driver of their own.

mod beside;
mod checks;
mod clients;
mod data;
mod descriptions;
mod life;
mod repetition;
mod scenario;
mod test_driver;
mod threads;
