//! The port class, the MIDI port and the clients, with a small driver of their own.

// Windows on ARM64 has no threads but the scenario's.
#[cfg(not(all(windows, target_arch = "aarch64")))]
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
#[cfg(not(all(windows, target_arch = "aarch64")))]
mod threads;
mod timing;
