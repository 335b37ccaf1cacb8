//! The client's side of the opening handshake (RFC 6455, section 4.1; RFC 8441, section 5),
//! without IO.

mod answer;
mod error;
mod headers;
mod request;
mod target;

use http::HeaderValue;

use super::{Opening, key};
use crate::{
    config::{Config, Subprotocol},
    deflate::OwnOffer,
};

pub use self::error::AnswerError;
pub(crate) use self::{
    answer::Answer,
    error::RequestError,
    headers::misplaced,
    target::{Form, Target},
};

/// What a client asks for, and measures the answer by.
#[derive(Debug)]
pub(crate) struct ClientHandshake {
    /// `Sec-WebSocket-Key`; HTTP/2 has none (RFC 8441, section 5).
    key: Option<HeaderValue>,
    subprotocols: Vec<Subprotocol>,
    offer: Option<OwnOffer>,
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
