//! Messages that are sent (RFC 7692, section 7.2.1).

use bytes::BytesMut;

use super::{
    Effort, TAIL,
    codec::{Compressor, Settings},
    history::History,
    pool::{self, Lent, Ticket},
};
use crate::config::deflate::{DeflateSide, Takeover};

/// Messages of this size that get no smaller are sent as they are also with context takeover.
const INCOMPRESSIBLE_FROM: usize = 1024;

/// Compresses the messages of one direction of a connection.
///
/// Allocates nothing before the first message. Between messages it holds the window if the
/// context is taken over, else nothing.
pub(super) struct Deflater {
    settings: Settings,
    takeover: Takeover,
    history: History,
    /// Where a compressor may be that still holds `history`.
    ticket: Option<Ticket>,
}

/// How a message must be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Form {
    /// With RSV1 set and the payload that was written.
    Compressed,
    /// As it is: nothing was written because it would have been no smaller. No message refers
    /// to it.
    Plain,
}

impl Deflater {
    pub(super) const fn new(side: DeflateSide, effort: Effort) -> Self {
        Self {
            settings: Settings {
                effort,
                window_bits: side.window_bits,
            },
            takeover: side.takeover,
            history: History::new(side.window_bits),
            ticket: None,
        }
    }

    /// Compresses one message and appends it to `out`.
    pub(super) fn compress(&mut self, payload: &[u8], out: &mut BytesMut) -> Form {
        match (self.takeover, payload) {
            // 7.2.3.6: an empty message is the header of an empty block.
            (Takeover::Kept, []) => {
                out.extend_from_slice(&[0x00]);
                Form::Compressed
            }
            (Takeover::Reset, []) => Form::Plain,
            // Later messages are to refer to it, so it need not get smaller itself.
            (Takeover::Kept, payload) if payload.len() < INCOMPRESSIBLE_FROM => {
                self.compress_below(usize::MAX, payload, out)
            }
            _ => self.compress_below(payload.len(), payload, out),
        }
    }

    /// Compresses to less than `limit` bytes, or not at all.
    pub(super) fn compress_below(
        &mut self,
        limit: usize,
        payload: &[u8],
        out: &mut BytesMut,
    ) -> Form {
        let begin = out.len();
        let stop_at = begin.saturating_add(limit);
        let mut compressor = self.lend();
        let outcome = run(&mut compressor, payload, out, stop_at);
        if out.len() >= stop_at {
            out.truncate(begin);
            match outcome {
                Outcome::Done => pool::return_compressor(compressor),
                // It stopped inside a block, which its reset does not undo.
                Outcome::Stopped => drop(compressor),
            }
            return Form::Plain;
        }
        match self.takeover {
            Takeover::Kept => {
                self.history.push(payload);
                if compressor.is_durable() {
                    self.ticket = pool::park_compressor(compressor);
                } else {
                    pool::return_compressor(compressor);
                }
            }
            Takeover::Reset => pool::return_compressor(compressor),
        }
        Form::Compressed
    }

    /// A compressor that stands behind `history`.
    fn lend(&mut self) -> Compressor {
        match pool::lend_compressor(self.settings, self.ticket.take()) {
            Lent::Ready(compressor) => compressor,
            Lent::Stale(mut compressor) => {
                compressor.restart(&self.history);
                compressor
            }
        }
    }
}

enum Outcome {
    Done,
    Stopped,
}

/// Appends `payload`, compressed, to `out`. Stops when `out` has grown to `stop_at` bytes.
fn run(
    compressor: &mut Compressor,
    mut payload: &[u8],
    out: &mut BytesMut,
    stop_at: usize,
) -> Outcome {
    pool::with_room(|room| {
        loop {
            let written = compressor.compress(&mut payload, room);
            out.extend_from_slice(&room[..written]);
            if written < room.len() && payload.is_empty() {
                break;
            }
            if out.len() >= stop_at {
                return Outcome::Stopped;
            }
        }
        // 7.2.1: the four octets that every flush ends with are left out.
        debug_assert!(out.ends_with(&TAIL));
        out.truncate(out.len() - TAIL.len());
        Outcome::Done
    })
}
