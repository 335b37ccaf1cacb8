//! What has passed over a topic.

/// What has passed over a topic since it was made: see [`Topic::stats`](crate::Topic::stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicStats {
    /// Who is subscribed now: sockets and streams. One that is subscribed twice counts twice.
    pub subscribers: usize,
    /// Messages that were published.
    pub published: u64,
    /// Messages that were left out because a subscriber was behind, or overtaken for one that wants
    /// only the newest: one that is left out for ten counts ten times.
    pub skipped: u64,
    /// Subscribers that were too slow for [`Lag::Close`](crate::Lag::Close).
    pub closed: u64,
    /// Messages that are held for those who have not taken them.
    pub held_messages: usize,
    /// Bytes of their payloads.
    pub held_bytes: usize,
}
