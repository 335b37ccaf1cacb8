//! What is seen of a connection: all that has passed, and what of that those who look on were told.

use std::time::Duration;

use super::{news::News, record::Record};
use crate::{
    observe::{Stats, Watch},
    protocol::{Closure, Protocol},
};

#[derive(Debug)]
pub(super) struct Seen {
    record: Record,
    watch: Watch,
}

impl Seen {
    /// Of a connection that nobody looks at.
    pub(super) fn by_nobody() -> Self {
        Self {
            record: Record::default(),
            watch: Watch::none(),
        }
    }

    /// Somebody looks on from now on, when the connection is opened.
    pub(super) fn open(&mut self) {
        self.watch = Watch::open();
    }

    /// So many bytes were read.
    #[inline]
    pub(super) const fn note_read(&mut self, bytes: usize) {
        self.record.note_read(bytes);
    }

    /// So many bytes were written.
    #[inline]
    pub(super) const fn note_written(&mut self, bytes: usize) {
        self.record.note_written(bytes);
    }

    /// So many messages were left out that its topics had.
    pub(super) fn note_skipped(&mut self, messages: u64) {
        self.record.note_skipped(messages);
    }

    /// A ping of the keep-alive was answered after this time.
    pub(super) fn note_rtt(&mut self, rtt: Duration) {
        let micros = self.record.note_rtt(rtt);
        self.watch.note_rtt(micros);
    }

    /// What has passed is to be told soon.
    pub(super) const fn hasten(&mut self) {
        self.watch.hasten();
    }

    /// Whether something is to be told once the lock is free.
    #[inline]
    pub(super) const fn has_news(&self) -> bool {
        self.watch.is_due(self.record.passed())
    }

    /// What has passed since it was told last.
    #[cold]
    pub(super) fn news(&mut self, protocol: &Protocol) -> News {
        News::gather(&mut self.watch, &self.record, protocol)
    }

    /// Whether there is somebody to whom the end was not told.
    pub(super) const fn awaits_end(&self) -> bool {
        self.watch.is_open()
    }

    /// The same for the last time, of a connection of this age that ended so.
    #[cold]
    pub(super) fn last_news(
        &mut self,
        protocol: &Protocol,
        age: Duration,
        closure: Closure,
    ) -> News {
        News::last(&mut self.watch, &self.record, protocol, age, closure)
    }

    /// What has passed over a connection of this age.
    pub(super) fn stats(&self, protocol: &Protocol, age: Duration) -> Stats {
        self.record.stats(protocol, age)
    }
}
