//! Has the linker forward what Wine's kernel has.

use std::env::{self, VarError};

/// Names the file with the linker's arguments, `/EXPORT:NAME=winekernel.NAME` each.
const VARIABLE: &str = "WINE_KERNEL_FORWARDS";

fn main() -> Result<(), VarError> {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let file = env::var(VARIABLE)?;
    println!("cargo::rerun-if-changed={file}");
    println!("cargo::rustc-cdylib-link-arg=@{file}");
    Ok(())
}
