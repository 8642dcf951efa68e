//! [`Object`]: a Rust value as a counted COM object with several interfaces.

use core::alloc::Layout;
use core::ffi::c_void;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicU32, Ordering, fence};

use crate::com::ComPtr;
use crate::guid::IID_IUnknown;
use crate::interfaces::{IUnknown, IUnknownVtbl, Interface};
use crate::status::{
    Outcome, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER, STATUS_NOINTERFACE,
    STATUS_SUCCESS,
};
use crate::types::{GUID, NTSTATUS, PVOID, ULONG};

/// Most interfaces (other than base interfaces) that one object can offer.
const MOST_FACES: usize = 4;

/// Where objects of a class live.
///
/// # Safety
/// `allocate` returns null, or memory of that layout which stays valid until `free`.
pub unsafe trait Pool {
    /// Allocates non-paged memory, or returns null. At or below `DISPATCH_LEVEL`.
    fn allocate(layout: Layout) -> *mut u8;

    /// Frees memory.
    ///
    /// # Safety
    /// `memory` came from `allocate` with the same layout and is not used any more.
    unsafe fn free(memory: *mut u8, layout: Layout);
}

/// A type whose values can be COM objects.
///
/// Anybody with a reference calls them from any thread, and the last release drops them there.
pub trait Class: Sized + Send + Sync + 'static {
    /// Where its objects live.
    type Pool: Pool;

    /// Its interfaces. The first one stands for the object's identity (`IUnknown`).
    const FACES: &'static [Face<Self>];
}

/// One interface that the class `T` offers: its table and the names it answers to.
///
/// The class is part of the type, since the table's functions take its objects only.
pub struct Face<T: Class> {
    index: usize,
    table: *const c_void,
    names: &'static [GUID],
    class: PhantomData<fn() -> T>,
}

// SAFETY: faces lead to constant tables only.
unsafe impl<T: Class> Sync for Face<T> {}

impl<T: Class> Face<T> {
    /// The face number `index` of the class: an interface `I` by its table, and the names by which it
    /// is asked for (its own and those of its bases, but for `IUnknown`).
    ///
    /// # Safety
    /// The functions of `table` take face `index` of an object of class `T`.
    #[must_use]
    pub const unsafe fn new<I: Interface>(
        index: usize,
        table: &'static I::Table,
        names: &'static [GUID],
    ) -> Self {
        Self {
            index,
            table: core::ptr::from_ref(table).cast(),
            names,
            class: PhantomData,
        }
    }
}

/// A value of class `T` with what makes it a COM object.
///
/// An interface pointer to it is a pointer to one of its faces.
#[repr(C)]
pub struct Object<T: Class> {
    faces: [*const c_void; MOST_FACES],
    references: AtomicU32,
    value: T,
}

impl<T: Class> Object<T> {
    const TABLES: [*const c_void; MOST_FACES] = {
        assert!(!T::FACES.is_empty(), "an object needs an interface");
        assert!(T::FACES.len() <= MOST_FACES, "too many interfaces");
        let mut tables = [core::ptr::null(); MOST_FACES];
        let mut index = 0;
        while index < T::FACES.len() {
            assert!(T::FACES[index].index == index, "faces are out of order");
            tables[index] = T::FACES[index].table;
            index += 1;
        }
        tables
    };

    /// The object that an interface pointer leads to.
    ///
    /// # Safety
    /// `this` is face `FACE` of a live object of class `T`, which stays live for `'a`.
    pub unsafe fn from_face<'a, const FACE: usize, I>(this: *mut I) -> &'a Self {
        // SAFETY: faces are the first field and lie side by side.
        let first = unsafe { this.cast::<*const c_void>().sub(FACE) };
        // SAFETY: the caller says that the object is live.
        unsafe { &*first.cast::<Self>() }
    }

    /// The value.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// Takes another reference to the object that an interface pointer leads to; null gives nothing.
    ///
    /// # Safety
    /// `this` is null, or face `FACE` of a live object of class `T`.
    #[must_use]
    pub unsafe fn own_face<const FACE: usize, I>(this: *mut I) -> Option<Own<T>> {
        let this = NonNull::new(this)?;
        // SAFETY: the caller's promise.
        let object = unsafe { Self::base::<FACE, _>(this) };
        // SAFETY: the object is live.
        unsafe { object.as_ref() }.add_reference();
        Some(Own {
            object,
            marker: PhantomData,
        })
    }

    /// The object that an interface pointer leads to. The result may free the object: it does not
    /// come from a reference.
    ///
    /// # Safety
    /// `this` is face `FACE` of an object of class `T`.
    const unsafe fn base<const FACE: usize, I>(this: NonNull<I>) -> NonNull<Self> {
        // SAFETY: faces are the first field and lie side by side.
        unsafe { this.cast::<*const c_void>().sub(FACE) }.cast()
    }

    fn add_reference(&self) -> u32 {
        // Ordering: a new reference is made from an existing one, so nothing needs to be seen.
        self.references.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// # Safety
    /// The reference that is given back is the caller's, who does not use `this` afterwards.
    unsafe fn release(this: NonNull<Self>) -> u32 {
        // SAFETY: the caller's reference keeps the object live up to here.
        let references = unsafe { &(*this.as_ptr()).references };
        // Ordering: what was done through this reference happens before the object is freed.
        let left = references.fetch_sub(1, Ordering::Release) - 1;
        if left == 0 {
            // Ordering: pairs with the releases of all other references.
            fence(Ordering::Acquire);
            // SAFETY: nobody has a reference any more.
            unsafe { core::ptr::drop_in_place(this.as_ptr()) };
            // SAFETY: this is where the memory came from, with the same layout.
            unsafe { T::Pool::free(this.as_ptr().cast(), Layout::new::<Self>()) };
        }
        left
    }

    fn face_of(name: &GUID) -> Option<usize> {
        if *name == IID_IUnknown {
            return Some(0);
        }
        T::FACES.iter().position(|face| face.names.contains(name))
    }

    fn face_pointer(this: NonNull<Self>, index: usize) -> *mut c_void {
        this.as_ptr()
            .cast::<*const c_void>()
            .wrapping_add(index)
            .cast()
    }
}

/// Owns one reference to an object of class `T`. As large as a pointer, and so is an `Option` of it,
/// whose `None` is null.
#[repr(transparent)]
pub struct Own<T: Class> {
    object: NonNull<Object<T>>,
    marker: PhantomData<Object<T>>,
}

// SAFETY: objects are counted atomically, and their classes are `Sync`, and `Send` since whoever is
// last drops them.
unsafe impl<T: Class> Send for Own<T> {}
// SAFETY: as above.
unsafe impl<T: Class> Sync for Own<T> {}

impl<T: Class> Own<T> {
    /// Makes an object, with one reference. At or below `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory; the value is dropped then.
    pub fn new(value: T) -> Outcome<Self> {
        let memory = T::Pool::allocate(Layout::new::<Object<T>>()).cast::<Object<T>>();
        let object = NonNull::new(memory).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
        // SAFETY: the memory is fresh and of that layout.
        unsafe {
            object.as_ptr().write(Object {
                faces: Object::<T>::TABLES,
                references: AtomicU32::new(1),
                value,
            });
        };
        Ok(Self {
            object,
            marker: PhantomData,
        })
    }

    /// The object as one of its interfaces, with this reference.
    ///
    /// # Errors
    /// `STATUS_NOINTERFACE` if the class does not offer it.
    pub fn into_interface<I: Interface>(self) -> Outcome<ComPtr<I>> {
        let index = Object::<T>::face_of(&I::IID).ok_or(STATUS_NOINTERFACE)?;
        let pointer = self.into_face(index);
        // SAFETY: this is the face of that interface, and the reference passes on.
        unsafe { ComPtr::from_owned(pointer.cast()) }.ok_or(STATUS_NOINTERFACE)
    }

    /// The object as its face number `index`, with this reference.
    fn into_face(self, index: usize) -> *mut c_void {
        let pointer = Object::face_pointer(self.object, index);
        core::mem::forget(self);
        pointer
    }

    /// The object as any object, without a reference.
    #[must_use]
    pub fn as_unknown(&self) -> *mut IUnknown {
        Object::face_pointer(self.object, 0).cast()
    }
}

impl<T: Class> Deref for Own<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this reference keeps the object live.
        unsafe { &(*self.object.as_ptr()).value }
    }
}

impl<T: Class> Clone for Own<T> {
    fn clone(&self) -> Self {
        // SAFETY: this reference keeps the object live.
        unsafe { self.object.as_ref() }.add_reference();
        Self {
            object: self.object,
            marker: PhantomData,
        }
    }
}

impl<T: Class> Drop for Own<T> {
    fn drop(&mut self) {
        // SAFETY: the reference is ours.
        unsafe { Object::release(self.object) };
    }
}

crate::system_abi! {
    unsafe fn query_interface[T: Class, const FACE: usize](
        this: *mut IUnknown,
        name: *const GUID,
        interface: *mut PVOID
    ) -> NTSTATUS {
        if interface.is_null() {
            return STATUS_INVALID_PARAMETER;
        }
        // SAFETY: it is not null, and the caller lets us write to it.
        unsafe { interface.write(null_mut()) };
        // SAFETY: null, or the caller's GUID.
        let Some(name) = (unsafe { name.as_ref() }) else {
            return STATUS_INVALID_PARAMETER;
        };
        let Some(index) = Object::<T>::face_of(name) else {
            return STATUS_NOINTERFACE;
        };
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let Some(own) = (unsafe { Object::<T>::own_face::<FACE, _>(this) }) else {
            return STATUS_INVALID_PARAMETER;
        };
        // SAFETY: not null, and the caller's to be written to.
        unsafe { interface.write(own.into_face(index)) };
        STATUS_SUCCESS
    }

    unsafe fn add_ref[T: Class, const FACE: usize](this: *mut IUnknown) -> ULONG {
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        unsafe { Object::<T>::from_face::<FACE, _>(this) }.add_reference()
    }

    unsafe fn release[T: Class, const FACE: usize](this: *mut IUnknown) -> ULONG {
        let Some(this) = NonNull::new(this) else {
            return 0;
        };
        // SAFETY: this function stands only in tables of face `FACE` of class `T`.
        let object = unsafe { Object::<T>::base::<FACE, _>(this) };
        // SAFETY: the reference is the caller's.
        unsafe { Object::release(object) }
    }
}

/// The first three functions of every table: those of face `FACE` of class `T`.
#[must_use]
pub const fn unknown_table<T: Class, const FACE: usize>() -> IUnknownVtbl {
    IUnknownVtbl {
        QueryInterface: query_interface::<T, FACE>,
        AddRef: add_ref::<T, FACE>,
        Release: release::<T, FACE>,
    }
}
