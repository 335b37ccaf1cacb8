//! The halves of a socket.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::{FusedStream, Stream};
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Error, SendTimeoutError, Sender, Subscription, TrySendError, Upgraded, connection::Conn,
    handle::Handle,
};
use crate::{
    connections::ConnectionId,
    message::{CloseFrame, InvalidClose, Message, PreparedMessage},
    observe::Stats,
    protocol::{Batch, Closure, Compress},
    topic::{Subscribe, Topic},
};

/// The half that sends, from [`WebSocket::split`](crate::WebSocket::split). Clone it for many tasks
/// to send.
///
/// The connection lives as long as one of its halves does, clones included. A
/// [`Sender`] does not keep it open.
///
/// Messages of one task arrive in the order in which it sent them, and never in pieces. Between
/// tasks there is no order. If several wait for room, all are woken when there is some; which of
/// them goes first is not defined. As a [`Sink`], each clone may queue one message more than there is
/// room for, if several were told that there is room.
pub struct SendHalf<T = Upgraded> {
    handle: Handle<T>,
}

/// The half that receives, from [`WebSocket::split`](crate::WebSocket::split).
///
/// The connection lives as long as one of its halves does. After this half is dropped, incoming
/// messages are discarded.
pub struct RecvHalf<T = Upgraded> {
    handle: Handle<T>,
    /// Messages that were received, and not by the user yet.
    batch: Batch,
}

impl<T> SendHalf<T> {
    pub(super) const fn new(handle: Handle<T>) -> Self {
        Self { handle }
    }

    /// Whether `half` belongs to the same connection.
    pub fn is_pair_of(&self, half: &RecvHalf<T>) -> bool {
        self.handle.is(&half.handle)
    }

    /// A sender that does not keep the connection open: see [`Sender`].
    pub fn sender(&self) -> Sender<T> {
        Sender::of(&self.handle)
    }

    /// Bytes that are queued, by whichever clone, and that the transport has not taken yet: see
    /// [`WebSocket::buffered`](crate::WebSocket::buffered).
    pub fn buffered(&self) -> usize {
        self.handle.with(|conn| conn.buffered())
    }

    /// The connection's number, as [`WebSocket::id`](crate::WebSocket::id).
    pub fn id(&self) -> Option<ConnectionId> {
        self.handle.id()
    }

    /// Whether it is known that nothing more can be sent: [`closed`](Self::closed) would be ready.
    pub fn is_closed(&self) -> bool {
        self.handle.with(|conn| !conn.can_send())
    }

    /// How the connection ended. `None` until it has.
    pub fn closure(&self) -> Option<Closure> {
        self.handle.with(|conn| conn.closure())
    }

    /// What has passed over the connection: see
    /// [`WebSocket::stats`](crate::WebSocket::stats).
    pub fn stats(&self) -> Stats {
        self.handle.with(|conn| conn.stats())
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> SendHalf<T> {
    /// Sends what is published on `topic` from now on, as
    /// [`WebSocket::subscribe`](crate::WebSocket::subscribe) does.
    pub fn subscribe(&self, topic: &Topic) -> Subscription<T> {
        self.subscribe_with(topic, Subscribe::new())
    }

    /// The same, with a policy, filter or notice of its own.
    pub fn subscribe_with(&self, topic: &Topic, wanted: Subscribe) -> Subscription<T> {
        Subscription::new(self.handle.downgrade(), topic, wanted)
    }

    /// Sends a message, as [`WebSocket::send`](crate::WebSocket::send) does.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](crate::WebSocket::send).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the message is either queued as a whole or not at all.
    pub fn send(&mut self, message: Message) -> impl Future<Output = Result<(), Error>> {
        self.handle.send_as_agreed(message)
    }

    /// Sends a message uncompressed, as
    /// [`WebSocket::send_uncompressed`](crate::WebSocket::send_uncompressed) does.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](crate::WebSocket::send).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn send_uncompressed(
        &mut self,
        message: Message,
    ) -> impl Future<Output = Result<(), Error>> {
        self.handle.send(message, Compress::Never)
    }

    /// Sends a message that was encoded once for many sockets, as
    /// [`WebSocket::send_prepared`](crate::WebSocket::send_prepared) does.
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

    /// Queues a message at once, or gives it back, as
    /// [`WebSocket::try_send`](crate::WebSocket::try_send) does.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::try_send`](crate::WebSocket::try_send).
    pub fn try_send(&self, message: Message) -> Result<(), TrySendError> {
        self.handle.try_send(message)
    }

    /// Queues a message that was encoded once for many sockets, at once, as
    /// [`WebSocket::try_send_prepared`](crate::WebSocket::try_send_prepared) does.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] or [`TrySendError::Closed`], with the message.
    pub fn try_send_prepared(&self, message: &PreparedMessage) -> Result<(), TrySendError> {
        self.handle.try_send_prepared(message)
    }

    /// Queues a message that was encoded once for many sockets, between
    /// [`poll_ready`](Sink::poll_ready) and [`poll_flush`](Sink::poll_flush), as
    /// [`WebSocket::start_send_prepared`](crate::WebSocket::start_send_prepared) does.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] once a Close was sent or received.
    pub fn start_send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.handle.start_send_prepared(message)
    }

    /// Waits for room to queue a message, but no longer than `timeout`, as
    /// [`WebSocket::send_timeout`](crate::WebSocket::send_timeout) does.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send_timeout`](crate::WebSocket::send_timeout).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn send_timeout(
        &mut self,
        message: Message,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), SendTimeoutError>> {
        self.handle.send_timeout(message, timeout)
    }

    /// Queues a message without writing it.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](crate::WebSocket::send).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the message is either queued as a whole or not at all.
    pub fn feed(&mut self, message: Message) -> impl Future<Output = Result<(), Error>> {
        self.handle.feed(message)
    }

    /// Waits until everything that was sent before, by whichever clone, is handed to the transport.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] if the transport is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn flush(&mut self) -> impl Future<Output = Result<(), Error>> {
        self.handle.wait(Conn::poll_flush)
    }

    /// Waits until nothing more can be sent, as [`WebSocket::closed`](crate::WebSocket::closed)
    /// does.
    ///
    /// If the other half was dropped, this is ready as soon as the peer's Close or the end of the
    /// transport comes.
    ///
    /// ```
    /// use tokio::sync::broadcast::Receiver;
    /// use tower_websock::{Error, WebSocket};
    ///
    /// async fn push(socket: WebSocket, mut news: Receiver<String>) -> Result<(), Error> {
    ///     // Incoming messages are discarded.
    ///     let (mut socket, _) = socket.split();
    ///     loop {
    ///         tokio::select! {
    ///             Ok(item) = news.recv() => socket.send(item.into()).await?,
    ///             () = socket.closed() => return Ok(()),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn closed(&mut self) -> impl Future<Output = ()> {
        self.handle.wait(Conn::poll_closed)
    }

    /// Starts the closing handshake with a [`CloseFrame`], or with `None` for a Close without a
    /// code. The other half goes on receiving until the peer's Close.
    ///
    /// # Errors
    ///
    /// If the frame must not be sent (RFC 6455, section 7.4). Nothing is done in this case.
    pub fn start_close(
        &mut self,
        frame: impl Into<Option<CloseFrame>>,
    ) -> Result<(), InvalidClose> {
        let frame = frame.into();
        self.handle.with(|conn| conn.start_close_now(frame))
    }
}

impl<T> RecvHalf<T> {
    pub(super) const fn new(handle: Handle<T>, batch: Batch) -> Self {
        Self { handle, batch }
    }

    /// The connection's number, as [`WebSocket::id`](crate::WebSocket::id).
    pub fn id(&self) -> Option<ConnectionId> {
        self.handle.id()
    }

    /// How the connection ended. `None` until it has.
    pub fn closure(&self) -> Option<Closure> {
        self.handle.with(|conn| conn.closure())
    }

    /// What has passed over the connection: see
    /// [`WebSocket::stats`](crate::WebSocket::stats).
    pub fn stats(&self) -> Stats {
        self.handle.with(|conn| conn.stats())
    }
}

impl<T> Drop for RecvHalf<T> {
    fn drop(&mut self) {
        self.handle.with(Conn::drop_receiver);
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> RecvHalf<T> {
    /// Receives the next message, as [`WebSocket::recv`](crate::WebSocket::recv) does.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`](crate::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn recv(&mut self) -> impl Future<Output = Option<Result<Message, Error>>> {
        self.handle.recv(&mut self.batch)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for RecvHalf<T> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.handle.poll_recv(cx, &mut this.batch)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> FusedStream for RecvHalf<T> {
    fn is_terminated(&self) -> bool {
        self.batch.is_empty() && self.handle.with(|conn| conn.is_done())
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Sink<Message> for SendHalf<T> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.handle.poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.handle.start_send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.handle.poll_flush(cx)
    }

    /// Sends a Close frame (1000), unless one was sent. Receiving goes on until the peer's Close.
    /// If there is no supervisor and the other half is gone, this waits for the peer's Close.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.handle.poll_sink_close(cx)
    }
}

impl<T> Clone for SendHalf<T> {
    fn clone(&self) -> Self {
        Self::new(self.handle.another())
    }
}

impl<T> fmt::Debug for SendHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendHalf").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for RecvHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvHalf").finish_non_exhaustive()
    }
}
