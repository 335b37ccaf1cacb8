//! The end of all connections, in stages.

use std::{
    collections::hash_map::RandomState,
    future::Future,
    hash::{BuildHasher, Hasher},
    sync::Arc,
    time::Duration,
};

use tokio::{
    task::yield_now,
    time::{Instant, timeout, timeout_at},
};

use super::{
    control::Order,
    id::ConnectionId,
    registry::{Registry, Stage},
};
use crate::{
    message::{CloseFrame, InvalidClose},
    wire::close_code,
};

/// Connections that are told at a time before other tasks have their turn.
const IN_ONE_GO: usize = 64;

/// What those have who were cut at the deadline, to see that and to return.
const CUTTING: Duration = Duration::from_millis(100);

/// More than anybody waits.
const FOREVER: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// How [`Connections::drain`](crate::Connections::drain) ends the connections of a server.
///
/// | stage | from | to |
/// |---|---|---|
/// | [`is_ready`](crate::Connections::is_ready) is false; new connections are still accepted | the start | [`accept_for`](Self::accept_for) |
/// | new requests get 503; peers are sent a Close, in random order | then | [`spread`](Self::spread) |
/// | peers answer, handlers return | then | the last one is done |
/// | what is left is cut | [`deadline`](Self::deadline) after the start | |
///
/// The Closes are spread so that the clients do not all reconnect in the same instant.
///
/// By default, this fits into the 30 seconds after which Kubernetes kills a process: 5 seconds,
/// then 10 seconds, and the deadline at 25 seconds. The last who are told still have 10 seconds,
/// twice the default [`close_timeout`](crate::Config::close_timeout).
///
/// ```
/// use std::time::Duration;
/// use tower_websock::{CloseFrame, Drain, close_code};
///
/// let drain = Drain::new()
///     .accept_for(Duration::from_secs(2))
///     .spread(Duration::from_secs(60))
///     .deadline(Duration::from_secs(90))
///     .frame(CloseFrame::new(close_code::RESTART, "new version"))?;
/// # let _ = drain;
/// # Ok::<(), tower_websock::InvalidClose>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drain {
    accept_for: Duration,
    spread: Duration,
    deadline: Duration,
    frame: CloseFrame,
}

impl Drain {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            accept_for: Duration::from_secs(5),
            spread: Duration::from_secs(10),
            deadline: Duration::from_secs(25),
            frame: CloseFrame::new(close_code::AWAY, "server is shutting down"),
        }
    }

    /// How long new connections are still accepted, since load balancers notice late that the
    /// server is not ready. Default 5 seconds. 0 refuses new connections at once.
    pub const fn accept_for(mut self, time: Duration) -> Self {
        self.accept_for = time;
        self
    }

    /// Over what time the Closes are sent. Default 10 seconds. 0 sends all at once.
    ///
    /// With `n` connections, one is closed every `spread / n`. The first is closed at the start of
    /// this stage. It ends sooner if all connections are gone.
    pub const fn spread(mut self, time: Duration) -> Self {
        self.spread = time;
        self
    }

    /// When what is left is cut, counted from the start of the drain. Default 25 seconds. It
    /// also ends earlier stages that are still running. 0 cuts everything at once, and nobody is
    /// told.
    ///
    /// To cut a connection is to drop its transport, even while its handler does something else.
    /// The handler finds that out when it uses the socket. It is not aborted; the drain waits for
    /// it for a tenth of a second more.
    pub const fn deadline(mut self, time: Duration) -> Self {
        self.deadline = time;
        self
    }

    /// What the peers are told. Default: 1001, "server is shutting down".
    ///
    /// # Errors
    ///
    /// If the frame must not be sent (RFC 6455, section 7.4).
    pub fn frame(mut self, frame: CloseFrame) -> Result<Self, InvalidClose> {
        frame.check_sendable()?;
        self.frame = frame;
        Ok(self)
    }

    /// Starts now, and goes on when the future is polled.
    pub(super) fn run(
        self,
        registry: Arc<Registry>,
    ) -> impl Future<Output = Drained> + Send + use<> {
        registry.advance(Stage::Leaving);
        let (start, before) = (Instant::now(), registry.ended());
        async move {
            let end = start + self.deadline.min(FOREVER);
            let is_done =
                start < end && timeout_at(end, self.close(&registry, start)).await.is_ok();
            if !is_done {
                registry.advance(Stage::Draining);
                for (told, id) in all(&registry).into_iter().enumerate() {
                    give_way(told).await;
                    registry.order(id, Order::Cut);
                }
                let _ = timeout(CUTTING, registry.finished()).await;
            }
            let after = registry.ended();
            Drained {
                clean: after.clean - before.clean,
                cut: after.cut - before.cut,
                running: registry.at_work(),
            }
        }
    }

    /// The stages before the deadline.
    async fn close(&self, registry: &Registry, start: Instant) {
        let from = start + self.accept_for.min(FOREVER);
        // Another drain may be ahead.
        if timeout_at(from, registry.finished()).await.is_ok() {
            return;
        }
        registry.advance(Stage::Draining);
        let ids = shuffled(all(registry));
        let pause = self.spread.min(FOREVER) / u32::try_from(ids.len().max(1)).unwrap_or(u32::MAX);
        let mut due = from;
        for (told, id) in ids.into_iter().enumerate() {
            if due > Instant::now() && timeout_at(due, registry.finished()).await.is_ok() {
                return;
            }
            give_way(told).await;
            registry.order(id, Order::Close(self.frame.clone()));
            due += pause;
        }
        registry.finished().await;
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}

/// What became of the connections during a [`drain`](crate::Connections::drain): of those that were
/// open when it started, and of those that opened meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// How many ended with a closing handshake.
    pub clean: usize,
    /// How many ended without: cut at the deadline, lost, or failed.
    pub cut: usize,
    /// How many handlers had not returned even a tenth of a second after the deadline. Their
    /// connections are gone.
    pub running: usize,
}

fn all(registry: &Registry) -> Vec<ConnectionId> {
    let mut ids = Vec::new();
    loop {
        let page = registry.page(ids.last().copied(), |id, _| id);
        if page.is_empty() {
            return ids;
        }
        ids.extend(page);
    }
}

/// In random order. It protects nothing, so the seed of the standard library's maps is enough.
pub(super) fn shuffled(mut ids: Vec<ConnectionId>) -> Vec<ConnectionId> {
    let random = RandomState::new();
    for last in (1..ids.len()).rev() {
        let mut hasher = random.build_hasher();
        hasher.write_usize(last);
        #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
        let any = hasher.finish() as usize;
        ids.swap(last, any % (last + 1));
    }
    ids
}

async fn give_way(told: usize) {
    if told % IN_ONE_GO == IN_ONE_GO - 1 {
        yield_now().await;
    }
}
