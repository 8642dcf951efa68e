//! The port class, the MIDI port and the clients, with a small driver of their own.

mod checks;
mod clients;
mod data;
mod descriptions;
mod life;
mod midi_input;
mod repetition;
mod scenario;
mod test_driver;
