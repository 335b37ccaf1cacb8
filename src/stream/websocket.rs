//! The socket.

mod fanout;
#[cfg(feature = "client")]
mod handed_over;
mod opening;
mod streams;

use std::{
    fmt,
    future::Future,
    task::{Context, Poll},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) use self::opening::Setup;
use super::{
    Error, RecvHalf, SendHalf, SendTimeoutError, Sender, TrySendError, Upgraded, connection::Conn,
    handle::Handle,
};
use crate::{
    config::Subprotocol,
    connections::ConnectionId,
    message::{CloseFrame, InvalidClose, Message},
    observe::Stats,
    protocol::{Batch, Closure, Compress},
};

/// A WebSocket connection: a [`Stream`](futures_core::Stream) and a [`Sink`](futures_sink::Sink) of
/// [`Message`]s.
///
/// Pings and Closes are answered for you, and received text is always valid UTF-8. Pings and pongs
/// are also received as messages; skip them with [`Message::is_data`].
///
/// # Supervised or not
///
/// The socket that a handler receives is *supervised*. The task that runs the handler writes
/// queued messages whenever the handler waits. It answers pings while the handler does something
/// else. It closes the connection when the handler drops the socket, returns, fails or panics.
///
/// Messages that are sent together leave in one write. Even if a handler never has to wait, `send`
/// and `recv` yield after 128 messages sent or received, or after about a millisecond. The task
/// then writes what is queued, and other tasks on the thread run. So answers are not held back
/// while a handler computes. A handler must not block its task: `block_on` inside it waits
/// forever.
///
/// A Close is answered when it is received, or once the handler has received nothing for one
/// second, so the handler can reply to earlier messages first. A handler that is still receiving
/// may delay the reply for at most [`close_timeout`](crate::Config::close_timeout) in total.
///
/// While a handler does not receive, the task reads ahead until 64 KiB or 128 messages are
/// waiting. Its last read, of at most 65 KiB, may exceed that. Whatever the peer sends next has to
/// wait, even a ping or a Close. The task answers the pings that it reads, and keeps at most 16
/// pings and pongs for the handler. Compressed messages stay compressed while they wait: if one is
/// damaged or too big, this is noticed only when it is received.
///
/// If a handler only sends, [split](Self::split) the socket and drop the [`RecvHalf`]. Incoming
/// messages are then discarded, and a Close is answered at once. While such a handler waits for
/// something to send, it should also wait for [`closed`](SendHalf::closed). Otherwise it learns
/// that the peer is gone only when it sends again.
///
/// A peer that is silent for too long is pinged, and given up if it stays silent: see
/// [`KeepAlive`](crate::KeepAlive). The pong that answers such a ping is not received.
///
/// A client's socket is *unsupervised*, and so is one from [`WebSocket::server`] or
/// [`Accepting::socket`](crate::Accepting::socket). It works only while one of its methods runs.
/// [`send`](Self::send) writes; `send`, [`recv`](Self::recv) and [`closed`](Self::closed) answer
/// pings, mind deadlines and notice the peer's Close. Dropping the socket drops the transport. End it with
/// [`close`](Self::close), or receive until `None`.
pub struct WebSocket<T = Upgraded> {
    handle: Handle<T>,
    /// Messages that were received, and not by the user yet.
    batch: Batch,
    /// Boxed, as few have one, and the future of a handler has room for two sockets: its argument,
    /// and where it moves that.
    subprotocol: Option<Box<Subprotocol>>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocket<T> {
    /// Receives the next message.
    ///
    /// A Close frame is the last message; by then, our answer to it has been written. After a
    /// Close or an error, this returns `None`.
    ///
    /// # Errors
    ///
    /// At most one, as the last item: [`Error::Protocol`] if the peer broke the protocol,
    /// [`Error::Lost`] or [`Error::Io`] if the transport ended without a Close frame,
    /// [`Error::Overrun`] if too much was left unread.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn recv(&mut self) -> impl Future<Output = Option<Result<Message, Error>>> {
        self.handle.recv(&mut self.batch)
    }

    /// Sends a message.
    ///
    /// If the socket is supervised, this queues the message. The supervisor writes it, with
    /// everything else that is queued, when the handler next waits.
    ///
    /// If the socket is unsupervised, the message is written before this returns. If nothing was
    /// received since the last message was sent, this first reads ahead what the peer has sent.
    ///
    /// While [`write_high_water`](crate::Config::write_high_water) bytes are queued, this waits.
    ///
    /// Sending [`Message::Close`] starts the closing handshake. Then go on receiving until the
    /// peer has answered. [`close`](Self::close) does both.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] once a Close was sent or received. [`Error::ControlTooLong`] or
    /// [`Error::InvalidClose`] for a message that must not be sent; it is then not queued.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the message is either queued as a whole or not at all.
    pub fn send(&mut self, message: Message) -> impl Future<Output = Result<(), Error>> {
        self.handle.send_as_agreed(message)
    }

    /// Sends a message uncompressed, even if the connection compresses messages.
    ///
    /// Use it for data that is already compressed, such as images, and for a secret in a message
    /// to which others can add text (RFC 7692, section 8). If the connection does not compress,
    /// this is the same as [`send`](Self::send).
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
        self.handle.send(message, Compress::Never)
    }

    /// Queues a message at once if there is room, or gives it back. This never waits.
    ///
    /// There is room while fewer than [`write_high_water`](crate::Config::write_high_water) bytes are
    /// queued, even for a Close; [`close`](Self::close) needs none.
    ///
    /// If the socket is supervised, the handler's task writes the message, and any thread may call
    /// this. If not, call it inside the runtime: it writes what the transport takes at once, and the
    /// rest leaves with the next call of a method, or with one that waits.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] or [`TrySendError::Closed`], with the message.
    /// [`TrySendError::Invalid`] for one that must not be sent, as [`send`](Self::send) says.
    pub fn try_send(&self, message: Message) -> Result<(), TrySendError> {
        self.handle.try_send(message)
    }

    /// Waits for room to queue a message, but no longer than `timeout`; then as
    /// [`try_send`](Self::try_send).
    ///
    /// The time runs from the first poll. To write the message may take longer. Zero does not wait;
    /// [`Duration::MAX`] is no limit. To wait, this needs a tokio runtime with its timer enabled.
    ///
    /// # Errors
    ///
    /// [`SendTimeoutError::Timeout`] or [`SendTimeoutError::Closed`], with the message, of which
    /// nothing was queued. [`SendTimeoutError::Invalid`] for one that must not be sent.
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

    /// Queues a message without writing it. Call [`flush`](Self::flush) later.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn feed(&mut self, message: Message) -> impl Future<Output = Result<(), Error>> {
        self.handle.feed(message)
    }

    /// Waits until everything that was sent before is handed to the transport.
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

    /// Closes the connection. Yields how it ended.
    ///
    /// Sends a [`CloseFrame`], or for `None` a Close frame without a code, unless a Close was
    /// already sent. Then waits for the peer's Close, for at most
    /// [`close_timeout`](crate::Config::close_timeout) without progress. Messages that still come are
    /// dropped. To receive them, send [`Message::Close`] instead.
    ///
    /// # Errors
    ///
    /// If the frame must not be sent (RFC 6455, section 7.4). Nothing is done in this case.
    ///
    /// # Cancel safety
    ///
    /// The Close frame is queued at the first poll. To wait for the rest, call this again.
    pub fn close(
        &mut self,
        frame: impl Into<Option<CloseFrame>>,
    ) -> impl Future<Output = Result<Closure, InvalidClose>> {
        let frame = frame.into();
        async move {
            self.handle.with(|conn| conn.start_close(frame))?;
            self.batch = Batch::default();
            Ok(self.handle.wait(Conn::poll_close).await)
        }
    }

    /// Waits until nothing more can be sent: a Close was sent or received, the peer broke the
    /// protocol, or the transport is gone. [`closure`](Self::closure) says how the connection
    /// ended, once it has.
    ///
    /// Use it in a handler that waits for something other than messages. Without it, such a
    /// handler learns that the peer is gone only at its next [`send`](Self::send):
    ///
    /// ```
    /// use tokio::sync::mpsc::Receiver;
    /// use tower_websock::{Error, Message, WebSocket};
    ///
    /// async fn push(mut socket: WebSocket, mut news: Receiver<String>) -> Result<(), Error> {
    ///     loop {
    ///         tokio::select! {
    ///             item = news.recv() => match item {
    ///                 Some(item) => socket.send(item.into()).await?,
    ///                 None => return Ok(()),
    ///             },
    ///             () = socket.closed() => return Ok(()),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// On an unsupervised socket, this drives the connection as [`recv`](Self::recv) does: it
    /// answers pings and notices the end. It keeps incoming messages for `recv`, up to 64 KiB or
    /// 128 messages.
    ///
    /// If nothing was ever received and no message is waiting, this is ready as soon as a Close or
    /// the end of the transport comes. Otherwise it is ready only after a second without `recv`,
    /// since you may still want to answer earlier messages; if the transport ended without a
    /// Close, after [`close_timeout`](crate::Config::close_timeout). It does not notice an end that comes
    /// after more messages than are kept. So if a socket only sends, [split](Self::split) it and
    /// drop the [`RecvHalf`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn closed(&mut self) -> impl Future<Output = ()> {
        self.handle.wait(Conn::poll_closed)
    }

    /// Splits the socket into two halves, which may live in different tasks.
    pub fn split(self) -> (SendHalf<T>, RecvHalf<T>) {
        let recv = RecvHalf::new(self.handle.another(), self.batch);
        (SendHalf::new(self.handle), recv)
    }

    /// [`poll_next`](futures_core::Stream::poll_next) with the errors of another type.
    #[inline]
    pub(crate) fn poll_recv<E: From<Error>>(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, E>>> {
        self.handle.poll_recv(cx, &mut self.batch)
    }
}

impl<T> WebSocket<T> {
    /// The subprotocol that was negotiated (RFC 6455, section 1.9).
    pub const fn subprotocol(&self) -> Option<&Subprotocol> {
        match &self.subprotocol {
            Some(subprotocol) => Some(&**subprotocol),
            None => None,
        }
    }

    /// A sender for other tasks, which does not keep the connection open: see [`Sender`].
    pub fn sender(&self) -> Sender<T> {
        Sender::of(&self.handle)
    }

    /// Bytes that are queued, frame headers included, and that the transport has not taken yet.
    /// Where `StreamExt` is imported, which has a `buffered` too, call `WebSocket::buffered(&socket)`.
    pub fn buffered(&self) -> usize {
        self.handle.with(|conn| conn.buffered())
    }

    /// The connection's number in its [`Connections`](crate::Connections). `None` if it belongs to
    /// none.
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

    /// What has passed over the connection since it was opened. It costs two looks at the clock.
    pub fn stats(&self) -> Stats {
        self.handle.with(|conn| conn.stats())
    }
}

impl<T> fmt::Debug for WebSocket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("subprotocol", &self.subprotocol)
            .field("closure", &self.closure())
            .finish_non_exhaustive()
    }
}
