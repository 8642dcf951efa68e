//! Bindings to the DDK's headers.

use std::borrow::Borrow;
use std::fmt;

use bindgen::{Builder, EnumVariation, Formatter, RustEdition, RustTarget};

use crate::{Config, ConfigError};

/// Left out by the original too: Microsoft calls them deprecated.
const DEPRECATED: [&str; 4] = [
    "ExAllocatePool",
    "ExAllocatePoolWithTag",
    "ExAllocatePoolWithQuotaTag",
    "ExAllocatePoolWithTagPriority",
];

/// Makes the builder of bindings that wdk-sys asks for.
pub trait BuilderExt {
    /// A builder with the original's choices, for mingw-w64's headers.
    ///
    /// # Errors
    /// `DirectoryNotFound` if they are not installed.
    fn wdk_default(config: impl Borrow<Config> + fmt::Debug) -> Result<Builder, ConfigError>;
}

impl BuilderExt for Builder {
    fn wdk_default(config: impl Borrow<Config> + fmt::Debug) -> Result<Self, ConfigError> {
        let config = config.borrow();
        let rust = RustTarget::stable(91, 0).unwrap_or_default();
        let mut builder = Self::default()
            .use_core()
            .derive_default(true)
            .generate_cstr(true)
            .detect_include_paths(false)
            .default_enum_style(EnumVariation::ModuleConsts)
            .must_use_type("NTSTATUS")
            .must_use_type("HRESULT")
            .formatter(Formatter::Prettyplease)
            .rust_target(rust)
            .rust_edition(RustEdition::Edition2024)
            .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
            .clang_arg(format!("--target={}", config.architecture.clang_target()))
            .clang_args(["-fno-builtin", "-fms-compatibility", "-fms-extensions"])
            // To a compiler without this, mingw-w64's headers give no `__attribute__`.
            .clang_arg("-fgnuc-version=4.2.1")
            .clang_args(["-nostdinc", "-Wno-everything"]);
        for name in DEPRECATED {
            builder = builder.blocklist_item(name);
        }
        for path in config.include_paths()? {
            builder = builder.clang_arg(format!("-isystem{}", path.display()));
        }
        for (name, value) in config.preprocessor_definitions() {
            let value = value.map_or(String::new(), |value| format!("={value}"));
            builder = builder.clang_arg(format!("-D{name}{value}"));
        }
        Ok(builder)
    }
}
