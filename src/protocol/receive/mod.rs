//! From the peer: bytes in, messages out. [`Protocol::receive`](super::Protocol::receive) is the
//! one door; behind it [`Receiver::receive`] takes the short lanes, and [`Receiver::step`] all else.
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

pub(crate) use self::{batch::Batch, frames::Frames, held::Compressed, work::Cost};
use self::{
    frames::{Came, Short},
    held::{PIECE, inflate},
    work::Work,
};
use crate::{
    config::Config,
    deflate::{DeflateParams, Inflation},
    message::Message,
    wire::{FrameHeader, ProtocolError, Role},
};

/// Decodes what the peer sends.
pub(crate) struct Receiver {
    frames: Frames,
    inflation: Inflation,
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
    /// The next message, of which the user may take none yet: compressed ones stay as they came.
    Ahead,
}

/// What has come.
#[derive(Debug)]
pub(crate) enum Received {
    /// Text or binary. If it is one of a batch, the others are there.
    Data(Message),
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

/// When a compressed message is inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inflate {
    Now,
    Later,
}

/// What a step begins with.
pub(super) enum Task {
    /// With the input, whose first header may be known.
    Decode(Option<(FrameHeader, usize)>, Inflate),
    Inflate(Compressed),
}

impl Receiver {
    pub(super) fn new(role: Role, deflate: Option<DeflateParams>) -> Self {
        let inflation = Inflation::new(role, deflate);
        Self {
            frames: Frames::new(role, inflation.is_agreed()),
            inflation,
        }
    }

    /// Takes what is wanted out of `input` if it is a plain message that is there as a whole; else
    /// says with what a [`step`](Self::step) begins.
    ///
    /// All state is kept here, so it does not matter how the bytes are cut into pieces.
    #[inline]
    pub(super) fn receive(
        &mut self,
        input: &mut BytesMut,
        want: Want<'_>,
        limits: &Config,
    ) -> Result<Message, Task> {
        let mut unused = Batch::default();
        let (batch, most, inflate) = match want {
            Want::Now { batch, most } => (batch, most, Inflate::Now),
            Want::Ahead => (&mut unused, 1, Inflate::Later),
            Want::Held(message) => return Err(Task::Inflate(message)),
        };
        let header = match self.frames.decode_short(input, most, limits) {
            Short::Message(message) => return Ok(message),
            Short::Batch(several) => {
                *batch = several;
                return batch.pop().ok_or(Task::Decode(None, inflate));
            }
            Short::Header(header, at) => Some((header, at)),
            Short::Nothing => None,
        };
        Err(Task::Decode(header, inflate))
    }

    /// Does what is next in the general way; says what it cost, too.
    pub(super) fn step(
        &mut self,
        input: &mut BytesMut,
        task: Task,
        limits: &Config,
    ) -> (Received, Cost) {
        let mut work = Work::STEP;
        let (received, inflate) = match task {
            Task::Decode(header, inflate) => {
                let received = self.decode(input, header, inflate, &mut work, limits);
                (received, inflate)
            }
            Task::Inflate(message) => (self.inflate(message, &mut work, limits), Inflate::Now),
        };
        if let Received::Data(message) = &received {
            self.frames.note_message(message.len());
        }
        if matches!(
            received,
            Received::Failed(_) | Received::Control(Message::Close(_))
        ) {
            // 5.5.1 and 7.1.7: nothing that follows is interpreted.
            self.stop(input);
            if inflate == Inflate::Now {
                self.inflation.stop();
            }
        }
        (received, work.cost())
    }

    /// Interprets nothing more. What was held as it came can still be inflated.
    pub(super) fn stop(&mut self, input: &mut BytesMut) {
        self.frames.stop();
        input.clear();
    }

    fn decode(
        &mut self,
        input: &mut BytesMut,
        header: Option<(FrameHeader, usize)>,
        when: Inflate,
        work: &mut Work,
        limits: &Config,
    ) -> Received {
        let (opcode, payload, len) = match self.frames.decode(input, header, work, limits) {
            Ok(Came::Data(message)) => return Received::Data(message),
            Ok(Came::Control(message)) => return Received::Control(message),
            Ok(Came::Packed { opcode, payload }) => {
                let end = payload.end;
                let payload = &input[payload];
                if when == Inflate::Now && payload.len() <= PIECE {
                    let inflated = inflate(&mut self.inflation, work, opcode, payload, limits);
                    input.advance(end);
                    return inflated.map_or_else(Received::Failed, Received::Data);
                }
                (opcode, Bytes::copy_from_slice(payload), end)
            }
            Ok(Came::Joined { opcode, payload }) => (opcode, payload, 0),
            Ok(Came::Stopped) => return Received::Stopped,
            Ok(Came::NeedsMore) => return Received::NeedsMore,
            Err(error) => return Received::Failed(error),
        };
        input.advance(len);
        let message = Compressed::new(opcode, payload);
        match when {
            Inflate::Now => self.inflate(message, work, limits),
            Inflate::Later => Received::Compressed(message),
        }
    }

    /// Inflates a message, or goes on with it.
    fn inflate(&mut self, message: Compressed, work: &mut Work, limits: &Config) -> Received {
        match message.inflate(&mut self.inflation, work, limits) {
            Ok(inflated) => inflated.map_or_else(Received::Failed, Received::Data),
            Err(rest) => Received::Compressed(rest),
        }
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

    /// Where in the stream of frames the input stands.
    pub(super) const fn frames(&self) -> &Frames {
        &self.frames
    }
}
