//! A sender beside a socket.

use std::{
    fmt,
    future::{Future, poll_fn},
    sync::Weak,
    task::Poll,
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Error, SendTimeoutError, Subscription, TrySendError, Upgraded,
    connection::{Conn, Outgoing, Shared, Ticket},
    handle::Handle,
    sends::{self, Send, SendInTime},
};
use crate::{
    message::{CloseFrame, InvalidClose, Message, PreparedMessage},
    observe::Stats,
    protocol::Compress,
    topic::{Subscribe, Topic},
};

/// Sends to a connection from anywhere, without keeping it open.
///
/// [`WebSocket::sender`](crate::WebSocket::sender) makes one. Clone it, and keep it where others
/// find it: in a map of all users, in a task. The connection ends when its handler does, or
/// whoever owns the socket, however many `Sender`s there are. They then fail with
/// [`Error::Closed`]. A [`SendHalf`](crate::SendHalf), by contrast, keeps the connection open.
///
/// ```
/// use std::time::Duration;
///
/// use tokio::time::sleep;
/// use tower_websock::WebSocket;
///
/// async fn clock(mut socket: WebSocket) {
///     let sender = socket.sender();
///     // This ends when the handler does, which does not have to see to it.
///     tokio::spawn(async move {
///         while sender.send("tick".into()).await.is_ok() {
///             sleep(Duration::from_secs(1)).await;
///         }
///     });
///     while let Some(Ok(message)) = socket.recv().await {
///         println!("{message:?}");
///     }
/// }
/// ```
///
/// [`docs::handlers`](crate::docs::handlers) has a room whose members send to each other.
///
/// Messages of one task arrive in the order in which it sent them, and never in pieces. Between
/// tasks there is no order. If several wait for room, all are woken when there is some; which of
/// them goes first is not defined.
///
/// If the socket is [unsupervised](crate::WebSocket#supervised-or-not), each method drives the
/// connection, as those of the socket do.
pub struct Sender<T = Upgraded> {
    shared: Weak<Shared<T>>,
}

impl<T> Sender<T> {
    pub(super) fn of(handle: &Handle<T>) -> Self {
        Self {
            shared: handle.downgrade(),
        }
    }

    /// Whether `other` sends to the same connection.
    pub fn same_connection(&self, other: &Self) -> bool {
        self.shared.ptr_eq(&other.shared)
    }

    /// Whether it is known that nothing more can be sent: [`closed`](Self::closed) would be ready.
    pub fn is_closed(&self) -> bool {
        let can_send = self.with(|conn| conn.can_send());
        !can_send.unwrap_or(false)
    }

    /// Bytes that are queued, and that the transport has not taken yet.
    ///
    /// What the handler sent in its current turn may not be counted yet. Headers of frames count,
    /// and compressed messages as they are sent. Once the connection is gone this is 0.
    pub fn buffered(&self) -> usize {
        self.with(|conn| conn.buffered()).unwrap_or(0)
    }

    /// What has passed over the connection: [`WebSocket::stats`](crate::WebSocket::stats). `None`
    /// once the connection is gone, with its handler or all of its handles.
    pub fn stats(&self) -> Option<Stats> {
        self.with(|conn| conn.stats())
    }

    fn with<R>(&self, f: impl FnOnce(&mut Conn<T>) -> R) -> Option<R> {
        Some(self.shared.upgrade()?.with(f))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Sender<T> {
    /// Starts the closing handshake with a [`CloseFrame`], or with `None` for a Close without a
    /// code. It does not wait for room. Does nothing if the connection closes already.
    ///
    /// # Errors
    ///
    /// If the frame must not be sent (RFC 6455, section 7.4). Nothing is done in this case.
    pub fn start_close(&self, frame: impl Into<Option<CloseFrame>>) -> Result<(), InvalidClose> {
        let frame = frame.into();
        self.with(|conn| conn.start_close_now(frame))
            .unwrap_or(Ok(()))
    }

    /// Sends what is published on `topic` from now on, as
    /// [`WebSocket::subscribe`](crate::WebSocket::subscribe) does.
    pub fn subscribe(&self, topic: &Topic) -> Subscription<T> {
        self.subscribe_with(topic, Subscribe::new())
    }

    /// The same, with a policy, filter or notice of its own.
    pub fn subscribe_with(&self, topic: &Topic, wanted: Subscribe) -> Subscription<T> {
        Subscription::new(self.shared.clone(), topic, wanted)
    }

    /// Sends a message, as [`WebSocket::send`](crate::WebSocket::send) does: waits while
    /// [`write_high_water`](crate::Config::write_high_water) bytes are queued.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](crate::WebSocket::send).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the message is either queued as a whole or not at all.
    pub fn send(&self, message: Message) -> impl Future<Output = Result<(), Error>> {
        self.send_with(message, Compress::IfAgreed)
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
    pub fn send_uncompressed(&self, message: Message) -> impl Future<Output = Result<(), Error>> {
        self.send_with(message, Compress::Never)
    }

    /// Sends a message that was encoded once for many sockets, as
    /// [`WebSocket::send_prepared`](crate::WebSocket::send_prepared) does.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] once a Close was sent or received, or the connection is gone.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(
        &self,
        message: &PreparedMessage,
    ) -> impl Future<Output = Result<(), Error>> {
        self.send_with(message, Compress::IfAgreed)
    }

    /// Queues a message at once, or gives it back: [`WebSocket::try_send`](crate::WebSocket::try_send).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::try_send`](crate::WebSocket::try_send).
    pub fn try_send(&self, message: Message) -> Result<(), TrySendError> {
        match self.shared.upgrade() {
            Some(shared) => sends::try_send(&shared, message),
            None => Err(TrySendError::Closed(message)),
        }
    }

    /// Queues a message that was encoded once for many sockets, at once:
    /// [`WebSocket::try_send_prepared`](crate::WebSocket::try_send_prepared).
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] or [`TrySendError::Closed`], with the message.
    pub fn try_send_prepared(&self, message: &PreparedMessage) -> Result<(), TrySendError> {
        match self.shared.upgrade() {
            Some(shared) => sends::try_send(&shared, message),
            None => Err(TrySendError::Closed(message.to_message())),
        }
    }

    /// Waits for room to queue a message, but no longer than `timeout`:
    /// [`WebSocket::send_timeout`](crate::WebSocket::send_timeout).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send_timeout`](crate::WebSocket::send_timeout).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn send_timeout(
        &self,
        message: Message,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), SendTimeoutError>> {
        let mut sending = SendInTime::new(message, timeout);
        poll_fn(move |cx| match self.shared.upgrade() {
            Some(shared) => sending.poll(&shared, cx),
            None => Poll::Ready(sending.give_back()),
        })
    }

    /// Waits until all that was sent before this call is handed to the transport.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] if the transport is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn flush(&self) -> impl Future<Output = Result<(), Error>> {
        let mut ticket = Ticket::NONE;
        poll_fn(move |cx| {
            let flushed = self.with(|conn| conn.poll_flush(cx, &mut ticket));
            flushed.unwrap_or(Poll::Ready(Err(Error::Closed)))
        })
    }

    /// Waits until nothing more can be sent, as [`WebSocket::closed`](crate::WebSocket::closed)
    /// does, or until the connection is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn closed(&self) -> impl Future<Output = ()> {
        let mut ticket = Ticket::NONE;
        poll_fn(move |cx| {
            let closed = self.with(|conn| conn.poll_closed(cx, &mut ticket));
            closed.unwrap_or(Poll::Ready(()))
        })
    }

    fn send_with<M: Outgoing>(
        &self,
        message: M,
        compress: Compress,
    ) -> impl Future<Output = Result<(), Error>> {
        let mut sending = Send::new(message);
        poll_fn(move |cx| match self.shared.upgrade() {
            Some(shared) => sending.poll(&shared, cx, compress),
            None => Poll::Ready(Err(Error::Closed)),
        })
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
