//! A message under way, whose frames come one by one (RFC 6455, section 5.4).

use bytes::{Buf, BufMut, BytesMut, buf::Limit};

use super::assembler::Assembler;
use crate::{
    config::Config,
    message::Message,
    wire::{FrameHeader, OpCode, ProtocolError, apply_mask},
};

/// Payloads of which so much is missing are read to where they are assembled.
const DIRECT_FROM: usize = 16 * 1024;

/// What has come of a message.
#[derive(Debug)]
pub(super) struct Partial {
    /// RFC 7692 6: if it is compressed, the payloads of its frames are one stream, which is held
    /// as it came.
    data: Assembler,
    /// Bytes of it that were looked at. Those behind were read [directly](Self::direct).
    seen: usize,
    /// What it is inflated to in the end.
    compressed: Option<OpCode>,
    /// How many of its frames have begun.
    fragments: usize,
    /// The frame whose payload comes next; `None` if a header does.
    frame: Option<Frame>,
}

/// Where in the payload of a frame the input stands.
#[derive(Clone, Copy, Debug)]
struct Frame {
    fin: bool,
    mask: Option<[u8; 4]>,
    done: usize,
    len: usize,
}

impl Frame {
    /// Bytes that are announced and have not arrived.
    const fn rest(&self) -> usize {
        self.len - self.done
    }

    /// How large a message may become of which so much has `arrived`.
    const fn most(&self, arrived: usize, limits: &Config) -> usize {
        if self.fin {
            arrived + self.rest()
        } else {
            limits.max_message_size
        }
    }
}

/// What has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Complete {
    Nothing,
    Frame,
    Message,
}

impl Partial {
    /// Begins a message with its first frame.
    pub(super) fn new(header: &FrameHeader) -> Self {
        let opcode = if header.compressed {
            OpCode::Binary
        } else {
            header.opcode
        };
        Self {
            data: Assembler::new(opcode),
            seen: 0,
            compressed: header.compressed.then_some(header.opcode),
            fragments: 0,
            frame: None,
        }
    }

    /// A header has been taken, and its payload is still to come as a whole.
    pub(super) const fn begin_frame(&mut self, header: &FrameHeader) {
        self.fragments += 1;
        self.frame = Some(Frame {
            fin: header.fin,
            mask: header.mask,
            done: 0,
            len: header.len,
        });
    }

    /// Takes what has come of a payload.
    pub(super) fn take(
        &mut self,
        input: &mut BytesMut,
        limits: &Config,
    ) -> Result<Complete, ProtocolError> {
        self.look_at_direct();
        let Some(frame) = &mut self.frame else {
            return Ok(Complete::Nothing);
        };
        let arrived = input.len().min(frame.rest());
        let piece = &mut input[..arrived];
        apply_mask(frame.mask, frame.done, piece);
        frame.done += arrived;
        let most = frame.most(self.data.len() + arrived, limits);
        self.data.push(piece, frame.rest(), most)?;
        self.seen = self.data.len();
        input.advance(arrived);
        if frame.rest() > 0 {
            return Ok(Complete::Nothing);
        }
        let is_last = frame.fin;
        self.frame = None;
        Ok(if is_last {
            Complete::Message
        } else {
            Complete::Frame
        })
    }

    /// Where to read the payload under way to, at most to its end; `None` if what comes next has
    /// to be looked at first, or is not worth it.
    #[inline(never)]
    pub(super) fn direct(&mut self, limits: &Config) -> Option<Limit<&mut Vec<u8>>> {
        self.look_at_direct();
        let frame = self.frame?;
        let rest = frame.rest();
        if rest < DIRECT_FROM {
            return None;
        }
        let most = frame.most(self.data.len(), limits);
        self.data.direct(rest, most).map(|data| data.limit(rest))
    }

    /// Unmasks what was read past the input.
    fn look_at_direct(&mut self) {
        let count = self.unseen();
        if let Some(frame) = &mut self.frame {
            apply_mask(frame.mask, frame.done, self.data.last(count));
            frame.done += count;
            self.seen += count;
        }
    }

    fn unseen(&self) -> usize {
        self.data.len() - self.seen
    }

    /// Whether all of a payload has come, the end of it directly.
    pub(super) fn is_frame_complete(&self) -> bool {
        (self.frame).is_some_and(|frame| frame.rest() == self.unseen())
    }

    /// Whether a payload comes next.
    pub(super) const fn is_in_frame(&self) -> bool {
        self.frame.is_some()
    }

    /// The final frame is complete. Returns what a compressed message is inflated to, too.
    pub(super) fn finish(self) -> Result<(Message, Option<OpCode>), ProtocolError> {
        Ok((self.data.finish()?, self.compressed))
    }

    /// Gives back room that is not used.
    pub(super) fn shrink(&mut self) {
        self.data.shrink();
    }

    /// Bytes held.
    pub(super) fn len(&self) -> usize {
        self.data.len()
    }

    pub(super) const fn is_compressed(&self) -> bool {
        self.compressed.is_some()
    }

    pub(super) const fn fragments(&self) -> usize {
        self.fragments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(fin: bool, len: usize) -> Partial {
        let header = FrameHeader {
            fin,
            ..FrameHeader::plain(OpCode::Binary, len)
        };
        let mut partial = Partial::new(&header);
        partial.begin_frame(&header);
        partial
    }

    fn take(partial: &mut Partial, len: usize, limits: &Config) {
        let complete = partial.take(&mut BytesMut::zeroed(len), limits);
        assert_eq!(complete, Ok(Complete::Nothing));
    }

    impl Partial {
        /// Bytes that it has room for.
        pub(in crate::protocol::receive) fn room(&self) -> usize {
            self.data.room()
        }
    }

    /// Only what is worth it is read past the input: 16 KiB that are still to come.
    #[test]
    fn large_rests_are_read_directly() {
        let limits = Config::new();
        for (missing, is_direct) in [(16_383, false), (16_384, true)] {
            let mut partial = begun(true, 5000 + missing);
            take(&mut partial, 5000, &limits);
            let direct = partial.direct(&limits);
            assert_eq!(direct.is_some(), is_direct, "{missing}");
            assert!(direct.is_none_or(|data| data.remaining_mut() == missing));
        }
    }

    /// The last frame tells how large the message is; before it, only the limit does.
    #[test]
    fn buffers_grow_no_larger_than_the_message() {
        let limits = Config::new().max_message_size(100_000);
        for (fin, room_at_last) in [(true, 1250), (false, 2000)] {
            let mut partial = begun(fin, 1250);
            // Nothing is known of what comes but that it does.
            take(&mut partial, 500, &limits);
            assert_eq!(partial.room(), 1000);
            take(&mut partial, 501, &limits);
            assert_eq!(partial.room(), room_at_last, "{fin}");
        }
    }
}
