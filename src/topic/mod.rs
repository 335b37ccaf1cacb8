//! One message to many: topics, and those who subscribe to them.
//!
//! A topic holds its last messages once, for all ([`ring`]); a subscriber is a [`Cursor`] in it.
//! What it costs to publish does not depend on how many are subscribed, but for those who are
//! woken ([`places`]). Who is behind costs nothing until it can take more.

mod config;
mod cursor;
mod key;
mod lag;
mod places;
mod ring;
mod shared;
mod stats;
mod stream;
mod subscribe;
mod subscriber_id;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, task::Waker};

pub(crate) use self::cursor::{Cursor, Patience, Progress, Taken};
use self::shared::Shared;
pub use self::{
    config::TopicConfig, key::TopicKey, lag::Lag, stats::TopicStats, stream::TopicStream,
    subscribe::Subscribe, subscriber_id::SubscriberId,
};
use crate::message::PreparedMessage;

/// Sends each message that is published to all who are subscribed.
///
/// A socket that is [subscribed](crate::WebSocket::subscribe) gets what is published from then on,
/// in order, while its handler goes on as usual:
///
/// ```
/// use tower_websock::{Error, PreparedMessage, Topic, WebSocket};
///
/// async fn chat(mut socket: WebSocket, room: Topic) -> Result<(), Error> {
///     let _member = socket.subscribe(&room);
///     while let Some(message) = socket.recv().await {
///         if let Ok(message) = PreparedMessage::try_from(message?) {
///             room.publish(message);
///         }
///     }
///     Ok(())
/// }
/// # let _ = chat;
/// ```
///
/// Publishing never waits, whatever the subscribers do: what becomes of those who are slower is
/// told by [`Lag`]. A message is encoded once, and compressed once for each set of parameters.
///
/// A topic is a cheap handle: clone it. It may be used from any thread, in a runtime or not. When
/// its last handle is gone, those who are subscribed still get what was published.
///
/// A subscription counts from the call on. The handshake is accepted before the handler runs, so
/// a client does not know when that is: if it must, have the handler send it a message, which comes
/// before what its topics have.
///
/// # Order
///
/// All subscribers get the messages of one topic in the same order. Between topics there is no order.
/// What a handler sends before it waits goes out before what its topics have for its socket; `send`
/// waits after 128 messages or a millisecond, `try_send` never.
#[derive(Clone)]
pub struct Topic(Arc<Shared>);

impl Topic {
    /// A topic with the defaults of [`TopicConfig`].
    pub fn new() -> Self {
        Self::with_config(TopicConfig::new())
    }

    /// A topic.
    pub fn with_config(config: TopicConfig) -> Self {
        Self(Arc::new(Shared::new(&config)))
    }

    /// Sends a message to all who are subscribed now. Without subscribers it is dropped. A socket that
    /// closes or unsubscribes before its task has its next turn may not get it.
    ///
    /// It does not wait. It wakes those who wait for it, which is the cost.
    ///
    /// If you hold a lock while you publish, no handler may take it in a `Drop`: to wake a task may
    /// drop it, and its handler.
    pub fn publish<M: Into<PreparedMessage>>(&self, message: M) {
        self.0.publish(message.into(), None, None);
    }

    /// [Publishes](Self::publish) a message under a key: with [`Lag::Latest`], a subscriber that is
    /// behind gets only the newest of each key.
    pub fn publish_keyed<K, M>(&self, key: K, message: M)
    where
        K: Into<TopicKey>,
        M: Into<PreparedMessage>,
    {
        self.0.publish(message.into(), Some(key.into()), None);
    }

    /// [Publishes](Self::publish) to all subscribers except `who`, usually the
    /// `&`[`Subscription`](crate::Subscription) of the sender.
    pub fn publish_from<S, M>(&self, who: S, message: M)
    where
        S: Into<SubscriberId>,
        M: Into<PreparedMessage>,
    {
        self.0.publish(message.into(), None, Some(who.into()));
    }

    /// How many are subscribed.
    pub fn subscribers(&self) -> usize {
        self.stats().subscribers
    }

    /// What has passed over it.
    pub fn stats(&self) -> TopicStats {
        self.0.stats()
    }

    /// What is published from now on, as a [`Stream`](futures_core::Stream).
    pub fn stream(&self) -> TopicStream {
        self.stream_with(Subscribe::new())
    }

    /// The same, with a policy or filter of its own.
    pub fn stream_with(&self, wanted: Subscribe) -> TopicStream {
        let cursor = self.cursor(SubscriberId::next(), wanted, Waker::noop());
        TopicStream::new(cursor)
    }

    /// Subscribes; `waker` is woken by what comes.
    pub(crate) fn cursor(&self, id: SubscriberId, wanted: Subscribe, waker: &Waker) -> Cursor {
        Cursor::new(self.0.clone(), id, wanted, waker)
    }
}

impl Default for Topic {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
