//! Messages that are received (RFC 7692, section 7.2.2).

use super::{
    codec::{Decompressor, Reached, Step},
    history::History,
    pool::{self, Lent, Ticket},
};
use crate::config::deflate::{DeflateSide, MAX_WINDOW_BITS, Takeover};

/// 7.2.1: a message ends with the header of an empty stored block, whose length the sender
/// left out. 7.2.2 appends it; here it becomes a block with [`CONTENT`] and a final one, since
/// what was cut off elsewhere may happen to be complete with the octets 00 00 FF FF, but does
/// not happen to decode to that.
const END: [u8; 13] = [
    0x04, 0x00, 0xFB, 0xFF, 0x9D, 0x3A, 0x71, 0xC6, 0x01, 0x00, 0x00, 0xFF, 0xFF,
];
const CONTENT: &[u8] = &[0x9D, 0x3A, 0x71, 0xC6];

/// The same for a message whose last byte ends as such a header does, as of the usual encoders:
/// the octets as they are, and an empty block, which is read as a block, and just so, only if
/// no other one is open and no bit is left over. They give no output, so that the decompressor
/// can go on with the next message. What ends so and is complete by chance with the octets
/// passes, as 7.2.2 has it. The last byte is not read.
const USUAL_END: [u8; 10] = [0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0x00];

/// What is left of it behind either block.
const USUAL_REST: [usize; 2] = [6, 1];

/// The bits of a last byte that the three of a header, with zeros behind it, set to zero.
const HEADER: u8 = 0xE0;

/// Final blocks that any message may have: one is what a sender without a sync flush needs.
const FREE_RESTARTS: usize = 4;

/// Payload bytes per further one: each restores the window, up to 32 KiB.
const BYTES_PER_RESTART: usize = 64;

/// Decompresses the messages of one direction of a connection.
///
/// Allocates nothing before the first message. Between messages it holds the window if the
/// context is taken over, else nothing. Each message begins behind the last 2^`window_bits`
/// bytes of those before it, and within the message distances up to 32 KiB are understood: a peer
/// that exceeds its window there costs no memory. So the verdict depends on what was sent,
/// not on when it arrived.
pub(super) struct Inflater {
    side: DeflateSide,
    history: History,
    /// Where a decompressor may be that still holds `history`, and nothing else.
    ticket: Option<Ticket>,
    message: Option<Message>,
}

/// A message under way.
struct Message {
    decompressor: Decompressor,
    place: Place,
    /// Payload bytes taken.
    taken: usize,
    restarts: usize,
    /// The last byte of the payload so far.
    last: u8,
}

/// What a message leaves its decompressor like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// It goes on with the next message.
    Intact,
    Spent,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Behind a block with BFINAL set to 1, or before the first one.
    Boundary,
    Block,
}

/// Why a message cannot be inflated. Nothing can be after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// It is no DEFLATE, refers to what is not there, or is not complete.
    Corrupt,
    /// It is larger than the budget.
    TooBig,
}

impl Inflater {
    pub(super) const fn new(side: DeflateSide) -> Self {
        Self {
            side,
            history: History::new(side.window_bits),
            ticket: None,
            message: None,
        }
    }

    /// Inflates a piece of a message's payload, however it was cut, and hands the output on
    /// in pieces of at most 17 KiB. If it `is_last`, [`finish`](Self::finish) follows.
    ///
    /// # Errors
    ///
    /// What `sink` returns; [`InflateError`], `TooBig` if the output exceeds `budget` bytes:
    /// then `sink` has had just those.
    pub(super) fn inflate<E: From<InflateError>>(
        &mut self,
        mut piece: &[u8],
        is_last: bool,
        budget: usize,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if piece.is_empty() {
            return Ok(());
        }
        let message = self
            .message
            .get_or_insert_with(|| Message::begin(self.ticket.take(), &self.history));
        // 7.1.1: nothing refers to what the last step gives if no message and no step follows.
        let is_forgotten = is_last && self.side.takeover == Takeover::Reset;
        let mut left = budget;
        pool::with_room(|room| {
            let mut before = 0;
            // 7.2.1: further blocks may follow one with BFINAL set to 1.
            while !piece.is_empty() || message.place == Place::Block {
                self.history.push(&room[..before]);
                // One byte more than is left would be too many.
                let len = room.len().min(left.saturating_add(1));
                let room = &mut room[..len];
                let Step { written, reached } = message.step(&mut piece, room, &self.history)?;
                before = written.min(left);
                let output = &room[..before];
                if !output.is_empty() {
                    sink(output)?;
                }
                if written > left {
                    return Err(InflateError::TooBig.into());
                }
                left -= written;
                match reached {
                    Reached::Limit if piece.is_empty() && written < len => break,
                    Reached::Limit | Reached::FinalBlock => {}
                    Reached::Error => return Err(InflateError::Corrupt.into()),
                }
            }
            if !is_forgotten {
                self.history.push(&room[..before]);
            }
            Ok(())
        })
    }

    /// The message ends here.
    ///
    /// One that ends with a final block is complete, and so is one without any payload, though
    /// 7.2.1 has senders append the header of an empty block to both: nothing is missing.
    ///
    /// # Errors
    ///
    /// `Corrupt` if it ends inside a block.
    pub(super) fn finish(&mut self) -> Result<(), InflateError> {
        if let Some(mut message) = self.message.take() {
            let left = message.finish()?;
            self.take_back(message.decompressor, left);
        }
        if self.side.takeover == Takeover::Reset {
            // 7.1.1: the next message begins with an empty window.
            self.history.clear();
        }
        Ok(())
    }

    /// Without it the next message restores the history.
    #[cfg(test)]
    pub(super) const fn ticket(&mut self) -> &mut Option<Ticket> {
        &mut self.ticket
    }

    /// Gives the decompressor to the pool: with the history, if it holds just that.
    fn take_back(&mut self, decompressor: Decompressor, left: Left) {
        // Its own window is the largest, so that a smaller one must be restored.
        let is_kept = self.side.takeover == Takeover::Kept
            && self.side.window_bits == MAX_WINDOW_BITS
            && left == Left::Intact
            && decompressor.is_durable();
        if is_kept {
            self.ticket = pool::park_decompressor(decompressor);
        } else {
            pool::return_decompressor(decompressor);
        }
    }
}

impl Message {
    fn begin(ticket: Option<Ticket>, history: &History) -> Self {
        let decompressor = match pool::lend_decompressor(ticket) {
            Lent::Ready(decompressor) => decompressor,
            Lent::Stale(mut decompressor) => {
                decompressor.restart(history);
                decompressor
            }
        };
        Self {
            decompressor,
            place: Place::Boundary,
            taken: 0,
            restarts: 0,
            last: 0,
        }
    }

    fn step(
        &mut self,
        piece: &mut &[u8],
        room: &mut [u8],
        history: &History,
    ) -> Result<Step, InflateError> {
        if self.place == Place::Boundary && self.taken > 0 {
            self.restart(history)?;
        }
        let before = piece.len();
        self.last = piece.last().copied().unwrap_or(self.last);
        let step = self.decompressor.decompress(piece, room);
        self.taken = self.taken.saturating_add(before - piece.len());
        self.place = match step.reached {
            Reached::FinalBlock => Place::Boundary,
            Reached::Limit | Reached::Error => Place::Block,
        };
        Ok(step)
    }

    /// Goes on behind a final block. Stricter: a run of empty ones is refused.
    fn restart(&mut self, history: &History) -> Result<(), InflateError> {
        self.restarts += 1;
        if self.restarts > FREE_RESTARTS + self.taken / BYTES_PER_RESTART {
            return Err(InflateError::Corrupt);
        }
        self.decompressor.restart(history);
        Ok(())
    }

    fn finish(&mut self) -> Result<Left, InflateError> {
        if self.place == Place::Boundary {
            return Ok(Left::Spent);
        }
        if self.last & HEADER == 0 {
            self.finish_as_usual()?;
            return Ok(Left::Intact);
        }
        let mut rest = &END[..];
        let mut room = [0; 2 * END.len()];
        let step = self.decompressor.decompress(&mut rest, &mut room);
        let is_end = step.reached == Reached::FinalBlock && rest.is_empty();
        if is_end && room[..step.written] == *CONTENT {
            Ok(Left::Spent)
        } else {
            Err(InflateError::Corrupt)
        }
    }

    fn finish_as_usual(&mut self) -> Result<(), InflateError> {
        let mut rest = &USUAL_END[..];
        for left in USUAL_REST {
            // With input and room left, the end of a block is what stopped it.
            let step = self.decompressor.decompress_block(&mut rest, &mut [0]);
            if step.reached != Reached::Limit || step.written > 0 || rest.len() != left {
                return Err(InflateError::Corrupt);
            }
        }
        Ok(())
    }
}
