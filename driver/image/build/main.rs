//! Linker settings of the image.

mod version_resource;

use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    wdk_build::configure_wdk_binary_build()?;
    // As the WDK's own build does: what is only needed for loading is thrown away afterwards.
    link_argument("/SECTION:INIT,ERD");
    // Without these the image would differ from build to build.
    link_argument("/Brepro");
    // The checksum; link.exe writes one into every driver, lld-link only if told.
    link_argument("/RELEASE");

    let resource = PathBuf::from(env::var("OUT_DIR")?).join("version.res");
    fs::write(&resource, version_resource::of_this_package()?)?;
    link_argument(&resource.display().to_string());
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-env-changed=CARGO_PKG_VERSION");
    Ok(())
}

fn link_argument(argument: &str) {
    println!("cargo::rustc-cdylib-link-arg={argument}");
}
