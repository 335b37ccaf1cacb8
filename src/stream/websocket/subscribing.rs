//! The topics of a socket.

use tokio::io::{AsyncRead, AsyncWrite};

use super::WebSocket;
use crate::{
    stream::Subscription,
    topic::{Subscribe, Topic},
};

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocket<T> {
    /// Sends what is published on `topic` from now on, until the [`Subscription`] is dropped.
    ///
    /// The supervisor does it, in order, while the handler goes on: also while that waits for
    /// something else. What the handler has sent goes first.
    ///
    /// A socket [without a supervisor](Self#supervised-or-not) does it while one of its methods
    /// waits. [`Topic::stream`] gives its owner the messages instead.
    ///
    /// A socket that closes sends nothing more.
    pub fn subscribe(&self, topic: &Topic) -> Subscription<T> {
        self.subscribe_with(topic, Subscribe::new())
    }

    /// The same, with a policy, filter or notice of its own.
    pub fn subscribe_with(&self, topic: &Topic, wanted: Subscribe) -> Subscription<T> {
        Subscription::new(self.handle.downgrade(), topic, wanted)
    }
}
