//! A connection in virtual time, over a transport that does what the test says. One file per
//! concept.
#![allow(
    clippy::cast_possible_truncation,
    clippy::unchecked_time_subtraction,
    reason = "lengths and times in tests are known"
)]

mod budget;
mod closing;
mod deadlines;
mod failing;
mod harness;
mod keep_alive;
mod lifetime;
mod limits;
#[cfg(any(feature = "metrics", feature = "tracing"))]
mod news;
mod pings;
mod prepared;
mod read_ahead;
mod senders;
mod trying;
mod unsupervised;
mod waking;
