//! The opening handshake of the server (RFC 6455, section 4.2): by the service alone, and on the wire.

mod by_hand;
mod rejections;
mod rules;
mod service;
#[path = "../support/mod.rs"]
mod support;
mod wire;
