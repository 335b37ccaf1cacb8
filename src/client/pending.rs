//! A handshake whose request was sent.

use std::sync::Arc;

use http::{Response, Version};
use tokio::time::timeout;

use super::Error;
use crate::{
    config::Config,
    handshake::{Agreed, AnswerError, ClientHandshake},
    stream::{Terms, Upgraded, WebSocket},
};

/// A handshake that waits for its response.
#[derive(Debug)]
#[must_use = "complete it with the response"]
pub struct Pending {
    handshake: ClientHandshake,
    config: Arc<Config>,
}

impl Pending {
    pub(super) const fn new(handshake: ClientHandshake, config: Arc<Config>) -> Self {
        Self { handshake, config }
    }

    /// Reads the response, which must come from hyper, and takes over its connection, or its
    /// stream of HTTP/2. The HTTP connection must be driven meanwhile, with upgrades enabled.
    ///
    /// Bytes that were read behind the response are the first frames.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Answer`], [`Error::Http`] or [`Error::TimedOut`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn complete<B>(self, response: Response<B>) -> Result<WebSocket, Error> {
        // 4.1 item 1: another status is to be handled as HTTP says.
        let (status, version) = self.handshake.expected();
        if response.status() != status {
            let refused = response.map(drop);
            return Err(Error::Refused(Box::new(refused)));
        }
        // RFC 9110, section 7.8: 101 is an answer of HTTP/1.1.
        if response.version() != version {
            return Err(Error::Answer(AnswerError::Upgrade));
        }
        let checked = self.handshake.check(response.headers());
        let Agreed {
            subprotocol,
            deflate,
        } = checked.map_err(Error::Answer)?;
        let upgraded = timeout(self.config.upgrade_timeout, hyper::upgrade::on(response)).await;
        let io = upgraded
            .map_err(|_| Error::TimedOut)?
            .map_err(Error::Http)?;
        let terms = Terms {
            config: self.config,
            subprotocol,
            deflate,
            is_multiplexed: version == Version::HTTP_2,
        };
        Ok(WebSocket::of_client(Upgraded::hyper(io, version), terms))
    }
}
