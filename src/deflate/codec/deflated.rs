//! The payload of a compressed message.

use bytes::{Bytes, BytesMut};

use super::scratch::Scratch;

/// A payload that is to be sent.
#[derive(Debug)]
pub(crate) enum Deflated {
    /// A short one, in room that the thread wants back.
    Lent {
        room: Scratch,
        len: usize,
    },
    Owned(BytesMut),
}

impl AsRef<[u8]> for Deflated {
    fn as_ref(&self) -> &[u8] {
        match self {
            Deflated::Lent { room, len } => &room[..*len],
            Deflated::Owned(payload) => payload,
        }
    }
}

impl From<Deflated> for Bytes {
    fn from(deflated: Deflated) -> Self {
        match deflated {
            Deflated::Lent { .. } => Bytes::copy_from_slice(deflated.as_ref()),
            Deflated::Owned(payload) => payload.freeze(),
        }
    }
}
