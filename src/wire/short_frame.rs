//! Small frames, which are decoded in a row.

use super::{
    OpCode, Role,
    header::{FIN, LEN_16, MASK},
};

/// An unfragmented frame with the shortest header, and all of its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortFrame<'a> {
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) payload: &'a [u8],
    /// What follows it.
    pub(crate) behind: &'a [u8],
}

impl<'a> ShortFrame<'a> {
    /// The largest payload whose length stands in the second byte.
    pub(crate) const MAX_LEN: usize = LEN_16 as usize - 1;

    /// Bytes of its header without a mask.
    pub(crate) const HEADER: usize = 2;

    /// The header of a frame without a mask; `None` if a payload of `len` bytes needs a longer one.
    #[inline]
    pub(crate) fn header(opcode: OpCode, len: usize) -> Option<[u8; 2]> {
        let len = u8::try_from(len).ok()?;
        (usize::from(len) <= Self::MAX_LEN).then_some([FIN | opcode as u8, len])
    }

    /// The frame at the start of `buf` if it is one of this `opcode` with a payload of at most
    /// `max` bytes, which are at most [`MAX_LEN`](Self::MAX_LEN).
    ///
    /// For use between messages; `None` if only [`FrameHeader::decode`](super::FrameHeader::decode) can
    /// tell.
    #[inline]
    pub(crate) fn split_off(
        buf: &'a [u8],
        opcode: OpCode,
        receiver: Role,
        max: usize,
    ) -> Option<Self> {
        let masked = receiver.receives_masked();
        let &[first, second, ref rest @ ..] = buf else {
            return None;
        };
        // With the wrong bit for the mask the length is above all others.
        let len = usize::from(second ^ if masked { MASK } else { 0 });
        if first != FIN | opcode as u8 || len > max {
            return None;
        }
        let (mask, rest) = if masked {
            let (key, rest) = rest.split_first_chunk()?;
            (Some(*key), rest)
        } else {
            (None, rest)
        };
        debug_assert!(len <= Self::MAX_LEN);
        let (payload, behind) = rest.split_at_checked(len)?;
        Some(Self {
            mask,
            payload,
            behind,
        })
    }
}
