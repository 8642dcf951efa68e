//! Loads Windows' libraries from `System32` only: administrators run the program, and others may have
//! planted libraries in its folder. `build.rs` has the linker's part.

#[cfg(all(windows, target_env = "msvc"))]
#[path = "loading/delayed.rs"]
mod delayed;

#[cfg(windows)]
#[path = "loading/windows.rs"]
mod on_this_host;

#[cfg(not(windows))]
#[path = "loading/elsewhere.rs"]
mod on_this_host;

pub use on_this_host::{from_windows_only, use_winmm};
