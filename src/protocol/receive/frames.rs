//! Frames in, whole messages out (RFC 6455, sections 5 and 6.2). What is compressed stays so.

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut, buf::Limit};

use super::{
    assembler::Assembler,
    batch::{self, Batch},
    control,
    partial::{Complete, Partial},
    work::Work,
};
use crate::{
    config::Config,
    message::Message,
    protocol::tally::Tally,
    wire::{
        Decoded, FrameHeader, HeaderRules, OpCode, ProtocolError, Role, ShortFrame, apply_mask,
    },
};

/// Unfragmented binary and compressed frames up to this size stay in the input until they are
/// there as a whole; it has room for them and their headers.
const AWAITED_WHOLE: usize = 64 * 1024;

/// Where in the stream of frames the input stands.
#[derive(Debug)]
pub(crate) struct Frames {
    role: Role,
    /// RFC 7692 6: whether messages may be compressed.
    is_compressible: bool,
    /// Nothing more is interpreted (7.1.7).
    has_ended: bool,
    /// Boxed, as an idle connection has none.
    message: Option<Box<Partial>>,
    tally: Tally,
}

/// What the long way has found.
#[derive(Debug)]
pub(super) enum Came {
    Data(Message),
    Control(Message),
    /// A compressed message, whose only frame is there as a whole. Its payload, unmasked, stays
    /// in the input.
    Packed {
        opcode: OpCode,
        payload: Range<usize>,
    },
    /// The payload of a compressed message in several frames.
    Joined {
        opcode: OpCode,
        payload: Bytes,
    },
    /// Nothing yet: the work of this step is done.
    Stopped,
    NeedsMore,
}

/// What the short way has found. But for a message or a batch, the input is as it was.
#[derive(Debug)]
pub(super) enum Short {
    Batch(Batch),
    Message(Message),
    /// A lawful header of so many bytes, and the long way has to see to what follows.
    Header(FrameHeader, usize),
    Nothing,
}

impl Frames {
    pub(super) fn new(role: Role, is_compressible: bool) -> Self {
        Self {
            role,
            is_compressible,
            has_ended: false,
            message: None,
            tally: Tally::default(),
        }
    }

    /// Takes the plain message at the start of `input`, if it is there as a whole; with the small
    /// ones of its kind that follow, at most `most` in all, if there are such.
    #[inline]
    pub(super) fn decode_short(
        &mut self,
        input: &mut BytesMut,
        most: usize,
        limits: &Config,
    ) -> Short {
        if self.has_ended || self.message.is_some() {
            return Short::Nothing;
        }
        let max = limits.max_frame_size.min(limits.max_message_size);
        let Some((header, at)) = FrameHeader::decode_plain(input, self.role, max) else {
            return Short::Nothing;
        };
        let end = at + header.len;
        if end > input.len() {
            return Short::Header(header, at);
        }
        if header.len <= ShortFrame::MAX_LEN && most > 1 {
            let first = ShortFrame {
                mask: header.mask,
                payload: &input[at..end],
                behind: &input[end..],
            };
            if let Some((batch, left)) = batch::decode(first, header.opcode, self.role, max, most) {
                input.advance(input.len() - left);
                self.tally.note_whole(batch.len(), batch.payload_len());
                return Short::Batch(batch);
            }
        }
        apply_mask(header.mask, 0, &mut input[at..end]);
        if let Ok(message) = Assembler::whole(&header, at, input) {
            self.tally.note_whole(1, header.len);
            return Short::Message(message);
        }
        // As it was: the long way is the judge.
        apply_mask(header.mask, 0, &mut input[at..end]);
        Short::Header(header, at)
    }

    /// Takes the next message out of `input`, whatever it is. The `header` at its start may be
    /// known.
    pub(super) fn decode(
        &mut self,
        input: &mut BytesMut,
        mut header: Option<(FrameHeader, usize)>,
        work: &mut Work,
        limits: &Config,
    ) -> Result<Came, ProtocolError> {
        if self.needs_more(input) {
            return Ok(Came::NeedsMore);
        }
        if self.has_ended {
            input.clear();
            return Ok(Came::NeedsMore);
        }
        loop {
            if let Some(partial) = self
                .message
                .as_mut()
                .filter(|partial| partial.is_in_frame())
            {
                work.spend_frame();
                let complete = partial.take(input, limits)?;
                if complete == Complete::Nothing {
                    return Ok(Came::NeedsMore);
                }
                self.tally.note_frame();
                match complete {
                    Complete::Frame if work.is_done() && !input.is_empty() => {
                        return Ok(Came::Stopped);
                    }
                    Complete::Frame | Complete::Nothing => {}
                    Complete::Message => return self.finish(),
                }
            }
            let (header, at) = match header.take() {
                Some(known) => known,
                None => match FrameHeader::decode(input, &self.rules(limits))? {
                    Decoded::Complete { value, len } => (value, len),
                    Decoded::NeedMore => return Ok(Came::NeedsMore),
                },
            };
            if header.opcode.is_control() {
                let Some(control) = control::take(&header, at, input)? else {
                    return Ok(Came::NeedsMore);
                };
                self.tally.note_frame();
                if header.opcode == OpCode::Ping {
                    self.tally.note_ping();
                }
                return Ok(Came::Control(control));
            }
            self.check_compressed(&header, limits)?;
            if self.message.is_none() && header.fin {
                if input.len() - at >= header.len {
                    self.tally.note_frame();
                    return take_whole(&header, at, input);
                }
                let is_opaque = header.opcode == OpCode::Binary || header.compressed;
                if is_opaque && header.len <= AWAITED_WHOLE {
                    // Nothing in it can be wrong, so it need not be looked at.
                    return Ok(Came::NeedsMore);
                }
            }
            input.advance(at);
            let begin = || Box::new(Partial::new(&header));
            self.message.get_or_insert_with(begin).begin_frame(&header);
        }
    }

    /// The final frame of a message is complete.
    fn finish(&mut self) -> Result<Came, ProtocolError> {
        let Some(partial) = self.message.take() else {
            return Ok(Came::NeedsMore);
        };
        let (message, compressed) = partial.finish()?;
        Ok(match compressed {
            None => Came::Data(message),
            Some(opcode) => Came::Joined {
                opcode,
                payload: message.into_data(),
            },
        })
    }

    /// Interprets nothing more.
    pub(super) fn stop(&mut self) {
        self.has_ended = true;
        self.message = None;
    }

    /// Where to read the payload under way to, at most to its end, in place of the input;
    /// `None` if what comes next has to be looked at first, or is not worth it.
    ///
    /// To be called when the input has been decoded.
    #[inline]
    pub(super) fn direct(&mut self, limits: &Config) -> Option<Limit<&mut Vec<u8>>> {
        self.message.as_mut()?.direct(limits)
    }

    /// Gives back room that a message under way does not use.
    pub(super) fn release(&mut self) {
        if let Some(partial) = &mut self.message {
            partial.shrink();
        }
    }

    /// Whether nothing can come of `input`, for it is empty.
    #[inline]
    pub(crate) fn needs_more(&self, input: &[u8]) -> bool {
        // What was read directly may have completed a payload.
        let partial = self.message.as_ref();
        input.is_empty() && !partial.is_some_and(|partial| partial.is_frame_complete())
    }

    /// A message is on its way to the user.
    #[inline]
    pub(super) const fn note_message(&mut self, payload: usize) {
        self.tally.note_message(payload);
    }

    /// What has come.
    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The side that this endpoint plays.
    pub(crate) const fn role(&self) -> Role {
        self.role
    }

    /// Whether a message has begun, of which a header was taken, and is not complete.
    pub(crate) const fn is_in_message(&self) -> bool {
        self.message.is_some()
    }

    /// Bytes held of a message that is not complete.
    pub(crate) fn partial_len(&self) -> usize {
        self.message.as_ref().map_or(0, |partial| partial.len())
    }

    /// 10.4: what a compressed message has on the wire is bounded by what may come out of it.
    fn check_compressed(&self, header: &FrameHeader, limits: &Config) -> Result<(), ProtocolError> {
        let within = self.message.as_ref();
        if header.compressed || within.is_some_and(|partial| partial.is_compressed()) {
            let size = (self.partial_len() as u64).saturating_add(header.len as u64);
            return check_size(size, limits);
        }
        Ok(())
    }

    fn rules(&self, limits: &Config) -> HeaderRules {
        let rules = HeaderRules {
            masked: self.role.receives_masked(),
            in_message: self.message.is_some(),
            compressible: self.is_compressible,
            max_frame: limits.max_frame_size,
            max_message: limits.max_message_size,
            max_fragments: limits.max_fragments,
            received: self.partial_len(),
            fragments: self
                .message
                .as_ref()
                .map_or(0, |partial| partial.fragments()),
        };
        match &self.message {
            Some(partial) if partial.is_compressed() => rules.of_compressed(),
            _ => rules,
        }
    }
}

/// Takes a message whose only frame is there as a whole, its payload behind a header of `at`
/// bytes.
fn take_whole(
    header: &FrameHeader,
    at: usize,
    input: &mut BytesMut,
) -> Result<Came, ProtocolError> {
    let payload = at..at + header.len;
    apply_mask(header.mask, 0, &mut input[payload.clone()]);
    if header.compressed {
        let opcode = header.opcode;
        return Ok(Came::Packed { opcode, payload });
    }
    Assembler::whole(header, at, input).map(Came::Data)
}

/// 10.4: a compressed message that has `size` bytes on the wire may have what encoders give at
/// worst, an eighth and a little more than they are given.
fn check_size(size: u64, limits: &Config) -> Result<(), ProtocolError> {
    let max = limits.max_message_size;
    let most = max as u64;
    if size > most.saturating_add(most / 8 + most / 64 + 1024) {
        return Err(ProtocolError::CompressedTooBig { size, max });
    }
    Ok(())
}

#[cfg(test)]
impl Frames {
    /// Bytes that there is room for of a message that is not complete.
    pub(in crate::protocol) fn partial_room(&self) -> usize {
        self.message.as_ref().map_or(0, |partial| partial.room())
    }
}
