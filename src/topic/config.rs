//! What is set for a topic.

use super::Lag;

/// How much a topic holds, and what becomes of those who are slower: for
/// [`Topic::with_config`](crate::Topic::with_config).
///
/// ```
/// use tower_websock::{Lag, Topic, TopicConfig};
///
/// let prices = Topic::with_config(TopicConfig::new().lag(Lag::Latest));
/// # let _ = prices;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicConfig {
    pub(super) capacity: usize,
    pub(super) max_bytes: usize,
    pub(super) lag: Lag,
    pub(super) name: Option<&'static str>,
}

impl TopicConfig {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            capacity: 1024,
            max_bytes: 4 << 20,
            lag: Lag::Skip,
            name: None,
        }
    }

    /// How many messages the topic holds for those who have not taken them yet.
    ///
    /// Default 1,024, at least 1. A subscriber takes what there is when its task has its turn: the
    /// topic must have room for what is published between two turns, or healthy ones miss something,
    /// too. A task that publishes much at once yields now and then.
    ///
    /// A topic whose subscribers have taken everything holds none. With
    /// [`Lag::Latest`] it may hold as many again: the newest of each key.
    pub const fn capacity(mut self, messages: usize) -> Self {
        self.capacity = if messages == 0 { 1 } else { messages };
        self
    }

    /// How many bytes these may have in all. One message is held whatever its size.
    ///
    /// Default 4 MiB.
    pub const fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// What becomes of a subscriber that is behind, unless its
    /// [subscription](crate::Subscribe::lag) says otherwise.
    ///
    /// Default [`Lag::Skip`].
    pub const fn lag(mut self, lag: Lag) -> Self {
        self.lag = lag;
        self
    }

    /// What the topic is called in metrics, with the feature `metrics`: [`docs::operations`] lists
    /// them.
    ///
    /// Default: none, and it is not in them. Topics of the same name are counted together: give one
    /// name to all rooms, not one to each.
    ///
    /// [`docs::operations`]: crate::docs::operations
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self::new()
    }
}
