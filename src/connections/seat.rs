//! The permit of a connection, whose end gives it back.

use std::{
    fmt,
    sync::{Arc, Weak},
    task::{Context, Poll},
};

use super::{
    control::{Control, Order},
    id::ConnectionId,
    key::ConnectionKey,
    registry::Registry,
};
use crate::handshake::Rejection;

/// A place among the connections of a server, from the moment a request is accepted. To drop it
/// is the only way to leave.
pub(crate) struct Seat {
    registry: Arc<Registry>,
    id: ConnectionId,
    is_clean: bool,
}

impl Seat {
    pub(super) fn take(
        registry: &Arc<Registry>,
        key: Option<ConnectionKey>,
    ) -> Result<Self, Rejection> {
        let id = registry.enter(key)?;
        Ok(Self {
            registry: registry.clone(),
            id,
            is_clean: false,
        })
    }

    pub(crate) const fn id(&self) -> ConnectionId {
        self.id
    }

    pub(crate) const fn number(&self) -> u64 {
        self.id.get()
    }

    /// Ready when the connection is not to be opened any more.
    pub(crate) fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.registry.poll_cut(self.id, cx)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.registry.leave(self.id, self.is_clean);
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seat").field(&self.id).finish()
    }
}

/// A handler that runs. It may do so for longer than its connection is there.
pub(crate) struct Work(Arc<Registry>);

impl Work {
    fn begin(registry: Arc<Registry>) -> Self {
        registry.begin_work();
        Self(registry)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.end_work();
    }
}

/// What a connection has of all this: one pointer, which is null if it belongs to nobody.
#[derive(Default)]
pub(crate) struct Member(Option<Box<Inner>>);

struct Inner {
    id: ConnectionId,
    /// Until the transport is gone.
    seat: Option<Seat>,
    /// Until the supervisor ends.
    work: Option<Work>,
}

impl Member {
    pub(crate) fn new(seat: Seat) -> Self {
        Self(Some(Box::new(Inner {
            id: seat.id,
            seat: Some(seat),
            work: None,
        })))
    }

    /// A supervisor will run its handler.
    pub(crate) fn begin_work(&mut self) {
        if let Some(inner) = &mut self.0 {
            let seat = inner.seat.as_ref();
            inner.work = seat.map(|seat| Work::begin(seat.registry.clone()));
        }
    }

    /// It is open, and to be reached by `connection`. The order, if there is one, is to be carried
    /// out.
    pub(crate) fn open(&self, connection: Weak<dyn Control>) -> Option<Order> {
        let seat = self.0.as_ref()?.seat.as_ref()?;
        seat.registry.open(seat.id, connection)
    }

    /// To be dropped when the connection's lock is free.
    #[must_use]
    pub(crate) fn end_work(&mut self) -> Option<Work> {
        self.0.as_mut()?.work.take()
    }

    pub(crate) fn id(&self) -> Option<ConnectionId> {
        self.0.as_ref().map(|inner| inner.id)
    }

    /// The closing handshake was completed, or not, when the transport went.
    pub(crate) fn note_end(&mut self, is_clean: bool) {
        if let Some(seat) = self.0.as_mut().and_then(|inner| inner.seat.as_mut()) {
            seat.is_clean = is_clean;
        }
    }

    /// The transport is gone. To be dropped after it.
    #[must_use]
    pub(crate) fn leave(&mut self) -> Option<Seat> {
        self.0.as_mut()?.seat.take()
    }
}
