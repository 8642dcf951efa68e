//! An emulated PC with a device and the driver, and clients that play and record.

use std::fmt::Debug;
use std::ops::Deref;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

pub use emulated_pc::clients::Client;
use emulated_pc::clients::{self, Received};
use emulated_pc::hardware::mpu401::Mpu401;
use emulated_pc::hardware::ns16550::Ns16550;
use emulated_pc::hardware::quirk::{ChipKind, ChipOptions, options_for};
use emulated_pc::hardware::wire::BYTE_TIME;
use emulated_pc::{
    Config, Device, Driver, DriverImage, DriverSource, Filter, FunctionalDevice, Hardware, Pc, Pin,
    PinStatistics, Registers, RegistryValue, Trigger, boot,
};
use midiuart::counters;
use midiuart::filter::{CAPTURE_PIN, REFERENCE_STRING, RENDER_PIN};
use midiuart::properties::{KSPROPERTY_MIDIUART_COUNTERS, KSPROPSETID_MidiUart};
use portcls::com::ComPtr;
use portcls::interfaces::{IMiniportMidiStream, IPowerNotify};
use portcls::ks::KSSTATE;
use portcls::status::STATUS_SUCCESS;
use portcls::types::{DEVICE_POWER_STATE, NTSTATUS, POWER_STATE};

const PORTS: u16 = 0x330;
/// Where those of a second card are.
const OTHER_PORTS: u16 = 0x300;
const ADDRESS: u64 = 0xFE00_0000;
/// Only the run with this seed is made, if it is set.
const SEED_VARIABLE: &str = "MIDIUART_SEED";

/// A number of milliseconds.
pub const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// How long that many bytes take on the wire.
pub fn wire_time(bytes: usize) -> Duration {
    BYTE_TIME * u32::try_from(bytes).expect("some bytes")
}

/// The image that is run instead of the driver that is linked in, if it is set.
const DRIVER_VARIABLE: &str = "MIDIUART_DRIVER";

/// Loads the driver, which has to be possible.
pub fn load_driver(pc: &Pc) -> Driver {
    try_to_load_driver(pc).expect("the driver loads")
}

/// Loads the driver: the one that is linked in, or the image that is asked for.
pub fn try_to_load_driver(pc: &Pc) -> Result<Driver, NTSTATUS> {
    static SOURCE: LazyLock<DriverSource> = LazyLock::new(|| {
        std::env::var_os(DRIVER_VARIABLE).map_or(
            DriverSource::LinkedIn(midiuart::linked_in::driver_entry),
            |path| {
                let image = DriverImage::open(Path::new(&path));
                DriverSource::Image(image.unwrap_or_else(|error| panic!("{error}")))
            },
        )
    });
    pc.load_from(&SOURCE)
}

/// Says how to repeat a run when it fails.
struct HowToRepeat(u64);

impl Drop for HowToRepeat {
    fn drop(&mut self) {
        let thread = std::thread::current();
        if std::thread::panicking() {
            eprintln!(
                "seed {0}; again: {SEED_VARIABLE}={0} cargo test -p midiuart --test scenarios {1}",
                self.0,
                thread.name().unwrap_or_default()
            );
        }
    }
}

/// Says which case it is that fails.
pub struct FailedCase<Case: Debug>(pub Case);

impl<Case: Debug> Drop for FailedCase<Case> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("case {:?}", self.0);
        }
    }
}

/// Runs a scenario on an emulated PC with this configuration, which has to survive it.
pub fn run_with<R: Send>(config: Config, scenario: impl FnOnce(&Pc) -> R + Send) -> R {
    let _announce = HowToRepeat(config.seed);
    boot(config, scenario).unwrap_or_else(|stop| panic!("{stop}"))
}

/// The usual PC, with this seed.
pub fn seeded(seed: u64) -> Config {
    Config {
        seed,
        ..Config::default()
    }
}

/// Runs a scenario on a PC of its own for each case and each of so many seeds, or for the seed that is
/// asked for.
pub fn over<Case: Copy + Debug + Send + Sync>(
    seeds: u64,
    cases: impl IntoIterator<Item = Case>,
    scenario: impl Fn(&Pc, Case, u64) + Sync,
) {
    let one = std::env::var(SEED_VARIABLE).ok();
    let one = one.map(|seed| seed.parse().expect("the seed is a number"));
    for case in cases {
        for seed in one.map_or(1..=seeds, |seed| seed..=seed) {
            let _announce = FailedCase(case);
            run_with(seeded(seed), |pc| scenario(pc, case, seed));
        }
    }
}

/// Runs a scenario with each of so many seeds.
pub fn over_seeds(seeds: u64, scenario: impl Fn(&Pc, u64) + Sync) {
    over(seeds, [()], |pc, (), seed| scenario(pc, seed));
}

/// Every one with every other.
pub fn pairs<One: Copy, Other: Copy>(
    ones: impl IntoIterator<Item = One>,
    others: impl IntoIterator<Item = Other, IntoIter: Clone>,
) -> impl Iterator<Item = (One, Other)> {
    let others = others.into_iter();
    ones.into_iter()
        .flat_map(move |one| others.clone().map(move |other| (one, other)))
}

/// The kinds of UARTs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uart {
    /// An MPU-401.
    Mpu401,
    /// A 16550.
    Ns16550,
    /// The loopback device.
    Software,
}

/// Those that are chips with a wire.
pub const CHIPS: [Uart; 2] = [Uart::Mpu401, Uart::Ns16550];
/// All of them.
pub const UARTS: [Uart; 3] = [Uart::Mpu401, Uart::Ns16550, Uart::Software];

impl Uart {
    /// The kind of chip, if it is one.
    pub const fn chip(self) -> Option<ChipKind> {
        match self {
            Self::Mpu401 => Some(ChipKind::Mpu401),
            Self::Ns16550 => Some(ChipKind::Ns16550),
            Self::Software => None,
        }
    }
}

/// A device that is to be plugged in.
#[derive(Clone, Debug)]
pub struct Plan {
    uart: Uart,
    options: ChipOptions,
    in_memory: bool,
    trigger: Trigger,
    registry: Vec<(String, RegistryValue)>,
}

impl Plan {
    /// A device without oddities.
    pub fn new(uart: Uart) -> Self {
        Self::with_quirks(uart, &[])
    }

    /// A device whose chip has quirks.
    pub fn with_quirks(uart: Uart, quirks: &[&str]) -> Self {
        let options = uart.chip().map_or_else(ChipOptions::default, |chip| {
            options_for(chip, quirks).expect("the chip has such quirks")
        });
        Self {
            uart,
            options,
            in_memory: false,
            trigger: Trigger::Level,
            registry: Vec::new(),
        }
    }

    /// Its interrupt is seen when the line rises.
    pub fn edge_triggered(mut self) -> Self {
        self.trigger = Trigger::Edge;
        self
    }

    /// Its registers are in memory instead of at I/O ports.
    pub fn in_memory(mut self) -> Self {
        self.in_memory = true;
        self
    }

    /// Sets a number in the registry.
    pub fn number(self, name: &str, value: u32) -> Self {
        self.value(name, RegistryValue::Number(value))
    }

    /// Sets a text in the registry.
    pub fn text(self, name: &str, value: &str) -> Self {
        self.value(name, RegistryValue::Text(value.to_owned()))
    }

    fn value(mut self, name: &str, value: RegistryValue) -> Self {
        self.registry.push((name.to_owned(), value));
        self
    }

    fn hardware(&self) -> Hardware {
        let interrupt = self.options.has_interrupt.then_some(self.trigger);
        let mut hardware = match self.uart {
            Uart::Mpu401 => {
                let chip = Box::new(Mpu401::new(self.options.mpu401.clone()));
                Hardware::at_ports(chip, PORTS, interrupt)
            }
            Uart::Ns16550 => {
                let chip = Box::new(Ns16550::new(self.options.ns16550.clone()));
                Hardware::at_ports(chip, PORTS, interrupt)
            }
            Uart::Software => Hardware::software(),
        };
        if self.in_memory {
            hardware.registers = Registers::Memory(ADDRESS);
        }
        hardware.registry.clone_from(&self.registry);
        hardware
    }

    /// Plugs the device in.
    pub fn plug(&self, pc: &Pc) -> Device {
        pc.plug(self.hardware())
    }

    /// Plugs the device in as a second card, whose interrupt comes by the line of another device.
    pub fn plug_on_line_of(&self, pc: &Pc, other: &Device) -> Device {
        let mut hardware = self.hardware();
        hardware.registers = Registers::Ports(OTHER_PORTS);
        pc.plug(hardware.sharing_line_of(other))
    }

    /// Plugs the device in, loads the driver and adds the device to it.
    pub fn add<'pc>(&self, pc: &'pc Pc) -> Stage<'pc> {
        let device = self.plug(pc);
        let driver = load_driver(pc);
        let function = driver.add_device(&device).expect("the device is added");
        Stage {
            pc,
            device,
            driver,
            function,
        }
    }

    /// The same, and starts the device.
    pub fn start<'pc>(&self, pc: &'pc Pc) -> Stage<'pc> {
        let stage = self.add(pc);
        assert_eq!(stage.function.start(), STATUS_SUCCESS, "{self:?}");
        stage
    }

    /// The status with which the device refuses to start; nothing may be left of the attempt.
    pub fn refusal(&self) -> NTSTATUS {
        run_with(seeded(1), |pc| {
            let stage = self.add(pc);
            let status = stage.function.start();
            assert_ne!(status, STATUS_SUCCESS, "{self:?} starts");
            stage.unload();
            status
        })
    }
}

/// A PC with a device and the driver.
pub struct Stage<'pc> {
    /// The PC.
    pub pc: &'pc Pc,
    /// The device as hardware.
    pub device: Device,
    /// The driver.
    pub driver: Driver,
    /// The device as its driver runs it.
    pub function: FunctionalDevice,
}

impl Stage<'_> {
    /// Opens the filter.
    pub fn filter(&self) -> Filter {
        self.function
            .open_filter(REFERENCE_STRING)
            .expect("the filter opens")
    }

    /// Lets milliseconds pass.
    pub fn wait(&self, milliseconds: u64) {
        self.pc.run_for(ms(milliseconds));
    }

    /// What went over the wire since this was last asked.
    pub fn wire(&self) -> Vec<u8> {
        self.device
            .wire_sent()
            .iter()
            .map(|byte| byte.value)
            .collect()
    }

    /// Lets time pass until an output has nothing left to do, and all of it is on the wire.
    pub fn finish(&self, output: &Output) {
        let limit = wire_time(output.queued_bytes()) * 2 + ms(1000);
        assert!(
            self.pc.run_while_not(limit, || output.is_idle()),
            "the output takes longer than {limit:?}: {:?}",
            output.statistics()
        );
        // The largest ring and the FIFO behind it drain within this.
        self.wait(450);
    }

    /// Has the far end send bytes, and lets time pass until they are with the input's client.
    pub fn far_end_plays(&self, bytes: &[u8], input: &Input) -> Vec<u8> {
        self.device.far_end_send(bytes);
        self.pc.run_for(wire_time(bytes.len()) + ms(50));
        input.take()
    }

    /// Plays messages with an output that is opened for them, and returns what came over the wire.
    pub fn play(&self, client: Client, messages: &[Vec<u8>]) -> Vec<u8> {
        let filter = self.filter();
        let output = client.output(&filter);
        output.send_all(messages);
        self.finish(&output);
        output.close();
        self.wire()
    }

    /// Removes the device and unloads the driver, which must have left nothing behind.
    pub fn take_down(self) {
        assert_eq!(self.function.remove(), STATUS_SUCCESS);
        self.unload();
    }

    /// Unloads the driver, whose device is gone, and which must have left nothing behind.
    pub fn unload(self) {
        self.driver.unload();
        assert_eq!(self.pc.pool_in_use(), (0, 0));
    }
}

/// The value of one of the driver's counters.
pub fn counter(filter: &Filter, name: &str) -> u32 {
    let index = counters::NAMES.iter().position(|other| *other == name);
    all_counters(filter)[index.unwrap_or_else(|| panic!("there is no counter {name}"))]
}

/// The values of all counters.
pub fn all_counters(filter: &Filter) -> Vec<u32> {
    let (set, id) = (KSPROPSETID_MidiUart, KSPROPERTY_MIDIUART_COUNTERS);
    let values = filter.property(set, id, &[], 4 * counters::NAMES.len());
    let values = values.expect("the driver answers");
    let (values, _) = values.as_chunks();
    values
        .iter()
        .map(|four| u32::from_le_bytes(*four))
        .collect()
}

/// The Windows components that play and record.
pub const CLIENTS: [Client; 2] = [Client::MidiSrv, Client::Wdmaud];

/// Opens the pins of a port for a client.
pub trait Opens {
    /// Opens the pin that plays.
    fn try_output(self, filter: &Filter) -> Result<Output, NTSTATUS>;

    /// Opens the pin that plays, which has to be possible.
    fn output(self, filter: &Filter) -> Output;

    /// Opens the pin that records, which has to be possible.
    fn input(self, filter: &Filter) -> Input;
}

impl Opens for Client {
    fn try_output(self, filter: &Filter) -> Result<Output, NTSTATUS> {
        self.open_output(filter, RENDER_PIN).map(Output)
    }

    fn output(self, filter: &Filter) -> Output {
        self.try_output(filter).expect("the output opens")
    }

    fn input(self, filter: &Filter) -> Input {
        let input = self.open_input(filter, CAPTURE_PIN);
        Input(input.expect("the input opens"))
    }
}

/// An output of a client.
pub struct Output(clients::Output);

impl Deref for Output {
    type Target = clients::Output;

    fn deref(&self) -> &clients::Output {
        &self.0
    }
}

impl Output {
    pub fn send_all(&self, messages: &[Vec<u8>]) {
        for message in messages {
            self.send(message);
        }
    }

    pub fn statistics(&self) -> PinStatistics {
        self.pin().statistics()
    }

    pub fn close(self) {
        self.0.close();
    }

    pub fn abandon(self) {
        self.0.abandon();
    }
}

/// An input of a client.
pub struct Input(clients::Input);

impl Deref for Input {
    type Target = clients::Input;

    fn deref(&self) -> &clients::Input {
        &self.0
    }
}

fn joined(received: Vec<Received>) -> Vec<u8> {
    received.into_iter().flat_map(|part| part.bytes).collect()
}

impl Input {
    /// The bytes that were received since this was last asked.
    pub fn take(&self) -> Vec<u8> {
        joined(self.take_received())
    }

    /// Closes the input; returns what was received and not taken yet.
    pub fn close(self) -> Vec<u8> {
        joined(self.0.close())
    }

    pub fn abandon(self) {
        self.0.abandon();
    }
}

/// Calls a stream's `Write` as the port does; returns the status and the count.
pub fn write(pc: &Pc, pin: &Pin, bytes: &[u8]) -> (NTSTATUS, usize) {
    let mut bytes = bytes.to_vec();
    let length = u32::try_from(bytes.len()).expect("a sane length");
    let mut written = u32::MAX;
    let stream = pin.stream();
    let status = pc.at_dispatch(|| {
        // SAFETY: the stream is live, and the buffer holds that many bytes.
        unsafe {
            IMiniportMidiStream::Write(
                stream.as_ptr(),
                bytes.as_mut_ptr().cast(),
                length,
                &raw mut written,
            )
        }
    });
    (status, written as usize)
}

/// Calls a stream's `Read` as the port does; returns the status and the bytes.
pub fn read(pc: &Pc, pin: &Pin, capacity: usize) -> (NTSTATUS, Vec<u8>) {
    let mut buffer = vec![0; capacity];
    let length = u32::try_from(capacity).expect("a sane length");
    let mut taken = u32::MAX;
    let stream = pin.stream();
    let status = pc.at_dispatch(|| {
        // SAFETY: the stream is live, and the buffer holds that many bytes.
        unsafe {
            IMiniportMidiStream::Read(
                stream.as_ptr(),
                buffer.as_mut_ptr().cast(),
                length,
                &raw mut taken,
            )
        }
    });
    assert!(taken <= length, "{taken} bytes in a buffer of {length}");
    buffer.truncate(taken as usize);
    (status, buffer)
}

/// Calls a stream's `SetState` itself, as a port does that locks nothing.
pub fn set_stream_state(pin: &Pin, state: KSSTATE) -> NTSTATUS {
    let stream = pin.stream();
    // SAFETY: the stream is live.
    unsafe { IMiniportMidiStream::SetState(stream.as_ptr(), state) }
}

/// Calls the miniport's `PowerChangeNotify`, as a port does that leaves its streams as they are.
pub fn notify_power(stage: &Stage, power: DEVICE_POWER_STATE) {
    let miniport = stage.function.miniport().expect("a miniport");
    let notify: ComPtr<IPowerNotify> = miniport.query().expect("it hears of power");
    let power = POWER_STATE { DeviceState: power };
    // SAFETY: the reference keeps the object live.
    unsafe { IPowerNotify::PowerChangeNotify(notify.as_ptr(), power) };
}
