//! A server's connection over a given transport.

use std::{future::Future, pin::Pin};

use http::Request;
use shuttle::{future::block_on, thread::JoinHandle};
use tower_websock::{
    Accepting, Closure, Config, Connections, KeepAlive, ProvidedIo, UpgradeError, WebSocket,
    WebSocketUpgrade,
};

use crate::wire::{End, task};

/// Nothing that needs time, which stands still.
pub(crate) fn config() -> Config {
    Config::new().keep_alive(KeepAlive::OFF)
}

/// The same; whoever sends waits until nothing is queued.
pub(crate) fn strict() -> Config {
    config().write_high_water(1)
}

pub(crate) fn request() -> http::request::Builder {
    Request::get("/")
        .header("host", "localhost")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// A request that was accepted over this transport.
pub(crate) fn accepting(
    io: ProvidedIo,
    config: Config,
    connections: Option<&Connections>,
) -> Accepting {
    accept(request(), io, config, connections)
}

pub(crate) fn accept(
    request: http::request::Builder,
    io: ProvidedIo,
    config: Config,
    connections: Option<&Connections>,
) -> Accepting {
    let request = request.extension(io).body(()).unwrap();
    let (mut parts, ()) = request.into_parts();
    let mut upgrade = WebSocketUpgrade::from_parts(&mut parts)
        .unwrap()
        .config(config);
    if let Some(connections) = connections {
        upgrade = upgrade.connections(connections);
    }
    upgrade.accept::<()>().unwrap().1
}

/// A task that runs a handler under its supervisor.
pub(crate) fn serve<F>(
    end: End,
    config: Config,
    handler: impl FnOnce(WebSocket) -> F + Send + 'static,
) -> JoinHandle<Result<Closure, UpgradeError>>
where
    F: Future<Output = ()> + Send + 'static,
{
    task(supervise(
        accepting(ProvidedIo::new(end), config, None),
        handler,
    ))
}

pub(crate) type Ending = Pin<Box<dyn Future<Output = Result<Closure, UpgradeError>> + Send>>;

/// Of one type, whatever the handler is: each type is compiled once.
pub(crate) fn supervise<F>(
    accepting: Accepting,
    handler: impl FnOnce(WebSocket) -> F + Send + 'static,
) -> Ending
where
    F: Future<Output = ()> + Send + 'static,
{
    type Handled = Pin<Box<dyn Future<Output = ()> + Send>>;
    let handler: Box<dyn FnOnce(WebSocket) -> Handled + Send> =
        Box::new(|socket| Box::pin(handler(socket)));
    Box::pin(accepting.supervise(handler))
}

/// The socket of a server without a supervisor.
pub(crate) fn unsupervised(end: End, config: Config) -> WebSocket {
    let accepting = accepting(ProvidedIo::new(end), config, None);
    block_on(accepting.socket()).unwrap()
}

/// The task has ended, and so has its connection: with a closing handshake.
pub(crate) fn assert_clean(served: JoinHandle<Result<Closure, UpgradeError>>) {
    let closure = served.join().unwrap().unwrap();
    assert!(closure.is_clean(), "{closure:?}");
}
