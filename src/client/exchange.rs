//! One request and its response over a transport, by hyper.

use std::{
    future::{Future, poll_fn},
    pin::pin,
};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Error, Pending, deadline::Deadline, redirect::Route};
use crate::{handshake::Target, stream::WebSocket};

/// What the head of an answer may have, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// What came of a request to one of perhaps many servers.
pub(super) enum Answered {
    Accepted(WebSocket, Response<()>),
    /// The request is to be sent there.
    Redirected(Target),
}

/// Completes the handshake with a response, or tells where it leads.
pub(super) async fn answered(
    pending: Pending,
    deadline: Deadline,
    route: &Route,
    response: Response<Incoming>,
) -> Result<Answered, Error> {
    match route.next(&response) {
        Some(Ok(target)) => Ok(Answered::Redirected(target)),
        Some(Err(problem)) => {
            let response = pending.refusal(deadline, response).await;
            Err(Error::Redirect(problem, response))
        }
        None => {
            let accepted = pending.complete_by(deadline, response).await;
            accepted.map(|(socket, response)| Answered::Accepted(socket, response))
        }
    }
}

/// Sends the request and does with its response what `complete` does, while the HTTP connection
/// goes on. Nothing is spawned.
pub(super) async fn exchange<T, F, R>(
    io: T,
    request: Request<String>,
    deadline: Deadline,
    complete: impl FnOnce(Response<Incoming>) -> F,
) -> Result<R, Error>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    F: Future<Output = Result<R, Error>>,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(io))
        .await
        .map_err(Error::Http)?;
    let mut connection = pin!(Some(connection.with_upgrades()));
    let mut answered = pin!(async {
        let response = deadline.bound(sender.send_request(request)).await?;
        complete(response.map_err(Error::Http)?).await
    });
    let exchanged = poll_fn(|cx| {
        let driven = connection.as_mut().as_pin_mut();
        if driven.is_some_and(|connection| connection.poll(cx).is_ready()) {
            // It has handed its transport over, or failed, of which the response tells, or the
            // upgrade, but not before it is dropped.
            connection.set(None);
        }
        answered.as_mut().poll(cx)
    });
    // Around all of it: reading heads of 1xx without end uses up what tokio lets a task do, and a
    // timer that is polled after that never ends.
    deadline.bound(exchanged).await?
}
