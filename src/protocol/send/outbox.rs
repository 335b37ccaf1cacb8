//! Frames that wait to be written.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes};

use super::{
    buffer::{SendBuffer, data_of},
    staging::Staging,
};
use crate::{
    config::Config,
    deflate::{DeflateParams, Deflation},
    message::{CloseFrame, Message, PreparedMessage},
    protocol::tally::Tally,
    wire::{FrameHeader, MAX_CONTROL_PAYLOAD, OpCode, Role, apply_mask},
};

/// Payloads up to this size are copied behind their header; larger ones are written in place.
const STAGE_UP_TO: usize = 4096;

/// Source of mask keys, which must be unpredictable (RFC 6455, sections 5.3 and 10.3).
pub(crate) trait MaskKeys: Send {
    /// A fresh key for one frame.
    fn next_key(&mut self) -> [u8; 4];
}

/// Encodes what is sent, and holds it until it is written: what is small is staged in one buffer,
/// what is large stays where it is.
pub(crate) struct Outbox {
    deflation: Deflation,
    /// `Some` for a client: it masks every frame (5.1).
    keys: Option<Box<dyn MaskKeys>>,
    staged: Staging,
    large: VecDeque<Large>,
    len: usize,
    tally: Tally,
}

/// Whether a message is to be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compress {
    /// If the peer takes it and the configuration finds it worth while.
    IfAgreed,
    Never,
}

/// What a frame carries, and how.
#[derive(Clone, Copy, Debug)]
struct Kind {
    opcode: OpCode,
    /// RFC 7692 6.
    compressed: bool,
}

/// A payload that is written from its own memory, or a frame that was encoded before.
struct Large {
    /// The position in the stream of staged bytes behind which it stands.
    at: usize,
    data: Bytes,
}

impl Outbox {
    pub(in crate::protocol) fn new(
        role: Role,
        deflate: Option<DeflateParams>,
        keys: Option<Box<dyn MaskKeys>>,
    ) -> Self {
        Self {
            deflation: Deflation::new(role, deflate),
            keys,
            staged: Staging::default(),
            large: VecDeque::new(),
            len: 0,
            tally: Tally::default(),
        }
    }

    /// Queues a data message.
    #[inline]
    pub(in crate::protocol) fn send_data(
        &mut self,
        opcode: OpCode,
        data: Bytes,
        compress: Compress,
        config: &Config,
    ) {
        self.tally.note_whole(1, data.len());
        let compressed = match compress {
            Compress::IfAgreed => self.deflation.compress(&data, config.deflate.as_ref()),
            Compress::Never => None,
        };
        let kind = Kind {
            opcode,
            compressed: compressed.is_some(),
        };
        match compressed {
            Some(compressed) => self.push(kind, compressed),
            None => self.push(kind, data),
        }
    }

    /// Queues a message that was prepared: a server as it stands, a client as any other.
    pub(in crate::protocol) fn send_prepared(
        &mut self,
        message: &PreparedMessage,
        config: &Config,
    ) {
        if self.keys.is_some() {
            // 5.3: its key is for this frame alone.
            let (opcode, data) = (message.opcode(), message.payload());
            return self.send_data(opcode, data, Compress::IfAgreed, config);
        }
        self.tally.note_whole(1, message.len());
        let compressed = message.compressed_frame(&mut self.deflation, config.deflate.as_ref());
        self.push_frame(compressed.unwrap_or(message.frame()));
    }

    /// Queues a message that is sent as it is and costs nothing but a copy, as most are; `false`,
    /// and nothing is done, if it is another one, or must wait.
    #[inline]
    pub(in crate::protocol) fn send_small(
        &mut self,
        message: &Message,
        compress: Compress,
        config: &Config,
    ) -> bool {
        let Some((opcode, data)) = data_of(message) else {
            return false;
        };
        let is_small = (compress == Compress::Never || !self.deflation.is_agreed())
            && !self.is_congested(config)
            && self.keys.is_none()
            && data.len() <= STAGE_UP_TO;
        if is_small {
            self.len += self.staged.push_plain(opcode, data);
            self.tally.note_whole(1, data.len());
        }
        is_small
    }

    /// The same for one that was prepared.
    pub(in crate::protocol) fn send_small_prepared(
        &mut self,
        message: &PreparedMessage,
        config: &Config,
    ) -> bool {
        let frame = message.frame();
        let is_small = !self.deflation.is_agreed()
            && !self.is_congested(config)
            && self.keys.is_none()
            && frame.len() <= STAGE_UP_TO;
        if is_small {
            self.tally.note_whole(1, message.len());
            self.push_frame(frame);
        }
        is_small
    }

    /// Queues a Ping or Pong with a payload that is not too long.
    pub(in crate::protocol) fn send_control(&mut self, opcode: OpCode, data: &[u8]) {
        debug_assert!(data.len() <= MAX_CONTROL_PAYLOAD);
        let compressed = false;
        self.stage(Kind { opcode, compressed }, data);
        self.tally.note_frame();
        if opcode == OpCode::Ping {
            self.tally.note_ping();
        }
    }

    /// Queues a Close (5.5.1).
    pub(in crate::protocol) fn send_close(&mut self, frame: Option<&CloseFrame>) {
        let mut body = [0; MAX_CONTROL_PAYLOAD];
        let len = frame.map_or(0, |frame| {
            let reason = frame.reason.as_bytes();
            body[..2].copy_from_slice(&frame.code.to_be_bytes());
            body[2..2 + reason.len()].copy_from_slice(reason);
            2 + reason.len()
        });
        self.send_control(OpCode::Close, &body[..len]);
    }

    /// Lets `buffer` take as many small messages that follow all that is queued, if nothing has to
    /// be looked at for them.
    pub(in crate::protocol) fn open(
        &self,
        buffer: &mut SendBuffer,
        messages: usize,
        config: &Config,
    ) {
        if self.keys.is_none() && !self.deflation.is_agreed() {
            let room = config.write_high_water.saturating_sub(self.len);
            buffer.open((self.staged.end(), self.large.len()), messages, room);
        }
    }

    /// Queues what `buffer` took, before what was queued since it was opened. Since then nothing has
    /// left. Returns how many bytes stand before others now that were queued sooner.
    pub(in crate::protocol) fn take(&mut self, buffer: &SendBuffer) -> usize {
        let frames = buffer.frames();
        let (at, larges) = buffer.behind;
        let later = self.staged.insert(at, frames);
        self.len += frames.len();
        self.tally
            .note_whole(buffer.messages(), buffer.payload_len());
        if later == 0 && self.large.len() == larges {
            return 0;
        }
        for large in self.large.iter_mut().skip(larges) {
            large.at = large.at.wrapping_add(frames.len());
        }
        frames.len()
    }

    /// Queues an unfragmented data frame.
    #[inline]
    fn push(&mut self, kind: Kind, data: impl AsRef<[u8]> + Into<Bytes>) {
        if data.as_ref().len() <= STAGE_UP_TO || self.keys.is_some() {
            self.stage(kind, data.as_ref());
        } else {
            self.push_large(kind, data.into());
        }
    }

    /// Queues a frame whose payload is written from where it is.
    #[inline(never)]
    fn push_large(&mut self, kind: Kind, data: Bytes) {
        let header = self.header(kind, data.len());
        let begin = self.staged.end();
        self.staged.push(&header, &[]);
        let at = self.staged.end();
        self.len += at.wrapping_sub(begin) + data.len();
        self.large.push_back(Large { at, data });
    }

    /// Queues a frame that was encoded before; one that is not small is shared.
    fn push_frame(&mut self, frame: &Bytes) {
        self.len += frame.len();
        if frame.len() <= STAGE_UP_TO {
            self.staged.push_frame(frame);
        } else {
            let at = self.staged.end();
            let data = frame.clone();
            self.large.push_back(Large { at, data });
        }
    }

    /// Fills `slices` with what is to be written first; returns how many it filled.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut slots = slices.iter_mut();
        let mut filled = 0;
        let mut put = |data: &'a [u8]| {
            if data.is_empty() {
                return true;
            }
            let Some(slot) = slots.next() else {
                return false;
            };
            *slot = IoSlice::new(data);
            filled += 1;
            true
        };
        let mut begin = self.staged.front();
        for large in &self.large {
            if !put(self.staged.between(begin, large.at)) || !put(&large.data) {
                return filled;
            }
            begin = large.at;
        }
        put(self.staged.between(begin, self.staged.end()));
        filled
    }

    /// All of it, if it is staged.
    #[inline]
    pub(crate) fn as_slice(&self) -> Option<&[u8]> {
        let (front, end) = (self.staged.front(), self.staged.end());
        self.large
            .is_empty()
            .then(|| self.staged.between(front, end))
    }

    /// The first `written` bytes have left.
    #[inline]
    pub(in crate::protocol) fn advance(&mut self, written: usize) {
        if self.large.is_empty() {
            let written = written.min(self.len);
            self.len -= written;
            self.staged.advance(written);
        } else {
            self.advance_scattered(written);
        }
    }

    fn advance_scattered(&mut self, written: usize) {
        let mut left = written.min(self.len);
        self.len -= left;
        while left > 0 {
            let large = self.large.front();
            let end = large.map_or(self.staged.end(), |large| large.at);
            let step = left.min(end.wrapping_sub(self.staged.front()));
            self.staged.advance(step);
            left -= step;
            if let Some(large) = self.large.front_mut().filter(|_| left > 0) {
                let step = left.min(large.data.len());
                large.data.advance(step);
                left -= step;
                if large.data.is_empty() {
                    self.large.pop_front();
                }
            }
        }
    }

    /// Forgets what is queued.
    pub(in crate::protocol) fn discard(&mut self) {
        self.len = 0;
        self.release();
    }

    /// Gives back memory if nothing is queued.
    pub(in crate::protocol) fn release(&mut self) {
        if self.len == 0 {
            self.staged.release();
            if self.large.capacity() > 0 {
                self.large = VecDeque::new();
            }
        }
    }

    /// What was queued, whether it has left or not.
    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Bytes that wait to be written.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Whether so much is queued that senders should wait.
    pub(crate) const fn is_congested(&self, config: &Config) -> bool {
        self.len >= config.write_high_water
    }

    /// Queues a frame whose payload is copied.
    #[inline(never)]
    fn stage(&mut self, kind: Kind, data: &[u8]) {
        let header = self.header(kind, data.len());
        let begin = self.staged.end();
        let payload = self.staged.push(&header, data);
        apply_mask(header.mask, 0, payload);
        self.len += self.staged.end().wrapping_sub(begin);
    }

    fn header(&mut self, kind: Kind, len: usize) -> FrameHeader {
        FrameHeader {
            fin: true,
            compressed: kind.compressed,
            opcode: kind.opcode,
            // 5.1: a server does not mask; 5.3: a client takes a fresh key for each frame.
            mask: self.keys.as_mut().map(|keys| keys.next_key()),
            len,
        }
    }
}

#[cfg(test)]
mod tests;
