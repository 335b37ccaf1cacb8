//! Messages that are sent (RFC 7692, section 7.2.1).

use bytes::{Bytes, BytesMut};

use super::{
    history::History,
    scratch::Scratch,
    states::{self, Lent, Ticket},
    zlib::{Compressor, Effort, Settings, TAIL},
};
use crate::deflate::settings::{DeflateSide, Takeover};

/// Messages of this size that get no smaller are sent as they are also with context takeover.
const INCOMPRESSIBLE_FROM: usize = 1024;

/// Compresses the messages of one direction of a connection.
///
/// Allocates nothing before the first message. With context takeover a compressor of the thread
/// holds the context between messages. It is lost when the compressor is given to another
/// connection: the next message begins anew, as any may (7.2.1), and from then on the window is
/// held here, too, so that no context is lost a second time.
pub(super) struct Deflater {
    settings: Settings,
    takeover: Takeover,
    /// What the context consists of since one was lost.
    history: Option<History>,
    /// Where a compressor may be that still holds the context.
    ticket: Option<Ticket>,
}

impl Deflater {
    pub(super) const fn new(side: DeflateSide, effort: Effort) -> Self {
        Self {
            settings: Settings {
                effort,
                window_bits: side.window_bits,
            },
            takeover: side.takeover,
            history: None,
            ticket: None,
        }
    }

    /// Compresses one message; `None` if it is to be sent as it is because it gets no smaller:
    /// then no message refers to it.
    pub(super) fn compress(&mut self, payload: &[u8]) -> Option<Deflated> {
        match (self.takeover, payload) {
            // 7.2.3.6: an empty message is the header of an empty block.
            (Takeover::Kept, []) => Some(Deflated::Owned(BytesMut::from(&[0x00][..]))),
            (Takeover::Reset, []) => None,
            // Later messages are to refer to it, so it need not get smaller itself.
            (Takeover::Kept, payload) if payload.len() < INCOMPRESSIBLE_FROM => {
                self.compress_below(usize::MAX, payload)
            }
            _ => self.compress_below(payload.len(), payload),
        }
    }

    /// Compresses to less than `limit` bytes, or not at all.
    pub(super) fn compress_below(&mut self, limit: usize, payload: &[u8]) -> Option<Deflated> {
        let mut compressor = self.lend();
        match run(&mut compressor, payload, limit) {
            Outcome::Deflated(deflated) => {
                self.take_back(compressor, payload);
                Some(deflated)
            }
            Outcome::NoSmaller => {
                self.lose_context();
                states::return_compressor(compressor);
                None
            }
            Outcome::Stopped => {
                self.lose_context();
                // It is inside a block, which its reset does not undo.
                drop(compressor);
                None
            }
        }
    }

    /// A compressor that holds the context.
    fn lend(&mut self) -> Compressor {
        let ticket = self.ticket.take();
        match states::lend_compressor(self.settings, ticket) {
            Lent::Ready(compressor) => compressor,
            Lent::Stale(mut compressor) => {
                if ticket.is_some() {
                    self.lose_context();
                }
                compressor.restart(self.history.as_ref());
                compressor
            }
        }
    }

    /// Gives the compressor to the pool, which has just compressed `payload`.
    fn take_back(&mut self, compressor: Compressor, payload: &[u8]) {
        if self.takeover == Takeover::Reset {
            states::return_compressor(compressor);
            return;
        }
        if let Some(history) = &mut self.history {
            history.push(payload);
        }
        if compressor.is_durable() {
            self.ticket = states::park_compressor(compressor);
        } else {
            self.lose_context();
            states::return_compressor(compressor);
        }
    }

    /// No compressor holds the context any more.
    fn lose_context(&mut self) {
        if self.takeover == Takeover::Kept && self.history.is_none() {
            self.history = Some(History::new(self.settings.window_bits));
        }
    }
}

/// The payload of a compressed message.
#[derive(Debug)]
pub(crate) enum Deflated {
    /// A short one, in room that the thread wants back.
    Lent {
        room: Scratch,
        len: usize,
    },
    Owned(BytesMut),
}

impl AsRef<[u8]> for Deflated {
    fn as_ref(&self) -> &[u8] {
        match self {
            Deflated::Lent { room, len } => &room[..*len],
            Deflated::Owned(payload) => payload,
        }
    }
}

impl From<Deflated> for Bytes {
    fn from(deflated: Deflated) -> Self {
        match deflated {
            Deflated::Lent { .. } => Bytes::copy_from_slice(deflated.as_ref()),
            Deflated::Owned(payload) => payload.freeze(),
        }
    }
}

enum Outcome {
    Deflated(Deflated),
    NoSmaller,
    /// The same, and it was not compressed to its end.
    Stopped,
}

/// Compresses `payload` to less than `limit` bytes.
fn run(compressor: &mut Compressor, mut payload: &[u8], limit: usize) -> Outcome {
    let mut room = Scratch::new();
    let mut out = BytesMut::new();
    loop {
        let written = compressor.compress(&mut payload, &mut room);
        let is_done = written < room.len() && payload.is_empty();
        let len = out.len() + written;
        // 7.2.1: the four octets that every flush ends with are left out.
        let is_smaller = len < limit.saturating_add(TAIL.len());
        match (is_done, is_smaller) {
            (true, true) if out.is_empty() => {
                debug_assert!(room[..written].ends_with(&TAIL));
                let len = len - TAIL.len();
                return Outcome::Deflated(Deflated::Lent { room, len });
            }
            (true, true) => {
                out.extend_from_slice(&room[..written]);
                debug_assert!(out.ends_with(&TAIL));
                out.truncate(len - TAIL.len());
                return Outcome::Deflated(Deflated::Owned(out));
            }
            (true, false) => return Outcome::NoSmaller,
            (false, true) => out.extend_from_slice(&room[..written]),
            (false, false) => return Outcome::Stopped,
        }
    }
}
