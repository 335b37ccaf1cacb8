//! Attacks by name, each with its bound and with what was measured.
//!
//! `cargo test --all-features --test abuse -- --nocapture --test-threads=1` prints the table, and
//! `cargo test --all-features --test abuse abuse_07` the rows whose names have that in them.
//! `catalogue` says which test is for which attack.
//!
//! The tests run one after another, each on a thread of its own: `alloc` counts what a thread holds,
//! and a new thread keeps nothing of earlier connections. So this binary has a harness of its own.
#![allow(clippy::cast_possible_wrap, reason = "sizes of tests are small")]
#![allow(clippy::cast_sign_loss, reason = "sizes of tests are small")]
#![allow(clippy::cast_possible_truncation, reason = "sizes of tests are small")]
#![allow(clippy::cast_precision_loss, reason = "sizes of tests are small")]
#![allow(clippy::wildcard_imports, reason = "as in all tests")]
#![allow(clippy::enum_glob_use, reason = "figures have one of four units")]

#[macro_use]
mod entry;
#[path = "../support/alloc.rs"]
mod alloc;
mod catalogue;
mod chapter;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "deflate")]
mod compression;
mod deadlines;
mod dependencies;
mod handshake;
#[cfg(feature = "deflate")]
mod held;
#[cfg(feature = "http2")]
mod http2;
mod input;
mod output;
mod report;
mod runner;
#[path = "../support/mod.rs"]
mod support;
mod tasks;
mod teardown;
mod tools;

fn main() -> std::process::ExitCode {
    runner::main()
}
