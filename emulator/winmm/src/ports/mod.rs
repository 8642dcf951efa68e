//! The ports: emulated PCs that are switched on when they are first opened, and stay on.

mod clock;
mod machine;

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use windows_sys::Win32::Media::{
    MMSYSERR_ALLOCATED, MMSYSERR_BADDEVICEID, MMSYSERR_NODRIVER, MMSYSERR_NOTENABLED,
};

use crate::configuration::{self, BadConfiguration, PortConfiguration, VARIABLE};
use crate::input::Input;
use crate::output::Output;
use crate::results::Outcome;
use machine::Command;

/// The device number that stands for the MIDI mapper, `MIDI_MAPPER`: the first port.
pub(crate) const MIDI_MAPPER: u32 = u32::MAX;

static PORTS: OnceLock<Vec<Port>> = OnceLock::new();

/// A port of a PC.
pub(crate) struct Port {
    position: usize,
    name: String,
    configuration: PortConfiguration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    commands: Option<Sender<Command>>,
    output: Option<Arc<Output>>,
    input: Option<Arc<Input>>,
    vanished: bool,
}

/// Decides which ports there are, before anybody has asked for them.
pub(crate) fn configure(list: &str) -> Result<(), String> {
    let ports = ports(list).map_err(|bad| bad.to_string())?;
    PORTS
        .set(ports)
        .map_err(|_| "the ports are there already".to_owned())
}

fn ports(list: &str) -> Result<Vec<Port>, BadConfiguration> {
    let configurations = configuration::parse(list)?;
    let names = configuration::names(&configurations);
    let ports = configurations.into_iter().zip(names).enumerate();
    let ports = ports.map(|(position, (configuration, name))| Port {
        position,
        name,
        configuration,
        state: Mutex::default(),
    });
    Ok(ports.collect())
}

/// All ports that the process has ever had.
pub(crate) fn all() -> &'static [Port] {
    PORTS.get_or_init(|| {
        let list = std::env::var(VARIABLE);
        let list = list.as_deref().unwrap_or(configuration::DEFAULT);
        ports(list).unwrap_or_else(|bad| {
            complain(&format!("{VARIABLE}: {bad}"));
            Vec::new()
        })
    })
}

/// The ports that have not vanished, as they are numbered.
pub(crate) fn present() -> impl Iterator<Item = &'static Port> {
    all().iter().filter(|port| !port.has_vanished())
}

/// The port of a device number.
pub(crate) fn find(device: u32) -> Outcome<&'static Port> {
    let number = if device == MIDI_MAPPER { 0 } else { device };
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    present().nth(number).ok_or(MMSYSERR_BADDEVICEID)
}

fn complain(line: &str) {
    eprintln!("winmm: {line}");
}

impl Port {
    /// The name that programs show.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The path of the device's interface.
    pub(crate) fn interface_path(&self) -> String {
        format!(
            r"\\?\root#midiuart_{}#{:04}#{{6994ad04-93ef-11d0-a3cc-00a0c9223196}}\{}",
            self.configuration.uart,
            self.position,
            midiuart_pc::PORT_NAME.to_lowercase()
        )
    }

    /// The port's number now; `MMSYSERR_NODRIVER` if it has vanished.
    pub(crate) fn number(&self) -> Outcome<u32> {
        let number = present().position(|port| port.position == self.position);
        number
            .and_then(|number| u32::try_from(number).ok())
            .ok_or(MMSYSERR_NODRIVER)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the device is not there any more.
    pub(crate) fn has_vanished(&self) -> bool {
        self.lock().vanished
    }

    /// Opens the render pin for an output.
    pub(crate) fn open_output(&'static self, output: &Arc<Output>) -> Outcome {
        self.claim(|state| &mut state.output, output)?;
        let opened = self.ask(|reply| Command::OpenOutput(Arc::clone(output), reply));
        let opened = opened.and_then(|opened| opened.then_some(()).ok_or(MMSYSERR_NOTENABLED));
        if opened.is_err() {
            self.lock().output = None;
        }
        opened
    }

    /// Closes the render pin, when the driver has accepted what waits.
    pub(crate) fn close_output(&'static self) {
        // A port that has vanished has nothing to close.
        let _ = self.ask(Command::CloseOutput);
        self.lock().output = None;
    }

    /// Opens the capture pin for an input.
    pub(crate) fn open_input(&'static self, input: &Arc<Input>) -> Outcome {
        self.claim(|state| &mut state.input, input)?;
        let opened = self.ask(|reply| Command::OpenInput(Arc::clone(input), reply));
        let opened = opened.and_then(|opened| opened.then_some(()).ok_or(MMSYSERR_NOTENABLED));
        if opened.is_err() {
            self.lock().input = None;
        }
        opened
    }

    /// Closes the capture pin.
    pub(crate) fn close_input(&'static self) {
        // A port that has vanished has nothing to close.
        let _ = self.ask(Command::CloseInput);
        self.lock().input = None;
    }

    /// The device is pulled out; `MMSYSERR_NODRIVER` if it was before.
    pub(crate) fn pull_out(&'static self) -> Outcome {
        self.ask(Command::PullOut)
    }

    /// The chip takes no byte any more.
    pub(crate) fn break_chip(&'static self) -> Outcome {
        self.ask(Command::BreakChip)
    }

    /// There is something to send.
    pub(crate) fn wake(&self) {
        if let Some(commands) = &self.lock().commands {
            // Where nobody listens any more, the output has been told.
            commands.send(Command::Wake).ok();
        }
    }

    /// The driver has one pin for each direction.
    fn claim<T>(
        &self,
        place: impl FnOnce(&mut State) -> &mut Option<Arc<T>>,
        by: &Arc<T>,
    ) -> Outcome {
        let mut state = self.lock();
        if state.vanished {
            return Err(MMSYSERR_NODRIVER);
        }
        let place = place(&mut state);
        if place.is_some() || self.configuration.busy {
            return Err(MMSYSERR_ALLOCATED);
        }
        *place = Some(Arc::clone(by));
        Ok(())
    }

    /// Has the PC do something, and waits for its answer. The PC is switched on for that if need be.
    fn ask<R>(&'static self, command: impl FnOnce(Sender<R>) -> Command) -> Outcome<R> {
        let (reply, answer) = channel();
        let mut state = self.lock();
        if state.vanished {
            return Err(MMSYSERR_NODRIVER);
        }
        let commands = state.commands.get_or_insert_with(|| self.switch_on());
        let sent = commands.send(command(reply));
        drop(state);
        sent.map_err(|_| MMSYSERR_NODRIVER)?;
        answer.recv().map_err(|_| MMSYSERR_NODRIVER)
    }

    /// The device is not there any more, for good.
    fn vanish(&self) {
        let mut state = self.lock();
        state.vanished = true;
        state.commands = None;
        let (output, input) = (state.output.take(), state.input.take());
        drop(state);
        if let Some(output) = output {
            output.vanish();
        }
        if let Some(input) = input {
            input.vanish();
        }
    }

    fn switch_on(&'static self) -> Sender<Command> {
        let (sender, receiver) = channel();
        let installation = self.configuration.installation(1 + self.position as u64);
        let thread = thread::Builder::new().name(self.name.clone());
        #[cfg(windows)]
        crate::forwarded::fine_timers::begin();
        let run = move || {
            let presence = Presence { port: self };
            let outcome = machine::run(&installation, self, receiver);
            if let Err(trouble) = outcome {
                complain(&format!("{}: {trouble}", self.name));
            }
            drop(presence);
        };
        if let Err(error) = thread.spawn(run) {
            complain(&format!("{}: no thread for it: {error}", self.name));
        }
        sender
    }
}

/// As long as it is there, the port is.
struct Presence {
    port: &'static Port,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.port.vanish();
    }
}
