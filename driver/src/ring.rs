//! A ring of bytes between one producer and one consumer, without locks.
//!
//! The indices run from 0 to twice the capacity, so that a full ring and an empty one differ and
//! any capacity is possible. The bytes are atomics: if somebody broke the rule of one producer and
//! one consumer at a time, bytes would be mixed up, and nothing worse.

use core::ops::Deref;

use crate::atomic::{AtomicU8, AtomicUsize, Ordering};

/// The bytes of a ring.
pub trait Storage: Deref<Target = [AtomicU8]> {}

impl<S: Deref<Target = [AtomicU8]>> Storage for S {}

/// A ring of bytes.
pub struct Ring<S: Storage> {
    bytes: S,
    /// Where the next byte is taken from; written by the consumer only.
    head: AtomicUsize,
    /// Where the next byte is put; written by the producer only.
    tail: AtomicUsize,
}

impl<S: Storage> Ring<S> {
    /// An empty ring that can hold as many bytes as there are in `bytes`.
    #[must_use]
    pub fn new(bytes: S) -> Self {
        Self {
            bytes,
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
        }
    }

    /// How many bytes the ring can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// How many bytes the ring holds now. The producer may see a few too many, the consumer a few
    /// too few.
    #[must_use]
    pub fn len(&self) -> usize {
        // Ordering: a consumer that sees the tail sees the bytes in front of it.
        let tail = self.tail.load(Ordering::Acquire);
        // Ordering: a producer that sees the head knows that the bytes behind it were taken.
        let head = self.head.load(Ordering::Acquire);
        self.between(head, tail)
    }

    /// Whether the ring holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes can be put now; for the producer.
    #[must_use]
    pub fn room(&self) -> usize {
        self.capacity() - self.len()
    }

    /// Puts as many bytes as there is room for; returns how many. For the producer.
    pub fn put(&self, bytes: &[u8]) -> usize {
        // Ordering: only the producer writes the tail, so it reads its own value.
        let tail = self.tail.load(Ordering::Relaxed);
        // Ordering: what the consumer read before it moved the head is not overwritten too early.
        let head = self.head.load(Ordering::Acquire);
        let room = self.capacity() - self.between(head, tail);
        let count = room.min(bytes.len());
        for (offset, byte) in bytes[..count].iter().enumerate() {
            // Ordering: published by the tail below.
            self.at(tail, offset).store(*byte, Ordering::Relaxed);
        }
        // Ordering: the bytes above are seen by whoever sees the new tail.
        self.tail
            .store(self.advanced(tail, count), Ordering::Release);
        count
    }

    /// Takes as many bytes as there are; returns how many. For the consumer.
    pub fn take(&self, bytes: &mut [u8]) -> usize {
        // Ordering: only the consumer writes the head, so it reads its own value.
        let head = self.head.load(Ordering::Relaxed);
        // Ordering: the bytes in front of the tail are seen.
        let tail = self.tail.load(Ordering::Acquire);
        let count = self.between(head, tail).min(bytes.len());
        for (offset, byte) in bytes[..count].iter_mut().enumerate() {
            // Ordering: made visible by the tail above.
            *byte = self.at(head, offset).load(Ordering::Relaxed);
        }
        // Ordering: the reads above come before the producer may overwrite the bytes.
        self.head
            .store(self.advanced(head, count), Ordering::Release);
        count
    }

    /// Takes one byte. For the consumer.
    pub fn take_one(&self) -> Option<u8> {
        let mut byte = [0];
        (self.take(&mut byte) == 1).then_some(byte[0])
    }

    /// Throws away what the ring holds; returns how many bytes that were. For the consumer.
    pub fn clear(&self) -> usize {
        // Ordering: only the consumer writes the head, so it reads its own value.
        let head = self.head.load(Ordering::Relaxed);
        // Ordering: everything that was put before this is thrown away.
        let tail = self.tail.load(Ordering::Acquire);
        // Ordering: as in `take`; nothing was read.
        self.head.store(tail, Ordering::Release);
        self.between(head, tail)
    }

    fn between(&self, head: usize, tail: usize) -> usize {
        if tail >= head {
            tail - head
        } else {
            tail + 2 * self.capacity() - head
        }
    }

    fn advanced(&self, index: usize, count: usize) -> usize {
        let wrap = 2 * self.capacity();
        let index = index + count;
        if index >= wrap { index - wrap } else { index }
    }

    fn at(&self, index: usize, offset: usize) -> &AtomicU8 {
        let capacity = self.capacity();
        let mut position = self.advanced(index, offset);
        if position >= capacity {
            position -= capacity;
        }
        &self.bytes[position]
    }
}
