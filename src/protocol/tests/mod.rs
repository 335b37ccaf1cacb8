//! One file per concept of the RFC.
#![allow(
    clippy::cast_possible_truncation,
    reason = "lengths in tests are known"
)]

mod close_frame;
mod closing;
mod control;
#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "deflate")]
mod deflate_limits;
mod direct;
mod doors;
mod failing;
mod fragmentation;
mod frame;
mod framing;
mod generated;
mod harness;
mod header;
mod header_model;
mod limits;
mod plain;
mod prepared;
#[cfg(feature = "deflate")]
mod prepared_deflate;
mod properties;
mod send_buffer;
mod sending;
mod text;
mod work;
