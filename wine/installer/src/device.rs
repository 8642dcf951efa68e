//! A device that is being installed, and the calls that do it. Each prints how it went.

use core::ptr::{null, null_mut};

use portcls::types::GUID;

use crate::arguments::Argument;
use crate::output::{Text, say};
use crate::setupapi::{
    DI_ENUMSINGLEINF, DICD_GENERATE_ID, GetLastError, HDEVINFO, INVALID_HANDLE_VALUE,
    MAX_CLASS_NAME_LEN, MAX_DEVICE_ID_LEN, MAX_PATH, SP_DEVINFO_DATA, SP_DEVINSTALL_PARAMS_W,
    SP_DRVINFO_DATA_W, SPDIT_COMPATDRIVER, SPDRP_HARDWAREID, SetupDiBuildDriverInfoList,
    SetupDiCallClassInstaller, SetupDiCreateDeviceInfoList, SetupDiCreateDeviceInfoW,
    SetupDiDestroyDeviceInfoList, SetupDiGetDeviceInstallParamsW, SetupDiGetDeviceInstanceIdW,
    SetupDiGetINFClassW, SetupDiGetSelectedDriverW, SetupDiOpenDeviceInfoW,
    SetupDiSetDeviceInstallParamsW, SetupDiSetDeviceRegistryPropertyW,
};

/// A call failed; with what is printed already.
pub struct Failed;

/// How a call went.
pub type Outcome<T> = Result<T, Failed>;

/// A device in a set of its own.
pub struct Device {
    set: HDEVINFO,
    data: SP_DEVINFO_DATA,
}

/// Prints how a call went.
pub fn told(call: &str, result: i32) -> Outcome<()> {
    if result != 0 {
        say!("{call}: done");
        return Ok(());
    }
    // SAFETY: takes nothing.
    let error = unsafe { GetLastError() };
    say!("{call}: error {error:#x}");
    Err(Failed)
}

impl Device {
    /// Makes a device of an INF file's class with a hardware id. It goes again if it is not
    /// registered.
    pub fn create(inf: &Argument, hardware_id: &Argument) -> Outcome<Self> {
        let mut class = GUID::from_u128(0);
        let mut class_name = [0; MAX_CLASS_NAME_LEN];
        // SAFETY: the path ends with a zero, and there is room for class and name.
        let result = unsafe {
            SetupDiGetINFClassW(
                inf.as_ptr(),
                &raw mut class,
                class_name.as_mut_ptr(),
                length(&class_name),
                null_mut(),
            )
        };
        told("SetupDiGetINFClassW", result)?;
        say!("class: {}", Text(&class_name));
        let mut device = Self::nowhere(&raw const class)?;
        // SAFETY: the name ends with a zero, and there is room for the device.
        let result = unsafe {
            SetupDiCreateDeviceInfoW(
                device.set,
                class_name.as_ptr(),
                &raw const class,
                null(),
                null_mut(),
                DICD_GENERATE_ID,
                &raw mut device.data,
            )
        };
        told("SetupDiCreateDeviceInfoW", result)?;
        let units = hardware_id.iter().take_while(|unit| **unit != 0).count();
        // The list of ids ends with a second zero.
        let bytes = (units + 2).min(MAX_PATH) * size_of::<u16>();
        // SAFETY: the device is of the set, and the list has so many bytes.
        let result = unsafe {
            SetupDiSetDeviceRegistryPropertyW(
                device.set,
                &raw mut device.data,
                SPDRP_HARDWAREID,
                hardware_id.as_ptr().cast(),
                u32::try_from(bytes).unwrap_or(0),
            )
        };
        told("SetupDiSetDeviceRegistryPropertyW", result)?;
        Ok(device)
    }

    /// Opens a device that there is.
    pub fn open(instance_id: &Argument) -> Outcome<Self> {
        let mut device = Self::nowhere(null())?;
        // SAFETY: the id ends with a zero, and there is room for the device.
        let result = unsafe {
            SetupDiOpenDeviceInfoW(
                device.set,
                instance_id.as_ptr(),
                null_mut(),
                0,
                &raw mut device.data,
            )
        };
        told("SetupDiOpenDeviceInfoW", result)?;
        Ok(device)
    }

    /// An empty set, and room for its device.
    fn nowhere(class: *const GUID) -> Outcome<Self> {
        // SAFETY: a class or none.
        let set = unsafe { SetupDiCreateDeviceInfoList(class, null_mut()) };
        told(
            "SetupDiCreateDeviceInfoList",
            i32::from(set != INVALID_HANDLE_VALUE),
        )?;
        Ok(Self {
            set,
            data: SP_DEVINFO_DATA {
                cbSize: size::<SP_DEVINFO_DATA>(),
                ClassGuid: GUID::from_u128(0),
                DevInst: 0,
                Reserved: 0,
            },
        })
    }

    /// Prints the device's instance id.
    pub fn tell_instance_id(&mut self) -> Outcome<()> {
        let mut id = [0; MAX_DEVICE_ID_LEN];
        // SAFETY: the device is of the set, and there is room for the id.
        let result = unsafe {
            SetupDiGetDeviceInstanceIdW(
                self.set,
                &raw mut self.data,
                id.as_mut_ptr(),
                length(&id),
                null_mut(),
            )
        };
        told("SetupDiGetDeviceInstanceIdW", result)?;
        say!("device: {}", Text(&id));
        Ok(())
    }

    /// Has drivers looked for in one INF file only.
    pub fn look_only_into(&mut self, inf: &Argument) -> Outcome<()> {
        let mut params = SP_DEVINSTALL_PARAMS_W {
            cbSize: size::<SP_DEVINSTALL_PARAMS_W>(),
            Flags: 0,
            FlagsEx: 0,
            hwndParent: null_mut(),
            InstallMsgHandler: null_mut(),
            InstallMsgHandlerContext: null_mut(),
            FileQueue: null_mut(),
            ClassInstallReserved: 0,
            Reserved: 0,
            DriverPath: [0; MAX_PATH],
        };
        // SAFETY: the device is of the set, and there is room for the parameters.
        let result = unsafe {
            SetupDiGetDeviceInstallParamsW(self.set, &raw mut self.data, &raw mut params)
        };
        told("SetupDiGetDeviceInstallParamsW", result)?;
        params.Flags |= DI_ENUMSINGLEINF;
        params.DriverPath = *inf;
        // SAFETY: the device is of the set, and these are parameters.
        let result = unsafe {
            SetupDiSetDeviceInstallParamsW(self.set, &raw mut self.data, &raw mut params)
        };
        told("SetupDiSetDeviceInstallParamsW", result)
    }

    /// Looks for drivers by the hardware id.
    pub fn build_driver_list(&mut self) -> Outcome<()> {
        // SAFETY: the device is of the set.
        let result =
            unsafe { SetupDiBuildDriverInfoList(self.set, &raw mut self.data, SPDIT_COMPATDRIVER) };
        told("SetupDiBuildDriverInfoList", result)
    }

    /// Prints what the chosen driver calls the device, and whose it is.
    pub fn tell_driver(&mut self) -> Outcome<()> {
        let mut driver = SP_DRVINFO_DATA_W {
            cbSize: size::<SP_DRVINFO_DATA_W>(),
            DriverType: 0,
            Reserved: 0,
            Description: [0; _],
            MfgName: [0; _],
            ProviderName: [0; _],
            DriverDate: 0,
            DriverVersion: 0,
        };
        // SAFETY: the device is of the set, and there is room for the driver.
        let result =
            unsafe { SetupDiGetSelectedDriverW(self.set, &raw mut self.data, &raw mut driver) };
        told("SetupDiGetSelectedDriverW", result)?;
        say!("driver: {}", Text(&driver.Description));
        say!("manufacturer: {}", Text(&driver.MfgName));
        say!("provider: {}", Text(&driver.ProviderName));
        Ok(())
    }

    /// Has the class installer do something. It prints that by its name.
    pub fn call_class_installer(&mut self, name: &str, function: u32) -> Outcome<()> {
        // SAFETY: the device is of the set.
        let result = unsafe { SetupDiCallClassInstaller(function, self.set, &raw mut self.data) };
        told(name, result)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: the set is the device's own.
        unsafe { SetupDiDestroyDeviceInfoList(self.set) };
    }
}

fn size<T>() -> u32 {
    u32::try_from(size_of::<T>()).unwrap_or(0)
}

/// The capacity of a buffer, in units.
pub fn length(units: &[u16]) -> u32 {
    u32::try_from(units.len()).unwrap_or(0)
}
