//! Objects of the port class that do exactly what a test wants, and a device between them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use emulated_pc::Pc;
use emulated_pc::hardware::chip::LineFault;
use midiuart::bus::Registers;
use midiuart::device::{Device, Interrupt};
use midiuart::kernel::pool::NonPagedPool;
use midiuart::parameters::Parameters;
use midiuart::tracing::Tracer;
use midiuart::uart::AnyUart;
use midiuart::uart::mpu401::Mpu401;
use midiuart::uart::ns16550::Ns16550;
use portcls::com::{Class, Face, Object, Own, unknown_table};
use portcls::guid::IID_IInterruptSync;
use portcls::interfaces::{IInterruptSync, IInterruptSyncVtbl, PINTERRUPTSYNCROUTINE};
use portcls::status::{
    STATUS_INSUFFICIENT_RESOURCES, STATUS_SUCCESS, STATUS_UNSUCCESSFUL, succeeded,
};
use portcls::types::{BOOLEAN, NTSTATUS, PKINTERRUPT, PVOID};

use crate::bench::SETTINGS;
use crate::objects::{FakeGroup, FakePort};
use crate::rig::{Kind, PORTS, Plan, Rig, with_chip};

/// An interrupt that comes when the test says so: also before it is connected, and also after it
/// was disconnected, as one that was under way on another processor.
#[derive(Default)]
pub struct StandInSync {
    /// The routine, and its context's address.
    routine: Mutex<Option<(PINTERRUPTSYNCROUTINE, usize)>>,
    connected: AtomicBool,
    refuses: AtomicBool,
}

impl Class for StandInSync {
    type Pool = NonPagedPool;

    const FACES: &'static [Face<Self>] = {
        const TABLE: &IInterruptSyncVtbl = &IInterruptSyncVtbl {
            base: unknown_table::<StandInSync, 0>(),
            CallSynchronizedRoutine: call_synchronized_routine,
            GetKInterrupt: get_k_interrupt,
            Connect: connect,
            Disconnect: disconnect,
            RegisterServiceRoutine: register_service_routine,
        };
        // SAFETY: all functions of the table take the only face of this class.
        &[unsafe { Face::new::<IInterruptSync>(0, TABLE, &[IID_IInterruptSync]) }]
    };
}

portcls::system_abi! {
    unsafe fn call_synchronized_routine(
        this: *mut IInterruptSync,
        routine: PINTERRUPTSYNCROUTINE,
        context: PVOID
    ) -> NTSTATUS {
        // SAFETY: the routine gets the context that was given with it.
        unsafe { routine(this, context) }
    }

    unsafe fn get_k_interrupt(_this: *mut IInterruptSync) -> PKINTERRUPT {
        std::ptr::null_mut()
    }

    unsafe fn connect(this: *mut IInterruptSync) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        let sync = unsafe { Object::<StandInSync>::from_face::<0, _>(this) }.value();
        // Ordering: one thread.
        if sync.refuses.load(Ordering::Relaxed) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        // Ordering: as above.
        sync.connected.store(true, Ordering::Relaxed);
        STATUS_SUCCESS
    }

    unsafe fn disconnect(this: *mut IInterruptSync) {
        // SAFETY: this function stands only in the table of this class.
        let sync = unsafe { Object::<StandInSync>::from_face::<0, _>(this) }.value();
        // Ordering: one thread.
        sync.connected.store(false, Ordering::Relaxed);
    }

    unsafe fn register_service_routine(
        this: *mut IInterruptSync,
        routine: PINTERRUPTSYNCROUTINE,
        context: PVOID,
        _first: BOOLEAN
    ) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        let sync = unsafe { Object::<StandInSync>::from_face::<0, _>(this) }.value();
        let known = (routine, context.expose_provenance());
        *sync.routine.lock().expect("nobody panicked") = Some(known);
        STATUS_SUCCESS
    }
}

/// The driver's device between stand-ins, with the registers of a chip that is plugged in.
///
/// The chip's own line is connected to nothing, and the driver that started the device has no
/// stream open: nobody but the test has the chip touched.
pub struct Stage {
    /// The driver's device.
    pub device: Box<Device>,
    /// The chip's hardware.
    pub rig: Rig,
    sync: Own<StandInSync>,
    port: Own<FakePort>,
}

impl Stage {
    /// Sets a device up; `plan` is for a chip without interrupt.
    pub fn new(pc: &Pc, plan: &Plan, parameters: &Parameters) -> Self {
        let rig = plan.start(pc);
        let registers = Registers::Ports(PORTS);
        let uart = match plan.kind {
            Kind::PolledMpu401 => AnyUart::Mpu401(Mpu401::new(registers, true)),
            Kind::PolledNs16550 => AnyUart::Ns16550(Ns16550::new(registers, SETTINGS)),
            other => panic!("{other:?} is no chip without interrupt"),
        };
        let sync = Own::new(StandInSync::default()).expect("memory");
        let port = Own::new(FakePort::default()).expect("memory");
        let group = Own::new(FakeGroup).expect("memory");
        let interrupt = sync.clone().into_interface().expect("an interrupt");
        let device = {
            let interrupt = Interrupt {
                sync: interrupt,
                is_shared: true,
            };
            Device::new(uart, Some(interrupt), parameters, Tracer::default()).expect("memory")
        };
        let device = Box::new(device);
        let port_of_device = port.clone().into_interface().expect("a port");
        let group = group.into_interface().expect("a group");
        // SAFETY: the device lies in a box, and nobody else has it.
        let started = unsafe { device.start(port_of_device, group) };
        assert_eq!(started, Ok(()));
        Self {
            device,
            rig,
            sync,
            port,
        }
    }

    /// The interrupt comes; returns whether the device claims it.
    pub fn interrupt(&self, pc: &Pc) -> bool {
        let known = *self.sync.routine.lock().expect("nobody panicked");
        let (routine, context) = known.expect("the device has registered its routine");
        let status = pc.at_dispatch(|| {
            // SAFETY: the device is there, and so is its context.
            unsafe {
                routine(
                    self.sync.as_unknown().cast(),
                    std::ptr::with_exposed_provenance_mut(context),
                )
            }
        });
        if !succeeded(status) {
            assert_eq!(status, STATUS_UNSUCCESSFUL);
        }
        succeeded(status)
    }

    /// Has the interrupt not be connected any more, or be again.
    pub fn refuse_connection(&self, refuses: bool) {
        // Ordering: one thread.
        self.sync.refuses.store(refuses, Ordering::Relaxed);
    }

    /// Whether the device's interrupt is connected.
    pub fn is_connected(&self) -> bool {
        // Ordering: one thread.
        self.sync.connected.load(Ordering::Relaxed)
    }

    /// Whether the chip's line is active.
    pub fn line(&self) -> bool {
        with_chip(&self.rig.device, |chip| chip.interrupt_line())
    }

    /// Serves the interrupt for as long as the line is active.
    pub fn serve(&self, pc: &Pc) {
        while self.line() {
            assert!(
                self.interrupt(pc),
                "the device must claim its own interrupt"
            );
        }
    }

    /// How often the port was notified.
    pub fn notifications(&self) -> u32 {
        // Ordering: one thread.
        self.port.notifications()
    }

    /// Register accesses so far.
    pub fn accesses(&self) -> u64 {
        self.rig.device.register_accesses()
    }

    /// Bytes arrive at the chip, all at this moment.
    pub fn receive(&self, pc: &Pc, bytes: &[u8]) {
        let now = pc.now();
        with_chip(&self.rig.device, |chip| {
            for byte in bytes {
                chip.receive(*byte, LineFault::default(), now);
            }
        });
    }

    /// Takes everything down, which must leave nothing behind.
    pub fn strike(self) {
        self.device.take_away(true);
        drop(self.device);
        drop(self.sync);
        drop(self.port);
        self.rig.unload();
    }
}
