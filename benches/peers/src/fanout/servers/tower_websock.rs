//! Ours, as a tower layer on hyper.

use std::{convert::Infallible, time::Duration};

use http::Response;
use hyper_util::service::TowerToHyperService;
use tokio::{
    net::TcpListener,
    sync::broadcast::{self, error::RecvError},
};
use tower::{Layer, service_fn};
use tower_websock::{
    Config, DeflateConfig, KeepAlive, Message, Topic, Utf8Bytes, WebSocket, WebSocketLayer,
};

use super::CAPACITY;
use crate::{
    Error,
    fanout::{publisher::Publisher, scenario::Coding},
    servers::http1::{self, Upgrade},
};

/// A topic, to which the supervisor of each socket listens.
pub(super) async fn topic(
    listener: TcpListener,
    publisher: Publisher,
    coding: Coding,
) -> Result<(), Error> {
    let topic = Topic::new();
    let publish = topic.clone();
    serve(listener, coding, move |socket| {
        member(socket, topic.clone())
    });
    publisher.run(|text| publish.publish(text)).await;
    Ok(())
}

async fn member(mut socket: WebSocket, topic: Topic) {
    let _subscription = socket.subscribe(&topic);
    while let Some(Ok(_)) = socket.recv().await {}
}

/// What is written without topics.
pub(super) async fn broadcast(
    listener: TcpListener,
    publisher: Publisher,
    coding: Coding,
) -> Result<(), Error> {
    let (topic, _) = broadcast::channel(CAPACITY);
    let publish = topic.clone();
    serve(listener, coding, move |socket| {
        select(socket, topic.subscribe())
    });
    publisher
        .run(|text| {
            let _ = publish.send(Utf8Bytes::from(text));
        })
        .await;
    Ok(())
}

async fn select(mut socket: WebSocket, mut published: broadcast::Receiver<Utf8Bytes>) {
    loop {
        tokio::select! {
            received = socket.recv() => match received {
                Some(Ok(_)) => {}
                _ => return,
            },
            text = published.recv() => match text {
                Ok(text) => {
                    if socket.send(Message::Text(text)).await.is_err() {
                        return;
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

/// Sockets that hear nothing.
pub(super) async fn silent(
    listener: TcpListener,
    publisher: Publisher,
    coding: Coding,
) -> Result<(), Error> {
    serve(listener, coding, receive);
    publisher.run(|_text| {}).await;
    Ok(())
}

async fn receive(mut socket: WebSocket) {
    while let Some(Ok(_)) = socket.recv().await {}
}

/// Serves in a task.
fn serve<F>(
    listener: TcpListener,
    coding: Coding,
    handler: impl Fn(WebSocket) -> F + Clone + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let hello = async |_request: Upgrade| Ok::<_, Infallible>(Response::new(String::new()));
    let service = WebSocketLayer::new(handler)
        .path("/ws")
        .config(config(coding))
        .layer(service_fn(hello));
    tokio::spawn(http1::serve(listener, TowerToHyperService::new(service)));
}

/// The defaults, except that nothing happens by itself within an hour: who is pinged is not
/// idle, and who is wedged stays so.
fn config(coding: Coding) -> Config {
    const HOUR: Duration = Duration::from_secs(3600);
    let config = Config::new()
        .keep_alive(KeepAlive::new().interval(HOUR))
        .write_timeout(Some(HOUR));
    match coding {
        Coding::Plain => config,
        Coding::Compressed => config.deflate(DeflateConfig::new()),
    }
}
