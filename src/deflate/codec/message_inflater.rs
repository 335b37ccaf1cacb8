//! A message that is being inflated.

use super::{
    history::History,
    states::{self, Lent, Ticket},
    zlib::{Decompressor, Reached, Step},
};

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
/// passes, as 7.2.2 has it. The first byte stands for one of the payload that is not read yet,
/// and the last one is not read.
const USUAL_END: [u8; 11] = [
    0x00, 0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0x00,
];

/// What is left of it behind the first block and behind the second.
const BEHIND_FIRST: usize = 6;
const BEHIND_SECOND: usize = 1;

/// What is left of [`END`] where the header that it completes has BFINAL set to 1.
const BEHIND_CONTENT: usize = 5;

/// The bits of a last byte that the three of a header, with zeros behind it, set to zero.
const HEADER: u8 = 0xE0;

/// The first bit of a block.
const BFINAL: u8 = 0x01;

/// Zeros behind a payload, with which the library decodes fast up to its end.
const PADDING: usize = 16;

/// Final blocks that any message may have: one is what a sender without a sync flush needs.
const FREE_RESTARTS: usize = 4;

/// Payload bytes per further one: each restores the window, up to 32 KiB.
const BYTES_PER_RESTART: usize = 64;

/// A message under way.
pub(super) struct MessageInflater {
    decompressor: Decompressor,
    /// Nothing was looked at yet.
    pub(super) is_new: bool,
    pub(super) place: Place,
    /// Payload bytes taken.
    taken: usize,
    restarts: usize,
    /// The last byte of the payload so far.
    last: u8,
    /// It is complete, and its decompressor has read the end.
    is_proved: bool,
}

/// Where in a message the decompressor stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind a block with BFINAL set to 1, or before the first one.
    Boundary,
    Block,
}

/// What a message leaves its decompressor like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// It goes on with the next message.
    Intact,
    Spent,
}

/// Why a message cannot be inflated. Nothing can be after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// It is no DEFLATE, refers to what is not there, or is not complete.
    Corrupt,
    /// It is larger than the budget.
    TooBig,
}

impl MessageInflater {
    pub(super) fn begin(ticket: Option<Ticket>, history: &History) -> Self {
        let decompressor = match states::lend_decompressor(ticket) {
            Lent::Ready(decompressor) => decompressor,
            Lent::Stale(mut decompressor) => {
                decompressor.restart(history);
                decompressor
            }
        };
        Self {
            decompressor,
            is_new: true,
            place: Place::Boundary,
            taken: 0,
            restarts: 0,
            last: 0,
            is_proved: false,
        }
    }

    /// Takes all of `piece` that `room` lasts for.
    pub(super) fn step(&mut self, piece: &mut &[u8], room: &mut [u8]) -> Step {
        let mut rest = *piece;
        let step = self.decompressor.decompress(&mut rest, room);
        self.take(piece, rest.len(), step.reached);
        step
    }

    /// Takes a whole payload up to the end of its first block, which mostly is the only one, as
    /// [`step`](Self::step) does but faster. `spare` is for a copy.
    ///
    /// This way only ever finds a message complete. What does not fit, is damaged, or ends
    /// otherwise is left to `step`, from the beginning, so that it is judged in one way.
    pub(super) fn first_step(
        &mut self,
        payload: &mut &[u8],
        spare: &mut [u8],
        room: &mut [u8],
        history: &History,
    ) -> Step {
        let len = payload.len();
        // A payload of one byte has no block before the header; a final block may be followed by
        // anything.
        if len <= 1 || payload[0] & BFINAL != 0 || len + PADDING > spare.len() {
            return self.step(payload, room);
        }
        let padded = &mut spare[..len + PADDING];
        padded[..len].copy_from_slice(payload);
        padded[len..].fill(0);
        let mut rest = &*padded;
        let step = self.decompressor.decompress_block(&mut rest, room);
        let unread = rest.len().checked_sub(PADDING);
        let Some(unread) = unread.filter(|_| step.reached != Reached::Error) else {
            return self.step_anew(payload, room, history);
        };
        // Neither the input nor the room ended.
        let is_behind_block = step.reached == Reached::Limit && step.written < room.len();
        if is_behind_block && matches!(payload[len - unread..], [] | [0x00]) {
            self.is_proved = self.proves_end(payload[len - 1], unread);
            if !self.is_proved {
                // Another block begins in what was left over of the last byte that was read.
                return self.step_anew(payload, room, history);
            }
            self.take(payload, 0, step.reached);
        } else {
            self.take(payload, unread, step.reached);
        }
        step
    }

    /// Takes a payload of which a part was read already.
    fn step_anew(&mut self, payload: &mut &[u8], room: &mut [u8], history: &History) -> Step {
        self.decompressor.restart(history);
        self.step(payload, room)
    }

    /// All but `rest` bytes of `piece` were taken.
    fn take(&mut self, piece: &mut &[u8], rest: usize, reached: Reached) {
        let taken = piece.len() - rest;
        self.is_new = false;
        self.last = piece.last().copied().unwrap_or(self.last);
        self.taken = self.taken.saturating_add(taken);
        *piece = &piece[taken..];
        self.place = match reached {
            Reached::FinalBlock => Place::Boundary,
            Reached::Limit | Reached::Error => Place::Block,
        };
    }

    /// Begins anew behind a final block. Stricter: a run of empty ones is refused.
    pub(super) fn go_on(&mut self, history: &History) -> Result<(), InflateError> {
        if self.place == Place::Block || self.is_new {
            return Ok(());
        }
        self.restarts += 1;
        if self.restarts > FREE_RESTARTS + self.taken / BYTES_PER_RESTART {
            return Err(InflateError::Corrupt);
        }
        self.decompressor.restart(history);
        Ok(())
    }

    /// The payload ends here; returns the decompressor.
    pub(super) fn finish(mut self) -> Result<(Decompressor, Left), InflateError> {
        let left = if self.is_proved {
            Left::Intact
        } else if self.place == Place::Boundary {
            Left::Spent
        } else if self.last & HEADER == 0 {
            self.finish_as_usual()?
        } else {
            self.finish_otherwise()?
        };
        Ok((self.decompressor, left))
    }

    /// Whether all that follows a block that has just ended is the header of an empty one, of
    /// which `unread` bytes, one of zeros or none, are not read. If so, the end is read.
    fn proves_end(&mut self, last: u8, unread: usize) -> bool {
        if unread > 0 {
            let mut rest = &USUAL_END[..];
            return self.is_empty_block(&mut rest, BEHIND_FIRST)
                && self.is_empty_block(&mut rest, BEHIND_SECOND);
        }
        // In one go: at most 7 bits are left, the last three of them zeros, and what begins in
        // them takes all that follows without output only if it is an empty stored block. Another
        // stored one has content; so has what follows one with fixed codes, which 7 zeros end;
        // and codes of a block's own cannot begin so.
        let mut rest = &USUAL_END[1..USUAL_END.len() - BEHIND_SECOND];
        let step = self.decompressor.decompress(&mut rest, &mut [0]);
        last & HEADER == 0 && step.reached == Reached::Limit && step.written == 0 && rest.is_empty()
    }

    fn finish_as_usual(&mut self) -> Result<Left, InflateError> {
        let mut rest = &USUAL_END[1..];
        if !self.is_empty_block(&mut rest, BEHIND_FIRST) {
            return Err(InflateError::Corrupt);
        }
        let step = self.decompressor.decompress_block(&mut rest, &mut [0]);
        match (step.reached, rest.len()) {
            (Reached::Limit, BEHIND_SECOND) if step.written == 0 => Ok(Left::Intact),
            // 7.2.1: the header that was left has BFINAL set to 1.
            (Reached::FinalBlock, BEHIND_FIRST) => Ok(Left::Spent),
            _ => Err(InflateError::Corrupt),
        }
    }

    /// Whether the next block takes `input` up to the last `rest` bytes, and is empty.
    fn is_empty_block(&mut self, input: &mut &[u8], rest: usize) -> bool {
        // With input and room left, the end of a block is what stopped it.
        let step = self.decompressor.decompress_block(input, &mut [0]);
        step.reached == Reached::Limit && step.written == 0 && input.len() == rest
    }

    fn finish_otherwise(&mut self) -> Result<Left, InflateError> {
        let mut rest = &END[..];
        let mut room = [0; 2 * END.len()];
        let step = self.decompressor.decompress(&mut rest, &mut room);
        let is_end =
            step.reached == Reached::FinalBlock && matches!(rest.len(), 0 | BEHIND_CONTENT);
        if is_end && room[..step.written] == *CONTENT {
            Ok(Left::Spent)
        } else {
            Err(InflateError::Corrupt)
        }
    }
}
