//! To the peer: messages in, bytes out, through one door ([`Sender`]).
//!
//! # Lanes
//!
//! The figures are instructions per message of an echo server, as Callgrind counts them with and
//! without the lane:
//!
//! - A small message that is not compressed is [copied](Sender::send_small) behind what is queued,
//!   and nothing else is looked at: 4,970 for 5,350 where one of 32 bytes is sent at a time, and
//!   2,050 for 2,400 with eight of 1 KiB.
//! - Those that a handler sends behind it in its turn go to a [`SendBuffer`], without the connection's
//!   lock: 696 for 850 with 32 messages of 32 bytes.
//! - What is queued in one place is written [as one slice](Sender::as_slice): 4,970 for 5,100 with
//!   one message at a time.
//! - Everything else, what is compressed, masked or large, is sent in the general way.
//!
//! # What else fits
//!
//! - A message sent in pieces is [`Sender::send_data`] with a header that is not final.
//! - A prepared message is a payload that is shared, and its compressed form is another: the outbox
//!   writes shared payloads in place.

mod buffer;
mod outbox;
mod staging;

use std::io::IoSlice;

use bytes::Bytes;

pub(crate) use self::{buffer::SendBuffer, outbox::MaskKeys};
use self::{
    buffer::data_of,
    outbox::{Kind, Outbox},
};
use crate::{
    config::Config,
    deflate::{DeflateParams, Deflation},
    message::{CloseFrame, Message},
    wire::{OpCode, Role},
};

/// Encodes what is sent, and holds it until it is written.
pub(crate) struct Sender {
    outbox: Outbox,
    deflation: Deflation,
}

/// Whether a message is to be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compress {
    /// If the peer takes it and the configuration finds it worth while.
    IfAgreed,
    Never,
}

impl Sender {
    pub(super) fn new(
        role: Role,
        deflate: Option<DeflateParams>,
        keys: Option<Box<dyn MaskKeys>>,
    ) -> Self {
        Self {
            outbox: Outbox::new(keys),
            deflation: Deflation::new(role, deflate),
        }
    }

    /// Queues a data message.
    #[inline]
    pub(super) fn send_data(
        &mut self,
        opcode: OpCode,
        data: Bytes,
        compress: Compress,
        config: &Config,
    ) {
        let compressed = match compress {
            Compress::IfAgreed => self.deflation.compress(&data, config.deflate.as_ref()),
            Compress::Never => None,
        };
        match compressed {
            Some(compressed) => self.outbox.push(Kind::compressed(opcode), compressed),
            None => self.outbox.push(Kind::plain(opcode), data),
        }
    }

    /// Queues a Ping or Pong with a payload that is not too long.
    pub(super) fn send_control(&mut self, opcode: OpCode, data: &[u8]) {
        self.outbox.push_control(opcode, data);
    }

    /// Queues a Close.
    pub(super) fn send_close(&mut self, frame: Option<&CloseFrame>) {
        self.outbox.push_close(frame);
    }

    /// Queues a message that is sent as it is and costs nothing but a copy, as most are; `false`,
    /// and nothing is done, if it is another one, or must wait.
    #[inline]
    pub(super) fn send_small(
        &mut self,
        message: &Message,
        compress: Compress,
        config: &Config,
    ) -> bool {
        let Some((opcode, data)) = data_of(message) else {
            return false;
        };
        (compress == Compress::Never || !self.deflation.is_agreed())
            && !self.is_congested(config)
            && self.outbox.push_small(opcode, data)
    }

    /// Lets `buffer` take as many small messages that follow all that is queued, if nothing has to
    /// be looked at for them.
    pub(super) fn open(&self, buffer: &mut SendBuffer, messages: usize, config: &Config) {
        if !self.outbox.masks() && !self.deflation.is_agreed() {
            let room = config.write_high_water.saturating_sub(self.len());
            buffer.open(self.outbox.end(), messages, room);
        }
    }

    /// Queues what `buffer` took, before what was queued since it was opened, of which nothing
    /// has left.
    pub(super) fn take(&mut self, buffer: &SendBuffer) {
        self.outbox.insert(buffer.at, buffer.frames());
    }

    /// The first `written` bytes have left.
    #[inline]
    pub(super) fn advance(&mut self, written: usize) {
        self.outbox.advance(written);
    }

    /// Forgets what is queued.
    pub(super) fn discard(&mut self) {
        self.outbox.discard();
    }

    /// Gives back memory if nothing is queued.
    pub(super) fn release(&mut self) {
        self.outbox.release();
    }

    /// Bytes that wait to be written.
    pub(crate) const fn len(&self) -> usize {
        self.outbox.len()
    }

    /// Whether so much is queued that senders should wait.
    pub(crate) const fn is_congested(&self, config: &Config) -> bool {
        self.len() >= config.write_high_water
    }

    /// The bytes to write, in order; returns how many of `slices` were filled.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.outbox.slices(slices)
    }

    /// The same if it lies in one place.
    #[inline]
    pub(crate) fn as_slice(&self) -> Option<&[u8]> {
        self.outbox.as_slice()
    }
}
