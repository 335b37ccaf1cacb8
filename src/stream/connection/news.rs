//! What a connection tells those who look on. It is gathered under the lock and told outside.

use std::time::Duration;

use super::record::Record;
use crate::{
    observe::{self, End, Passed, Report, Span, Watch},
    protocol::{Closure, Initiator, Protocol, Tally},
};

pub(super) struct News {
    report: Report,
    /// Boxed, as there is one in a connection's life.
    end: Option<Box<(End, Closure)>>,
}

impl News {
    /// What has passed since it was told last.
    pub(super) fn gather(watch: &mut Watch, record: &Record, protocol: &Protocol) -> Self {
        let (received, sent) = passed(record, protocol);
        Self {
            report: watch.report(received, sent),
            end: None,
        }
    }

    /// The same, and the end at this age.
    pub(super) fn last(
        watch: &mut Watch,
        record: &Record,
        protocol: &Protocol,
        age: Duration,
        closure: Closure,
    ) -> Self {
        let (received, sent) = passed(record, protocol);
        let end = End {
            code: closure.code(),
            initiator: match closure.initiator() {
                Some(Initiator::Local) => "local",
                Some(Initiator::Remote) => "remote",
                None => "none",
            },
            seconds: age.as_secs_f64(),
            received,
            sent,
        };
        Self {
            report: watch.last_report(received, sent),
            end: Some(Box::new((end, closure))),
        }
    }

    pub(super) fn tell(self, span: &Span) {
        self.report.tell();
        if let Some(end) = self.end {
            observe::closed(&end.0, span, &end.1);
        }
    }
}

/// What came, and what was sent.
fn passed(record: &Record, protocol: &Protocol) -> (Passed, Passed) {
    let (read, written) = record.wire();
    let of = |tally: &Tally, wire| Passed {
        messages: tally.messages(),
        payload: tally.payload(),
        wire,
    };
    (
        of(protocol.incoming().tally(), read),
        of(protocol.outgoing().tally(), written),
    )
}
