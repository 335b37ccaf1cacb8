//! The end of connections (RFC 6455, section 7), and who sees to it.

mod connections;
mod ends;
mod keep_alive;
mod senders;
mod slow_peers;
mod supervision;
#[path = "../support/mod.rs"]
mod support;
mod unsupervised;
