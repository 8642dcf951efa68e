//! The order of life: driver entry, devices that come, start, sleep, stop and go.

use portcls::com::{AdapterPowerManagement, Class, Face, Own};
use portcls::functions::PORT_CLASS_DEVICE_EXTENSION_SIZE;
use portcls::interfaces::IResourceList;
use portcls::status::{Outcome, STATUS_INSUFFICIENT_RESOURCES, status_of};
use portcls::types::{
    DEVICE_POWER_STATE, NTSTATUS, PDEVICE_OBJECT, PDRIVER_OBJECT, PIRP, UNICODE_STRING,
};

use crate::filter::REFERENCE_STRING_UTF16;
use crate::kernel::driver_object::{self, DriverObject, UnloadFunction};
use crate::kernel::pool::NonPagedPool;
use crate::kernel::portclass;
use crate::kernel::requests::{
    self, MINOR_REMOVE_DEVICE, MINOR_STOP_DEVICE, MINOR_SURPRISE_REMOVAL,
};
use crate::miniport::MidiMiniport;
use crate::parameters::Parameters;
use crate::tracing::{DeviceNotStarted, Tracer, Tracing};

/// One filter each.
const MOST_SUBDEVICES: u32 = 1;

/// What the driver has as a whole.
struct DriverState {
    tracing: Tracing,
    /// What portcls undoes.
    unload_of_portcls: Option<UnloadFunction>,
}

/// The driver's part of a device's extension; the system makes it all zero.
struct Extension {
    /// The adapter of the device while it is started; owns a reference.
    adapter: Option<Own<Adapter>>,
    /// The adapter is registered for power management, and has to be unregistered.
    has_power_management: bool,
}

#[expect(clippy::cast_possible_truncation, reason = "some hundreds of bytes")]
const EXTENSION_SIZE: u32 = (PORT_CLASS_DEVICE_EXTENSION_SIZE + size_of::<Extension>()) as u32;

/// Who is told of power changes of a started device.
struct Adapter {
    miniport: Own<MidiMiniport>,
}

impl Class for Adapter {
    type Pool = NonPagedPool;
    const FACES: &'static [Face<Self>] = &[Face::adapter_power_management::<0>()];
}

impl AdapterPowerManagement for Adapter {
    fn power_change_state(&self, state: DEVICE_POWER_STATE) {
        self.miniport.power_changed(state);
    }
}

/// What `DriverEntry` does. `PASSIVE_LEVEL`.
///
/// # Safety
/// Both pointers are `DriverEntry`'s arguments.
#[cfg_attr(feature = "wdk", unsafe(link_section = "INIT"))]
pub unsafe fn driver_entry(driver: PDRIVER_OBJECT, registry_path: *mut UNICODE_STRING) -> NTSTATUS {
    // SAFETY: the caller's promise.
    status_of(unsafe { initialize(driver, registry_path) })
}

/// # Safety
/// Both pointers are `DriverEntry`'s arguments.
#[cfg_attr(feature = "wdk", unsafe(link_section = "INIT"))]
unsafe fn initialize(driver: PDRIVER_OBJECT, registry_path: *mut UNICODE_STRING) -> Outcome<()> {
    #[cfg(feature = "faults")]
    core::hint::black_box(crate::faults::MARK);
    let state = DriverState {
        tracing: Tracing::new(),
        unload_of_portcls: None,
    };
    // SAFETY: the caller's promise.
    let state = unsafe { driver_object::allocate_state(driver, state) }?;
    // SAFETY: the caller's promise.
    unsafe { portclass::initialize_adapter_driver(driver, registry_path, add_device) }?;
    // SAFETY: the caller's promise; portcls has filled in its own routines before.
    unsafe { requests::set_pnp_dispatch(driver, dispatch_pnp) };
    // SAFETY: as above.
    let unload_of_portcls = unsafe { driver_object::replace_unload(driver, unload) };
    // SAFETY: nobody else knows it yet.
    unsafe { (*state).unload_of_portcls = unload_of_portcls };
    // SAFETY: it lives as long as the driver, and nothing changes it from here on.
    let state: &'static DriverState = unsafe { &*state };
    // Nothing can fail any more, so that what is begun here ends when the driver is unloaded.
    // SAFETY: it stays where it is.
    unsafe { state.tracing.begin() };
    Ok(())
}

portcls::system_abi! {
    /// The driver is unloaded; its devices are gone. `PASSIVE_LEVEL`.
    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    unsafe fn unload(driver: *mut DriverObject) {
        // SAFETY: the driver's own object.
        let state = unsafe { state_of_driver(driver.cast()) };
        if let Some(unload_of_portcls) = state.unload_of_portcls {
            // SAFETY: portcls' own routine with its argument.
            unsafe { unload_of_portcls(driver) };
        }
        state.tracing.end();
    }

    /// A device was found. `PASSIVE_LEVEL`.
    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    unsafe fn add_device(driver: PDRIVER_OBJECT, physical_device: PDEVICE_OBJECT) -> NTSTATUS {
        // SAFETY: the system's own arguments.
        unsafe {
            portclass::add_adapter_device(
                driver,
                physical_device,
                start_device,
                MOST_SUBDEVICES,
                EXTENSION_SIZE,
            )
        }
    }

    /// A device starts, for the first time or again. `PASSIVE_LEVEL`.
    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    unsafe fn start_device(
        device: PDEVICE_OBJECT,
        irp: PIRP,
        resources: *mut IResourceList
    ) -> NTSTATUS {
        // SAFETY: the system's own device.
        let driver = unsafe { driver_object::driver_of(device) };
        // SAFETY: it is this driver's.
        let state = unsafe { state_of_driver(driver) };
        let tracer = Tracer::of_next_device(&state.tracing);
        // SAFETY: the system's own arguments.
        let started = unsafe { start(device, irp, resources, tracer) };
        if let Err(status) = started {
            tracer.write(|| DeviceNotStarted { status });
        }
        status_of(started)
    }

    /// A Plug and Play request. `PASSIVE_LEVEL`.
    #[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
    unsafe fn dispatch_pnp(device: *mut requests::DeviceObject, irp: *mut requests::Request)
        -> NTSTATUS
    {
        let (device, irp) = (device.cast(), irp.cast());
        // SAFETY: the system's own request.
        let reachable = match unsafe { requests::minor_function(irp) } {
            MINOR_STOP_DEVICE | MINOR_REMOVE_DEVICE => Some(true),
            MINOR_SURPRISE_REMOVAL => Some(false),
            _ => None,
        };
        if let Some(reachable) = reachable {
            // SAFETY: the system's own device, and no other Plug and Play request runs on it.
            if let Some(adapter) = unsafe { take_away(device, reachable) } {
                adapter.miniport.tell_stop(reachable);
            }
        }
        // SAFETY: the system's own arguments.
        unsafe { requests::pass_on(device, irp) }
    }
}

/// The state of the driver.
///
/// # Safety
/// `driver` is this driver's object, after `DriverEntry`.
unsafe fn state_of_driver(driver: PDRIVER_OBJECT) -> &'static DriverState {
    // SAFETY: the state was allocated with this type.
    let state = unsafe { driver_object::state_of::<DriverState>(driver) };
    // SAFETY: it lives as long as the driver, and nothing changes it after `DriverEntry`.
    unsafe { &*state }
}

/// The driver's part of a device's extension.
///
/// # Safety
/// `device` was added by `add_device`; nobody else has its extension meanwhile.
unsafe fn extension<'a>(device: PDEVICE_OBJECT) -> &'a mut Extension {
    // SAFETY: the device was added with an extension of that size.
    let extension = unsafe { requests::extension(device, PORT_CLASS_DEVICE_EXTENSION_SIZE) };
    // SAFETY: all zero means no adapter; Plug and Play requests come one after the other.
    unsafe { &mut *extension.cast() }
}

/// # Safety
/// The arguments are those of `start_device`.
#[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
unsafe fn start(
    device: PDEVICE_OBJECT,
    irp: PIRP,
    resources: *mut IResourceList,
    tracer: Tracer,
) -> Outcome<()> {
    // SAFETY: the device is being started.
    let (parameters, out_of_range) = match unsafe { portclass::open_driver_key(device) } {
        Ok(key) => Parameters::read(&key),
        // The key may well say something else than the defaults.
        Err(STATUS_INSUFFICIENT_RESOURCES) => return Err(STATUS_INSUFFICIENT_RESOURCES),
        Err(_) => (Parameters::default(), 0),
    };
    let adapter = Own::new(Adapter {
        miniport: Own::new(MidiMiniport::new(parameters, out_of_range, tracer))?,
    })?;
    // SAFETY: the device is being started.
    unsafe { extension(device) }.adapter = Some(adapter.clone());
    // SAFETY: the arguments of `start_device`.
    let installed = unsafe { install(device, irp, resources, &adapter) };
    if installed.is_err() {
        // SAFETY: the device is being started.
        drop(unsafe { take_away(device, true) });
    }
    installed
}

/// Makes a started device known to the port class. What was done before something failed is undone by
/// [`take_away`].
///
/// # Safety
/// The first three arguments are those of `start_device`, and the adapter is that of the extension.
#[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
unsafe fn install(
    device: PDEVICE_OBJECT,
    irp: PIRP,
    resources: *mut IResourceList,
    adapter: &Own<Adapter>,
) -> Outcome<()> {
    // First, so that no change of power is missed from the moment at which there is something to power.
    // SAFETY: the device is being started.
    unsafe { portclass::register_power_management(device, adapter.as_unknown()) }?;
    // SAFETY: the device is being started.
    unsafe { extension(device) }.has_power_management = true;
    let port = portclass::new_midi_port()?;
    let miniport = adapter.miniport.as_unknown();
    // SAFETY: the arguments of `start_device`.
    unsafe { portclass::init_port(&port, device, irp, miniport, resources) }?;
    // SAFETY: the device is being started, and the name ends with a zero.
    unsafe { portclass::register_subdevice(device, &REFERENCE_STRING_UTF16, &port) }
}

/// Takes the hardware of a device away from the driver; returns what the device was, or `None` the second time: a
/// removal follows a surprise removal.
///
/// # Safety
/// `device` was added by `add_device`; no other Plug and Play request runs on it.
#[cfg_attr(feature = "wdk", inline(never), unsafe(link_section = "PAGE"))]
unsafe fn take_away(device: PDEVICE_OBJECT, reachable: bool) -> Option<Own<Adapter>> {
    // SAFETY: the caller's promise.
    let adapter = unsafe { extension(device) }.adapter.take()?;
    adapter.miniport.take_away(reachable);
    // SAFETY: the caller's promise.
    let has_power_management = &mut unsafe { extension(device) }.has_power_management;
    // A registration that was never made must not be taken back: Driver Verifier stops the system then.
    if core::mem::take(has_power_management) {
        // SAFETY: it was registered, once.
        unsafe { portclass::unregister_power_management(device) };
    }
    Some(adapter)
}

// A null pointer is no adapter, so an extension of zeros holds none.
const _: () = assert!(size_of::<Option<Own<Adapter>>>() == size_of::<usize>());
