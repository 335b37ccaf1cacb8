//! Messages on an open connection, in both directions.

mod batch;
mod conversions;
mod fairness;
mod senders;
#[cfg(feature = "deflate")]
mod slow_handlers;
mod stats;
#[path = "../support/mod.rs"]
mod support;
mod topics;
mod turns;
mod violations;
mod writes;
