//! tokio-websockets: its own handshake on the TCP stream.
//!
//! Configured as in its benchmark's server: no splitting into frames, no limits, outside of
//! tokio's cooperative budget. It writes what is queued whenever it is asked for the next
//! message, so that the batched loop asks for all that are ready before it queues any; the
//! threshold at which it writes of itself is then 64 KiB instead of 8.

use std::{future::poll_fn, task::Poll};

use futures::{SinkExt, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    task::unconstrained,
};
use tokio_websockets::{Config, Error as WsError, Limits, Message, ServerBuilder, WebSocketStream};

use super::Form;
use crate::Error;

/// What a batch holds at least before it is written although more is ready, in bytes.
const BATCH: usize = 64 << 10;

pub(super) async fn serve(listener: TcpListener, form: Form) -> Result<(), Error> {
    loop {
        let stream = super::accept(&listener).await?;
        tokio::spawn(unconstrained(async move {
            let mut config = Config::default().frame_size(usize::MAX);
            if form == Form::Batched {
                config = config.flush_threshold(BATCH);
            }
            let builder = ServerBuilder::new()
                .config(config)
                .limits(Limits::unlimited());
            let (_request, socket) = builder.accept(stream).await?;
            match form {
                Form::Batched | Form::Small => batched(socket).await,
                Form::Plain => super::echo_plain(socket, is_data).await,
            }
        }));
    }
}

async fn batched(mut socket: WebSocketStream<TcpStream>) -> Result<(), WsError> {
    let mut batch = Vec::new();
    loop {
        let mut bytes = 0;
        let collected = poll_fn(|cx| {
            while bytes < BATCH {
                match socket.poll_next_unpin(cx) {
                    Poll::Ready(Some(Ok(message))) => {
                        bytes += message.as_payload().len() + 4;
                        batch.push(message);
                    }
                    Poll::Pending if batch.is_empty() => return Poll::Pending,
                    Poll::Pending => break,
                    Poll::Ready(end) => return Poll::Ready(end.transpose().map(|_end| false)),
                }
            }
            Poll::Ready(Ok(true))
        });
        let open = collected.await?;
        for message in batch.drain(..).filter(is_data) {
            socket.feed(message).await?;
        }
        if !open {
            return Ok(());
        }
        socket.flush().await?;
    }
}

fn is_data(message: &Message) -> bool {
    message.is_text() || message.is_binary()
}
