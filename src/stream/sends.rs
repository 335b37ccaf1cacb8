//! Calls that send a message: what they keep while they wait.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Sleep, sleep},
};

use super::{
    Error, SendTimeoutError, TrySendError,
    connection::{Outgoing, Shared, Ticket},
    transport::coop::unconstrained,
};
use crate::{message::Message, protocol::Compress};

/// A message that is queued once there is room; and written if no supervisor will.
pub(super) struct Send<M> {
    message: Option<M>,
    ticket: Ticket,
}

/// A message that is queued if there is room within some time.
pub(super) struct SendInTime {
    message: Option<Message>,
    ticket: Ticket,
    timeout: Duration,
    /// Allocated when this has to wait.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<M: Outgoing> Send<M> {
    #[inline]
    pub(super) const fn new(message: M) -> Self {
        Self {
            message: Some(message),
            ticket: Ticket::NONE,
        }
    }

    #[inline]
    pub(super) fn poll<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        shared: &Shared<T>,
        cx: &mut Context<'_>,
        compress: Compress,
    ) -> Poll<Result<(), Error>> {
        if shared.send_small(&mut self.message, compress) {
            return Poll::Ready(Ok(()));
        }
        self.poll_beyond(shared, cx, compress)
    }

    #[inline(never)]
    fn poll_beyond<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        shared: &Shared<T>,
        cx: &mut Context<'_>,
        compress: Compress,
    ) -> Poll<Result<(), Error>> {
        let (message, ticket) = (&mut self.message, &mut self.ticket);
        shared.with(|conn| conn.poll_send(cx, ticket, message, compress))
    }

    /// The same without writing it.
    pub(super) fn poll_feed<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        shared: &Shared<T>,
        cx: &mut Context<'_>,
        compress: Compress,
    ) -> Poll<Result<(), Error>> {
        let (message, ticket) = (&mut self.message, &mut self.ticket);
        shared.with(|conn| conn.poll_feed(cx, ticket, message, compress))
    }
}

impl SendInTime {
    pub(super) const fn new(message: Message, timeout: Duration) -> Self {
        Self {
            message: Some(message),
            ticket: Ticket::NONE,
            timeout,
            timer: None,
        }
    }

    pub(super) fn poll<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        shared: &Shared<T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendTimeoutError>> {
        let (message, ticket) = (&mut self.message, &mut self.ticket);
        let queued = shared.with(|conn| conn.poll_queue(cx, ticket, message));
        let sent = match queued {
            Poll::Ready(queued) => queued,
            Poll::Pending if self.is_over(cx) => match self.message.take() {
                // It may have waited for its turn, not for room.
                Some(message) => try_send(shared, message),
                None => Ok(()),
            },
            Poll::Pending => return Poll::Pending,
        };
        Poll::Ready(sent.map_err(SendTimeoutError::of))
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        if self.timeout.is_zero() {
            return true;
        }
        let timeout = self.timeout;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(timeout)));
        unconstrained(|| timer.as_mut().poll(cx)).is_ready()
    }

    /// The connection is gone.
    pub(super) fn give_back(&mut self) -> Result<(), SendTimeoutError> {
        let message = self.message.take();
        message.map_or(Ok(()), |message| Err(SendTimeoutError::Closed(message)))
    }
}

/// Queues a message now, or gives it back.
pub(super) fn try_send<T: AsyncRead + AsyncWrite + Unpin, M: Outgoing>(
    shared: &Shared<T>,
    message: M,
) -> Result<(), TrySendError> {
    let mut message = Some(message);
    if shared.send_small(&mut message, Compress::IfAgreed) {
        return Ok(());
    }
    let sent = message.map(|message| shared.with(|conn| conn.try_send(message)));
    sent.unwrap_or(Ok(()))
}
