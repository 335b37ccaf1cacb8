//! What becomes of a request that was accepted.

use std::{fmt, future::Future};

use super::{
    Outcome, Supervise, UpgradeError,
    coming::Coming,
    hooks::{Hooks, Watch},
};
use crate::{connections::ConnectionId, stream::WebSocket};

/// A connection that will be upgraded once its response has been written.
#[must_use = "without it the connection is dropped after the handshake"]
pub struct Accepting {
    coming: Coming,
    watch: Watch,
}

impl Accepting {
    pub(super) const fn new(coming: Coming, watch: Watch) -> Self {
        Self { coming, watch }
    }

    /// Treats the response as sent, whatever happens to it. Use it if a layer has to replace the
    /// body or the extensions of the response: see [`ResponseBody`](crate::ResponseBody).
    ///
    /// Dangerous: hyper hands over an HTTP/1.1 connection when it ends, whatever was answered. If
    /// an outer layer answers 401 instead of the acceptance, the handler still starts, and talks
    /// to a client that was refused. Call this only if no layer between this response and hyper
    /// refuses requests.
    pub fn assume_sent(self) -> Self {
        self.coming.assume_sent();
        self
    }

    /// The connection's number in its [`Connections`](crate::Connections). `None` if it belongs to
    /// none.
    pub fn id(&self) -> Option<ConnectionId> {
        self.coming.id()
    }

    /// Waits until the response is sent and the connection upgraded. Yields a socket without a
    /// supervisor. Hooks such as [`on_end`](crate::WebSocketUpgrade::on_end) are not called.
    ///
    /// # Errors
    ///
    /// If the connection was not upgraded within [`upgrade_timeout`](crate::Config::upgrade_timeout), or
    /// not at all.
    pub fn socket(mut self) -> impl Future<Output = Result<WebSocket, UpgradeError>> + Send {
        self.watch.forget();
        let upgrading = self.coming.upgraded();
        async {
            let (io, setup, seat) = upgrading.await?;
            Ok(WebSocket::unsupervised(io, setup, None).seated(seat))
        }
    }

    /// Waits until the response is sent and the connection upgraded, then runs `handler` with the
    /// socket. Yields how the connection ended.
    ///
    /// Use it in a task of your own;
    /// [`WebSocketUpgrade::on_upgrade`](crate::WebSocketUpgrade::on_upgrade) spawns one for you. After
    /// each poll of the handler, this future writes what was sent. While the handler does not
    /// receive, this future reads ahead (about 64 KiB) and answers pings at once and a Close after
    /// a second. When the handler drops the socket, returns, fails or panics, it closes the
    /// connection properly: see [`close_timeout`](crate::Config::close_timeout). A handler that
    /// gave its socket to another task may return; the connection then stays open.
    ///
    /// # Errors
    ///
    /// If the connection was not upgraded. In this case the handler is not called.
    ///
    /// # Panics
    ///
    /// If the handler panics: the connection is closed with 1011, and then the panic continues.
    /// With `panic = "abort"` the process ends without a Close frame.
    ///
    /// At once, if [`on_end`](crate::WebSocketUpgrade::on_end) or
    /// [`on_error`](crate::WebSocketUpgrade::on_error) expect another error than the handler's.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the handler and the transport, without a closing handshake.
    #[track_caller]
    pub fn supervise<H, F>(self, handler: H) -> Supervise<H, F>
    where
        H: FnOnce(WebSocket) -> F,
        F: Future<Output: Outcome>,
    {
        self.watch.hooks().assert_fit::<F::Output>();
        let upgrading = self.coming.upgraded();
        Supervise::new(upgrading, handler, self.watch)
    }

    /// Sets the hooks in place of those of the upgrade.
    pub(crate) fn watched(mut self, hooks: Hooks) -> Self {
        self.watch.forget();
        self.watch = Watch::new(hooks);
        self
    }
}

impl fmt::Debug for Accepting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepting")
            .field("subprotocol", &self.coming.subprotocol())
            .finish_non_exhaustive()
    }
}
