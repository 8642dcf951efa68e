//! Stands in for the crates.io `wdk-build` 0.6 where there is no WDK.
//!
//! The original builds on Windows only. This one offers the names that the build scripts of the
//! unmodified wdk crates use, for plain WDM drivers: bindings come from mingw-w64's DDK headers
//! ([`BuilderExt`]), import libraries from the names in mingw-w64's, and what else the WDK links
//! into a driver from `runtime/`. A build on Windows never sees it.

mod architecture;
mod bindings;
mod errors;
mod imports;
mod runtime;
mod sections;

use std::env;
use std::path::{Path, PathBuf};

use architecture::Architecture;
pub use bindings::BuilderExt;
pub use errors::{ConfigError, IoError};

/// Parts of the WDK's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the original's")]
pub enum ApiSubset {
    Base,
    Wdf,
    Gpio,
    Hid,
    ParallelPorts,
    Spb,
    Storage,
    Usb,
}

/// Versions of the kernel-mode driver framework. Never made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the original's")]
pub struct KmdfConfig {
    pub kmdf_version_major: u8,
    pub target_kmdf_version_minor: u8,
    pub minimum_kmdf_version_minor: Option<u8>,
}

/// Versions of the user-mode driver framework. Never made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the original's")]
pub struct UmdfConfig {
    pub umdf_version_major: u8,
    pub target_umdf_version_minor: u8,
    pub minimum_umdf_version_minor: Option<u8>,
}

/// Kinds of drivers. Only `Wdm` is ever made here; wdk-sys names the others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the original's")]
pub enum DriverConfig {
    Wdm,
    Kmdf(KmdfConfig),
    Umdf(UmdfConfig),
}

/// What is built, and from what.
#[derive(Debug, Clone)]
pub struct Config {
    /// The kind of driver.
    pub driver_config: DriverConfig,
    architecture: Architecture,
}

impl Config {
    /// Takes everything from the environment of a build script.
    ///
    /// # Errors
    /// `UnsupportedTarget` if the target has no Windows drivers.
    pub fn from_env_auto() -> Result<Self, ConfigError> {
        Ok(Self {
            driver_config: DriverConfig::Wdm,
            architecture: Architecture::of_target()?,
        })
    }

    /// Where headers are.
    ///
    /// # Errors
    /// `DirectoryNotFound` if mingw-w64's are not installed.
    pub fn include_paths(&self) -> Result<impl Iterator<Item = PathBuf> + use<>, ConfigError> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
        let mingw = self.architecture.mingw().join("include");
        let paths = [own, mingw.join("ddk"), mingw];
        match paths.iter().find(|path| !path.is_dir()) {
            Some(missing) => Err(ConfigError::DirectoryNotFound(missing.clone())),
            None => Ok(paths.into_iter()),
        }
    }

    /// What is defined before headers are read.
    pub fn preprocessor_definitions(
        &self,
    ) -> impl Iterator<Item = (String, Option<String>)> + use<> {
        let plain = self
            .architecture
            .definitions()
            .iter()
            .chain(&["_KERNEL_MODE"])
            .map(|name| ((*name).to_owned(), None));
        // Windows 10 1709, the oldest that the driver runs on.
        let versions = [
            ("_WIN32_WINNT", "0x0A00"),
            ("WINVER", "0x0A00"),
            ("NTDDI_VERSION", "0x0A000004"),
        ]
        .map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
        plain.chain(versions)
    }

    /// The headers of a part of the interface.
    ///
    /// # Errors
    /// `UnsupportedApiSubset`
    pub fn headers(
        &self,
        api_subset: ApiSubset,
    ) -> Result<impl Iterator<Item = String> + use<>, ConfigError> {
        let headers: &[&str] = match api_subset {
            ApiSubset::Base => &["ntifs.h", "ntddk.h", "ntstrsafe.h", "not_in_mingw.h"],
            ApiSubset::Wdf => &[],
            other => return Err(ConfigError::UnsupportedApiSubset(other)),
        };
        Ok(headers.iter().map(|header| (*header).to_owned()))
    }

    /// A C source that includes them.
    ///
    /// # Errors
    /// `UnsupportedApiSubset`
    pub fn bindgen_header_contents(
        &self,
        api_subsets: impl IntoIterator<Item = ApiSubset>,
    ) -> Result<String, ConfigError> {
        let mut contents = String::new();
        for api_subset in api_subsets {
            for header in self.headers(api_subset)? {
                contents.extend(["#include \"", &header, "\"\n"]);
            }
        }
        Ok(contents)
    }

    /// Rust source with the imports of a part of the interface.
    ///
    /// # Panics
    /// If mingw-w64's import libraries can't be read.
    #[must_use]
    pub fn bindgen_library_link_raw_lines(&self, api_subset: ApiSubset) -> Option<String> {
        (api_subset == ApiSubset::Base).then(|| imports::of_kernel(self.architecture))
    }

    /// WDM has no such table.
    #[must_use]
    pub fn compute_wdffunctions_symbol_name(&self) -> Option<String> {
        None
    }

    /// Tells Cargo what a library with this configuration needs.
    ///
    /// # Errors
    /// None here.
    pub fn configure_library_build(&self) -> Result<(), ConfigError> {
        println!(
            "cargo::rustc-check-cfg=cfg(driver_model__driver_type, \
             values(\"WDM\", \"KMDF\", \"UMDF\"))"
        );
        println!("cargo::rustc-cfg=driver_model__driver_type=\"WDM\"");
        Ok(())
    }

    /// Tells Cargo what an image with this configuration needs. The arguments are the original's,
    /// and an object of ours stands for the library that it names; link.exe sets the sections' flags by
    /// itself.
    ///
    /// # Errors
    /// `StaticCrtNotEnabled`, or what went wrong with the assembler.
    pub fn configure_binary_build(&self) -> Result<(), ConfigError> {
        const ARGUMENTS: [&str; 11] = [
            "/DRIVER",
            "/NODEFAULTLIB",
            "/SUBSYSTEM:NATIVE",
            "/KERNEL",
            "/ENTRY:DriverEntry",
            "/NXCOMPAT",
            "/DYNAMICBASE",
            "/MAP",
            "/OPT:REF,ICF",
            "/INTEGRITYCHECK",
            "/MANIFEST:NO",
        ];
        if !variable("CARGO_CFG_TARGET_FEATURE").contains("crt-static") {
            return Err(ConfigError::StaticCrtNotEnabled);
        }
        let load_config = runtime::load_config(self.architecture)?;
        let arguments = ARGUMENTS
            .map(str::to_owned)
            .into_iter()
            .chain(sections::link_arguments())
            .chain([load_config.display().to_string()])
            .chain(imports::link_arguments(self.architecture));
        for argument in arguments {
            println!("cargo::rustc-cdylib-link-arg={argument}");
        }
        self.configure_library_build()
    }
}

/// Configures the build of a library.
///
/// # Errors
/// As those of [`Config`].
pub fn configure_wdk_library_build() -> Result<(), ConfigError> {
    Config::from_env_auto()?.configure_library_build()
}

/// Configures the build of a library, and does more.
///
/// # Errors
/// As those of [`Config`], and those of `more`.
pub fn configure_wdk_library_build_and_then<F, E>(mut more: F) -> Result<(), E>
where
    F: FnMut(Config) -> Result<(), E>,
    E: From<ConfigError>,
{
    let config = Config::from_env_auto()?;
    config.configure_library_build()?;
    more(config)
}

/// Configures the build of an image.
///
/// # Errors
/// As those of [`Config`].
pub fn configure_wdk_binary_build() -> Result<(), ConfigError> {
    Config::from_env_auto()?.configure_binary_build()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name} for build scripts"))
}
