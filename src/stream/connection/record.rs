//! What is known of a connection's life beside what the protocol counts.

use std::time::{Duration, SystemTime};

use crate::{
    observe::{Stats, Traffic},
    protocol::{Protocol, Tally},
};

/// The bytes of the transport, and the last round trip.
#[derive(Debug, Default)]
pub(super) struct Record {
    read: u64,
    written: u64,
    /// In microseconds; 0 if there was none.
    last_rtt: u32,
    /// Messages that its topics had, and that were left out for it; it stays at the most.
    skipped: u32,
}

impl Record {
    /// So many bytes were read.
    #[inline]
    pub(super) const fn note_read(&mut self, bytes: usize) {
        self.read += bytes as u64;
    }

    /// So many bytes were written.
    #[inline]
    pub(super) const fn note_written(&mut self, bytes: usize) {
        self.written += bytes as u64;
    }

    /// A ping of ours was answered after this time, which is at most 71 minutes.
    /// Returns the microseconds.
    pub(super) fn note_rtt(&mut self, rtt: Duration) -> u32 {
        self.last_rtt = u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX).max(1);
        self.last_rtt
    }

    /// So many messages were left out that its topics had.
    pub(super) fn note_skipped(&mut self, messages: u64) {
        let more = u32::try_from(messages).unwrap_or(u32::MAX);
        self.skipped = self.skipped.saturating_add(more);
    }

    /// Bytes that have passed both ways.
    #[inline]
    pub(super) const fn passed(&self) -> u64 {
        self.read + self.written
    }

    /// Bytes that were read, and that were written.
    pub(super) const fn wire(&self) -> (u64, u64) {
        (self.read, self.written)
    }

    /// The last round trip.
    pub(super) fn last_rtt(&self) -> Option<Duration> {
        let micros = Some(self.last_rtt).filter(|&micros| micros > 0);
        micros.map(|micros| Duration::from_micros(micros.into()))
    }

    /// All that there is to tell of a connection of this age.
    pub(super) fn stats(&self, protocol: &Protocol, age: Duration) -> Stats {
        let now = SystemTime::now();
        Stats {
            received: traffic(protocol.incoming().tally(), self.read),
            sent: traffic(protocol.outgoing().tally(), self.written),
            last_rtt: self.last_rtt(),
            skipped: self.skipped.into(),
            opened_at: now.checked_sub(age).unwrap_or(now),
            age,
        }
    }
}

const fn traffic(tally: &Tally, wire_bytes: u64) -> Traffic {
    Traffic {
        messages: tally.messages(),
        frames: tally.frames(),
        payload_bytes: tally.payload(),
        wire_bytes,
        pings: tally.pings(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What fits is told to the microsecond; a time that is too short or too long is not lost.
    #[test]
    fn round_trip_is_told() {
        let mut record = Record::default();
        assert_eq!(record.last_rtt(), None);
        let long = Duration::from_micros(u32::MAX.into());
        for (rtt, told) in [
            (Duration::from_nanos(1_999_999), Duration::from_micros(1999)),
            (Duration::ZERO, Duration::from_micros(1)),
            (long, long),
            (Duration::MAX, long),
        ] {
            record.note_rtt(rtt);
            assert_eq!(record.last_rtt(), Some(told));
        }
    }
}
