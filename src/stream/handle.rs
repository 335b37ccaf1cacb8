//! What sockets and their halves have in common: a counted handle on a connection.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Error,
    connection::{Conn, Shared},
};
use crate::{
    connections::ConnectionId,
    message::Message,
    protocol::{Batch, Compress},
};

pub(super) struct Handle<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Handle<T> {
    /// The first handle of `shared`, which counts it already.
    pub(super) fn first(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// One more.
    pub(super) fn another(&self) -> Self {
        self.shared.with(Conn::add_handle);
        Self {
            shared: self.shared.clone(),
        }
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
        mut poll: impl FnMut(&mut Conn<T>, &mut Context<'_>) -> Poll<R>,
    ) -> impl Future<Output = R> {
        poll_fn(move |cx| self.shared.with(|conn| poll(conn, cx)))
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
        if self.shared.is_handlers_turn()
            && let Some(message) = batch.pop()
        {
            return Poll::Ready(Some(Ok(message)));
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

    pub(super) fn feed(&self, message: Message) -> impl Future<Output = Result<(), Error>> {
        let mut message = Some(message);
        self.wait(move |conn, cx| conn.poll_feed(cx, &mut message, Compress::IfAgreed))
    }

    /// Queues a message; writes it too if no supervisor will.
    pub(super) fn send(
        &self,
        message: Message,
        compress: Compress,
    ) -> impl Future<Output = Result<(), Error>> {
        let mut message = Some(message);
        poll_fn(move |cx| {
            if self.shared.send_small(&mut message, compress) {
                return Poll::Ready(Ok(()));
            }
            self.poll_send(cx, &mut message, compress)
        })
    }

    #[inline(never)]
    fn poll_send(
        &self,
        cx: &mut Context<'_>,
        message: &mut Option<Message>,
        compress: Compress,
    ) -> Poll<Result<(), Error>> {
        self.shared
            .with(|conn| conn.poll_send(cx, message, compress))
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        self.shared.with(Conn::drop_handle);
    }
}
