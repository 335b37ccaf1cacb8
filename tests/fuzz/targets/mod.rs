//! What is fuzzed. Shared by `fuzz/` and by the test binary `fuzz`.

#![allow(dead_code, unreachable_pub, reason = "each target is a crate")]

pub mod answers;
pub mod choices;
pub mod deflate;
pub mod endpoints;
pub mod extensions;
mod fields;
pub mod frames;
mod head;
pub mod heads;
mod io;
mod made;
pub mod origins;
mod sockets;
mod tasks;
pub mod topics;
mod wire;

use std::sync::LazyLock;

use tokio::runtime::{Builder, EnterGuard, Runtime};

/// There is a clock, which nobody waits for.
fn enter() -> EnterGuard<'static> {
    static RUNTIME: LazyLock<Runtime> =
        LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());
    RUNTIME.enter()
}
