//! How the program is linked for Windows: whatever lies beside it, Windows' libraries are Windows' own.
//! The options are the same for Microsoft's linker and for LLVM's. `src/loading` has the rest.

use std::env;

/// Libraries that are loaded when one of their functions is called first, by `src/loading/delayed.rs`. The
/// program itself imports from others only if Windows never looks for them in its folder.
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
    // LOAD_LIBRARY_SEARCH_SYSTEM32, for what is imported all the same.
    "/DEPENDENTLOADFLAG:0x800",
    // With a manifest of its own, the program gets no other libraries by a file `midiuart-test.exe.manifest`
    // or `midiuart-test.exe.local` beside it.
    "/MANIFEST:EMBED",
    // Not every library of the list is used.
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
