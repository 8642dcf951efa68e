//! What `rundll32` calls, by the names without the `W`.

use core::ffi::c_void;
use core::ptr::{null, null_mut};

use crate::arguments::{self, Argument};
use crate::device::{Device, Outcome, length, told};
use crate::output::{Text, say};
use crate::setupapi::{
    DIF_INSTALLDEVICE, DIF_INSTALLDEVICEFILES, DIF_INSTALLINTERFACES, DIF_REGISTER_COINSTALLERS,
    DIF_REGISTERDEVICE, DIF_REMOVE, DIF_SELECTBESTCOMPATDRV, MAX_PATH, SPOST_PATH,
    SUOI_FORCEDELETE, SetupCopyOEMInfW, SetupUninstallOEMInfW,
};

/// `INF HARDWARE-ID`: prints which driver of an INF file a device with that id would get. Nothing
/// stays of that device.
///
/// # Safety
/// The command line ends with a zero.
#[unsafe(no_mangle)]
unsafe extern "system" fn FindW(_: *mut c_void, _: *mut c_void, line: *const u16, _: i32) {
    // SAFETY: the caller's promise.
    let [inf, hardware_id] = unsafe { arguments::split(line) };
    end(&find(&inf, &hardware_id));
}

/// `INF HARDWARE-ID`: puts an INF file into Windows' folder, makes a device and installs the driver
/// that is best for it.
///
/// # Safety
/// The command line ends with a zero.
#[unsafe(no_mangle)]
unsafe extern "system" fn InstallW(_: *mut c_void, _: *mut c_void, line: *const u16, _: i32) {
    // SAFETY: the caller's promise.
    let [inf, hardware_id] = unsafe { arguments::split(line) };
    end(&install(&inf, &hardware_id));
}

/// `INSTANCE-ID INF-NAME`: removes a device and an INF file of Windows' folder.
///
/// # Safety
/// The command line ends with a zero.
#[unsafe(no_mangle)]
unsafe extern "system" fn RemoveW(_: *mut c_void, _: *mut c_void, line: *const u16, _: i32) {
    // SAFETY: the caller's promise.
    let [instance_id, inf_name] = unsafe { arguments::split(line) };
    let removed = remove(&instance_id);
    // SAFETY: the name ends with a zero.
    let result = unsafe { SetupUninstallOEMInfW(inf_name.as_ptr(), SUOI_FORCEDELETE, null_mut()) };
    end(&told("SetupUninstallOEMInfW", result).and(removed));
}

fn find(inf: &Argument, hardware_id: &Argument) -> Outcome<()> {
    let mut device = Device::create(inf, hardware_id)?;
    device.look_only_into(inf)?;
    device.build_driver_list()?;
    device.call_class_installer("DIF_SELECTBESTCOMPATDRV", DIF_SELECTBESTCOMPATDRV)?;
    device.tell_driver()
}

fn install(inf: &Argument, hardware_id: &Argument) -> Outcome<()> {
    let mut place = [0; MAX_PATH];
    // SAFETY: the path ends with a zero, and there is room for the place.
    let result = unsafe {
        SetupCopyOEMInfW(
            inf.as_ptr(),
            null(),
            SPOST_PATH,
            0,
            place.as_mut_ptr(),
            length(&place),
            null_mut(),
            null_mut(),
        )
    };
    told("SetupCopyOEMInfW", result)?;
    say!("inf: {}", Text(&place));
    let mut device = Device::create(&place, hardware_id)?;
    device.call_class_installer("DIF_REGISTERDEVICE", DIF_REGISTERDEVICE)?;
    device.tell_instance_id()?;
    device.build_driver_list()?;
    let steps = [
        ("DIF_SELECTBESTCOMPATDRV", DIF_SELECTBESTCOMPATDRV),
        ("DIF_INSTALLDEVICEFILES", DIF_INSTALLDEVICEFILES),
        ("DIF_REGISTER_COINSTALLERS", DIF_REGISTER_COINSTALLERS),
        ("DIF_INSTALLINTERFACES", DIF_INSTALLINTERFACES),
        ("DIF_INSTALLDEVICE", DIF_INSTALLDEVICE),
    ];
    for (name, function) in steps {
        device.call_class_installer(name, function)?;
    }
    device.tell_driver()
}

fn remove(instance_id: &Argument) -> Outcome<()> {
    Device::open(instance_id)?.call_class_installer("DIF_REMOVE", DIF_REMOVE)
}

/// The last line tells that nothing came in between.
fn end(outcome: &Outcome<()>) {
    say!("{}", if outcome.is_ok() { "well" } else { "not well" });
}
