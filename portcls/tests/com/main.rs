//! The COM layer as its callers in the kernel see it: identity, counts, arguments, memory.

#![allow(missing_docs, reason = "a test")]

mod arguments;
mod caller;
mod counting_pool;
mod identity;
mod life;
mod objects;
mod panics;
mod properties;
