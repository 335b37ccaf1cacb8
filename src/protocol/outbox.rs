//! Frames that wait to be written.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    message::CloseFrame,
    wire::{FrameHeader, MAX_CONTROL_PAYLOAD, OpCode, apply_mask},
};

/// Payloads up to this size are copied behind their header; larger ones are written in place.
const STAGE_UP_TO: usize = 4096;

/// First allocation of the staging buffer: room for what is often sent in one go.
const STAGE_AT_LEAST: usize = 2048;

/// Source of mask keys, which must be unpredictable (RFC 6455, sections 5.3 and 10.3).
pub(crate) trait MaskKeys: Send {
    /// A fresh key for one frame.
    fn next_key(&mut self) -> [u8; 4];
}

/// A queue of bytes: what is small is staged in one buffer, what is large stays where it is.
pub(super) struct Outbox {
    /// `Some` for a client: it masks every frame (5.1).
    keys: Option<Box<dyn MaskKeys>>,
    staged: BytesMut,
    /// How many staged bytes have left since the beginning; it may wrap.
    staged_base: usize,
    large: VecDeque<Large>,
    len: usize,
}

/// A payload that is written from its own memory.
struct Large {
    /// Where in the stream of staged bytes it stands.
    at: usize,
    data: Bytes,
}

impl Outbox {
    pub(super) fn new(keys: Option<Box<dyn MaskKeys>>) -> Self {
        Self {
            keys,
            staged: BytesMut::new(),
            staged_base: 0,
            large: VecDeque::new(),
            len: 0,
        }
    }

    /// Queues an unfragmented data frame.
    pub(super) fn push(&mut self, opcode: OpCode, data: Bytes) {
        if data.len() <= STAGE_UP_TO || self.keys.is_some() {
            self.stage(opcode, &data);
        } else {
            self.put_header(opcode, data.len());
            self.len += data.len();
            self.large.push_back(Large {
                at: self.staged_base.wrapping_add(self.staged.len()),
                data,
            });
        }
    }

    /// Queues a control frame.
    pub(super) fn push_control(&mut self, opcode: OpCode, data: &[u8]) {
        debug_assert!(data.len() <= MAX_CONTROL_PAYLOAD);
        self.stage(opcode, data);
    }

    /// Queues a Close frame (5.5.1).
    pub(super) fn push_close(&mut self, frame: Option<&CloseFrame>) {
        let mut body = [0; MAX_CONTROL_PAYLOAD];
        let len = frame.map_or(0, |frame| {
            let reason = frame.reason.as_bytes();
            body[..2].copy_from_slice(&frame.code.to_be_bytes());
            body[2..2 + reason.len()].copy_from_slice(reason);
            2 + reason.len()
        });
        self.push_control(OpCode::Close, &body[..len]);
    }

    /// Fills `slices` with what is to be written first; returns how many it filled.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
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
        let mut begin = 0;
        for large in &self.large {
            let end = self.staged_before(large);
            if !put(&self.staged[begin..end]) || !put(&large.data) {
                return filled;
            }
            begin = end;
        }
        put(&self.staged[begin..]);
        filled
    }

    /// The first `written` bytes have left.
    pub(super) fn advance(&mut self, written: usize) {
        let mut left = written.min(self.len);
        self.len -= left;
        while left > 0 {
            let staged = match self.large.front() {
                Some(large) => self.staged_before(large),
                None => self.staged.len(),
            };
            let step = left.min(staged);
            self.staged.advance(step);
            self.staged_base = self.staged_base.wrapping_add(step);
            left -= step;
            if let Some(large) = self.large.front_mut()
                && left > 0
            {
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
    pub(super) fn discard(&mut self) {
        self.len = 0;
        self.release();
    }

    /// Gives back memory if nothing is queued.
    pub(super) fn release(&mut self) {
        if self.len == 0 {
            self.staged = BytesMut::new();
            self.large = VecDeque::new();
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    fn stage(&mut self, opcode: OpCode, data: &[u8]) {
        if self.staged.capacity() == 0 {
            self.staged.reserve(STAGE_AT_LEAST);
        }
        let mask = self.put_header(opcode, data.len());
        let begin = self.staged.len();
        self.staged.extend_from_slice(data);
        self.len += data.len();
        if let Some(key) = mask {
            apply_mask(key, 0, &mut self.staged[begin..]);
        }
    }

    fn put_header(&mut self, opcode: OpCode, len: usize) -> Option<[u8; 4]> {
        // 5.1: a server does not mask; 5.3: a client takes a fresh key for each frame.
        let mask = self.keys.as_mut().map(|keys| keys.next_key());
        let header = FrameHeader {
            fin: true,
            opcode,
            mask,
            len,
        };
        let header = header.encode();
        self.staged.extend_from_slice(header.as_slice());
        self.len += header.as_slice().len();
        mask
    }

    /// How many of the bytes staged now precede `large`.
    fn staged_before(&self, large: &Large) -> usize {
        large.at.wrapping_sub(self.staged_base)
    }
}
