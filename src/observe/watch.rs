//! What was told of a connection, and when there is more to tell.

use super::{Passed, meter};

/// So many bytes on the wire, both ways, are worth a report, which costs about as much as receiving
/// a message. Keep-alive has a busy connection report each eighth of its interval, too.
const EVERY: u64 = 512 * 1024;

/// Nobody looks on, or all is told.
const NEVER: u64 = u64::MAX;

/// Lives with its connection, under its lock.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The next report is due when so many bytes have passed.
    due: u64,
    /// The last round trip that was not told, in microseconds.
    rtt: Option<u32>,
    /// The lower halves of how many messages were told: less than 2^32 are new.
    messages: [u32; 2],
    payload: [u64; 2],
}

/// What is new since the last one.
#[derive(Debug)]
pub(crate) struct Report {
    received: Passed,
    sent: Passed,
    rtt: Option<u32>,
}

impl Watch {
    /// Of a connection that nobody looks at.
    pub(crate) const fn none() -> Self {
        Self {
            due: NEVER,
            rtt: None,
            messages: [0; 2],
            payload: [0; 2],
        }
    }

    /// Of a connection that is opened now. There must be a last report.
    pub(crate) fn open() -> Self {
        meter::opened();
        Self {
            due: EVERY,
            ..Self::none()
        }
    }

    /// Whether there is enough to tell when so many bytes have passed both ways.
    #[inline]
    pub(crate) const fn is_due(&self, wire: u64) -> bool {
        wire >= self.due
    }

    /// Whether the last report was not made.
    pub(crate) const fn is_open(&self) -> bool {
        self.due != NEVER
    }

    /// What there is is to be told soon.
    pub(crate) const fn hasten(&mut self) {
        if self.is_open() {
            self.due = 0;
        }
    }

    /// A ping was answered after so many microseconds.
    pub(crate) const fn note_rtt(&mut self, micros: u32) {
        self.rtt = Some(micros);
        self.hasten();
    }

    /// What is new, given all that has passed.
    pub(crate) fn report(&mut self, received: Passed, sent: Passed) -> Report {
        self.due = received.wire + sent.wire + EVERY;
        Report {
            received: self.since(0, received),
            sent: self.since(1, sent),
            rtt: self.rtt.take(),
        }
    }

    /// The same for the last time.
    pub(crate) fn last_report(&mut self, received: Passed, sent: Passed) -> Report {
        let report = self.report(received, sent);
        self.due = NEVER;
        report
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    fn since(&mut self, direction: usize, now: Passed) -> Passed {
        let (messages, payload) = (&mut self.messages[direction], &mut self.payload[direction]);
        let new = Passed {
            messages: (now.messages as u32).wrapping_sub(*messages).into(),
            payload: now.payload - *payload,
            wire: 0,
        };
        *messages = now.messages as u32;
        *payload = now.payload;
        new
    }
}

impl Report {
    /// To be called outside of the connection's lock.
    pub(crate) fn tell(self) {
        meter::passed(self.received, self.sent);
        if let Some(micros) = self.rtt {
            meter::rtt(f64::from(micros) / 1e6);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(messages: u64, payload: u64, wire: u64) -> Passed {
        Passed {
            messages,
            payload,
            wire,
        }
    }

    /// What was told is not told again, and what comes behind 2^32 messages is not lost.
    #[test]
    fn report_has_what_is_new() {
        let mut watch = Watch::open();
        let nothing = Passed::default();
        assert!(!watch.is_due(EVERY - 1) && watch.is_due(EVERY));
        let many = u64::from(u32::MAX);
        let report = watch.report(passed(many, 5 << 32, EVERY), nothing);
        assert_eq!(
            (report.received.messages, report.received.payload),
            (many, 5 << 32)
        );
        assert!(!watch.is_due(2 * EVERY - 1) && watch.is_due(2 * EVERY));
        let report = watch.report(passed(many + 7, (5 << 32) + 1, EVERY), passed(1, 2, 3));
        assert_eq!((report.received.messages, report.received.payload), (7, 1));
        assert_eq!((report.sent.messages, report.sent.payload), (1, 2));
        assert_eq!(report.rtt, None);
    }

    /// A round trip is told soon, and once. After the last report there is none.
    #[test]
    fn round_trip_hastens_the_report() {
        let mut watch = Watch::open();
        let nothing = Passed::default();
        watch.note_rtt(1500);
        assert!(watch.is_due(0));
        assert_eq!(watch.report(nothing, nothing).rtt, Some(1500));
        assert!(!watch.is_due(0));
        watch.note_rtt(2);
        assert_eq!(watch.last_report(nothing, nothing).rtt, Some(2));
        for mut over in [watch, Watch::none()] {
            over.hasten();
            assert!(!over.is_open() && !over.is_due(u64::MAX - 1));
        }
    }
}
