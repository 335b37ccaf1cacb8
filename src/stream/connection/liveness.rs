//! Whether the peer lives: when its bytes came, and what pings and pongs carry.

use std::time::Duration;

use tokio::time::Instant;

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
    /// When the last ping left that was not answered, in microseconds; 0 if none. Bytes, which fit
    /// anywhere.
    asked: [u8; 4],
    /// How late this connection does what others do, too. More would not fit.
    lot: u8,
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
    pub(super) fn new(clock: Clock, is_off: bool) -> Self {
        let [lot, ..] = clock.lot(0).to_be_bytes();
        Self {
            notes: if is_off { 0 } else { EXACT + 1 },
            asked: [0; 4],
            lot,
        }
    }

    /// How much later than `time` this connection does what others do, too: less than a sixteenth
    /// of it.
    pub(super) fn share(&self, time: Duration) -> Duration {
        const LOTS: u32 = 16 << 8;
        let share = (time / LOTS).checked_mul(self.lot.into());
        share.unwrap_or(time / 16)
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

    /// What a ping of ours carries: the time, and the proof that we sent it.
    pub(super) fn ping(&mut self, clock: Clock, now: Instant) -> [u8; 8] {
        let at = clock.micros(now).max(1);
        self.asked = at.to_be_bytes();
        let mut ping = [0; 8];
        ping[..4].copy_from_slice(&self.asked);
        ping[4..].copy_from_slice(&proof_of(clock, at));
        ping
    }

    /// How long the answer took to the ping that was sent at `at`, if it is the first one to the
    /// last ping: a peer may send it again and again.
    pub(super) fn take_answer(&mut self, clock: Clock, at: u32) -> Option<Duration> {
        let is_first = self.asked == at.to_be_bytes();
        is_first.then(|| {
            self.asked = [0; 4];
            Duration::from_micros(clock.micros(Instant::now()).wrapping_sub(at).into())
        })
    }

    /// Reads are not noted any more.
    pub(super) const fn stop(&mut self) {
        self.notes = 0;
    }
}

/// When the ping of ours was sent that this pong answers, in microseconds.
pub(super) fn answered(clock: Clock, data: &[u8]) -> Option<u32> {
    let (at, proof) = data.split_first_chunk()?;
    let at = u32::from_be_bytes(*at);
    (*proof == proof_of(clock, at)).then_some(at)
}

/// What nobody else knows of a time.
fn proof_of(clock: Clock, at: u32) -> [u8; 4] {
    let [a, b, c, d, ..] = clock.lot(at).to_be_bytes();
    [a, b, c, d]
}
