//! What follows an acceptance, with the extractor's socket.

use std::future::Future;

use super::WebSocket;
use crate::{
    connections::ConnectionId,
    upgrade::{Outcome, Supervise, UpgradeError},
};

/// A connection that will be upgraded once its response has been written:
/// [`tower_websock::Accepting`](crate::Accepting) with the [`WebSocket`] of this module. The same
/// handler fits both [`on_upgrade`](super::WebSocketUpgrade::on_upgrade) and
/// [`supervise`](Self::supervise).
#[derive(Debug)]
#[must_use = "without it the connection is dropped after the handshake"]
pub struct Accepting {
    inner: crate::Accepting,
}

impl Accepting {
    /// Treats the response as sent, whatever happens to it. Dangerous: see
    /// [`assume_sent`](crate::Accepting::assume_sent).
    pub fn assume_sent(self) -> Self {
        self.inner.assume_sent().into()
    }

    /// The connection's number in its [`Connections`](crate::Connections). `None` if it belongs to
    /// none.
    pub fn id(&self) -> Option<ConnectionId> {
        self.inner.id()
    }

    /// Waits for the upgrade. Yields a socket without a supervisor.
    ///
    /// # Errors
    ///
    /// If the connection was not upgraded; see [`socket`](crate::Accepting::socket).
    pub async fn socket(self) -> Result<WebSocket, UpgradeError> {
        self.inner.socket().await.map(WebSocket::from)
    }

    /// Waits for the upgrade, runs `handler` with the socket, and supervises the connection.
    /// Yields how the connection ended. Errors, panics and cancel safety are those of
    /// [`supervise`](crate::Accepting::supervise).
    pub fn supervise<H, F>(
        self,
        handler: H,
    ) -> Supervise<impl FnOnce(crate::WebSocket) -> F + use<H, F>, F>
    where
        H: FnOnce(WebSocket) -> F,
        F: Future<Output: Outcome>,
    {
        self.inner
            .supervise(|socket: crate::WebSocket| handler(socket.into()))
    }

    /// The same connection, with the socket and the errors of this crate.
    pub fn into_inner(self) -> crate::Accepting {
        self.inner
    }
}

impl From<crate::Accepting> for Accepting {
    fn from(inner: crate::Accepting) -> Self {
        Self { inner }
    }
}
