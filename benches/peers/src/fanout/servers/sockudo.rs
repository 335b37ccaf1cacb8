//! sockudo-ws: its pub/sub, which hands each message to an unbounded channel of each socket.

use std::sync::Arc;

use futures::{Sink, SinkExt, Stream, StreamExt};
use sockudo_ws::{
    CompressedWebSocketStream, Config, DeflateConfig, Error as WsError, Message, WebSocketStream,
    pubsub::PubSub,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, UnboundedReceiver},
};

use crate::{
    Error,
    fanout::publisher::Publisher,
    servers::{Form, sockudo::handshake},
};

const TOPIC: &str = "all";

pub(super) async fn serve_plain(listener: TcpListener, publisher: Publisher) -> Result<(), Error> {
    serve(listener, publisher, plain).await
}

pub(super) async fn serve_batched(
    listener: TcpListener,
    publisher: Publisher,
) -> Result<(), Error> {
    serve(listener, publisher, batched).await
}

/// What a connection does with its socket and with what is published.
type Forward<F> = fn(TcpStream, Option<DeflateConfig>, Published) -> F;

type Published = UnboundedReceiver<Message>;

async fn serve<F>(
    listener: TcpListener,
    publisher: Publisher,
    forward: Forward<F>,
) -> Result<(), Error>
where
    F: Future<Output = Result<(), WsError>> + Send + 'static,
{
    let topic = Arc::new(PubSub::new());
    let publish = topic.clone();
    tokio::spawn(async move {
        while let Ok(mut stream) = super::accept(&listener).await {
            let topic = topic.clone();
            tokio::spawn(async move {
                // Nothing comes after the request.
                let (_leftover, deflate) = handshake(&mut stream, Form::Batched).await?;
                let (sender, published) = mpsc::unbounded_channel();
                let subscriber = topic.create_subscriber(sender);
                topic.subscribe(subscriber, TOPIC);
                let ended = forward(stream, deflate, published).await;
                topic.remove_subscriber(subscriber);
                ended
            });
        }
    });
    publisher
        .run(|text| {
            publish.publish(TOPIC, Message::text(text));
        })
        .await;
    Ok(())
}

/// The loop of its example: each message is sent by itself.
macro_rules! forward_plain {
    ($socket:expr, $published:expr) => {{
        let (mut reader, mut writer) = $socket.split();
        loop {
            tokio::select! {
                received = reader.next() => match received {
                    Some(received) => drop(received?),
                    None => return Ok(()),
                },
                Some(message) = $published.recv() => writer.send(message).await?,
            }
        }
    }};
}

/// The halves of a compressed stream are other types.
async fn plain(
    stream: TcpStream,
    deflate: Option<DeflateConfig>,
    mut published: Published,
) -> Result<(), WsError> {
    match deflate {
        None => forward_plain!(WebSocketStream::server(stream, config()), published),
        Some(deflate) => forward_plain!(
            CompressedWebSocketStream::server(stream, config(), deflate),
            published
        ),
    }
}

async fn batched(
    stream: TcpStream,
    deflate: Option<DeflateConfig>,
    published: Published,
) -> Result<(), WsError> {
    match deflate {
        None => forward_batched(WebSocketStream::server(stream, config()), published).await,
        Some(deflate) => {
            let socket = CompressedWebSocketStream::server(stream, config(), deflate);
            forward_batched(socket, published).await
        }
    }
}

/// One write for all that is there.
async fn forward_batched<S>(mut socket: S, mut published: Published) -> Result<(), WsError>
where
    S: Stream<Item = Result<Message, WsError>> + Sink<Message, Error = WsError> + Unpin,
{
    loop {
        tokio::select! {
            received = socket.next() => match received {
                Some(received) => drop(received?),
                None => return Ok(()),
            },
            Some(message) = published.recv() => {
                socket.feed(message).await?;
                while let Ok(message) = published.try_recv() {
                    socket.feed(message).await?;
                }
                socket.flush().await?;
            }
        }
    }
}

/// No heartbeats, as in its own benchmarks, and as nobody else sends any here.
fn config() -> Config {
    Config::builder().auto_ping(false).idle_timeout(0).build()
}
