//! Scenarios of threads that share a connection, a topic or a list of connections, run in very many
//! schedules: see `run` beside this.
//!
//! The checker decides at each lock, atomic and wait which thread goes on. Its threads are coroutines
//! of one thread of the system, so that a schedule can be repeated. A task is a thread that polls a
//! future and sleeps until it is woken; nothing wakes it without reason. So a wake-up that is lost ends
//! with a thread that sleeps for good, which the checker reports as a deadlock.
//!
//! Time stands still: no deadline passes, and nothing is late.

mod checking;
mod closing;
mod halves;
mod handler;
mod handshake;
mod prepared;
mod room;
mod server;
mod small;
mod topics;
mod wire;
