//! A handshake whose request was sent.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body::Body;

use super::{Error, deadline::Deadline, refusal};
use crate::{
    config::Config,
    handshake::{Answer, ClientHandshake},
    stream::{ProvidedIo, Setup, Upgraded, WebSocket},
};

/// A client's handshake that waits for its response.
#[derive(Debug)]
#[must_use = "complete it with the response"]
pub struct Pending {
    handshake: ClientHandshake,
    config: Arc<Config>,
    max_refusal_body: usize,
}

impl Pending {
    pub(super) const fn new(
        handshake: ClientHandshake,
        config: Arc<Config>,
        max_refusal_body: usize,
    ) -> Self {
        Self {
            handshake,
            config,
            max_refusal_body,
        }
    }

    /// Checks the response and takes over its connection, or its HTTP/2 stream.
    ///
    /// The response must come from hyper, and something must drive its HTTP connection meanwhile,
    /// with upgrades enabled. A response from elsewhere needs a [`ProvidedIo`] in its extensions.
    /// This waits at most [`upgrade_timeout`](Config::upgrade_timeout).
    ///
    /// Bytes that were read after the response are the first frames. If the server refuses, this
    /// reads the body up to [`max_refusal_body`](super::Builder::max_refusal_body).
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Answer`], [`Error::Http`] or [`Error::TimedOut`]. Over HTTP/2,
    /// every 2xx accepts, but hyper hands over the stream only for 200; any other 2xx is
    /// [`Error::Http`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn complete<B: Body>(self, response: Response<B>) -> Result<WebSocket, Error> {
        let (socket, _) = self.complete_with_response(response).await?;
        Ok(socket)
    }

    /// As [`complete`](Self::complete), and also returns the response that accepted: its status,
    /// version, headers and extensions.
    ///
    /// # Errors
    ///
    /// As for [`complete`](Self::complete).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection.
    pub async fn complete_with_response<B: Body>(
        self,
        response: Response<B>,
    ) -> Result<(WebSocket, Response<()>), Error> {
        let deadline = Deadline::after(self.config.upgrade_timeout);
        self.complete_by(deadline, response).await
    }

    pub(super) async fn complete_by<B: Body>(
        self,
        deadline: Deadline,
        mut response: Response<B>,
    ) -> Result<(WebSocket, Response<()>), Error> {
        let answer = self.handshake.check(&response).map_err(Error::Answer)?;
        let Answer::Accepted(agreed) = answer else {
            return Err(Error::Refused(self.refusal(deadline, response).await));
        };
        let opening = self.handshake.opening();
        let provided = response.extensions_mut().remove::<ProvidedIo>();
        let io = if let Some(io) = provided.and_then(|provided| provided.take()) {
            io
        } else {
            let upgrade = hyper::upgrade::on(&mut response);
            let io = deadline.bound(upgrade).await?;
            Upgraded::hyper(io.map_err(Error::Http)?, opening)
        };
        let config = self.config;
        let setup = Setup {
            config,
            agreed,
            span: None,
        };
        Ok((WebSocket::of_client(io, setup), response.map(drop)))
    }

    /// What is kept of a response that does not accept.
    pub(super) async fn refusal<B: Body>(
        self,
        deadline: Deadline,
        response: Response<B>,
    ) -> Box<Response<Bytes>> {
        refusal::kept(response, self.max_refusal_body, deadline).await
    }
}
