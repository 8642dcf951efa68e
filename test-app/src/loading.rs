//! Where Windows' libraries are loaded from: Windows' own folder, whatever lies beside the program, which
//! administrators run. What is imported is decided when the program is linked, in `build.rs`.

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
