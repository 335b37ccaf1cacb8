//! A handshake whose request was sent.

use std::sync::Arc;

use http::Response;
use http_body::Body;

use super::{Error, deadline::Deadline, refusal::refused};
use crate::{
    config::Config,
    handshake::{Agreed, AnswerError, ClientHandshake},
    stream::{ProvidedIo, Setup, Upgraded, WebSocket},
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
    /// If it refuses, up to 1,024 bytes of its body are read, within
    /// [`upgrade_timeout`](Config::upgrade_timeout).
    ///
    /// Bytes that were read behind the response are the first frames. A response that does not
    /// come from hyper has a [`ProvidedIo`] among its extensions.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Answer`], [`Error::Http`] or [`Error::TimedOut`]. Over HTTP/2
    /// every 2xx accepts; hyper hands over the stream of a 200 only, another is [`Error::Http`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn complete<B: Body>(self, response: Response<B>) -> Result<WebSocket, Error> {
        let deadline = Deadline::after(self.config.upgrade_timeout);
        self.complete_by(deadline, response).await
    }

    pub(super) async fn complete_by<B: Body>(
        self,
        deadline: Deadline,
        mut response: Response<B>,
    ) -> Result<WebSocket, Error> {
        // 4.1 item 1: another status is to be handled as HTTP says.
        if !self.handshake.accepts(response.status()) {
            return Err(refused(response, deadline).await);
        }
        // RFC 9110, section 7.8: 101 is an answer of HTTP/1.1.
        let opening = self.handshake.opening();
        let (found, needed) = (response.version(), opening.version());
        if found != needed {
            return Err(Error::Answer(AnswerError::HttpVersion { found, needed }));
        }
        let checked = self.handshake.check(response.headers());
        let Agreed {
            subprotocol,
            deflate,
        } = checked.map_err(Error::Answer)?;
        let provided = response.extensions_mut().remove::<ProvidedIo>();
        let io = if let Some(io) = provided.and_then(|provided| provided.take()) {
            io
        } else {
            let io = deadline.bound(hyper::upgrade::on(response)).await?;
            Upgraded::hyper(io.map_err(Error::Http)?, opening)
        };
        let setup = Setup {
            config: self.config,
            subprotocol,
            deflate,
        };
        Ok(WebSocket::of_client(io, setup))
    }
}
