//! What threads share their state with: locks, atomics, and what each thread has for itself.
//!
//! They are the standard library's. `tests/schedules` compiles the crate with those of a checker
//! instead, which decides which thread goes on wherever one of them is used.

#[cfg(tower_websock_schedules)]
mod checked;
#[cfg(not(tower_websock_schedules))]
mod standard;

#[cfg(tower_websock_schedules)]
pub(crate) use self::checked::*;
#[cfg(not(tower_websock_schedules))]
pub(crate) use self::standard::*;
