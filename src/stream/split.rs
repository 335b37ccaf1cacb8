//! The halves of a socket.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Error, Upgraded, connection::Conn, handle::Handle};
use crate::{
    connections::ConnectionId,
    message::{CloseFrame, InvalidClose, Message},
    protocol::{Batch, Closure, Compress},
};

/// The half that sends, from [`WebSocket::split`](crate::WebSocket::split).
///
/// The connection lives as long as one of its halves does.
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
}

impl<T: AsyncRead + AsyncWrite + Unpin> SendHalf<T> {
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
        self.handle.send(message, Compress::IfAgreed)
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

    /// Waits until everything that was sent is handed to the transport.
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
        self.handle.with(|conn| conn.start_close(frame))
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

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.handle.with(|conn| conn.poll_ready(cx))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.handle
            .with(|conn| conn.start_send(message, Compress::IfAgreed))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.handle.with(|conn| conn.poll_flush(cx))
    }

    /// Sends a Close frame (1000), unless one was sent. Receiving goes on until the peer's Close.
    /// If there is no supervisor and the other half is gone, this waits for the peer's Close.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.handle.with(|conn| conn.poll_sink_close(cx))
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
