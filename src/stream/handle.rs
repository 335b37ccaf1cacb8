//! What sockets and their halves have in common: a counted handle on a connection.

use std::{
    future::{Future, poll_fn},
    sync::{Arc, Weak},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Error, SendTimeoutError, TrySendError,
    connection::{Conn, Shared, Ticket},
    sends::{self, Send, SendInTime},
};
use crate::{
    connections::ConnectionId,
    message::{Message, PreparedMessage},
    protocol::{Batch, Compress},
};

pub(super) struct Handle<T> {
    shared: Arc<Shared<T>>,
    /// Allocated when first needed, since few use a socket as a `Sink`, and the future of a handler
    /// has room for two of these.
    sink: Option<Box<SinkTickets>>,
}

/// What the methods of `Sink` wait with: for room, and for all else.
#[derive(Default)]
struct SinkTickets {
    ready: Ticket,
    flush: Ticket,
}

impl<T> Handle<T> {
    /// The first handle of `shared`, which counts it already.
    pub(super) fn first(shared: Arc<Shared<T>>) -> Self {
        Self { shared, sink: None }
    }

    /// One more.
    pub(super) fn another(&self) -> Self {
        self.shared.with(Conn::add_handle);
        Self::first(self.shared.clone())
    }

    /// What does not count.
    pub(super) fn downgrade(&self) -> Weak<Shared<T>> {
        Arc::downgrade(&self.shared)
    }

    pub(super) const fn shared(&self) -> &Arc<Shared<T>> {
        &self.shared
    }

    pub(super) fn id(&self) -> Option<ConnectionId> {
        self.shared.with(|conn| conn.member().id())
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Runs `f` under the connection's lock.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Conn<T>) -> R) -> R {
        self.shared.with(f)
    }

    /// Waits for what `poll` brings under the connection's lock.
    pub(super) fn wait<R>(
        &self,
        mut poll: impl FnMut(&mut Conn<T>, &mut Context<'_>, &mut Ticket) -> Poll<R>,
    ) -> impl Future<Output = R> {
        let mut ticket = Ticket::NONE;
        poll_fn(move |cx| self.shared.with(|conn| poll(conn, cx, &mut ticket)))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Handle<T> {
    /// Receives the next message: that of `batch`, else one of the connection, which may put
    /// those behind it into `batch`.
    ///
    /// The error is converted here: around a small message it would be one more move of that.
    #[inline]
    pub(super) fn poll_recv<E: From<Error>>(
        &self,
        cx: &mut Context<'_>,
        batch: &mut Batch,
    ) -> Poll<Option<Result<Message, E>>> {
        // The handler's turn was charged for the batch as a whole.
        if self.shared.is_handlers_turn() {
            if let Some(message) = batch.pop() {
                return Poll::Ready(Some(Ok(message)));
            }
        }
        self.poll_recv_beyond(cx, batch)
    }

    #[inline(never)]
    fn poll_recv_beyond<E: From<Error>>(
        &self,
        cx: &mut Context<'_>,
        batch: &mut Batch,
    ) -> Poll<Option<Result<Message, E>>> {
        if batch.is_empty() {
            let shared = &self.shared;
            return shared.with(|conn| conn.poll_recv(cx, batch));
        }
        if self.shared.is_handlers_turn() {
            ready!(self.shared.poll_go_on(cx, batch));
        } else {
            ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
            batch.allow(1);
        }
        Poll::Ready(batch.pop().map(Ok))
    }

    // Plain futures, not `async fn`s in each other: those keep a copy of the message each.

    pub(super) fn recv(
        &self,
        batch: &mut Batch,
    ) -> impl Future<Output = Option<Result<Message, Error>>> {
        poll_fn(|cx| self.poll_recv(cx, batch))
    }

    /// Queues a message.
    pub(super) fn feed(&self, message: Message) -> impl Future<Output = Result<(), Error>> {
        let mut sending = Send::new(message);
        poll_fn(move |cx| sending.poll_feed(&self.shared, cx, Compress::IfAgreed))
    }

    /// The same; writes it too if no supervisor will.
    pub(super) fn send(
        &self,
        message: Message,
        compress: Compress,
    ) -> impl Future<Output = Result<(), Error>> {
        let mut sending = Send::new(message);
        poll_fn(move |cx| sending.poll(&self.shared, cx, compress))
    }

    /// The same as is agreed with the peer. Its future has no field for that: it is moved with
    /// each small message.
    pub(super) fn send_as_agreed(
        &self,
        message: Message,
    ) -> impl Future<Output = Result<(), Error>> {
        let mut sending = Send::new(message);
        poll_fn(move |cx| sending.poll(&self.shared, cx, Compress::IfAgreed))
    }

    /// The same with a message that was prepared.
    pub(super) fn send_prepared(
        &self,
        message: &PreparedMessage,
    ) -> impl Future<Output = Result<(), Error>> {
        let mut sending = Send::new(message);
        poll_fn(move |cx| sending.poll(&self.shared, cx, Compress::IfAgreed))
    }

    pub(super) fn send_timeout(
        &self,
        message: Message,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), SendTimeoutError>> {
        let mut sending = SendInTime::new(message, timeout);
        poll_fn(move |cx| sending.poll(&self.shared, cx))
    }

    pub(super) fn try_send(&self, message: Message) -> Result<(), TrySendError> {
        sends::try_send(&self.shared, message)
    }

    pub(super) fn try_send_prepared(&self, message: &PreparedMessage) -> Result<(), TrySendError> {
        sends::try_send(&self.shared, message)
    }
}

/// As a `Sink`.
impl<T: AsyncRead + AsyncWrite + Unpin> Handle<T> {
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Self { shared, sink } = self;
        let ready = &mut sink.get_or_insert_default().ready;
        shared.with(|conn| conn.poll_ready(cx, ready))
    }

    pub(super) fn start_send(&mut self, message: Message) -> Result<(), Error> {
        // To flush means this one, too.
        self.forget_flush();
        self.with(|conn| conn.start_send(message, Compress::IfAgreed))
    }

    pub(super) fn start_send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.forget_flush();
        self.with(|conn| conn.start_send(message, Compress::IfAgreed))
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Self { shared, sink } = self;
        let flush = &mut sink.get_or_insert_default().flush;
        shared.with(|conn| conn.poll_flush(cx, flush))
    }

    pub(super) fn poll_sink_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Self { shared, sink } = self;
        let flush = &mut sink.get_or_insert_default().flush;
        shared.with(|conn| conn.poll_sink_close(cx, flush))
    }

    fn forget_flush(&mut self) {
        if let Some(tickets) = &mut self.sink {
            tickets.flush.forget_mark();
        }
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        self.shared.with(Conn::drop_handle);
    }
}
