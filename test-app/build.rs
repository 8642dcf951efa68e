//! Links the program for Windows so that it loads libraries from `System32` only; `src/loading` has the rest.
//! Microsoft's linker and LLVM's take the same options.

use std::env;

/// Libraries that `src/loading/delayed.rs` loads at the first call of one of their functions: all that Windows
/// would look for in the program's folder.
const DELAYED: [&str; 13] = [
    "advapi32.dll",
    "bcryptprimitives.dll",
    "cfgmgr32.dll",
    "crypt32.dll",
    "newdev.dll",
    "ole32.dll",
    "setupapi.dll",
    "ucrtbase.dll",
    "user32.dll",
    "userenv.dll",
    "winmm.dll",
    "wintrust.dll",
    "ws2_32.dll",
];

const SETTINGS: [&str; 3] = [
    // LOAD_LIBRARY_SEARCH_SYSTEM32 for the other imports.
    "/DEPENDENTLOADFLAG:0x800",
    // With an embedded manifest, Windows ignores a file `midiuart-test.exe.manifest` or `midiuart-test.exe.local`
    // beside the program, which redirects even full paths.
    "/MANIFEST:EMBED",
    // Microsoft's linker warns of libraries of the list that the program does not import from.
    "/IGNORE:4199",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|it| it == value);
    if is("CARGO_CFG_TARGET_OS", "windows") && is("CARGO_CFG_TARGET_ENV", "msvc") {
        let delayed = DELAYED.map(|name| format!("/DELAYLOAD:{name}"));
        let settings = SETTINGS.map(str::to_owned);
        for argument in delayed.into_iter().chain(settings) {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}
