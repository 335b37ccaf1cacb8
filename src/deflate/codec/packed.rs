//! The payload of a compressed message.

use bytes::{Bytes, BytesMut};

use super::room::Room;

/// A payload that is to be sent.
#[derive(Debug)]
pub(crate) enum Packed {
    /// A short one, in room that the thread wants back.
    Lent {
        room: Room,
        len: usize,
    },
    Owned(BytesMut),
}

impl AsRef<[u8]> for Packed {
    fn as_ref(&self) -> &[u8] {
        match self {
            Packed::Lent { room, len } => &room[..*len],
            Packed::Owned(payload) => payload,
        }
    }
}

impl From<Packed> for Bytes {
    fn from(packed: Packed) -> Self {
        match packed {
            Packed::Lent { .. } => Bytes::copy_from_slice(packed.as_ref()),
            Packed::Owned(payload) => payload.freeze(),
        }
    }
}
