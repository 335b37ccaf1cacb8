//! fastwebsockets: the loop of its README, on hyper, with its `FragmentCollector`.
//!
//! It writes once per frame and has no queue. Batched, it stands on a buffered transport,
//! which its `flush` allows for; its writes above 1 KiB are vectored by default.

use std::convert::Infallible;

use fastwebsockets::{FragmentCollector, OpCode, Role, WebSocket, WebSocketError, upgrade};
use http::Response;
use http_body_util::Full;
use hyper::{body::Bytes, service::service_fn};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::unconstrained,
};

use super::{
    Form, MAX_MESSAGE,
    http1::{self, Upgrade},
    on_pending::FlushOnPending,
};
use crate::Error;

pub(super) async fn serve(listener: TcpListener, form: Form) -> Result<(), Error> {
    let upgrade = move |request| async move { Ok::<_, Infallible>(answer(request, form)) };
    http1::serve(listener, service_fn(upgrade)).await
}

fn answer(mut request: Upgrade, form: Form) -> Response<Full<Bytes>> {
    let Ok((response, socket)) = upgrade::upgrade(&mut request) else {
        return http1::bad_request();
    };
    // As in its example, outside of tokio's cooperative budget.
    tokio::spawn(unconstrained(async move {
        let socket = socket.await?;
        match form {
            Form::Plain => echo(socket).await,
            Form::Batched | Form::Small => {
                // Nothing has been read yet that this could lose.
                let stream = FlushOnPending::new(socket.into_inner());
                echo(WebSocket::after_handshake(stream, Role::Server)).await
            }
        }
    }));
    response.map(|_empty| Full::default())
}

async fn echo<S>(mut socket: WebSocket<S>) -> Result<(), WebSocketError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    socket.set_max_message_size(MAX_MESSAGE);
    let mut socket = FragmentCollector::new(socket);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => break,
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
    // The reply to the Close, when the transport is buffered.
    let mut stream = socket.into_inner();
    tokio::io::AsyncWriteExt::flush(&mut stream).await?;
    Ok(())
}
