//! What connections hold and what they cost, counted by an allocator.

#[path = "../support/alloc.rs"]
mod alloc;
mod allocation;
#[cfg(feature = "deflate")]
mod compression;
#[cfg(feature = "deflate")]
mod held;
#[path = "../support/mod.rs"]
mod support;
