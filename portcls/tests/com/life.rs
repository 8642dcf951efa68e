//! Counts, memory, threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use portcls::com::{Class, ComPtr, Face, Own, Pool, ServiceSink};
use portcls::interfaces::{IMiniportMidi, IPowerNotify, IServiceSink, IUnknown};
use portcls::status::STATUS_INSUFFICIENT_RESOURCES;

use crate::caller::{references, stream};
use crate::counting_pool::{Counted as _, pool};
use crate::objects::{Device, Record};

#[test]
fn references_are_counted_and_the_last_one_frees() {
    pool!(Heap);
    let record = Arc::new(Record::default());
    let own = Device::<Heap>::make(&record).expect("memory");
    assert_eq!(Heap::live(), 1);
    let other = own.clone();
    let miniport: ComPtr<IMiniportMidi> = own.into_interface().expect("a face");
    assert_eq!(references(&miniport), 2);
    let copy = miniport.clone();
    assert_eq!(references(&miniport), 3);
    // SAFETY: the object is live.
    assert_eq!(unsafe { IUnknown::AddRef(copy.as_unknown()) }, 4);
    // SAFETY: this is the reference just taken.
    assert_eq!(unsafe { IUnknown::Release(copy.as_unknown()) }, 3);
    drop(miniport);
    drop(other);
    assert_eq!((record.drops(), Heap::live()), (0, 1));
    let last = copy.into_owned();
    // SAFETY: this is the last reference.
    assert_eq!(unsafe { IUnknown::Release(last.cast()) }, 0);
    assert_eq!((record.drops(), Heap::live()), (1, 0));
}

#[test]
fn borrowed_and_owned_pointers_keep_the_count() {
    pool!(Heap);
    let own = Device::<Heap>::make(&Arc::default()).expect("memory");
    // SAFETY: the object is live, and an `IUnknown`.
    let borrowed = unsafe { ComPtr::from_borrowed(own.as_unknown()) }.expect("not null");
    assert_eq!(references(&borrowed), 2);
    let owned = borrowed.into_owned();
    // SAFETY: the reference is the one just given away.
    let owned = unsafe { ComPtr::from_owned(owned) }.expect("not null");
    assert_eq!(references(&owned), 2);
    // SAFETY: null is allowed.
    assert!(unsafe { ComPtr::<IUnknown>::from_borrowed(core::ptr::null_mut()) }.is_none());
    // SAFETY: null is allowed.
    assert!(unsafe { ComPtr::<IUnknown>::from_owned(core::ptr::null_mut()) }.is_none());
}

#[test]
fn a_stream_keeps_its_device() {
    pool!(Heap);
    let record = Arc::new(Record::default());
    let device = Device::<Heap>::make(&record).expect("memory");
    let miniport = device.into_interface().expect("a face");
    let stream = stream(&miniport);
    drop(miniport);
    assert_eq!((record.drops(), Heap::live()), (0, 2));
    drop(stream);
    assert_eq!((record.drops(), Heap::live()), (1, 0));
}

struct Exhausted;

// SAFETY: it never gives memory.
unsafe impl Pool for Exhausted {
    fn allocate(_layout: core::alloc::Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn free(_memory: *mut u8, _layout: core::alloc::Layout) {
        panic!("nothing was given");
    }
}

#[test]
fn without_memory_the_value_is_dropped() {
    let record = Arc::new(Record::default());
    let refused = Device::<Exhausted>::make(&record).map(|_| ());
    assert_eq!(refused, Err(STATUS_INSUFFICIENT_RESOURCES));
    assert_eq!((record.drops(), Arc::strong_count(&record)), (1, 1));
}

#[test]
fn threads_count_exactly() {
    const THREADS: u32 = 4;
    const ROUNDS: u32 = 20_000;
    pool!(Heap);
    let record = Arc::new(Record::default());
    let own = Device::<Heap>::make(&record).expect("memory");
    let miniport: ComPtr<IMiniportMidi> = own.clone().into_interface().expect("a face");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let copy = miniport.clone();
                    let power: ComPtr<IPowerNotify> = copy.query().expect("a face");
                    drop(copy);
                    let _another = own.clone();
                    drop(power);
                }
            });
        }
    });
    assert_eq!(references(&miniport), 2);
    assert_eq!((record.drops(), Heap::live()), (0, 1));
    drop(own);
    drop(miniport);
    assert_eq!((record.drops(), Heap::live()), (1, 0));
}

/// Sums up in `drop` what its users wrote through other references.
struct Ledger<P> {
    written: [AtomicU32; 4],
    sum: Arc<AtomicU32>,
    pool: core::marker::PhantomData<fn() -> P>,
}

impl<P: Pool + 'static> Class for Ledger<P> {
    type Pool = P;
    const FACES: &'static [Face<Self>] = &[Face::service_sink::<0>()];
}

impl<P: Pool + 'static> ServiceSink for Ledger<P> {
    fn request_service(&self) {}
}

impl<P> Drop for Ledger<P> {
    fn drop(&mut self) {
        let sum = self
            .written
            .iter_mut()
            .map(|number| *number.get_mut())
            .sum();
        // Ordering: read after the threads were joined.
        self.sum.store(sum, Ordering::Relaxed);
    }
}

#[test]
fn whoever_is_last_sees_what_the_others_wrote() {
    pool!(Heap);
    for _ in 0..200 {
        let sum = Arc::new(AtomicU32::new(0));
        let ledger = Own::new(Ledger::<Heap> {
            written: Default::default(),
            sum: Arc::clone(&sum),
            pool: core::marker::PhantomData,
        });
        let ledger = ledger.expect("memory");
        thread::scope(|scope| {
            for index in 0..4 {
                let mine = ledger.clone();
                scope.spawn(move || {
                    // Ordering: the release of this reference makes it visible.
                    mine.written[index].store(1 << index, Ordering::Relaxed);
                    let sink: ComPtr<IServiceSink> = mine.into_interface().expect("a face");
                    drop(sink);
                });
            }
            drop(ledger);
        });
        // Ordering: the threads were joined.
        assert_eq!(sum.load(Ordering::Relaxed), 0b1111);
    }
    assert_eq!(Heap::live(), 0);
}
