//! Messages that are sent (RFC 7692, section 7.2.1).

use std::mem;

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

/// What a context is worth, in bytes that shared messages save: see [`shared`](super::shared).
const CONTEXT: usize = 256;

/// Compresses the messages of one direction of a connection.
///
/// Allocates nothing before the first message. With context takeover a compressor of the thread
/// holds the context between messages. It is lost when the compressor is given to another
/// connection: the next message begins anew, as any may (7.2.1), and from then on the window is
/// held here, too, so that no context is lost a second time. A message that another compressor made
/// ends the context, too: see [`gives_way`](Self::gives_way).
pub(super) struct Deflater {
    settings: Settings,
    takeover: Takeover,
    /// What the context consists of since one was lost.
    history: Option<History>,
    /// Where a compressor may be that still holds the context.
    ticket: Option<Ticket>,
    /// The context was given up: the next message begins anew.
    begins_anew: bool,
    /// Bytes by which messages since the last one got no smaller so that the context is kept.
    forgone: usize,
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
            begins_anew: false,
            forgone: 0,
        }
    }

    pub(super) const fn settings(&self) -> Settings {
        self.settings
    }

    /// Whether a message that another compressor made smaller by so many bytes is sent so. Then the
    /// next message of this one must not refer to what came before it: it is in the
    /// receiver's window, and not in ours (7.2.3.2).
    pub(super) fn gives_way(&mut self, saved: usize) -> bool {
        self.forgone = self.forgone.saturating_add(saved);
        let is_worth_it = !self.has_context() || self.forgone >= CONTEXT;
        if is_worth_it {
            self.begin_anew();
        }
        is_worth_it
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
        let begins_anew = mem::take(&mut self.begins_anew);
        self.forgone = 0;
        match states::lend_compressor(self.settings, ticket) {
            Lent::Ready(compressor) if !begins_anew => compressor,
            Lent::Ready(mut compressor) => {
                compressor.restart(None);
                compressor
            }
            Lent::Stale(mut compressor) => {
                if ticket.is_some() && !begins_anew {
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

    /// Whether messages may refer to earlier ones, as far as is known.
    fn has_context(&self) -> bool {
        let is_remembered = self
            .history
            .as_ref()
            .is_some_and(|history| !history.is_empty());
        is_remembered || (self.ticket.is_some() && !self.begins_anew)
    }

    fn begin_anew(&mut self) {
        self.forgone = 0;
        self.begins_anew = self.ticket.is_some();
        if let Some(history) = &mut self.history {
            history.clear();
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
