//! Messages that are received (RFC 7692, section 7.2.2).

use super::{
    history::History,
    message_inflater::{InflateError, Left, MessageInflater, Place},
    scratch::Scratch,
    states::{self, Ticket},
    zlib::{Decompressor, Reached, Step},
};
use crate::deflate::settings::{DeflateSide, MAX_WINDOW_BITS, Takeover};

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
    message: Option<MessageInflater>,
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
            .get_or_insert_with(|| MessageInflater::begin(self.ticket.take(), &self.history));
        // 7.1.1: nothing refers to what the last step gives if no message and no step follows.
        let is_forgotten = is_last && self.side.takeover == Takeover::Reset;
        let mut left = budget;
        let mut room = Scratch::new();
        let (spare, room) = room.split();
        let mut before = 0;
        // 7.2.1: further blocks may follow one with BFINAL set to 1.
        while !piece.is_empty() || message.place == Place::Block {
            self.history.push(&room[..before]);
            message.go_on(&self.history)?;
            // One byte more than is left would be too many.
            let len = room.len().min(left.saturating_add(1));
            let room = &mut room[..len];
            let Step { written, reached } = if is_last && message.is_new {
                message.first_step(&mut piece, spare, room, &self.history)
            } else {
                message.step(&mut piece, room)
            };
            before = written.min(left);
            if before > 0 {
                sink(&room[..before])?;
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
        if let Some(message) = self.message.take() {
            let (decompressor, left) = message.finish()?;
            self.take_back(decompressor, left);
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
            self.ticket = states::park_decompressor(decompressor);
        } else {
            states::return_decompressor(decompressor);
        }
    }
}
