//! One message to many: messages that were prepared, and topics.

use std::future::Future;

use tokio::io::{AsyncRead, AsyncWrite};

use super::WebSocket;
use crate::{
    message::PreparedMessage,
    stream::{Error, Subscription, TrySendError},
    topic::{Subscribe, Topic},
};

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocket<T> {
    /// Sends a message that was encoded once for many sockets, as [`send`](Self::send) does.
    ///
    /// A server copies what is small, up to 4 KiB, and shares the rest with all who send it; see
    /// [`PreparedMessage`] for what is compressed. A client encodes the message for itself.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] once a Close was sent or received.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(
        &mut self,
        message: &PreparedMessage,
    ) -> impl Future<Output = Result<(), Error>> {
        self.handle.send_prepared(message)
    }

    /// Queues a message that was encoded once for many sockets, at once if there is room. This
    /// never waits: see [`try_send`](Self::try_send).
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] or [`TrySendError::Closed`], with the message.
    pub fn try_send_prepared(&self, message: &PreparedMessage) -> Result<(), TrySendError> {
        self.handle.try_send_prepared(message)
    }

    /// Queues a message that was encoded once for many sockets, as
    /// [`start_send`](futures_sink::Sink::start_send) does another one: call it after
    /// [`poll_ready`](futures_sink::Sink::poll_ready), and then
    /// [`poll_flush`](futures_sink::Sink::poll_flush).
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] once a Close was sent or received.
    pub fn start_send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.handle.start_send_prepared(message)
    }

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
