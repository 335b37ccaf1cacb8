//! The opening handshake on the wire: hyper and axum before our service (RFC 6455, section 4.2).

mod accepted;
mod heads;
mod refused;
mod unsent;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::Router;
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tower::ServiceBuilder;
use tower_websock::{Handler, Rejection, WebSocketLayer, WebSocketService};

use crate::support::{
    echo,
    raw::{Client, RawRequest},
};

/// Where a handshake arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Front {
    /// hyper, and the layer around a service.
    Layer,
    /// `axum::serve`, and the service alone as a route.
    Route,
    /// `axum::serve`, and the extractor.
    #[cfg(feature = "axum")]
    Extractor,
}

const FRONTS: &[Front] = &[
    Front::Layer,
    Front::Route,
    #[cfg(feature = "axum")]
    Front::Extractor,
];

/// Echoes at `/ws`, and answers "plain" everywhere else.
struct Server {
    address: SocketAddr,
    /// How many handlers were called.
    calls: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Front {
    async fn start(self) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        let echo = move |socket| {
            counter.fetch_add(1, Ordering::Relaxed);
            echo(socket)
        };
        let task = match self {
            Front::Layer => tokio::spawn(serve_layer(listener, echo)),
            Front::Route => {
                let route = WebSocketService::new(echo);
                tokio::spawn(serve_router(
                    listener,
                    Router::new().route_service("/ws", route),
                ))
            }
            #[cfg(feature = "axum")]
            Front::Extractor => tokio::spawn(serve_router(listener, extractor::router(echo))),
        };
        Server {
            address,
            calls,
            task,
        }
    }
}

impl Server {
    async fn connect(&self) -> Client<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client::new(stream)
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn plain<B>(_request: Request<B>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(String::from("plain")))
}

async fn serve_layer<Args: 'static>(listener: TcpListener, handler: impl Handler<Args> + Sync) {
    let service = ServiceBuilder::new()
        .layer(WebSocketLayer::new(handler).path("/ws"))
        .service(tower::service_fn(plain::<Incoming>));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service.clone());
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection.with_upgrades());
    }
}

async fn serve_router(listener: TcpListener, router: Router) {
    let router = router.fallback(async || "plain");
    axum::serve(listener, router).await.unwrap();
}

#[cfg(feature = "axum")]
mod extractor {
    use axum::{Router, routing::any};
    use tower_websock::{WebSocket, axum::WebSocketUpgrade};

    pub(super) fn router<F>(
        handler: impl Fn(WebSocket) -> F + Clone + Send + Sync + 'static,
    ) -> Router
    where
        F: Future<Output = Result<(), tower_websock::Error>> + Send + 'static,
    {
        let upgrade = async |upgrade: WebSocketUpgrade| {
            upgrade.on_upgrade(move |socket| handler(socket.into_inner()))
        };
        Router::new().route("/ws", any(upgrade))
    }
}

/// A request for "plain".
fn get_plain() -> RawRequest {
    RawRequest::line("GET /plain HTTP/1.1").with("Host", "localhost")
}

async fn expect_plain<T>(client: &mut Client<T>)
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let response = client.response().await;
    assert_eq!(response.status(), 200, "{response:?}");
    assert_eq!(response.body(), b"plain");
}

fn assert_rejected(response: &Response<Vec<u8>>, rejection: Rejection) {
    let body = String::from_utf8_lossy(response.body());
    assert_eq!(response.status(), rejection.status(), "{body}");
    assert_eq!(body, format!("{rejection}\n"));
    let headers = response.headers();
    assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
    let value = |name| headers.get(name).map(|value| value.to_str().unwrap());
    let needs_upgrade = response.status() == 426;
    assert_eq!(value("upgrade"), needs_upgrade.then_some("websocket"));
    if needs_upgrade {
        // hyper adds "keep-alive" in HTTP/1.0.
        let connection = value("connection").unwrap_or_default();
        assert!(connection.starts_with("Upgrade"), "{connection}");
    }
    let allow = (rejection == Rejection::Method).then_some("GET");
    assert_eq!(value("allow"), allow);
    let version = (rejection == Rejection::Version).then_some("13");
    assert_eq!(value("sec-websocket-version"), version);
}

/// What hyper says to a head that it does not understand.
async fn expect_bad_request(client: &mut Client<TcpStream>) {
    let response = client.response().await;
    assert_eq!(response.status(), 400, "{response:?}");
    assert_eq!(response.headers()["connection"], "close");
    assert!(response.body().is_empty());
    client.expect_end().await;
}
