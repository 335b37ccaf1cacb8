//! Whether the peer lives: when its bytes came, and how long its pongs take.

use std::time::Duration;

use bytes::Bytes;

use super::clock::Clock;

/// Reads between two looks of the timer whose time is noted.
const EXACT: u8 = 8;

/// A read is noted with its time as long as few come. When many do, the clock is left alone: the
/// connection is busy until its timer ends next, which is soon, and the last byte is taken to have
/// come then.
#[derive(Debug)]
pub(super) struct Liveness {
    /// Reads that are still to be noted, the last one as that which makes the connection busy.
    notes: u8,
    /// Microseconds until our last ping, and from a ping to its pong; 0 if there is none.
    pinged: u32,
    rtt: u32,
}

/// What a read tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// It was now.
    Now,
    /// Many more may follow, which are not told.
    Busy,
}

impl Liveness {
    pub(super) const fn new(is_off: bool) -> Self {
        Self {
            notes: if is_off { 0 } else { EXACT + 1 },
            pinged: 0,
            rtt: 0,
        }
    }

    /// Whether reads are to be noted.
    #[inline]
    pub(super) const fn notes_reads(&self) -> bool {
        self.notes > 0
    }

    /// Something was read.
    pub(super) const fn note_read(&mut self) -> Noted {
        self.notes = self.notes.saturating_sub(1);
        if self.notes == 0 {
            Noted::Busy
        } else {
            Noted::Now
        }
    }

    /// Whether it is not known when the last byte came, but that it was lately.
    pub(super) const fn is_busy(&self) -> bool {
        self.notes == 0
    }

    /// The timer has ended: reads are noted again.
    pub(super) const fn begin_notes(&mut self) {
        self.notes = EXACT + 1;
    }

    /// Reads are not noted any more.
    pub(super) const fn stop(&mut self) {
        self.notes = 0;
    }

    /// What the ping carries that is sent now.
    pub(super) fn ping(&mut self, clock: Clock) -> Bytes {
        self.pinged = clock.micros().max(1);
        let [mark, at] = [mark(clock), self.pinged].map(u32::to_be_bytes);
        Bytes::copy_from_slice(&[mark, at].concat())
    }

    /// The answer to our last ping tells nothing of how long the peer takes.
    pub(super) const fn forget_ping(&mut self) {
        self.pinged = 0;
    }

    /// Whether this is what a ping of ours carried. If it is that of the last one, the time is noted
    /// that the answer took.
    pub(super) fn take_pong(&mut self, clock: Clock, data: &[u8]) -> bool {
        let Some((first, at)) = data.split_first_chunk() else {
            return false;
        };
        let is_ours = at.len() == 4 && *first == mark(clock).to_be_bytes();
        if is_ours && self.pinged != 0 && *at == self.pinged.to_be_bytes() {
            self.rtt = clock.micros().wrapping_sub(self.pinged).max(1);
            self.pinged = 0;
        }
        is_ours
    }

    /// How long the last answer to a ping of ours took.
    pub(super) fn last_rtt(&self) -> Option<Duration> {
        (self.rtt > 0).then(|| Duration::from_micros(self.rtt.into()))
    }
}

/// How much later than `time` this connection does what others do, too: at most a sixteenth of it.
pub(super) fn share(clock: Clock, time: Duration) -> Duration {
    let most = u64::try_from((time / 16).as_nanos()).unwrap_or(u64::MAX);
    let share = (u128::from(most) * u128::from(clock.lot() & 0xFFFF_FFFF)) >> 32;
    Duration::from_nanos(u64::try_from(share).unwrap_or(0))
}

/// What our pings begin with: no user's do.
fn mark(clock: Clock) -> u32 {
    let [a, b, c, d, ..] = clock.lot().to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
