//! Frames in, messages out (RFC 6455, sections 5 and 6.2).

use bytes::{Buf, BufMut, Bytes, BytesMut, buf::Limit};

use super::{
    assembler::Assembler,
    batch::{self, Batch},
    control,
    held::{Compressed, Inflating, PIECE, Received, Want, check_size, inflate, inflate_short},
    work::Work,
};

use crate::{
    config::Config,
    deflate::{DeflateParams, Inflation},
    message::Message,
    wire::{Decoded, FrameHeader, HeaderRules, OpCode, ProtocolError, Role, apply_mask},
};

/// Unfragmented binary and compressed frames up to this size stay in the input until they are
/// there as a whole; it has room for them and their headers.
const AWAITED_WHOLE: usize = 64 * 1024;

/// Payloads of which so much is missing are read to where they are assembled.
const DIRECT_FROM: usize = 16 * 1024;

/// Decodes what the peer sends.
pub(in crate::protocol) struct Receiver {
    role: Role,
    state: State,
    /// What may still be done in one go.
    work: Work,
    message: Option<Box<Partial>>,
    inflation: Inflation,
    /// The message that the user receives, if it takes long to inflate.
    inflating: Option<Box<Inflating>>,
}

/// A message under way; boxed, as an idle connection has none.
#[derive(Debug)]
struct Partial {
    /// RFC 7692 6: if it is compressed, the payloads of its frames are one stream, which is held
    /// as it came.
    message: Assembler,
    /// What it is inflated to in the end.
    compressed: Option<OpCode>,
    /// How many of its frames have begun.
    fragments: usize,
}

/// What the next byte of the input is.
#[derive(Clone, Copy, Debug)]
enum State {
    /// A header's first byte.
    Header,
    /// Payload of a data frame.
    Payload(Payload),
    /// Nothing that would be interpreted (7.1.7).
    Stopped,
}

/// Where in the payload of a data frame the input stands.
#[derive(Clone, Copy, Debug)]
struct Payload {
    fin: bool,
    mask: Option<[u8; 4]>,
    done: usize,
    len: usize,
}

impl Payload {
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

impl Receiver {
    pub(in crate::protocol) fn new(role: Role, deflate: Option<DeflateParams>) -> Self {
        Self {
            role,
            state: State::Header,
            work: Work::UNLIMITED,
            message: None,
            inflation: Inflation::new(role, deflate),
            inflating: None,
        }
    }

    /// Takes the next message out of `input`, as it is wanted.
    pub(in crate::protocol) fn decode(
        &mut self,
        input: &mut BytesMut,
        want: Want,
        limits: &Config,
    ) -> Result<Option<Received>, ProtocolError> {
        if self.needs_more(input) {
            return Ok(None);
        }
        let decoded = self.decode_frames(input, want, limits);
        if matches!(
            decoded,
            Err(_) | Ok(Some(Received::Message(Message::Close(_))))
        ) {
            // 5.5.1 and 7.1.7: nothing that follows is interpreted.
            self.stop();
            if want == Want::Message {
                self.inflation.stop();
            }
        }
        if matches!(self.state, State::Stopped) {
            input.clear();
        }
        decoded
    }

    /// What may still be done in one go.
    pub(in crate::protocol) const fn work(&mut self) -> &mut Work {
        &mut self.work
    }

    /// Takes the next message out of `input` if that is a plain one; `None` leaves all as it
    /// was, for [`decode`](Self::decode).
    #[inline]
    pub(in crate::protocol) fn decode_plain(
        &mut self,
        input: &mut BytesMut,
        limits: &Config,
    ) -> Option<Message> {
        if !matches!(self.state, State::Header) || self.message.is_some() {
            return None;
        }
        let max = limits.max_frame_size.min(limits.max_message_size);
        let (header, at) = FrameHeader::decode_plain(input, self.role, max)?;
        let payload = at..at + header.len;
        apply_mask(header.mask, 0, input.get_mut(payload.clone())?);
        let message = Assembler::whole(&header, at, input);
        if message.is_err() {
            // As it was: the long way is the judge.
            apply_mask(header.mask, 0, &mut input[payload]);
        }
        message.ok()
    }

    /// Takes small plain messages of one kind out of `input`, at most `most`; `None` leaves all
    /// as it was, for [`decode`](Self::decode).
    #[inline]
    pub(in crate::protocol) fn decode_batch(
        &mut self,
        input: &mut BytesMut,
        most: usize,
        limits: &Config,
    ) -> Option<Batch> {
        if !matches!(self.state, State::Header) || self.message.is_some() {
            return None;
        }
        let max = limits.max_frame_size.min(limits.max_message_size);
        let (batch, len) = batch::decode(input, self.role, max, most)?;
        input.advance(len);
        Some(batch)
    }

    /// Where to read the payload under way to, at most to its end, in place of the input;
    /// `None` if what comes next has to be looked at first, or is not worth it.
    ///
    /// To be called when the input has been decoded. What was read is then
    /// [taken](Self::take_direct).
    #[inline]
    pub(in crate::protocol) fn direct(&mut self, limits: &Config) -> Option<Limit<&mut Vec<u8>>> {
        match self.state {
            State::Payload(payload) => self.direct_of(payload, limits),
            State::Header | State::Stopped => None,
        }
    }

    #[inline(never)]
    fn direct_of(&mut self, payload: Payload, limits: &Config) -> Option<Limit<&mut Vec<u8>>> {
        let rest = payload.rest();
        if rest < DIRECT_FROM {
            return None;
        }
        let message = &mut self.message.as_mut()?.message;
        let most = payload.most(message.len(), limits);
        message.direct(rest, most).map(|data| data.limit(rest))
    }

    /// `count` bytes were read to where [`direct`](Self::direct) said.
    pub(in crate::protocol) fn take_direct(&mut self, count: usize) {
        if let State::Payload(payload) = &mut self.state
            && let Some(partial) = &mut self.message
        {
            apply_mask(payload.mask, payload.done, partial.message.last(count));
            payload.done += count;
        }
    }

    /// Gives back room that a message under way does not use.
    pub(in crate::protocol) fn release(&mut self) {
        if let Some(partial) = &mut self.message {
            partial.message.shrink();
        }
    }

    /// Whether nothing can come of `input`, for it is empty.
    #[inline]
    pub(in crate::protocol) fn needs_more(&self, input: &[u8]) -> bool {
        // What was read directly may have completed a payload.
        input.is_empty()
            && self.inflating.is_none()
            && !matches!(self.state, State::Payload(Payload { done, len, .. }) if done == len)
    }

    /// Whether a message is being [inflated](Self::go_on_inflating).
    #[inline]
    pub(in crate::protocol) const fn is_inflating(&self) -> bool {
        self.inflating.is_some()
    }

    /// Begins with a message that was received before; none is being inflated.
    pub(in crate::protocol) fn begin_inflating(&mut self, message: Compressed) {
        self.inflating = Some(Box::new(Inflating::new(message)));
    }

    /// Goes on with it until its end, or until the work is done: `None` then.
    pub(in crate::protocol) fn go_on_inflating(
        &mut self,
        limits: &Config,
    ) -> Option<Result<Message, ProtocolError>> {
        let mut inflating = self.inflating.take()?;
        let message = loop {
            match inflating.step(&mut self.inflation, &mut self.work, limits) {
                Ok(true) => break inflating.finish(),
                Ok(false) if self.work.is_done() => {
                    self.inflating = Some(inflating);
                    return None;
                }
                Ok(false) => {}
                Err(error) => break Err(error),
            }
        };
        if message.is_err() {
            self.stop();
            self.inflation.stop();
        }
        Some(message)
    }

    /// Nobody will receive what is being inflated, nor what follows.
    pub(in crate::protocol) fn stop_inflating(&mut self) {
        self.inflating = None;
    }

    /// Interprets nothing more. What was received compressed can still be inflated.
    fn stop(&mut self) {
        self.state = State::Stopped;
        self.message = None;
    }

    pub(in crate::protocol) const fn role(&self) -> Role {
        self.role
    }

    pub(in crate::protocol) const fn receives_compressed(&self) -> bool {
        self.inflation.is_agreed()
    }

    pub(in crate::protocol) fn partial_len(&self) -> usize {
        self.message
            .as_ref()
            .map_or(0, |partial| partial.message.len())
    }

    fn decode_frames(
        &mut self,
        input: &mut BytesMut,
        want: Want,
        limits: &Config,
    ) -> Result<Option<Received>, ProtocolError> {
        loop {
            match self.state {
                State::Header => {
                    let rules = self.rules(limits);
                    let Decoded::Complete { value: header, len } =
                        FrameHeader::decode(input, &rules)?
                    else {
                        return Ok(None);
                    };
                    if header.opcode.is_control() {
                        let control = control::take(&header, len, input);
                        return control.map(|control| control.map(Received::Message));
                    }
                    self.check_compressed(&header, limits)?;
                    if self.message.is_none() && header.fin {
                        if input.len() - len >= header.len {
                            let message = self.take_whole(&header, len, input, want, limits);
                            return message.map(Some);
                        }
                        let is_opaque = header.opcode == OpCode::Binary || header.compressed;
                        if is_opaque && header.len <= AWAITED_WHOLE {
                            // Nothing in it can be wrong, so it need not be looked at.
                            return Ok(None);
                        }
                    }
                    input.advance(len);
                    self.begin_frame(&header);
                }
                State::Payload(payload) => {
                    if !self.take_payload(payload, input, limits)? {
                        return Ok(None);
                    }
                    if payload.fin {
                        return self.finish_message();
                    }
                    if self.work.is_done() {
                        return Ok(None);
                    }
                }
                State::Stopped => return Ok(None),
            }
        }
    }

    /// Takes a message whose only frame is there as a whole, its payload behind a header of `at`
    /// bytes.
    fn take_whole(
        &mut self,
        header: &FrameHeader,
        at: usize,
        input: &mut BytesMut,
        want: Want,
        limits: &Config,
    ) -> Result<Received, ProtocolError> {
        let end = at + header.len;
        let payload = &mut input[at..end];
        apply_mask(header.mask, 0, payload);
        if !header.compressed {
            return Assembler::whole(header, at, input).map(Received::Message);
        }
        let inflated = match want {
            Want::Message if payload.len() <= PIECE => Some(inflate(
                &mut self.inflation,
                &mut self.work,
                header.opcode,
                payload,
                limits,
            )?),
            Want::Short => inflate_short(
                &mut self.inflation,
                &mut self.work,
                header.opcode,
                payload,
                limits,
            ),
            Want::Message | Want::AsItCame => None,
        };
        let message = match inflated {
            Some(inflated) => inflated.finish().map(Received::Message),
            None => Ok(Received::Compressed(Compressed {
                opcode: header.opcode,
                payload: Bytes::copy_from_slice(payload),
            })),
        };
        input.advance(end);
        message
    }

    /// The final frame of the message is complete.
    fn finish_message(&mut self) -> Result<Option<Received>, ProtocolError> {
        let Some(partial) = self.message.take() else {
            return Ok(None);
        };
        let message = partial.message.finish()?;
        let Some(opcode) = partial.compressed else {
            return Ok(Some(Received::Message(message)));
        };
        let message = Compressed {
            opcode,
            payload: message.into_data(),
        };
        Ok(Some(Received::Compressed(message)))
    }

    /// 10.4: what a compressed message has on the wire is bounded by what may come out of it.
    fn check_compressed(&self, header: &FrameHeader, limits: &Config) -> Result<(), ProtocolError> {
        let within = self.message.as_ref();
        if header.compressed || within.is_some_and(|partial| partial.compressed.is_some()) {
            let size = (self.partial_len() as u64).saturating_add(header.len as u64);
            return check_size(size, limits);
        }
        Ok(())
    }

    fn rules(&self, limits: &Config) -> HeaderRules {
        let rules = HeaderRules {
            masked: self.role.receives_masked(),
            in_message: self.message.is_some(),
            compressible: self.inflation.is_agreed(),
            max_frame: limits.max_frame_size,
            max_message: limits.max_message_size,
            max_fragments: limits.max_fragments,
            received: self.partial_len(),
            fragments: self.message.as_ref().map_or(0, |partial| partial.fragments),
        };
        match &self.message {
            Some(partial) if partial.compressed.is_some() => rules.of_compressed(),
            _ => rules,
        }
    }

    /// A data frame's header has been taken, and its payload is still to come as a whole.
    fn begin_frame(&mut self, header: &FrameHeader) {
        let partial = self.message.get_or_insert_with(|| {
            Box::new(Partial {
                message: Assembler::new(if header.compressed {
                    OpCode::Binary
                } else {
                    header.opcode
                }),
                compressed: header.compressed.then_some(header.opcode),
                fragments: 0,
            })
        });
        partial.fragments += 1;
        self.state = State::Payload(Payload {
            fin: header.fin,
            mask: header.mask,
            done: 0,
            len: header.len,
        });
    }

    /// Takes what has come of a payload; returns whether that completes it.
    fn take_payload(
        &mut self,
        mut payload: Payload,
        input: &mut BytesMut,
        limits: &Config,
    ) -> Result<bool, ProtocolError> {
        let arrived = input.len().min(payload.len - payload.done);
        self.work.spend_frame();
        let piece = &mut input[..arrived];
        apply_mask(payload.mask, payload.done, piece);
        payload.done += arrived;
        let complete = payload.done == payload.len;
        if let Some(partial) = &mut self.message {
            let most = payload.most(partial.message.len() + arrived, limits);
            partial.message.push(piece, payload.rest(), most)?;
        }
        input.advance(arrived);
        self.state = if complete {
            State::Header
        } else {
            State::Payload(payload)
        };
        Ok(complete)
    }
}
