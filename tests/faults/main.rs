//! What becomes of a connection when its transport fails, at every operation.
//!
//! A transport counts what it is asked for: reads, writes, flushes, the shutdown. At the n-th it
//! fails, ends, is short, is not ready, is interrupted, lies by one, or panics. `scripts` has the
//! sessions that are played so, `mounts` how the two ends meet, and `judge` what must hold whatever
//! goes wrong. All of it runs in virtual time, on one thread for each session.
//!
//! `cargo test --all-features --test faults` plays a part of all; with `--every`, all:
//!
//! ```sh
//! cargo test --release --all-features --test faults -- --every
//! ```
//!
//! A word of the command line chooses sessions by their names, and `--fault reset@17` one fault. With
//! the environment's `FAULTS_SHOW`, what happened is printed, too.
#![allow(clippy::enum_glob_use, reason = "scripts are read as a list of acts")]

mod acts;
#[path = "../support/alloc.rs"]
mod alloc;
mod fault;
mod judge;
mod log;
mod mounts;
mod panics;
mod pipe;
mod player;
mod runner;
mod script;
mod scripts;
mod session;
#[path = "../support/mod.rs"]
mod support;
mod tasks;
mod transport;
mod wire;

fn main() -> std::process::ExitCode {
    runner::main()
}
