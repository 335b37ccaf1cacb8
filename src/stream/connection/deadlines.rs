//! How long closing may take.
//!
//! `close_timeout` is time without progress, and `max_close_time` all that closing may take.
//! Progress is what shows that the peer goes on:
//!
//! - the transport takes output up to and with our Close, flushes it, or shuts down;
//! - the peer's Close comes, the rest of a message that was under way when we closed, or what the
//!   user still receives. Input that is thrown away is no progress: a flood would hold a
//!   connection for ever. Nor is it that our pongs leave.
//!
//! A slow peer's progress is hidden by the buffers between us: see [`Linger::patience`].

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep};

use super::backlog;
use crate::stream::transport::coop::unconstrained;

/// How long a stream of HTTP/2 is kept for the peer's end after a clean close. Chromium does
/// not end its side, and a stream that is kept is one of those that may be open at a time. A
/// reset harms no peer that has not ended its own side by then (RFC 9113, section 8.1).
const PEERS_END: Duration = Duration::from_millis(500);

/// Buffers of this size, as those of a loopback device or a large window of HTTP/2, take output in
/// large lumps: room is reported when up to half of it has been read.
const LARGE_BUFFER: u32 = 3 << 19;

/// So many times `close_timeout` may pass until such a buffer takes the next lump.
const LUMP: u32 = 8;

/// A rate is known after this time.
const RATED: Duration = Duration::from_secs(1);

/// State of a connection that closes; an open one does not pay for it.
pub(super) struct Linger {
    deadline: Pin<Box<Sleep>>,
    /// It is put off to this at most; `None` if that is never.
    latest: Option<Instant>,
    pub(super) output: Output,
    /// Since the first progress of our output, and bytes taken after it.
    taken: Option<(Instant, u32)>,
    /// When we closed, the peer was in the middle of a message.
    pub(super) awaits_rest: bool,
    /// Our side is shut down.
    pub(super) shut: bool,
    pub(super) discarded: usize,
}

/// What is to leave before the peer can end the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Bytes up to our Close that the transport has not taken, or not flushed.
    Waits(usize),
    /// It has them all.
    HandedOver,
}

impl Linger {
    pub(super) fn new(at_first: Duration, at_most: Duration, output: Output) -> Self {
        Self {
            deadline: Box::pin(sleep(at_first.min(at_most))),
            latest: Instant::now().checked_add(at_most),
            output,
            taken: None,
            awaits_rest: false,
            shut: false,
            discarded: 0,
        }
    }

    /// Until nobody has received the end, it waits for the user.
    pub(super) fn for_user(at_first: Duration, at_most: Duration) -> Self {
        Self::new(at_first, at_most, Output::HandedOver)
    }

    /// How long it may take until the next progress is seen.
    ///
    /// `timeout`, and longer where buffers hide that a slow peer reads: all that they hold, once
    /// they hold the rest; half of it, as far as `LUMP` allows, while they are full. The peer is
    /// taken to read half as fast as it was seen to, and [`backlog::SLOWEST`] at least.
    pub(super) fn patience(output: Output, timeout: Duration, unread: u32, rate: u32) -> Duration {
        let hidden = match output {
            Output::Waits(_) if unread < LARGE_BUFFER => Duration::ZERO,
            Output::Waits(_) => {
                backlog::time_for(unread / 2, rate).min(timeout.saturating_mul(LUMP))
            }
            Output::HandedOver => backlog::time_for(unread, rate),
        };
        timeout.max(hidden)
    }

    /// Bytes that the peer reads in a second.
    pub(super) fn rate(&self) -> u32 {
        let seen = self.taken.and_then(|(since, bytes)| {
            let elapsed = since.elapsed();
            let millis = u64::try_from(elapsed.as_millis()).ok()?;
            (elapsed >= RATED).then(|| u64::from(bytes) * 1000 / millis / 2)
        });
        let seen = seen.and_then(|rate| u32::try_from(rate).ok());
        seen.unwrap_or(0).max(backlog::SLOWEST)
    }

    /// The transport has taken so many bytes. Returns whether that is progress.
    pub(super) fn note_taken(&mut self, bytes: usize, is_flushed: bool) -> bool {
        let Output::Waits(left) = self.output else {
            return false;
        };
        // What is queued behind our Close does not count.
        let bytes = bytes.min(left);
        self.output = if is_flushed {
            Output::HandedOver
        } else {
            Output::Waits(left - bytes)
        };
        match &mut self.taken {
            Some((_, taken)) => {
                *taken = taken.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
            }
            // It may be what was read before the closing began.
            None => self.taken = (bytes > 0).then(|| (Instant::now(), 0)),
        }
        bytes > 0 || is_flushed
    }

    /// Waits at least so long from now on.
    pub(super) fn put_off(&mut self, by: Duration) {
        if let Some(later) = self.after(by)
            && later > self.deadline.deadline()
        {
            self.deadline.as_mut().reset(later);
        }
    }

    /// Waits so long from now on, whatever was expected before.
    pub(super) fn begin_again(&mut self, by: Duration) {
        if let Some(deadline) = self.after(by) {
            self.deadline.as_mut().reset(deadline);
        }
    }

    /// So long from now, at most; `None` if that is never, as it was from the beginning.
    fn after(&self, by: Duration) -> Option<Instant> {
        let later = Instant::now().checked_add(by)?;
        Some(self.latest.map_or(later, |latest| later.min(latest)))
    }

    /// Waits for the peer's end no longer than for that of a stream.
    pub(super) fn hurry(&mut self) {
        let deadline = self.deadline.deadline();
        let sooner = deadline.min(Instant::now() + PEERS_END);
        self.deadline.as_mut().reset(sooner);
    }

    /// Whether the time is over.
    pub(super) fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        unconstrained(|| self.deadline.as_mut().poll(cx))
    }
}
