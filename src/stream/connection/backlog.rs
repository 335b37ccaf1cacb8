//! How much of what was written the peer may not have read yet.
//!
//! A transport takes bytes long before the peer reads them, and tells nothing of that. Here it is
//! estimated: what was written lately, less what a slow peer has read since.

use std::{mem, time::Duration};

use tokio::time::Instant;

use super::clock::{Clock, Moment};

/// A peer that reads is taken to read so many bytes in a second at least.
pub(super) const SLOWEST: u32 = 32 * 1024;

/// Bytes that the buffers between two peers hold while one of them is slow. What was written
/// before has been read.
const MOST: u32 = 4 << 20;

/// Buffers of this size, as those of a loopback device or a large window of HTTP/2, take output in
/// large lumps: room is reported when up to half of it has been read.
const LARGE_BUFFER: u32 = 3 << 19;

/// So many times the timeout may pass until such a buffer takes the next lump.
const LUMP: u32 = 8;

/// The clock is looked at once for so many bytes.
const STEP: u32 = 16 * 1024;

/// What was written and may wait to be read.
#[derive(Debug)]
pub(super) struct Backlog {
    /// Bytes written since the estimate was made.
    since: u32,
    unread: u32,
    estimated: Moment,
}

impl Default for Backlog {
    fn default() -> Self {
        Self {
            since: 0,
            unread: 0,
            estimated: Moment::OPENED,
        }
    }
}

impl Backlog {
    /// The transport has taken `bytes`.
    #[inline]
    pub(super) fn note(&mut self, bytes: usize, clock: Clock) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.since = self.since.saturating_add(bytes);
        if self.since >= STEP {
            self.estimate(clock.moment(Instant::now()));
        }
    }

    /// Bytes that the peer may have to read.
    pub(super) fn unread(&mut self, now: Moment) -> u32 {
        self.estimate(now);
        self.unread
    }

    #[inline(never)]
    fn estimate(&mut self, now: Moment) {
        let before = mem::replace(&mut self.estimated, now);
        let elapsed = u64::from(self.estimated.millis_since(before));
        let read = elapsed * u64::from(SLOWEST) / 1000;
        let read = u32::try_from(read).unwrap_or(u32::MAX);
        let unread = self.unread.saturating_sub(read);
        self.unread = unread.saturating_add(self.since).min(MOST);
        self.since = 0;
    }
}

/// How long a peer may take, which reads `rate` bytes in a second, until it is seen to have come to
/// the end of what was written: `timeout`, and longer where buffers hide that it is slow.
pub(super) fn patience(timeout: Duration, unread: u32, rate: u32) -> Duration {
    timeout.max(time_for(unread, rate))
}

/// The same, while output waits, until some of that is taken: the buffers are full, and room is
/// reported once half of what they hold was read, or sooner.
pub(super) fn patience_of_output(timeout: Duration, unread: u32, rate: u32) -> Duration {
    if unread < LARGE_BUFFER {
        return timeout;
    }
    let lump = time_for(unread / 2, rate);
    timeout.max(lump.min(timeout.saturating_mul(LUMP)))
}

/// How long a peer takes for `bytes` that reads `rate` of them in a second.
fn time_for(bytes: u32, rate: u32) -> Duration {
    Duration::from_millis(u64::from(bytes) * 1000 / u64::from(rate.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was written long ago has been read; what a system cannot hold has, too.
    #[tokio::test(start_paused = true)]
    async fn what_may_be_unread_is_bounded_by_time_and_buffers() {
        let clock = Clock::start();
        let mut backlog = Backlog::default();
        assert_eq!(backlog.unread(clock.now()), 0);
        backlog.note(1 << 20, clock);
        assert_eq!(backlog.unread(clock.now()), 1 << 20);
        tokio::time::advance(Duration::from_secs(16)).await;
        assert_eq!(backlog.unread(clock.now()), 1 << 19);
        tokio::time::advance(Duration::from_secs(16)).await;
        assert_eq!(backlog.unread(clock.now()), 0);
        backlog.note(usize::MAX, clock);
        assert_eq!(backlog.unread(clock.now()), MOST);
        tokio::time::advance(Duration::from_secs(1 << 20)).await;
        backlog.note(10, clock);
        assert_eq!(backlog.unread(clock.now()), 10);
    }
}
