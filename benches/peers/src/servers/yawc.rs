//! yawc: an upgrade on hyper, with the compression of its profile for low latency.
//!
//! Batched, it has the buffers of its own benchmark: 128 KiB to read, 64 KiB of writes
//! before backpressure. It does not check UTF-8 unless told to, and it is not told to.

use std::{convert::Infallible, future::poll_fn, task::Poll};

use futures::SinkExt;
use http::Response;
use http_body_util::Full;
use hyper::{body::Bytes, service::service_fn};
use tokio::net::TcpListener;
use yawc::{HttpWebSocket, OpCode, Options, Result, WebSocket};

use super::{
    Form, MAX_MESSAGE,
    http1::{self, Upgrade},
};
use crate::Error;

pub(super) async fn serve(listener: TcpListener, form: Form) -> std::result::Result<(), Error> {
    let upgrade = move |request| async move { Ok::<_, Infallible>(answer(request, form)) };
    http1::serve(listener, service_fn(upgrade)).await
}

fn options(form: Form) -> Options {
    let options = Options::default().with_limits(MAX_MESSAGE, MAX_MESSAGE);
    let options = match form {
        Form::Batched | Form::Plain => options.with_low_latency_compression(),
        Form::Small => options.with_balanced_compression(),
    };
    match form {
        Form::Batched | Form::Small => options
            .with_read_buffer_capacity(128 << 10)
            .with_backpressure_boundary(64 << 10),
        Form::Plain => options,
    }
}

fn answer(mut request: Upgrade, form: Form) -> Response<Full<Bytes>> {
    let upgraded = WebSocket::upgrade_with_options(&mut request, options(form));
    let Ok((response, socket)) = upgraded else {
        return http1::bad_request();
    };
    tokio::spawn(async move {
        let socket = socket.await?;
        match form {
            Form::Batched | Form::Small => batched(socket).await,
            Form::Plain => plain(socket).await,
        }
    });
    response.map(|_empty| Full::default())
}

async fn batched(mut socket: HttpWebSocket) -> Result<()> {
    loop {
        let next = poll_fn(|cx| match socket.poll_next_frame(cx) {
            Poll::Pending => match socket.poll_flush_unpin(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => Poll::Pending,
            },
            ready => ready,
        });
        let frame = next.await?;
        match frame.opcode() {
            OpCode::Text | OpCode::Binary => socket.feed(frame).await?,
            OpCode::Close => return socket.close().await,
            _ => {}
        }
    }
}

async fn plain(mut socket: HttpWebSocket) -> Result<()> {
    loop {
        let frame = socket.next_frame().await?;
        match frame.opcode() {
            OpCode::Text | OpCode::Binary => socket.send(frame).await?,
            OpCode::Close => return socket.close().await,
            _ => {}
        }
    }
}
