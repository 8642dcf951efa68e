//! Critical regions. Wine's own keep a count in the thread's object, and on its dispatcher's thread there may be none:
//! `KeGetCurrentThread` looks for the client's thread there (dlls/ntoskrnl.exe/sync.c and ntoskrnl.c in Wine 8.0), which
//! may have ended. They do nothing else there, and nothing here.

/// Keeps the thread from being suspended.
#[unsafe(no_mangle)]
pub extern "C" fn KeEnterCriticalRegion() {}

/// Takes that back.
#[unsafe(no_mangle)]
pub extern "C" fn KeLeaveCriticalRegion() {}
