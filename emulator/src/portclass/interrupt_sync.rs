//! `IInterruptSync`: an interrupt and what is synchronised with it.

use std::cell::{Cell, RefCell};
use std::ptr::null_mut;
use std::rc::Rc;

use portcls::com::{Class, Face, Object, Own};
use portcls::guid::IID_IInterruptSync;
use portcls::interfaces::{
    IInterruptSync, IInterruptSyncVtbl, INTERRUPT_SYNC_MODE_ALL, INTERRUPT_SYNC_MODE_NORMAL,
    INTERRUPT_SYNC_MODE_REPEAT, PINTERRUPTSYNCROUTINE,
};
use portcls::status::{
    Outcome, STATUS_INVALID_PARAMETER, STATUS_SUCCESS, STATUS_UNSUCCESSFUL, succeeded,
};
use portcls::types::{BOOLEAN, NTSTATUS, PKINTERRUPT, PVOID};

use super::objects::{OnMachine, SystemClass, SystemMemory, make, require_live, watched_table};
use crate::machine::activity::Activity;
use crate::machine::irql::{DEVICE_LEVEL, Irql, PASSIVE_LEVEL};
use crate::machine::stop::BugCheck;
use crate::machine::{Machine, current, current_if_any};

/// Passes of `InterruptSyncModeRepeat` after which a machine counts as hung.
const MOST_PASSES: u32 = 1000;

type Routine = (PINTERRUPTSYNCROUTINE, PVOID);

/// An interrupt as an object.
pub(crate) type InterruptSync = OnMachine<Rc<Sync>>;

/// An interrupt.
pub(crate) struct Sync {
    line: usize,
    mode: i32,
    this: Cell<*mut IInterruptSync>,
    routines: RefCell<Vec<Routine>>,
    connection: Cell<Option<usize>>,
    /// A routine runs, under the interrupt's spin lock.
    held: Cell<bool>,
}

impl Sync {
    pub(crate) fn make(machine: &Machine, line: usize, mode: i32) -> Outcome<Own<InterruptSync>> {
        let modes = [
            INTERRUPT_SYNC_MODE_NORMAL,
            INTERRUPT_SYNC_MODE_ALL,
            INTERRUPT_SYNC_MODE_REPEAT,
        ];
        if !modes.contains(&mode) {
            return Err(STATUS_INVALID_PARAMETER);
        }
        let sync = Rc::new(Self {
            line,
            mode,
            this: Cell::new(null_mut()),
            routines: RefCell::default(),
            connection: Cell::new(None),
            held: Cell::new(false),
        });
        let object = make(machine, OnMachine(Rc::clone(&sync)))?;
        sync.this.set(object.as_unknown().cast());
        Ok(object)
    }

    fn take_lock(&self, machine: &Machine) {
        if self.held.replace(true) {
            machine.bug_check(
                BugCheck::SpinLockAlreadyOwned,
                "CallSynchronizedRoutine was called from a routine of the same interrupt: this \
                 processor would hang",
            );
        }
    }

    /// Calls one service routine; returns whether its device had interrupted.
    fn call(&self, machine: &Machine, (routine, context): Routine) -> bool {
        machine.call_driver("an interrupt service routine", || {
            // SAFETY: the driver registered this context for this routine.
            succeeded(unsafe { routine(self.this.get(), context) })
        })
    }

    fn pass(&self, machine: &Machine, stop_at_first: bool) -> bool {
        let mut claimed = false;
        let mut index = 0;
        loop {
            let routine = self.routines.borrow().get(index).copied();
            let Some(routine) = routine else {
                return claimed;
            };
            claimed |= self.call(machine, routine);
            if claimed && stop_at_first {
                return true;
            }
            index += 1;
        }
    }

    /// The interrupt has come; returns whether it was this device's.
    fn interrupt(&self) -> bool {
        let machine = current();
        self.take_lock(&machine);
        let claimed = match self.mode {
            INTERRUPT_SYNC_MODE_NORMAL => self.pass(&machine, true),
            INTERRUPT_SYNC_MODE_ALL => self.pass(&machine, false),
            _ => self.repeat(&machine),
        };
        self.held.set(false);
        claimed
    }

    fn repeat(&self, machine: &Machine) -> bool {
        let mut passes = 0;
        while self.pass(machine, false) {
            passes += 1;
            if passes > MOST_PASSES {
                machine.bug_check(
                    BugCheck::DpcWatchdogViolation,
                    "a service routine in InterruptSyncModeRepeat claims without end",
                );
            }
        }
        passes > 0
    }

    fn synchronized(&self, machine: &Machine, routine: Routine) -> NTSTATUS {
        let old = machine.raise_irql(DEVICE_LEVEL.max(machine.irql()));
        self.take_lock(machine);
        machine.begin(Activity::SynchronizedRoutine);
        let (function, context) = routine;
        let status = machine.call_driver("a synchronized routine", || {
            // SAFETY: the driver gave this context for this routine.
            unsafe { function(self.this.get(), context) }
        });
        machine.end();
        self.held.set(false);
        machine.lower_irql(old);
        status
    }

    fn connect(this: &Rc<Self>, machine: &Machine) -> NTSTATUS {
        if this.routines.borrow().is_empty() {
            return STATUS_UNSUCCESSFUL;
        }
        if this.connection.get().is_none() {
            let weak = Rc::downgrade(this);
            let chain = Rc::new(move || weak.upgrade().is_some_and(|sync| sync.interrupt()));
            let now = machine.now();
            let connection = machine
                .interrupts
                .borrow_mut()
                .connect(this.line, chain, now);
            this.connection.set(Some(connection));
            machine.deliver();
        }
        STATUS_SUCCESS
    }

    fn disconnect(&self, machine: &Machine) {
        if let Some(connection) = self.connection.take() {
            machine.interrupts.borrow_mut().disconnect(connection);
        }
    }
}

impl Drop for Sync {
    fn drop(&mut self) {
        if let Some(machine) = current_if_any() {
            self.disconnect(&machine);
        }
    }
}

impl Class for InterruptSync {
    type Pool = SystemMemory;

    const FACES: &'static [Face<Self>] = {
        const TABLE: &IInterruptSyncVtbl = &IInterruptSyncVtbl {
            base: watched_table::<InterruptSync, 0>(),
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

impl SystemClass for InterruptSync {
    const NAME: &'static str = "IInterruptSync";
}

/// The interrupt behind an interface pointer, after the checks that every method makes.
///
/// # Safety
/// `this` is an interrupt sync object of the system's.
unsafe fn checked<'a>(this: *mut IInterruptSync, method: &str, most: Irql) -> &'a Rc<Sync> {
    let machine = current();
    machine.kernel_call();
    require_live::<0, _>(&machine, this, method);
    machine.require_irql(most, method, super::IRQL_OF_INTERFACES);
    // SAFETY: the caller's promise.
    &unsafe { Object::<InterruptSync>::from_face::<0, _>(this) }
        .value()
        .0
}

portcls::system_abi! {
    unsafe fn call_synchronized_routine(
        this: *mut IInterruptSync,
        routine: PINTERRUPTSYNCROUTINE,
        context: PVOID
    ) -> NTSTATUS {
        let method = "IInterruptSync::CallSynchronizedRoutine";
        // SAFETY: this function stands only in the table of this class.
        let sync = unsafe { checked(this, method, DEVICE_LEVEL) };
        sync.synchronized(&current(), (routine, context))
    }

    unsafe fn get_k_interrupt(this: *mut IInterruptSync) -> PKINTERRUPT {
        let method = "IInterruptSync::GetKInterrupt";
        // SAFETY: this function stands only in the table of this class.
        unsafe { checked(this, method, crate::machine::irql::HIGH_LEVEL) };
        null_mut()
    }

    unsafe fn connect(this: *mut IInterruptSync) -> NTSTATUS {
        // SAFETY: this function stands only in the table of this class.
        let sync = unsafe { checked(this, "IInterruptSync::Connect", PASSIVE_LEVEL) };
        Sync::connect(sync, &current())
    }

    unsafe fn disconnect(this: *mut IInterruptSync) {
        // SAFETY: this function stands only in the table of this class.
        let sync = unsafe { checked(this, "IInterruptSync::Disconnect", PASSIVE_LEVEL) };
        sync.disconnect(&current());
    }

    unsafe fn register_service_routine(
        this: *mut IInterruptSync,
        routine: PINTERRUPTSYNCROUTINE,
        context: PVOID,
        first: BOOLEAN
    ) -> NTSTATUS {
        let method = "IInterruptSync::RegisterServiceRoutine";
        // SAFETY: this function stands only in the table of this class.
        let sync = unsafe { checked(this, method, PASSIVE_LEVEL) };
        let mut routines = sync.routines.borrow_mut();
        let index = if first == 0 { routines.len() } else { 0 };
        routines.insert(index, (routine, context));
        STATUS_SUCCESS
    }
}
