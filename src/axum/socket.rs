//! The socket, with axum's error type.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum_core::Error;
use futures_core::{FusedStream, Stream};
use futures_sink::Sink;
use http::HeaderValue;

use crate::{
    config::Subprotocol,
    connections::ConnectionId,
    message::{CloseFrame, InvalidClose, Message, NotUtf8, PreparedMessage},
    observe::Stats,
    protocol::Closure,
    stream::{SendTimeoutError, Sender, Subscription, TrySendError},
    topic::{Subscribe, Topic},
};

/// A WebSocket connection whose errors are axum's.
///
/// As in `axum::extract::ws`, `split` is from `StreamExt` and `close` from `SinkExt`. The halves
/// of that `split` share a lock. Where many tasks send, use [`sender`](Self::sender). For halves
/// that do not share a lock, use [`split`](crate::WebSocket::split) of
/// the socket from [`into_inner`](Self::into_inner). Their errors are this crate's.
///
/// A [`CloseFrame`] that is written out, as axum's are, may have a reason of more than 123 bytes,
/// which no Close can hold (RFC 6455, section 5.5). It is cut at a character boundary when it is
/// sent, so that the peer learns the code. The inner socket does so, too, also after
/// [`into_inner`](Self::into_inner).
#[derive(Debug)]
pub struct WebSocket {
    inner: crate::WebSocket,
}

// No `async fn`s around those of the inner socket: they keep a copy of the message each.
impl WebSocket {
    /// Receives the next message, as [`recv`](crate::WebSocket::recv) of the inner socket.
    ///
    /// # Errors
    ///
    /// At most one, as the last item: the peer broke the protocol, or the transport ended without
    /// a Close frame. The [`source`](std::error::Error::source) is a
    /// [`tower_websock::Error`](crate::Error).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    #[inline]
    pub fn recv(&mut self) -> impl Future<Output = Option<Result<Message, Error>>> {
        poll_fn(|cx| self.inner.poll_recv(cx))
    }

    /// Sends a message, as [`send`](crate::WebSocket::send) of the inner socket.
    ///
    /// # Errors
    ///
    /// If the connection is closed for sending, or the message must not be sent.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the message is either queued as a whole or not at all.
    #[inline]
    pub fn send(&mut self, message: Message) -> impl Future<Output = Result<(), Error>> {
        let mut sending = self.inner.send(message);
        poll_fn(move |cx| Pin::new(&mut sending).poll(cx).map_err(Error::new))
    }

    /// Sends a message uncompressed, even if the connection compresses messages:
    /// [`send_uncompressed`](crate::WebSocket::send_uncompressed) of the inner socket.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn send_uncompressed(
        &mut self,
        message: Message,
    ) -> impl Future<Output = Result<(), Error>> {
        let mut sending = self.inner.send_uncompressed(message);
        poll_fn(move |cx| Pin::new(&mut sending).poll(cx).map_err(Error::new))
    }

    /// Sends a message that was encoded once for many sockets:
    /// [`send_prepared`](crate::WebSocket::send_prepared) of the inner socket.
    ///
    /// # Errors
    ///
    /// If the connection is closed for sending.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(
        &mut self,
        message: &PreparedMessage,
    ) -> impl Future<Output = Result<(), Error>> {
        let mut sending = self.inner.send_prepared(message);
        poll_fn(move |cx| Pin::new(&mut sending).poll(cx).map_err(Error::new))
    }

    /// Queues a message at once if there is room, or gives it back:
    /// [`try_send`](crate::WebSocket::try_send) of the inner socket. This never waits.
    ///
    /// # Errors
    ///
    /// As [`try_send`](crate::WebSocket::try_send) of the inner socket: with the message.
    pub fn try_send(&self, message: Message) -> Result<(), TrySendError> {
        self.inner.try_send(message)
    }

    /// Queues a message that was encoded once for many sockets, at once:
    /// [`try_send_prepared`](crate::WebSocket::try_send_prepared) of the inner socket.
    ///
    /// # Errors
    ///
    /// As [`try_send_prepared`](crate::WebSocket::try_send_prepared) of the inner socket: with the
    /// message.
    pub fn try_send_prepared(&self, message: &PreparedMessage) -> Result<(), TrySendError> {
        self.inner.try_send_prepared(message)
    }

    /// Queues a message that was encoded once for many sockets, between
    /// [`poll_ready`](Sink::poll_ready) and [`poll_flush`](Sink::poll_flush):
    /// [`start_send_prepared`](crate::WebSocket::start_send_prepared) of the inner socket.
    ///
    /// # Errors
    ///
    /// If the connection is closed for sending.
    pub fn start_send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.inner.start_send_prepared(message).map_err(Error::new)
    }

    /// Waits for room to queue a message, but no longer than `timeout`:
    /// [`send_timeout`](crate::WebSocket::send_timeout) of the inner socket.
    ///
    /// # Errors
    ///
    /// As [`send_timeout`](crate::WebSocket::send_timeout) of the inner socket: with the message.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn send_timeout(
        &mut self,
        message: Message,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), SendTimeoutError>> {
        self.inner.send_timeout(message, timeout)
    }

    /// Queues a message without writing it, as [`feed`](crate::WebSocket::feed) of the inner
    /// socket.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn feed(&mut self, message: Message) -> impl Future<Output = Result<(), Error>> {
        let mut feeding = self.inner.feed(message);
        poll_fn(move |cx| Pin::new(&mut feeding).poll(cx).map_err(Error::new))
    }

    /// Waits until everything that was sent is handed to the transport.
    ///
    /// # Errors
    ///
    /// If the transport is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn flush(&mut self) -> impl Future<Output = Result<(), Error>> {
        let mut flushing = self.inner.flush();
        poll_fn(move |cx| Pin::new(&mut flushing).poll(cx).map_err(Error::new))
    }

    /// Closes the connection and yields how it ended: [`close`](crate::WebSocket::close) of the
    /// inner socket. `SinkExt::close` only sends a Close.
    ///
    /// # Errors
    ///
    /// If the frame must not be sent (RFC 6455, section 7.4). Nothing is done in this case.
    ///
    /// # Cancel safety
    ///
    /// The Close frame is queued at the first poll. To wait for the rest, call this again.
    pub fn close_with(
        &mut self,
        frame: impl Into<Option<CloseFrame>>,
    ) -> impl Future<Output = Result<Closure, Error>> {
        let closing = self.inner.close(frame);
        async { closing.await.map_err(Error::new) }
    }

    /// Waits until nothing more can be sent: [`closed`](crate::WebSocket::closed) of the inner
    /// socket. Use it in a handler that waits for something to send.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn closed(&mut self) -> impl Future<Output = ()> {
        self.inner.closed()
    }

    /// A sender for other tasks, which does not keep the connection open: see [`Sender`]. Its
    /// errors are this crate's.
    pub fn sender(&self) -> Sender {
        self.inner.sender()
    }

    /// Sends what is published on `topic` from now on:
    /// [`subscribe`](crate::WebSocket::subscribe) of the inner socket.
    pub fn subscribe(&self, topic: &Topic) -> Subscription {
        self.inner.subscribe(topic)
    }

    /// The same, with a policy, filter or notice of its own.
    pub fn subscribe_with(&self, topic: &Topic, wanted: Subscribe) -> Subscription {
        self.inner.subscribe_with(topic, wanted)
    }

    /// Bytes that are queued, and that the transport has not taken yet. Where `StreamExt` is
    /// imported, which has a `buffered` too, call `WebSocket::buffered(&socket)`.
    pub fn buffered(&self) -> usize {
        self.inner.buffered()
    }

    /// Whether it is known that nothing more can be sent.
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// How the connection ended. `None` until it has.
    pub fn closure(&self) -> Option<Closure> {
        self.inner.closure()
    }

    /// What has passed over the connection: [`stats`](crate::WebSocket::stats) of the inner
    /// socket.
    pub fn stats(&self) -> Stats {
        self.inner.stats()
    }

    /// The subprotocol that was negotiated.
    pub const fn subprotocol(&self) -> Option<&Subprotocol> {
        self.inner.subprotocol()
    }

    /// The connection's number in its [`Connections`](crate::Connections). `None` if it belongs to
    /// none.
    pub fn id(&self) -> Option<ConnectionId> {
        self.inner.id()
    }

    /// The subprotocol that was negotiated, under the name that axum gives this method.
    pub fn protocol(&self) -> Option<&HeaderValue> {
        self.inner
            .subprotocol()
            .map(crate::Subprotocol::as_header_value)
    }

    /// Borrows the inner socket, whose errors are this crate's.
    pub const fn get_ref(&self) -> &crate::WebSocket {
        &self.inner
    }

    /// Borrows the inner socket mutably.
    pub const fn get_mut(&mut self) -> &mut crate::WebSocket {
        &mut self.inner
    }

    /// The inner socket, whose errors are this crate's. It still cuts a reason that is too long for
    /// a Close, where another [`crate::WebSocket`] refuses it with [`InvalidClose`].
    pub fn into_inner(self) -> crate::WebSocket {
        self.inner
    }
}

impl From<crate::WebSocket> for WebSocket {
    fn from(inner: crate::WebSocket) -> Self {
        inner.cut_reasons();
        Self { inner }
    }
}

impl From<WebSocket> for crate::WebSocket {
    fn from(socket: WebSocket) -> Self {
        socket.inner
    }
}

impl Stream for WebSocket {
    type Item = Result<Message, Error>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.poll_recv(cx)
    }
}

impl FusedStream for WebSocket {
    fn is_terminated(&self) -> bool {
        self.inner.is_terminated()
    }
}

impl Sink<Message> for WebSocket {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.inner).poll_ready(cx).map_err(Error::new)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        Pin::new(&mut self.inner)
            .start_send(message)
            .map_err(Error::new)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.inner).poll_flush(cx).map_err(Error::new)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.inner).poll_close(cx).map_err(Error::new)
    }
}

impl From<crate::Error> for Error {
    fn from(error: crate::Error) -> Self {
        Error::new(error)
    }
}

impl From<InvalidClose> for Error {
    fn from(error: InvalidClose) -> Self {
        Error::new(error)
    }
}

impl From<NotUtf8> for Error {
    fn from(error: NotUtf8) -> Self {
        Error::new(error)
    }
}
