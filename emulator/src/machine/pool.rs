//! The kernel's pool, strict as Driver Verifier's special pool: each block ends where its pages end,
//! with pages around it that can't be touched; freed blocks can't be touched either.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use super::stop::BugCheck;
use crate::host_memory::{Pages, Protection, page_size, protect};

/// What a fault in the use of the pool is called, and what happened.
pub(crate) type PoolFault = (BugCheck, String);

/// What the pool aligns to on 64-bit systems. So up to 15 bytes behind a block are in its own pages.
const ALIGNMENT: usize = 16;
const GUARD_BYTE: u8 = 0xA5;
const FRESH_BYTE: u8 = 0xCD;
const FREED_BYTE: u8 = 0xDD;
/// As many freed blocks are kept, so that access to them is noticed.
const KEPT_FREED_BLOCKS: usize = 256;

struct Block {
    pages: Pages,
    size: usize,
    tag: u32,
}

impl Block {
    fn new(size: usize, tag: u32) -> Option<Self> {
        let inside = size.max(1).checked_next_multiple_of(page_size())?;
        let block = Self {
            pages: Pages::new(inside.checked_add(2 * page_size())?)?,
            size,
            tag,
        };
        block.fill(GUARD_BYTE, &block.own_pages());
        block.fill(FRESH_BYTE, &block.block());
        block.protect_guards();
        Some(block)
    }

    /// The pages that hold the block, without those around it.
    fn own_pages(&self) -> Range<usize> {
        let pages = self.pages.addresses();
        pages.start + page_size()..pages.end - page_size()
    }

    fn protect_guards(&self) {
        let (pages, own) = (self.pages.addresses(), self.own_pages());
        protect(&(pages.start..own.start), Protection::NONE);
        protect(&(own.end..pages.end), Protection::NONE);
    }

    /// The block itself, at the end of its pages.
    fn block(&self) -> Range<usize> {
        let begin = self.own_pages().end - self.size.max(1).next_multiple_of(ALIGNMENT);
        begin..begin + self.size
    }

    fn pointer(&self, address: usize) -> *mut u8 {
        let offset = address - self.pages.addresses().start;
        // SAFETY: callers give addresses inside the pages.
        unsafe { self.pages.as_ptr().add(offset) }
    }

    fn fill(&self, byte: u8, addresses: &Range<usize>) {
        let begin = self.pointer(addresses.start);
        // SAFETY: the range lies in pages that nobody else uses now.
        unsafe { begin.write_bytes(byte, addresses.len()) };
    }

    fn holds(&self, byte: u8, addresses: &Range<usize>) -> bool {
        let begin = self.pointer(addresses.start);
        // SAFETY: the range lies in the pages, which were all written to.
        let bytes = unsafe { std::slice::from_raw_parts(begin, addresses.len()) };
        bytes.iter().all(|other| *other == byte)
    }

    fn guards_intact(&self) -> bool {
        let (own, block) = (self.own_pages(), self.block());
        self.holds(GUARD_BYTE, &(own.start..block.start))
            && self.holds(GUARD_BYTE, &(block.end..own.end))
    }

    /// Makes a freed block inaccessible. Where that can't be noticed, its bytes tell of a write.
    fn bury(&self) {
        self.fill(FREED_BYTE, &self.block());
        protect(&self.own_pages(), Protection::NONE);
    }

    fn exhume(&self) {
        protect(&self.own_pages(), Protection::READ);
    }

    fn still_freed(&self) -> bool {
        self.exhume();
        let untouched = self.holds(FREED_BYTE, &self.block());
        protect(&self.own_pages(), Protection::NONE);
        untouched
    }
}

/// All blocks of the pool, by their addresses.
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
        let Some(block) = Block::new(size, tag) else {
            return std::ptr::null_mut();
        };
        let address = block.block().start;
        let pointer = block.pointer(address);
        self.live.insert(address, block);
        pointer
    }

    /// The pages of a block that is in use.
    pub(crate) fn pages_of(&self, address: usize) -> Option<Range<usize>> {
        self.live.get(&address).map(Block::own_pages)
    }

    /// Counts an allocation, of the driver or for it; returns whether it shall fail.
    pub(crate) fn next_fails(&mut self, failing: Option<u64>) -> bool {
        let number = self.allocations;
        self.allocations += 1;
        failing == Some(number)
    }

    pub(crate) fn free(&mut self, address: usize, tag: u32) -> Result<(), PoolFault> {
        let Some(block) = self.live.remove(&address) else {
            let freed = self
                .freed
                .iter()
                .any(|block| block.block().start == address);
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
        block.bury();
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
        self.freed.iter().try_for_each(Self::check_freed)
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
        self.freed
            .iter()
            .any(|block| block.own_pages().contains(&address))
    }

    /// What it means that an address can't be accessed, if the pool knows.
    pub(crate) fn fault_at(&self, address: usize) -> Option<PoolFault> {
        let around = |block: &&Block| block.pages.addresses().contains(&address);
        if let Some(block) = self.freed.iter().find(around) {
            return Some((
                BugCheck::PageFaultInFreedSpecialPool,
                format!("a freed pool block of {} bytes", block.size),
            ));
        }
        let block = self.live.values().find(around)?;
        Some((
            BugCheck::PageFaultBeyondEndOfAllocation,
            format!("memory next to a pool block of {} bytes", block.size),
        ))
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
