//! A socket's subscription to a topic.

use std::{fmt, sync::Weak};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Upgraded, connection::Shared};
use crate::topic::{Cursor, Subscribe, SubscriberId, Topic};

/// A socket's subscription to a [`Topic`]. Dropping it unsubscribes.
///
/// It does not keep the connection open.
#[must_use = "the socket unsubscribes when this is dropped"]
pub struct Subscription<T = Upgraded> {
    connection: Weak<Shared<T>>,
    id: SubscriberId,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Subscription<T> {
    /// Of a connection that is gone, too: it gets nothing.
    pub(super) fn new(connection: Weak<Shared<T>>, topic: &Topic, wanted: Subscribe) -> Self {
        let id = SubscriberId::next();
        if let Some(shared) = connection.upgrade() {
            let mut wanted = Some(wanted);
            shared.with(|conn| conn.subscribe(id, topic, &mut wanted));
        }
        Self { connection, id }
    }
}

impl<T> Subscription<T> {
    /// How many messages were left out for this socket, because it was behind or because they were
    /// overtaken. 0 once it has closed.
    pub fn skipped(&self) -> u64 {
        let connection = self.connection.upgrade();
        let skipped = connection.map(|shared| shared.with(|conn| conn.skipped_by(self.id)));
        skipped.unwrap_or(0)
    }

    /// Leaves the socket subscribed until it closes.
    pub fn forever(mut self) {
        self.connection = Weak::new();
    }
}

impl<T> From<&Subscription<T>> for SubscriberId {
    fn from(subscription: &Subscription<T>) -> Self {
        subscription.id
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.connection.upgrade() {
            let cursor: Option<Cursor> = shared.with(|conn| conn.unsubscribe(self.id));
            // Its waker may be all that holds the task of the socket.
            drop(cursor);
        }
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("skipped", &self.skipped())
            .finish_non_exhaustive()
    }
}
