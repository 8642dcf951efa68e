//! The kernel's pool, strict: guards around blocks, freed blocks kept and watched.

use std::alloc::{Layout, alloc, dealloc};
use std::collections::{BTreeMap, VecDeque};
use std::ptr::NonNull;

use super::stop::BugCheck;

/// What a fault in the use of the pool is called, and what happened.
pub(crate) type PoolFault = (BugCheck, String);

const GUARD: usize = 64;
const GUARD_BYTE: u8 = 0xA5;
const FRESH_BYTE: u8 = 0xCD;
const FREED_BYTE: u8 = 0xDD;
/// As many freed blocks are kept, so that writing to them is noticed.
const KEPT_FREED_BLOCKS: usize = 256;

struct Block {
    memory: NonNull<u8>,
    size: usize,
    tag: u32,
}

impl Block {
    fn layout(size: usize) -> Option<Layout> {
        Layout::from_size_align(size.checked_add(2 * GUARD)?, 64).ok()
    }

    fn bytes(&self, from: usize, length: usize) -> &[u8] {
        // SAFETY: callers stay inside the block's `size + 2 * GUARD` bytes.
        let start = unsafe { self.memory.add(from) };
        // SAFETY: as above, and all of them were written at allocation.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), length) }
    }

    fn guards_intact(&self) -> bool {
        let before = self.bytes(0, GUARD);
        let behind = self.bytes(GUARD + self.size, GUARD);
        before.iter().chain(behind).all(|byte| *byte == GUARD_BYTE)
    }

    fn still_freed(&self) -> bool {
        let inside = self.bytes(GUARD, self.size);
        inside.iter().all(|byte| *byte == FREED_BYTE)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(layout) = Self::layout(self.size) {
            // SAFETY: allocated with this layout, and nobody has the block any more.
            unsafe { dealloc(self.memory.as_ptr(), layout) };
        }
    }
}

/// All blocks of the pool.
#[derive(Default)]
pub(crate) struct Pool {
    live: BTreeMap<usize, Block>,
    freed: VecDeque<Block>,
    allocations: u64,
}

impl Pool {
    /// Allocates, unless this is the allocation that shall fail.
    pub(crate) fn allocate(&mut self, size: usize, tag: u32, failing: Option<u64>) -> *mut u8 {
        if self.next_fails(failing) {
            return std::ptr::null_mut();
        }
        let Some(layout) = Block::layout(size) else {
            return std::ptr::null_mut();
        };
        // SAFETY: the layout is never empty.
        let Some(memory) = NonNull::new(unsafe { alloc(layout) }) else {
            return std::ptr::null_mut();
        };
        // SAFETY: the whole allocation is ours.
        unsafe { memory.as_ptr().write_bytes(GUARD_BYTE, size + 2 * GUARD) };
        // SAFETY: inside the allocation.
        let inside = unsafe { memory.as_ptr().add(GUARD) };
        // SAFETY: `size` bytes lie between the guards.
        unsafe { inside.write_bytes(FRESH_BYTE, size) };
        self.live.insert(inside.addr(), Block { memory, size, tag });
        inside
    }

    /// Counts an allocation, of the driver or for it; returns whether it shall fail.
    pub(crate) fn next_fails(&mut self, failing: Option<u64>) -> bool {
        let number = self.allocations;
        self.allocations += 1;
        failing == Some(number)
    }

    pub(crate) fn free(&mut self, address: *mut u8, tag: u32) -> Result<(), PoolFault> {
        let Some(block) = self.live.remove(&address.addr()) else {
            let freed = self
                .freed
                .iter()
                .any(|block| block.memory.as_ptr().addr() + GUARD == address.addr());
            let reason = if freed {
                "a pool block was freed twice"
            } else {
                "memory was freed that is no pool block"
            };
            return Err((BugCheck::BadPoolCaller, reason.to_owned()));
        };
        if tag != 0 && tag != block.tag {
            return Err((
                BugCheck::BadPoolCaller,
                "a pool block was freed with another tag".to_owned(),
            ));
        }
        Self::check_guards(&block)?;
        // SAFETY: the block is still ours, and its user has given it back.
        unsafe { address.write_bytes(FREED_BYTE, block.size) };
        self.freed.push_back(block);
        if self.freed.len() > KEPT_FREED_BLOCKS
            && let Some(oldest) = self.freed.pop_front()
        {
            Self::check_freed(&oldest)?;
        }
        Ok(())
    }

    /// Checks every block.
    pub(crate) fn check(&self) -> Result<(), PoolFault> {
        self.live.values().try_for_each(Self::check_guards)?;
        self.freed.iter().try_for_each(|block| {
            Self::check_guards(block)?;
            Self::check_freed(block)
        })
    }

    /// Number of blocks in use, and their bytes.
    pub(crate) fn in_use(&self) -> (usize, usize) {
        (
            self.live.len(),
            self.live.values().map(|block| block.size).sum(),
        )
    }

    /// How many allocations have been asked for.
    pub(crate) const fn allocations(&self) -> u64 {
        self.allocations
    }

    /// Whether an address lies in a block that was freed.
    pub(crate) fn is_freed(&self, address: usize) -> bool {
        self.freed.iter().any(|block| {
            let start = block.memory.as_ptr().addr() + GUARD;
            (start..start + block.size.max(1)).contains(&address)
        })
    }

    fn check_guards(block: &Block) -> Result<(), PoolFault> {
        if block.guards_intact() {
            return Ok(());
        }
        Err((
            BugCheck::PageFaultBeyondEndOfAllocation,
            format!(
                "a pool block of {} bytes was written past its ends",
                block.size
            ),
        ))
    }

    fn check_freed(block: &Block) -> Result<(), PoolFault> {
        if block.still_freed() {
            return Ok(());
        }
        Err((
            BugCheck::PageFaultInFreedSpecialPool,
            format!("a freed pool block of {} bytes was written to", block.size),
        ))
    }
}
