//! The driver on an emulated PC: what it goes through from one day to the next.

mod altered;
mod beside;
mod both_ways;
mod budgets;
mod call_sequences;
mod complaints;
mod crashes;
mod dead_chip;
mod every_pair;
mod lives;
mod music;
mod odd_chips;
mod parameters;
mod power;
mod quirks;
mod repeatable;
mod stage;
mod starts;
mod storms;
mod stuck_and_healed;
mod tracing;
mod wake_ups;
mod windows_input;
