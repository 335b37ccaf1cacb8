//! What a client asks for.

use http::HeaderValue;

use crate::{
    config::{Config, Subprotocol},
    deflate::OwnOffer,
    handshake::{key, opening::Opening},
};

/// What a client asks for, and measures the answer by.
#[derive(Debug)]
pub(crate) struct ClientHandshake {
    /// `Sec-WebSocket-Key`; HTTP/2 has none (RFC 8441, section 5).
    pub(super) key: Option<HeaderValue>,
    pub(super) subprotocols: Vec<Subprotocol>,
    pub(super) offer: Option<OwnOffer>,
}

impl ClientHandshake {
    /// Over HTTP/1.1. `nonce` must be random and of this connection alone (4.1 item 7).
    pub(crate) fn new(nonce: [u8; 16], subprotocols: Vec<Subprotocol>, config: &Config) -> Self {
        Self::with_key(Some(key::of_nonce(nonce)), subprotocols, config)
    }

    /// Over HTTP/2.
    #[cfg(feature = "http2")]
    pub(crate) fn http2(subprotocols: Vec<Subprotocol>, config: &Config) -> Self {
        Self::with_key(None, subprotocols, config)
    }

    fn with_key(key: Option<HeaderValue>, subprotocols: Vec<Subprotocol>, config: &Config) -> Self {
        Self {
            key,
            subprotocols,
            offer: config.deflate.as_ref().map(OwnOffer::new),
        }
    }

    /// What opens the connection.
    pub(crate) const fn opening(&self) -> Opening {
        match self.key {
            Some(_) => Opening::Upgrade,
            None => Opening::ExtendedConnect,
        }
    }
}
