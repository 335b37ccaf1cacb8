//! sockudo-ws: its own handshake on the TCP stream, its `WebSocketStream`.
//!
//! Batched, messages are fed, as its documentation says, and heartbeats are off, as in its
//! own benchmarks.

use sockudo_ws::{Config, Message, Role, WebSocketStream, handshake::server_handshake};
use tokio::net::TcpListener;

use super::{Form, MAX_MESSAGE};
use crate::Error;

pub(super) async fn serve(listener: TcpListener, form: Form) -> Result<(), Error> {
    loop {
        let mut stream = super::accept(&listener).await?;
        tokio::spawn(async move {
            let leftover = server_handshake(&mut stream).await?.leftover;
            let role = Role::Server;
            let config = config(form);
            let socket = WebSocketStream::from_raw_with_leftover(stream, role, config, leftover);
            match form {
                Form::Batched => super::echo_batched(socket, is_data).await,
                Form::Plain => super::echo_plain(socket, is_data).await,
            }
        });
    }
}

fn config(form: Form) -> Config {
    let config = Config::builder()
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE);
    match form {
        Form::Batched => config.auto_ping(false).idle_timeout(0).build(),
        Form::Plain => config.build(),
    }
}

fn is_data(message: &Message) -> bool {
    message.is_text() || message.is_binary()
}
