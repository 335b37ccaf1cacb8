//! From the peer: bytes in, messages out, through one door ([`Receiver::receive`]).
//!
//! [`frames`] knows where in the stream of frames the input stands, and yields whole messages;
//! [`partial`] is one under way; [`held`] inflates compressed ones in steps. The door knows in which
//! order to ask them, and they hand on what they know of a header. One that is not there as a whole, or
//! whose frame is awaited, is looked at again with what comes next.
//!
//! # Lanes
//!
//! Most messages are small, plain and there as a whole, and the general decoder costs more than all
//! else that is done for them. The figures are instructions per message of an echo server, as
//! Callgrind counts them with and without the lane:
//!
//! - A [batch](Batch) of small plain messages is decoded in one go, and the user takes them without
//!   the connection's lock: 696 for 1,243, where 32 messages of 32 bytes come together.
//! - A plain message that is there as a whole needs no rules looked up and no state kept: 4,970 for
//!   5,320 where one of 32 bytes comes at a time, and 2,050 for 2,410 with eight of 1 KiB.
//! - The general decoder takes everything else, and judges what is not lawful.
//! - A large binary payload is read [directly](Receiver::direct) to where it is assembled, and not
//!   copied there: 166,000 for 1,286,000 with messages of 1 MiB.
//! - Short compressed messages [behind](Want::Behind) one that the user takes are inflated with it,
//!   so that either finds the processor's caches as it left them. This saves time, not
//!   instructions.
//!
//! Two more are for others' sake, not for speed: a long compressed message is inflated in steps,
//! between which other connections have their turn, and one that nobody receives yet is held as it
//! came, since what comes out of it may be a thousand times as large.
//!
//! # What else fits
//!
//! - A message received in pieces is one more [`Want`], whose answer is what [`partial`] has.
//! - A receive that lends its bytes is one more, whose answer borrows from the input what the short
//!   way finds there.
//! - Compressed messages are held as they came already; to hand them over so is a [`Want`] of the
//!   user's, with the answer that [`Want::Ahead`] has.

mod assembler;
mod batch;
mod control;
mod frames;
mod held;
mod inflated;
mod partial;
#[cfg(test)]
mod tests;
mod work;

use bytes::{Buf, Bytes, BytesMut, buf::Limit};

pub(crate) use self::{batch::Batch, held::Compressed, work::Cost};
use self::{
    frames::{Came, Frames, Short},
    held::{PIECE, inflate, inflate_short},
    work::Work,
};
use crate::{
    config::Config,
    deflate::{DeflateParams, Inflation},
    message::Message,
    wire::{FrameHeader, OpCode, ProtocolError, Role},
};

/// Decodes what the peer sends.
pub(crate) struct Receiver {
    frames: Frames,
    inflation: Inflation,
    /// What may still be done in this step.
    work: Work,
}

/// What is to be received, and how.
#[derive(Debug)]
pub(crate) enum Want<'a> {
    /// The next message, which the user takes at once; none before it is held as it came. Small
    /// ones that follow go to `batch`, which is used up: there are at most `most` in all.
    Now { batch: &'a mut Batch, most: usize },
    /// The first of the messages that are held as they came. After an error, nothing that was
    /// decoded behind it counts.
    Held(Compressed),
    /// One that follows an [inflated](Received::Inflated) message, in the same step: compressed
    /// ones that are not found to be short at once stay as they came.
    Behind,
    /// The next message, of which the user may take none yet: compressed ones stay as they came.
    Ahead,
}

/// What has come.
#[derive(Debug)]
pub(crate) enum Received {
    /// Text or binary that came as it is. If it is one of a batch, the others are there.
    Data(Message),
    /// A message that came compressed. Taking others of its kind now costs less than later.
    Inflated(Message),
    /// A Ping, which has been answered, a Pong, or a Close, behind which nothing comes.
    Control(Message),
    /// A message that is not inflated, or not to its end, since that would take too long. It is
    /// to be handed back, as [`Want::Held`], before any that came behind it.
    Compressed(Compressed),
    /// Nothing comes behind it.
    Failed(ProtocolError),
    /// Nothing yet, for the work of a step is done: it goes on when it is called again.
    Stopped,
    /// Nothing as long as no more bytes come.
    NeedsMore,
}

/// Which compressed messages are inflated at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inflate {
    All,
    Short,
    None,
}

impl Receiver {
    pub(super) fn new(role: Role, deflate: Option<DeflateParams>) -> Self {
        let inflation = Inflation::new(role, deflate);
        Self {
            frames: Frames::new(role, inflation.is_agreed()),
            inflation,
            work: Work::STEP,
        }
    }

    /// Takes what is wanted, most of the time out of `input`; says what it cost, too.
    ///
    /// All state is kept here, so it does not matter how the bytes are cut into pieces.
    #[inline]
    pub(super) fn receive(
        &mut self,
        input: &mut BytesMut,
        want: Want<'_>,
        limits: &Config,
    ) -> (Received, Cost) {
        match want {
            Want::Now { batch, most } => {
                let header = match self.frames.decode_short(input, most, limits) {
                    Short::Message(message) => return (Received::Data(message), Cost::Usual),
                    Short::Batch(several) => {
                        *batch = several;
                        let first = batch.pop().map_or(Received::NeedsMore, Received::Data);
                        return (first, Cost::Usual);
                    }
                    Short::Header(header, at) => Some((header, at)),
                    Short::Nothing => None,
                };
                self.receive_now(input, header, limits)
            }
            Want::Held(message) => self.receive_held(message, input, limits),
            Want::Behind => self.receive_ahead(input, Inflate::Short, limits),
            Want::Ahead => self.receive_ahead(input, Inflate::None, limits),
        }
    }

    #[inline(never)]
    fn receive_now(
        &mut self,
        input: &mut BytesMut,
        header: Option<(FrameHeader, usize)>,
        limits: &Config,
    ) -> (Received, Cost) {
        self.work = Work::STEP;
        let received = self.decode(input, header, Inflate::All, limits);
        self.settle(received, input, Inflate::All)
    }

    #[inline(never)]
    fn receive_held(
        &mut self,
        message: Compressed,
        input: &mut BytesMut,
        limits: &Config,
    ) -> (Received, Cost) {
        self.work = Work::STEP;
        let received = self.inflate(message, limits);
        self.settle(received, input, Inflate::All)
    }

    #[inline(never)]
    fn receive_ahead(
        &mut self,
        input: &mut BytesMut,
        inflate: Inflate,
        limits: &Config,
    ) -> (Received, Cost) {
        if inflate == Inflate::None {
            self.work = Work::STEP;
        }
        let received = match self.frames.decode_short(input, 1, limits) {
            Short::Message(message) => Received::Data(message),
            Short::Header(header, at) => self.decode(input, Some((header, at)), inflate, limits),
            Short::Nothing | Short::Batch(_) => self.decode(input, None, inflate, limits),
        };
        self.settle(received, input, inflate)
    }

    fn decode(
        &mut self,
        input: &mut BytesMut,
        header: Option<(FrameHeader, usize)>,
        inflate: Inflate,
        limits: &Config,
    ) -> Received {
        match self.frames.decode(input, header, &mut self.work, limits) {
            Ok(Came::Data(message)) => Received::Data(message),
            Ok(Came::Control(message)) => Received::Control(message),
            Ok(Came::Packed { opcode, payload }) => {
                let end = payload.end;
                let received = self.inflate_whole(opcode, &input[payload], inflate, limits);
                input.advance(end);
                received
            }
            Ok(Came::Joined { opcode, payload }) => {
                self.inflate_or_hold(Compressed::new(opcode, payload), inflate, limits)
            }
            Ok(Came::Stopped) => Received::Stopped,
            Ok(Came::NeedsMore) => Received::NeedsMore,
            Err(error) => Received::Failed(error),
        }
    }

    /// Inflates a message whose payload is there as a whole, or holds it as it came.
    fn inflate_whole(
        &mut self,
        opcode: OpCode,
        payload: &[u8],
        how: Inflate,
        limits: &Config,
    ) -> Received {
        let (inflation, work) = (&mut self.inflation, &mut self.work);
        let inflated = match how {
            Inflate::All if payload.len() <= PIECE => {
                Some(inflate(inflation, work, opcode, payload, limits))
            }
            Inflate::Short => inflate_short(inflation, work, opcode, payload, limits),
            Inflate::All | Inflate::None => None,
        };
        if let Some(inflated) = inflated {
            return inflated.map_or_else(Received::Failed, Received::Inflated);
        }
        let message = Compressed::new(opcode, Bytes::copy_from_slice(payload));
        self.inflate_or_hold(message, how, limits)
    }

    fn inflate_or_hold(&mut self, message: Compressed, how: Inflate, limits: &Config) -> Received {
        match how {
            Inflate::All => self.inflate(message, limits),
            Inflate::Short | Inflate::None => Received::Compressed(message),
        }
    }

    /// Inflates a message, or goes on with it.
    fn inflate(&mut self, message: Compressed, limits: &Config) -> Received {
        match message.inflate(&mut self.inflation, &mut self.work, limits) {
            Ok(inflated) => inflated.map_or_else(Received::Failed, Received::Inflated),
            Err(rest) => Received::Compressed(rest),
        }
    }

    fn settle(
        &mut self,
        received: Received,
        input: &mut BytesMut,
        inflate: Inflate,
    ) -> (Received, Cost) {
        if matches!(
            received,
            Received::Failed(_) | Received::Control(Message::Close(_))
        ) {
            // 5.5.1 and 7.1.7: nothing that follows is interpreted. What was held as it came can
            // still be inflated.
            self.frames.stop();
            input.clear();
            if inflate == Inflate::All {
                self.inflation.stop();
            }
        }
        (received, self.work.cost())
    }

    /// Where to read next in place of the input, at most so much as the buffer says; `None` if
    /// into the input, as is usual. The input must have been decoded.
    #[inline]
    pub(super) fn direct(&mut self, limits: &Config) -> Option<Limit<&mut Vec<u8>>> {
        self.frames.direct(limits)
    }

    /// Gives back room that a message under way does not use.
    pub(super) fn release(&mut self) {
        self.frames.release();
    }

    /// Whether nothing can come of `input`, for it is empty.
    #[inline]
    pub(crate) fn needs_more(&self, input: &[u8]) -> bool {
        self.frames.needs_more(input)
    }

    /// Bytes held of a message that is not complete.
    pub(crate) fn partial_len(&self) -> usize {
        self.frames.partial_len()
    }

    /// The side that this endpoint plays.
    pub(crate) const fn role(&self) -> Role {
        self.frames.role()
    }
}
