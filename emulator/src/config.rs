//! How an emulated PC is set up.

use std::time::Duration;

use crate::midi_input::MidiInput;

/// What can be chosen about an emulated PC before it is switched on.
#[derive(Clone, Debug)]
pub struct Config {
    /// From which every random choice of the machine follows.
    pub seed: u64,
    /// What a register access costs.
    pub register_access_cost: Duration,
    /// What a call of a kernel function costs.
    pub kernel_call_cost: Duration,
    /// The period of the clock: `KeDelayExecutionThread` and every timer that is not a high-resolution one end with
    /// the first tick at or after their time. 15.625 ms is what Windows has unless a program asks for a finer
    /// clock (`timeBeginPeriod`), which a driver can't rely on; down to 1 ms then.
    pub clock_tick: Duration,
    /// Longest time between the rise of an interrupt line and its service routine.
    pub interrupt_latency: Duration,
    /// Longest time between the queueing of a DPC and its run.
    pub dpc_latency: Duration,
    /// Longest time by which a high-resolution timer is late.
    pub timer_lateness: Duration,
    /// Longest time between the end of a request and the run of the client that waits for it.
    pub client_latency: Duration,
    /// How long a routine at raised IRQL may take before the machine stops with
    /// `DPC_WATCHDOG_VIOLATION`.
    pub watchdog: Duration,
    /// For how long interrupts may follow on each other, without the interrupted code going on, before the
    /// machine stops with `DPC_WATCHDOG_VIOLATION`.
    pub interrupt_storm: Duration,
    /// How MIDI input reaches programs.
    pub midi_input: MidiInput,
    /// Which allocation fails, counted from 0: those of the driver from the pool, and the objects that
    /// the port class makes for it or because of it.
    pub failing_allocation: Option<u64>,
    /// `IPort::Init` fails with `STATUS_INSUFFICIENT_RESOURCES` after the miniport's `Init` has succeeded, as when the
    /// port finds no memory for the description of the filter. (`failing_allocation` can do that, too.)
    pub port_init_fails_after_miniport: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            register_access_cost: Duration::from_micros(1),
            kernel_call_cost: Duration::from_nanos(50),
            clock_tick: Duration::from_micros(15_625),
            interrupt_latency: Duration::from_micros(10),
            dpc_latency: Duration::from_micros(20),
            timer_lateness: Duration::from_micros(30),
            client_latency: Duration::from_micros(100),
            watchdog: Duration::from_millis(1),
            interrupt_storm: Duration::from_millis(100),
            midi_input: MidiInput::default(),
            failing_allocation: None,
            port_init_fails_after_miniport: false,
        }
    }
}
