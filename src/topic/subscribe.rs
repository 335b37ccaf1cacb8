//! What a subscriber wants.

use std::fmt;

use super::Lag;
use crate::message::PreparedMessage;

type Filter = dyn FnMut(&PreparedMessage) -> bool + Send;
type Notice = dyn FnMut(u64) -> Option<PreparedMessage> + Send;

/// How one subscriber differs from the others of its topic, for
/// [`WebSocket::subscribe_with`](crate::WebSocket::subscribe_with) and
/// [`Topic::stream_with`](crate::Topic::stream_with).
///
/// ```
/// use std::time::Duration;
/// use tower_websock::{Lag, Subscribe};
///
/// let strict = Subscribe::new().lag(Lag::Close {
///     messages: 500,
///     time: Duration::from_secs(10),
/// });
/// let lenient = Subscribe::new()
///     .filter(|message| message.is_text())
///     .notice(|skipped| Some(format!("{skipped} messages left out")));
/// # let _ = (strict, lenient);
/// ```
#[derive(Default)]
pub struct Subscribe {
    pub(super) lag: Option<Lag>,
    pub(super) filter: Option<Box<Filter>>,
    pub(super) notice: Option<Box<Notice>>,
}

impl Subscribe {
    /// As the topic has it, and everything that is published.
    pub fn new() -> Self {
        Self::default()
    }

    /// What becomes of it when it is behind. Default: what the
    /// [topic](crate::TopicConfig::lag) says.
    pub fn lag(mut self, lag: Lag) -> Self {
        self.lag = Some(lag);
        self
    }

    /// It gets only messages for which `filter` returns `true`.
    ///
    /// To leave out a subscriber's own messages,
    /// [`Topic::publish_from`](crate::Topic::publish_from) is simpler.
    ///
    /// `filter` is called for each message, in the task of the socket, while the socket is locked:
    /// it must be quick, and must not use the socket or its halves, which would deadlock. If it panics,
    /// the socket is closed with 1011.
    pub fn filter<F>(mut self, filter: F) -> Self
    where
        F: FnMut(&PreparedMessage) -> bool + Send + 'static,
    {
        self.filter = Some(Box::new(filter));
        self
    }

    /// What is sent in place of messages that were left out, given how many these were.
    ///
    /// Default: nothing. It is called as [`filter`](Self::filter) is, and not for
    /// [`Lag::Latest`], for which being overtaken is usual. Those that `filter` would have left out, or
    /// that the subscriber published itself, count if they have left the ring.
    ///
    /// For sockets; a [`TopicStream`](crate::TopicStream) has a method
    /// [`skipped`](crate::TopicStream::skipped).
    pub fn notice<F, M>(mut self, mut notice: F) -> Self
    where
        F: FnMut(u64) -> Option<M> + Send + 'static,
        M: Into<PreparedMessage>,
    {
        self.notice = Some(Box::new(move |skipped| notice(skipped).map(M::into)));
        self
    }

    /// Whether nothing is set.
    pub(super) const fn is_plain(&self) -> bool {
        self.lag.is_none() && self.filter.is_none() && self.notice.is_none()
    }
}

impl fmt::Debug for Subscribe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribe")
            .field("lag", &self.lag)
            .field("filter", &self.filter.is_some())
            .field("notice", &self.notice.is_some())
            .finish()
    }
}
