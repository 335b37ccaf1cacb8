//! How far a connection that closes has come, and how patient we are with its peer.
//!
//! `close_timeout` is time without progress, and `max_close_time` all that closing may take.
//! Progress is what shows that the peer goes on:
//!
//! - the transport takes output up to and with our Close, flushes it, or shuts down;
//! - the peer's Close comes, the rest of a message that was under way when we closed, or what the
//!   user still receives. Input that is thrown away is no progress: a flood would hold a
//!   connection for ever. Nor is it that our pongs leave.
//!
//! A slow peer's progress is hidden by the buffers between us: see [`backlog::patience`].

use std::time::Duration;

use tokio::time::Instant;

use super::{backlog, deadlines::Deadline};

/// Bytes that are thrown away at most. A peer that sends more is left to wait: it can read
/// our last frame until the deadline, while dropping the transport would destroy it.
const DISCARDED_BYTES: usize = 64 << 20;

/// A rate is known after this time.
const RATED: Duration = Duration::from_secs(1);

/// State of a connection that closes; an open one does not pay for it.
#[derive(Debug)]
pub(super) struct Closing {
    our_close: OurClose,
    /// Since the first progress of our output, and bytes written after it.
    written: Option<(Instant, u32)>,
    /// When we closed, the peer was in the middle of a message.
    awaits_rest: bool,
    is_shut: bool,
    discarded: usize,
}

/// Whether our Close is where the peer can read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OurClose {
    /// Bytes up to our Close that were not written, or not flushed.
    Waits(usize),
    /// The transport has them all.
    HandedOver,
}

impl Closing {
    /// It begins; the peer may be in the middle of a message, the rest of which is awaited.
    pub(super) const fn begin(our_close: OurClose, awaits_rest: bool) -> Self {
        Self {
            our_close,
            written: None,
            awaits_rest,
            is_shut: false,
            discarded: 0,
        }
    }

    /// What is to happen next. `has_ended` tells whether the peer's Close has come, or what stands
    /// in its place.
    pub(super) const fn awaits(&self, has_ended: bool) -> Deadline {
        match (self.our_close, has_ended) {
            (OurClose::Waits(_), _) => Deadline::Output,
            (OurClose::HandedOver, false) => Deadline::PeersClose,
            (OurClose::HandedOver, true) => Deadline::PeersEnd,
        }
    }

    /// How long it may take until the next progress is seen.
    ///
    /// The peer is taken to read half as fast as it was seen to, and [`backlog::SLOWEST`] at least.
    pub(super) fn patience(&self, timeout: Duration, unread: u32) -> Duration {
        match self.our_close {
            OurClose::Waits(_) => backlog::patience_of_output(timeout, unread, self.rate()),
            OurClose::HandedOver => backlog::patience(timeout, unread, self.rate()),
        }
    }

    /// Bytes that the peer reads in a second.
    fn rate(&self) -> u32 {
        let seen = self.written.and_then(|(since, bytes)| {
            let elapsed = since.elapsed();
            let millis = u64::try_from(elapsed.as_millis()).ok()?;
            (elapsed >= RATED).then(|| u64::from(bytes) * 1000 / millis / 2)
        });
        let seen = seen.and_then(|rate| u32::try_from(rate).ok());
        seen.unwrap_or(0).max(backlog::SLOWEST)
    }

    /// So many bytes were written. Returns whether that is progress.
    pub(super) fn note_written(&mut self, bytes: usize, is_flushed: bool) -> bool {
        let OurClose::Waits(left) = self.our_close else {
            return false;
        };
        // What is queued behind our Close does not count.
        let bytes = bytes.min(left);
        self.our_close = if is_flushed {
            OurClose::HandedOver
        } else {
            OurClose::Waits(left - bytes)
        };
        match &mut self.written {
            Some((_, written)) => {
                *written = written.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
            }
            // It may be what was read before the closing began.
            None => self.written = (bytes > 0).then(|| (Instant::now(), 0)),
        }
        bytes > 0 || is_flushed
    }

    /// Whether our Close is where the peer can read it.
    pub(super) fn has_handed_over_close(&self) -> bool {
        self.our_close == OurClose::HandedOver
    }

    /// Whether the rest of a message is awaited that was under way when the closing began.
    pub(super) const fn awaits_rest(&self) -> bool {
        self.awaits_rest
    }

    /// A message was thrown away.
    pub(super) const fn note_discarded_message(&mut self) {
        self.awaits_rest = false;
    }

    /// So many bytes were thrown away behind the end.
    pub(super) const fn note_discarded(&mut self, bytes: usize) {
        self.discarded = self.discarded.saturating_add(bytes);
    }

    pub(super) const fn has_discarded_enough(&self) -> bool {
        self.discarded > DISCARDED_BYTES
    }

    /// Our side of the transport is shut down.
    pub(super) const fn note_shut(&mut self) {
        self.is_shut = true;
    }

    pub(super) const fn is_shut(&self) -> bool {
        self.is_shut
    }
}
