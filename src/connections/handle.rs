//! The handle that an application has on its connections.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Weak},
    time::Instant,
    vec,
};

use super::{
    control::{Control, Order},
    drain::{Drain, Drained},
    id::ConnectionId,
    key::ConnectionKey,
    registry::{Entry, Progress, Registry, Stage},
    seat::Seat,
};
use crate::{
    handshake::Rejection,
    message::{CloseFrame, InvalidClose},
    observe::Stats,
};

/// The connections of a server: limits them, lists them, closes them one by one or all together.
///
/// A cheap handle: clones share everything. Give it to as many layers, services and upgrades as
/// belong together. A connection belongs to it from the moment its request is accepted until its
/// transport is gone, however it ends. If the upgrade fails, the place is free again.
///
/// ```
/// use std::net::SocketAddr;
/// use http::request::Parts;
/// use tower_websock::{CloseFrame, Connections, WebSocket, WebSocketService, close_code};
///
/// let connections = Connections::new().max(10_000).max_per_key(20);
///
/// let service = WebSocketService::new(async |mut socket: WebSocket| {
///     socket.send("hello".into()).await
/// })
/// .connections(&connections)
/// // Your server puts the address of the peer there.
/// .connection_key(|request: &Parts| request.extensions.get::<SocketAddr>().copied());
///
/// // In an admin's route:
/// for connection in connections.iter() {
///     println!("{} of {:?}", connection.id(), connection.key());
///     let frame = CloseFrame::new(close_code::POLICY, "thrown out");
///     connections.close(connection.id(), frame)?;
/// }
/// # Ok::<(), tower_websock::InvalidClose>(())
/// ```
///
/// To stop a server, [`drain`](Self::drain) it.
#[derive(Clone)]
pub struct Connections {
    registry: Arc<Registry>,
}

impl Connections {
    /// Nobody is here, and there is no limit.
    pub fn new() -> Self {
        Self {
            registry: Registry::new(),
        }
    }

    /// Most connections at a time. Default: no limit. 0 refuses all.
    ///
    /// A request beyond it is answered with 503 and `Retry-After`:
    /// [`Rejection::TooManyConnections`].
    ///
    /// This and the other settings hold for all clones, and may be changed while the server runs.
    /// They do not touch connections that are open.
    pub fn max(self, connections: usize) -> Self {
        self.registry.limit(|limits| limits.max = connections);
        self
    }

    /// Most connections at a time with the same [`ConnectionKey`]. Default: no limit. 0 refuses
    /// all that have a key.
    ///
    /// A request beyond it is answered with 503 and `Retry-After`: [`Rejection::TooManyOfKey`]. A
    /// request without a key is not limited by this.
    pub fn max_per_key(self, connections: usize) -> Self {
        self.registry
            .limit(|limits| limits.max_per_key = connections);
        self
    }

    /// When those who are refused may try again, in seconds: the header `Retry-After` (RFC 9110,
    /// section 10.2.3). Default 5. 0 means at once.
    pub fn retry_after(self, seconds: u32) -> Self {
        self.registry.limit(|limits| limits.retry_after = seconds);
        self
    }

    /// How many connections there are: those that are open, and those that were accepted and are
    /// about to open.
    pub fn len(&self) -> usize {
        self.registry.len()
    }

    /// Whether there is no connection.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many connections there are with this key.
    pub fn len_of(&self, key: impl Into<ConnectionKey>) -> usize {
        self.registry.of_key(&key.into())
    }

    /// Whether new connections should be sent here: until the first [`drain`](Self::drain) starts.
    /// For a readiness probe.
    pub fn is_ready(&self) -> bool {
        self.registry.stage() == Stage::Serving
    }

    /// The connections, oldest first.
    ///
    /// The list is read in small pieces, so a long one does not hold up the server. Connections that
    /// open or end meanwhile may be missing or not. Each one occurs once at most.
    pub fn iter(&self) -> impl Iterator<Item = ConnectionInfo> + use<> {
        Iter {
            registry: self.registry.clone(),
            page: Vec::new().into_iter(),
            last: None,
        }
    }

    /// Closes a connection. Returns whether it is there.
    ///
    /// Its peer gets `frame`, unless a Close was sent or received before. Its handler sees the end
    /// as if it had closed the socket itself: [`recv`](crate::WebSocket::recv) yields what still
    /// comes until the peer's Close, and [`send`](crate::WebSocket::send) fails. The deadlines are
    /// those of [`close_timeout`](crate::Config::close_timeout).
    ///
    /// A connection that was accepted and is not open yet is closed as soon as it opens; its
    /// handler starts, and sees the end. A socket without a supervisor sends the frame when it is
    /// used next. A task that waits for such a socket is woken for that.
    ///
    /// # Errors
    ///
    /// If the frame must not be sent (RFC 6455, section 7.4). Nothing is done in this case.
    pub fn close(&self, id: ConnectionId, frame: CloseFrame) -> Result<bool, InvalidClose> {
        frame.check_sendable()?;
        Ok(self.registry.order(id, Order::Close(frame)))
    }

    /// Ends all connections in an orderly way, to stop the server: see [`Drain`] for the stages.
    /// It starts with this call, even before the future is polled.
    ///
    /// From then on, [`is_ready`](Self::is_ready) is false, for good.
    ///
    /// The future is ready when every connection is gone and every handler has returned, and a
    /// tenth of a second after the deadline at the latest. It needs a tokio runtime with its timer enabled.
    ///
    /// Two drains at the same time do not disturb each other. Each stage begins with whichever
    /// comes first. So a second Ctrl-C can hurry the first:
    /// `connections.drain(Drain::new().deadline(Duration::ZERO))`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops it where it is: what was told to close closes, and what was
    /// refused stays refused, but nobody else is told to close and nothing is cut. Another drain goes on
    /// from there.
    #[must_use = "only polling it ends the connections"]
    pub fn drain(&self, drain: Drain) -> impl Future<Output = Drained> + Send + use<> {
        drain.run(self.registry.clone())
    }

    #[cfg(test)]
    pub(super) const fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Takes a place, if there is one.
    pub(crate) fn admit(&self, key: Option<ConnectionKey>) -> Result<Seat, Rejection> {
        Seat::take(&self.registry, key)
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.registry.fmt(f)
    }
}

/// What [`Connections::iter`] tells of a connection.
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    id: ConnectionId,
    key: Option<ConnectionKey>,
    opened_at: Option<Instant>,
    stats: Option<Stats>,
}

impl ConnectionInfo {
    /// What the registry knows, and whom to ask for the rest once its lock is free.
    fn of(id: ConnectionId, entry: &Entry) -> Listed {
        let (opened_at, connection) = match &entry.progress {
            Progress::Accepted { .. } => (None, None),
            Progress::Open { since, connection } => (Some(*since), Some(connection.clone())),
        };
        let info = Self {
            id,
            key: entry.key.clone(),
            opened_at,
            stats: None,
        };
        (info, connection)
    }

    /// Its number.
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    /// Whose it is, if it was given a key.
    pub const fn key(&self) -> Option<&ConnectionKey> {
        self.key.as_ref()
    }

    /// When it opened. `None` if it was accepted but is not open yet.
    pub const fn opened_at(&self) -> Option<Instant> {
        self.opened_at
    }

    /// What has passed over it, when the list came to it. `None` if it is not open, or not any
    /// more.
    pub const fn stats(&self) -> Option<&Stats> {
        self.stats.as_ref()
    }
}

type Listed = (ConnectionInfo, Option<Weak<dyn Control>>);

struct Iter {
    registry: Arc<Registry>,
    page: vec::IntoIter<Listed>,
    last: Option<ConnectionId>,
}

impl Iterator for Iter {
    type Item = ConnectionInfo;

    fn next(&mut self) -> Option<ConnectionInfo> {
        if self.page.as_slice().is_empty() {
            self.page = self
                .registry
                .page(self.last, ConnectionInfo::of)
                .into_iter();
        }
        let (mut next, connection) = self.page.next()?;
        self.last = Some(next.id);
        let connection = connection.and_then(|connection| connection.upgrade());
        next.stats = connection.map(|connection| connection.stats());
        Some(next)
    }
}
