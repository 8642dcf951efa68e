//! The kernel services that a device uses, over the threads, locks and atomics of `crate::platform`.

pub mod clock {
    use std::sync::atomic::{AtomicU64, Ordering};

    use crate::platform;

    pub type InterruptTime = u64;
    pub const MILLISECOND: InterruptTime = 10_000;
    pub const MICROSECOND: InterruptTime = 10;

    pub fn microseconds(span: InterruptTime) -> u32 {
        u32::try_from(span / MICROSECOND).unwrap_or(u32::MAX)
    }

    /// Time passes whenever somebody asks for it, so that every wait ends.
    pub fn now() -> InterruptTime {
        static NOW: AtomicU64 = AtomicU64::new(0);
        // Ordering: time orders nothing.
        NOW.fetch_add(platform::TIME_OF_A_LOOK, Ordering::Relaxed)
    }

    pub fn sleep(_milliseconds: u32) {
        platform::pause();
    }

    #[derive(Default)]
    pub struct Backoff {
        waits: u32,
    }

    impl Backoff {
        pub fn wait(&mut self) {
            self.waits += 1;
            platform::pause();
        }
    }
}

pub mod critical_region {
    /// Threads of tests are not suspended.
    pub struct CriticalRegion;

    impl CriticalRegion {
        pub fn enter() -> Self {
            Self
        }
    }
}

pub mod pool {
    use core::ops::Deref;

    use portcls::status::Outcome;

    use crate::atomic::AtomicU8;

    pub struct PoolBytes(Box<[AtomicU8]>);

    impl PoolBytes {
        #[expect(clippy::unnecessary_wraps, reason = "as the kernel's own")]
        pub fn zeroed(length: usize) -> Outcome<Self> {
            Ok(Self((0..length).map(|_| AtomicU8::new(0)).collect()))
        }
    }

    impl Deref for PoolBytes {
        type Target = [AtomicU8];

        fn deref(&self) -> &[AtomicU8] {
            &self.0
        }
    }
}

pub mod timer {
    use std::sync::atomic::{AtomicBool, Ordering};

    use portcls::status::Outcome;

    #[derive(Clone, Copy)]
    pub enum Resolution {
        Tick,
        High,
    }

    pub trait TimerTarget: Sync {
        fn tick(&self);
    }

    /// Whether a timer of this process was set since this was last taken. Tests with timers run one after the
    /// other.
    pub static ARMED: AtomicBool = AtomicBool::new(false);

    pub struct Timer;

    impl Timer {
        #[expect(clippy::unnecessary_wraps, reason = "as the kernel's own")]
        pub unsafe fn new<T: TimerTarget>(_target: *const T, _: Resolution) -> Outcome<Self> {
            Ok(Self)
        }

        #[expect(clippy::unused_self, reason = "as the kernel's own")]
        pub fn set(&self, _microseconds: u32) {
            // Ordering: looked at when the threads are joined.
            ARMED.store(true, Ordering::Relaxed);
        }
    }

    impl Drop for Timer {
        fn drop(&mut self) {
            // Ordering: as above.
            ARMED.store(false, Ordering::Relaxed);
        }
    }
}

pub mod spin_lock {
    use crate::platform;

    pub struct SpinLock(platform::Mutex<()>);

    impl SpinLock {
        pub fn new() -> Self {
            Self(platform::Mutex::new(()))
        }

        pub fn with<R>(&self, work: impl FnOnce() -> R) -> R {
            platform::before_lock();
            let _held = self.0.lock().expect("no thread panicked");
            work()
        }
    }
}

pub mod registers {
    use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

    /// Accesses of all registers so far.
    pub static ACCESSES: AtomicU64 = AtomicU64::new(0);
    /// What the line status register reads: 0x60 when the transmitter is empty.
    pub static LINE_STATUS: AtomicU8 = AtomicU8::new(0x60);

    static OTHERS: [AtomicU8; 8] = [const { AtomicU8::new(0) }; 8];

    pub fn read_port(port: u16) -> u8 {
        // Ordering: a count, looked at when the threads are joined; registers order nothing.
        ACCESSES.fetch_add(1, Ordering::SeqCst);
        match port {
            // Ordering: as above.
            5 => LINE_STATUS.load(Ordering::SeqCst),
            // No interrupt, FIFO works.
            2 => 0xC1,
            // Ordering: as above.
            other => OTHERS[usize::from(other)].load(Ordering::SeqCst),
        }
    }

    pub fn write_port(port: u16, value: u8) {
        // Ordering: as above.
        ACCESSES.fetch_add(1, Ordering::SeqCst);
        // Ordering: as above.
        OTHERS[usize::from(port)].store(value, Ordering::SeqCst);
    }

    pub struct MappedRegisters;

    #[expect(clippy::unused_self, reason = "as the kernel's own")]
    impl MappedRegisters {
        pub fn read(&self, _offset: u8) -> u8 {
            0xFF
        }

        pub fn write(&mut self, _offset: u8, _value: u8) {}
    }
}

pub mod event_provider {
    use portcls::types::GUID;

    #[derive(Clone, Copy)]
    pub struct Kind {
        pub level: u8,
        pub keyword: u64,
    }

    pub struct Provider;

    #[expect(clippy::unused_self, reason = "as the kernel's own")]
    impl Provider {
        pub const fn new(_traits: &'static [u8]) -> Self {
            Self
        }

        pub unsafe fn register(&self, _id: &GUID) {}

        pub fn unregister(&self) {}

        pub fn is_heard(&self, _kind: Kind) -> bool {
            false
        }

        pub fn write(&self, _kind: Kind, _metadata: &'static [u8], _payload: &[u8]) {}
    }
}
