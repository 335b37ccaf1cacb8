//! sockudo-ws: its own handshake on the TCP stream, its `WebSocketStream`.
//!
//! Batched, messages are fed, as its documentation says, and heartbeats are off, as in its
//! own benchmarks. Compression is negotiated as in its server for Autobahn, and is a stream
//! of another type.

use bytes::{Bytes, BytesMut};
use futures::{Sink, Stream};
use sockudo_ws::{
    CompressedWebSocketStream, Config, DeflateConfig, Error as WsError, Message, Role,
    WebSocketStream,
    deflate::negotiate_server_deflate,
    handshake::{build_response, generate_accept_key, parse_request},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Form, MAX_MESSAGE};
use crate::Error;

pub(super) async fn serve(listener: TcpListener, form: Form) -> Result<(), Error> {
    loop {
        let mut stream = super::accept(&listener).await?;
        tokio::spawn(async move {
            let (leftover, deflate) = handshake(&mut stream, form).await?;
            let leftover = Some(leftover);
            let config = config(form);
            match deflate {
                None => {
                    let role = Role::Server;
                    let socket =
                        WebSocketStream::from_raw_with_leftover(stream, role, config, leftover);
                    echo(socket, form).await
                }
                Some(deflate) => {
                    let socket = CompressedWebSocketStream::server_with_leftover(
                        stream, config, deflate, leftover,
                    );
                    echo(socket, form).await
                }
            }
        });
    }
}

/// Answers the request; says what came after it, and what of compression was agreed on.
pub(crate) async fn handshake(
    stream: &mut TcpStream,
    form: Form,
) -> Result<(Bytes, Option<DeflateConfig>), WsError> {
    let mut buffer = BytesMut::with_capacity(4096);
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(WsError::ConnectionClosed);
        }
        let Some((request, len)) = parse_request(&buffer)? else {
            continue;
        };
        let accept = generate_accept_key(request.key);
        let policy = deflate_policy(form);
        let offer = request.extensions;
        let deflate = offer.and_then(|offer| negotiate_server_deflate(offer, &policy));
        let extensions = deflate.as_ref().map(|agreed| agreed.to_response_header());
        let response = build_response(&accept, None, extensions.as_deref());
        stream.write_all(&response).await?;
        let leftover = buffer.split_off(len).freeze();
        return Ok((leftover, deflate.map(|agreed| agreed.config)));
    }
}

async fn echo<S>(socket: S, form: Form) -> Result<(), WsError>
where
    S: Stream<Item = Result<Message, WsError>> + Sink<Message, Error = WsError> + Unpin,
{
    match form {
        Form::Batched | Form::Small => super::echo_batched(socket, is_data).await,
        Form::Plain => super::echo_plain(socket, is_data).await,
    }
}

/// Its defaults, a window of 15 bits among them, except that the level is 1 for speed.
fn deflate_policy(form: Form) -> DeflateConfig {
    let defaults = DeflateConfig::default();
    match form {
        Form::Batched | Form::Plain => DeflateConfig {
            compression_level: 1,
            ..defaults
        },
        Form::Small => defaults,
    }
}

fn config(form: Form) -> Config {
    let config = Config::builder()
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE);
    match form {
        Form::Batched | Form::Small => config.auto_ping(false).idle_timeout(0).build(),
        Form::Plain => config.build(),
    }
}

fn is_data(message: &Message) -> bool {
    message.is_text() || message.is_binary()
}
