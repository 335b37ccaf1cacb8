//! How a socket begins.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::WebSocket;
use crate::{
    config::Config,
    connections::Seat,
    handshake::Agreed,
    observe::Span,
    protocol::{Batch, MaskKeys, Protocol},
    stream::{
        Upgraded,
        connection::{Conn, Shared},
        handle::Handle,
    },
};

/// How a connection is set up: what was configured, and what was agreed on.
pub(crate) struct Setup {
    pub(crate) config: Arc<Config>,
    pub(crate) agreed: Agreed,
    /// What shows it, if it is one that a server has accepted.
    pub(crate) span: Option<Span>,
}

impl Setup {
    /// Nothing was agreed on.
    pub(in crate::stream) fn of(config: &Config) -> Self {
        Self {
            config: Arc::new(config.clone()),
            agreed: Agreed::default(),
            span: None,
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocket<T> {
    /// The server's end of a connection. Use it if the opening handshake was done elsewhere, and
    /// no extension was negotiated.
    ///
    /// Without a tokio runtime whose timer is enabled, no deadline passes: neither those of closing
    /// nor [`Config::keep_alive`]. If there is a runtime without it, tokio's panic is caught, which
    /// prints its message once per thread. With `panic = "abort"`, it ends the process.
    pub fn server(io: T, config: &Config) -> Self {
        Self::unsupervised(io, Setup::of(config), None)
    }

    /// A socket without a supervisor: the client's with `keys`, else the server's.
    pub(crate) fn unsupervised(io: T, setup: Setup, keys: Option<Box<dyn MaskKeys>>) -> Self {
        let protocol = Protocol::new(setup.config, setup.agreed.deflate, keys);
        Self {
            handle: Handle::first(Shared::watched(
                Conn::unsupervised(io, protocol),
                setup.span,
            )),
            batch: Batch::default(),
            subprotocol: setup.agreed.subprotocol.map(Box::new),
        }
    }
}

impl WebSocket {
    /// A server's socket that a supervisor will drive, and what both share.
    pub(crate) fn supervised(
        io: Upgraded,
        setup: Setup,
        seat: Option<Seat>,
    ) -> (Self, Arc<Shared<Upgraded>>) {
        let profile = io.profile();
        let protocol = Protocol::new(setup.config, setup.agreed.deflate, None);
        let shared = Shared::watched(Conn::supervised(io, protocol, profile), setup.span);
        if let Some(seat) = seat {
            shared.join(seat);
        }
        let socket = Self {
            handle: Handle::first(shared.clone()),
            batch: Batch::default(),
            subprotocol: setup.agreed.subprotocol.map(Box::new),
        };
        (socket, shared)
    }

    /// From now on, a reason that is too long for a Close is cut instead of refused.
    #[cfg(feature = "axum")]
    pub(crate) fn cut_reasons(&self) {
        self.handle.with(Conn::cut_reasons);
    }

    /// With its place among the server's connections.
    pub(crate) fn seated(self, seat: Option<Seat>) -> Self {
        if let Some(seat) = seat {
            self.handle.shared().join(seat);
        }
        self
    }
}
