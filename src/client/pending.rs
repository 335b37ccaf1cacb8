//! A handshake whose request was sent, and what a server says that refuses.

use std::{future::poll_fn, pin::pin, sync::Arc, time::Duration};

use bytes::{Buf, BufMut, BytesMut};
use http::Response;
use http_body::Body;
use tokio::time::timeout;

use super::{Error, deadline::Deadline, error::KEPT};
use crate::{
    config::Config,
    handshake::{Answer, ClientHandshake},
    stream::{ProvidedIo, Setup, Upgraded, WebSocket},
};

/// How long a server may keep us waiting for the next piece of it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A client's handshake that waits for its response.
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

    /// Checks the response and takes over its connection, or its HTTP/2 stream.
    ///
    /// The response must come from hyper, and something must drive its HTTP connection meanwhile,
    /// with upgrades enabled. A response from elsewhere needs a [`ProvidedIo`] in its extensions.
    /// This waits at most [`upgrade_timeout`](Config::upgrade_timeout).
    ///
    /// Bytes that were read after the response are the first frames. If the server refuses, this
    /// reads up to 1,024 bytes of the body.
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
        let deadline = Deadline::after(self.config.upgrade_timeout);
        self.complete_by(deadline, response).await
    }

    pub(super) async fn complete_by<B: Body>(
        self,
        deadline: Deadline,
        mut response: Response<B>,
    ) -> Result<WebSocket, Error> {
        let answer = self.handshake.check(&response).map_err(Error::Answer)?;
        let Answer::Accepted(agreed) = answer else {
            return Err(refused(response, deadline).await);
        };
        let opening = self.handshake.opening();
        let provided = response.extensions_mut().remove::<ProvidedIo>();
        let io = if let Some(io) = provided.and_then(|provided| provided.take()) {
            io
        } else {
            let io = deadline.bound(hyper::upgrade::on(response)).await?;
            Upgraded::hyper(io.map_err(Error::Http)?, opening)
        };
        let config = self.config;
        let setup = Setup {
            config,
            agreed,
            span: None,
        };
        Ok(WebSocket::of_client(io, setup))
    }
}

/// The error that keeps a response, with the beginning of its body.
async fn refused<B: Body>(response: Response<B>, deadline: Deadline) -> Error {
    let (parts, body) = response.into_parts();
    let mut kept = BytesMut::new();
    // Too late or broken off: what came is what there is. The refusal is known all the same.
    let _ = deadline.bound(read(body, &mut kept)).await;
    Error::Refused(Box::new(Response::from_parts(parts, kept.freeze())))
}

async fn read<B: Body>(body: B, kept: &mut BytesMut) {
    let mut body = pin!(body);
    // As many frames as bytes, so that empty ones cannot go on for ever.
    for _ in 0..KEPT {
        if kept.len() == KEPT || body.is_end_stream() {
            return;
        }
        let frame = timeout(PATIENCE, poll_fn(|cx| body.as_mut().poll_frame(cx))).await;
        let Ok(Some(Ok(frame))) = frame else {
            return;
        };
        if let Ok(data) = frame.into_data() {
            kept.put(data.take(KEPT - kept.len()));
        }
    }
}
