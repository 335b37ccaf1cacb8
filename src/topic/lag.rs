//! What becomes of a subscriber that is too slow.

use std::time::Duration;

/// What a subscriber gets that is slower than its topic.
///
/// A subscriber is behind if there is something that was published and that it has not taken, since
/// three quarters of [`write_high_water`](crate::Config::write_high_water) wait to be written to its
/// peer, or since its task had no turn. However many are behind, and however far: publishing does not wait, others do not notice,
/// and the topic holds no more than its [ring](crate::TopicConfig::capacity), or with
/// [`Latest`](Self::Latest) as much again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lag {
    /// It gets everything as long as it is behind by less than the topic's ring. What has left
    /// the ring is left out for it: it goes on with the oldest message that is there.
    ///
    /// [`Subscribe::notice`](crate::Subscribe::notice) can tell its peer how many.
    #[default]
    Skip,
    /// Whenever it can take something, it gets only the newest message, or the newest of each key: see
    /// [`Topic::publish_keyed`](crate::Topic::publish_keyed). Those that were overtaken are left
    /// out. For prices, positions and other state.
    ///
    /// Messages without a key are of one kind.
    Latest,
    /// It is closed with 1013 (try again later) instead of missing anything. For logs, chats with
    /// a history, and replication.
    ///
    /// A peer that reads again within [`close_timeout`](crate::Config::close_timeout) gets what was
    /// queued for it before, and that Close. One that does not is cut off.
    Close {
        /// It is closed once it is behind by more messages, or by more than the topic's ring, which
        /// is bounded in [messages](crate::TopicConfig::capacity) and in
        /// [bytes](crate::TopicConfig::max_bytes).
        ///
        /// 0 closes whoever is behind at all; [`usize::MAX`] leaves it to the ring.
        messages: usize,
        /// It is closed once the oldest message that it has not taken was published so long ago.
        ///
        /// [`Duration::ZERO`] closes whoever is behind at all; on a socket, more than 24
        /// days is never.
        time: Duration,
    },
}

impl Lag {
    /// Whether only the newest messages count.
    pub(super) const fn is_latest(self) -> bool {
        matches!(self, Lag::Latest)
    }
}
