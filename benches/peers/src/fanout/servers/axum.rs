//! axum: `extract::ws` with `tokio::sync::broadcast`, under `axum::serve`.

use axum::{
    Router,
    extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade},
    routing::any,
};
use futures::SinkExt;
use tokio::{
    net::TcpListener,
    sync::broadcast::{self, error::RecvError},
};

use super::CAPACITY;
use crate::{Error, fanout::publisher::Publisher, servers::axum::no_delay};

type Feed = broadcast::Receiver<Utf8Bytes>;

pub(super) async fn serve_plain(listener: TcpListener, publisher: Publisher) -> Result<(), Error> {
    serve(listener, publisher, plain).await
}

pub(super) async fn serve_batched(
    listener: TcpListener,
    publisher: Publisher,
) -> Result<(), Error> {
    serve(listener, publisher, batched).await
}

async fn serve<F>(
    listener: TcpListener,
    publisher: Publisher,
    forward: fn(WebSocket, Feed) -> F,
) -> Result<(), Error>
where
    F: Future<Output = Result<(), axum::Error>> + Send + 'static,
{
    let (topic, _) = broadcast::channel(CAPACITY);
    let publish = topic.clone();
    let upgrade = async move |upgrade: WebSocketUpgrade| {
        let published = topic.subscribe();
        upgrade.on_upgrade(async move |socket| {
            let _ = forward(socket, published).await;
        })
    };
    let app = Router::new().route("/ws", any(upgrade));
    tokio::spawn(async move { axum::serve(no_delay(listener), app).await });
    publisher
        .run(|text| {
            let _ = publish.send(text.into());
        })
        .await;
    Ok(())
}

/// The loop that users write: each message is sent by itself.
async fn plain(mut socket: WebSocket, mut published: Feed) -> Result<(), axum::Error> {
    loop {
        tokio::select! {
            received = socket.recv() => match received {
                Some(received) => drop(received?),
                None => return Ok(()),
            },
            text = published.recv() => match text {
                Ok(text) => socket.send(Message::Text(text)).await?,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

/// One write for all that is there.
async fn batched(mut socket: WebSocket, mut published: Feed) -> Result<(), axum::Error> {
    loop {
        tokio::select! {
            received = socket.recv() => match received {
                Some(received) => drop(received?),
                None => return Ok(()),
            },
            text = published.recv() => match text {
                Ok(text) => {
                    socket.feed(Message::Text(text)).await?;
                    while let Ok(text) = published.try_recv() {
                        socket.feed(Message::Text(text)).await?;
                    }
                    socket.flush().await?;
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}
