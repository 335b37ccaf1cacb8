//! The payload of compressed messages (RFC 7692, section 7.2).
//!
//! Messages in, messages out: frames, roles and the negotiation are not known here.
//!
//! A connection holds no state of a codec between messages, just the window: at most
//! 2^`window_bits` bytes in each direction, and nothing before the first message or without
//! context takeover. States belong to the thread (see [`pool`]).

mod codec;
mod deflater;
mod history;
mod inflater;
mod pool;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    deflater::{Deflater, Form},
    inflater::{InflateError, Inflater},
};

/// What a message compressed by a sync flush ends with; it is not sent (7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// What was agreed on for one direction (7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    /// The base-2 logarithm of the LZ77 window's size, 8 to 15 (7.1.2).
    pub(crate) window_bits: u8,
    pub(crate) takeover: Takeover,
}

/// Whether a message may refer to the ones before it (7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takeover {
    Kept,
    Reset,
}

/// How hard to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effort {
    /// Time for size, 1 to 9.
    pub(crate) level: u8,
    /// Memory for size, 1 to 9.
    pub(crate) memory_level: u8,
}
