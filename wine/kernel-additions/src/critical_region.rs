//! Critical regions. Those of Wine 8.0 write to the thread's object, and its dispatcher's thread may have none: the
//! driver ended there with a write to address 0x30. Wine suspends no thread of its kernel, so nothing has to be done.

/// Keeps the thread from being suspended.
#[unsafe(no_mangle)]
pub extern "C" fn KeEnterCriticalRegion() {}

/// Takes that back.
#[unsafe(no_mangle)]
pub extern "C" fn KeLeaveCriticalRegion() {}
