//! One request and its response over a transport, by hyper.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use http::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Error, Pending, deadline::Deadline};
use crate::stream::WebSocket;

/// Sends the request and completes the handshake with what comes back. Nothing is spawned.
pub(super) async fn exchange<T>(
    io: T,
    request: Request<String>,
    pending: Pending,
    deadline: Deadline,
) -> Result<WebSocket, Error>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(io))
        .await
        .map_err(Error::Http)?;
    let mut connection = pin!(connection.with_upgrades());
    let mut answered = pin!(async {
        let response = deadline.bound(sender.send_request(request)).await?;
        pending
            .complete_by(deadline, response.map_err(Error::Http)?)
            .await
    });
    let mut is_driven = true;
    poll_fn(|cx| {
        if is_driven && connection.as_mut().poll(cx).is_ready() {
            // It has handed its transport over, or failed, of which the response tells.
            is_driven = false;
        }
        match answered.as_mut().poll(cx) {
            Poll::Ready(socket) => Poll::Ready(socket),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
