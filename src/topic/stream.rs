//! A subscriber that is not a socket.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use tokio::task::coop::poll_proceed;

use super::cursor::{Cursor, Patience, Progress};
use crate::message::PreparedMessage;

/// What is published on a [`Topic`](crate::Topic), as a [`Stream`].
///
/// For sockets without a supervisor, such as a client's, which send it on with
/// [`send_prepared`](crate::WebSocket::send_prepared), and for anything else that listens. It is
/// behind while it is not polled; [`Lag`](crate::Lag) tells what becomes of it then. With
/// [`Lag::Close`](crate::Lag::Close) it ends once it was too slow, else never.
///
/// It unsubscribes when it is dropped.
pub struct TopicStream {
    /// Until it has ended.
    cursor: Option<Cursor>,
    skipped: u64,
}

impl TopicStream {
    pub(super) fn new(cursor: Cursor) -> Self {
        Self {
            cursor: Some(cursor),
            skipped: 0,
        }
    }

    /// The next message; `None` if it was too slow.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn recv(&mut self) -> impl Future<Output = Option<PreparedMessage>> {
        poll_fn(|cx| self.poll_recv(cx))
    }

    /// How many messages were left out so far, because this was behind.
    pub fn skipped(&self) -> u64 {
        let cursor = self.cursor.as_ref();
        cursor.map_or(self.skipped, Cursor::skipped)
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<PreparedMessage>> {
        loop {
            let Some(cursor) = &mut self.cursor else {
                return Poll::Ready(None);
            };
            // Other tasks have their turn, however much there is that is not wanted.
            let budget = ready!(poll_proceed(cx));
            // Whoever polls may be another task than before.
            cursor.expect_waker();
            if cursor.wait_behind(cx.waker()) == Patience::Over {
                return Poll::Ready(self.end());
            }
            // One at a time: the others stay in the topic, which may find newer ones.
            let mut taken = cursor.take_one(cx.waker());
            let message = taken.messages().next();
            if message.is_none() && taken.state() == Progress::UpToDate {
                return Poll::Pending;
            }
            budget.made_progress();
            if taken.state() == Progress::TooSlow {
                return Poll::Ready(self.end());
            }
            if let Some(message) = message.filter(|message| cursor.wants(message)) {
                return Poll::Ready(Some(message));
            }
        }
    }

    fn end(&mut self) -> Option<PreparedMessage> {
        self.skipped = self.skipped();
        self.cursor = None;
        None
    }
}

impl Stream for TopicStream {
    type Item = PreparedMessage;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(cx)
    }
}

impl fmt::Debug for TopicStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicStream")
            .field("skipped", &self.skipped())
            .finish_non_exhaustive()
    }
}
