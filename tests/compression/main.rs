//! Compression (RFC 7692), through the public interface.

#[cfg(feature = "client")]
#[path = "../support/alloc.rs"]
mod alloc;
#[cfg(feature = "client")]
mod client;
mod messages;
mod negotiation;
#[path = "../support/mod.rs"]
mod support;
