//! A server to copy for production, over HTTP/1.1 and HTTP/2 (h2c) on one port: limits,
//! keep-alive, probes, metrics, and a drain in stages.
//!
//! `/ws` sends every message back. What a socket of `/rooms/NAME` sends goes to all that are in this
//! room; `?lag=skip`, `latest` or `close` says what happens if it is too slow for the others.
//! `/livez` and `/readyz` are probes, `/metrics` is for Prometheus. SIGTERM and Ctrl-C begin the
//! drain: `/readyz` answers 503 from then on, the sockets are closed with 1001 one after the other,
//! and the process ends with 0. `--help` lists the options.

#[path = "support/http_server.rs"]
mod http_server;
#[path = "support/production_options.rs"]
mod options;
#[path = "support/rooms.rs"]
mod rooms;

use std::{
    convert::Infallible,
    future::ready,
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use http::{Request, Response, StatusCode, request::Parts};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::{
    net::TcpListener,
    signal::ctrl_c,
    time::{Instant, sleep, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::{Layer, ServiceExt, service_fn};
use tower_websock::{Connections, Error, WebSocket, WebSocketLayer};

use self::rooms::{Place, Rooms};

/// How often the exporter is tidied.
const TIDY: Duration = Duration::from_secs(5);

/// Sends every message back, or to a room.
async fn serve(socket: WebSocket, mut request: Parts) -> Result<(), Error> {
    let place = request.extensions.remove::<Place>();
    // It holds the buffer that it was read to.
    drop(request);
    match place {
        Some(place) => place.talk(socket).await,
        None => echo(socket).await,
    }
}

async fn echo(mut socket: WebSocket) -> Result<(), Error> {
    while let Some(message) = socket.recv().await {
        let message = message?;
        if message.is_data() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

/// What is asked besides WebSockets.
fn answer(path: &str, connections: &Connections, metrics: &PrometheusHandle) -> Response<String> {
    let (status, text) = match path {
        "/livez" => (StatusCode::OK, String::from("alive\n")),
        "/readyz" if connections.is_ready() => (StatusCode::OK, String::from("ready\n")),
        "/readyz" => (StatusCode::SERVICE_UNAVAILABLE, String::from("draining\n")),
        "/metrics" => (StatusCode::OK, metrics.render()),
        _ => (
            StatusCode::NOT_FOUND,
            String::from("the WebSockets are at /ws and /rooms/NAME\n"),
        ),
    };
    let mut response = Response::new(text);
    *response.status_mut() = status;
    response
}

/// What is at a path: an echo, or a place in a room for [`serve`].
fn find(request: &mut Parts, rooms: &Rooms) -> Result<(), (StatusCode, &'static str)> {
    if request.uri.path() != "/ws" {
        request.extensions.insert(rooms.enter(&request.uri)?);
    }
    Ok(())
}

/// Whose connection it is: that of an address.
fn client(request: &Parts) -> Option<IpAddr> {
    request.extensions.get::<SocketAddr>().map(SocketAddr::ip)
}

#[cfg(unix)]
async fn told_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_stop() -> io::Result<()> {
    ctrl_c().await
}

/// Keeps the exporter small while nobody asks for /metrics.
async fn tidy(metrics: PrometheusHandle) {
    loop {
        sleep(TIDY).await;
        metrics.run_upkeep();
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let options = options::from_args();
    let metrics = PrometheusBuilder::new()
        .install_recorder()
        .map_err(io::Error::other)?;
    tokio::spawn(tidy(metrics.clone()));
    let connections = options.connections();
    let rooms = Rooms::new(options.max_rooms);
    let service = WebSocketLayer::new(serve)
        .authorize(move |request| find(request, &rooms))
        .config(options.config())
        .connections(&connections)
        .connection_key(client)
        .layer(service_fn({
            let connections = connections.clone();
            move |request: Request<_>| {
                let response = answer(request.uri().path(), &connections, &metrics);
                ready(Ok::<_, Infallible>(response))
            }
        }));

    let listener = TcpListener::bind(&options.addr).await?;
    println!("ws://{}/ws", listener.local_addr()?);
    let (requests, stop) = (TaskTracker::new(), CancellationToken::new());
    let accepting = tokio::spawn({
        let (requests, stop) = (requests.clone(), stop.clone());
        async move {
            loop {
                let (stream, peer) = http_server::accept(&listener).await;
                let service = service.clone().map_request(move |mut request: Request<_>| {
                    request.extensions_mut().insert(peer);
                    request
                });
                let stop = stop.clone().cancelled_owned();
                requests.spawn(http_server::serve(stream, service, stop));
            }
        }
    });

    told_to_stop().await?;
    let start = Instant::now();
    // Probes are answered, and new sockets refused, until the last one is closed.
    let drained = connections.drain(options.drain()).await;
    accepting.abort();
    stop.cancel();
    requests.close();
    let _ = timeout_at(start + options.drain_deadline, requests.wait()).await;
    println!(
        "drained: {} clean, {} cut, {:.1} s",
        drained.clean,
        drained.cut,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
