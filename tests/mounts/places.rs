//! Where layer, service and extractor go in axum.
//!
//! `cargo test --all-features --test mounts places -- --nocapture` prints the table.

use std::convert::Infallible;

use axum::{
    Router, ServiceExt,
    body::Body,
    routing::{any, get},
};
use http::{Request, Response, StatusCode};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{io::duplex, net::TcpListener};
use tower::{
    Layer, Service, ServiceBuilder, ServiceExt as _, service_fn, util::BoxCloneSyncService,
};
use tower_websock::{WebSocket, WebSocketLayer, WebSocketService, axum as ours};

use crate::support::raw::{Client, RawRequest, TEXT, soon};

type App = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

async fn greet(mut socket: WebSocket) -> Result<(), tower_websock::Error> {
    socket.send("hello".into()).await
}

async fn greet_in_axum(mut socket: ours::WebSocket) {
    let _ = socket.send("hello".into()).await;
}

async fn missing() -> StatusCode {
    StatusCode::NOT_FOUND
}

async fn page() -> &'static str {
    "page"
}

fn app<S>(service: S) -> App
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    BoxCloneSyncService::new(service)
}

macro_rules! layer {
    ($path:literal) => {
        WebSocketLayer::new(greet).path($path)
    };
    () => {
        WebSocketLayer::new(greet)
    };
}

/// Asks for a WebSocket, and what a page answers there.
async fn ask(app: App, path: &str) -> (u16, u16) {
    let mut statuses = [0; 2];
    let handshake = RawRequest::handshake().with_line(&format!("GET {path} HTTP/1.1"));
    let plain = RawRequest::line("GET / HTTP/1.1").with("Host", "localhost");
    for (status, request) in statuses.iter_mut().zip([handshake, plain]) {
        let (client, server) = duplex(1 << 16);
        let service = app.clone();
        let service = service.map_request(|request: Request<Incoming>| request.map(Body::new));
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(server), TowerToHyperService::new(service));
        tokio::spawn(connection.with_upgrades());
        let mut client = Client::new(client);
        client.send(request.bytes()).await;
        *status = client.head().await.status().as_u16();
        if *status == 101 {
            client.expect(TEXT, "hello").await;
        }
    }
    let [handshake, plain] = statuses;
    (handshake, plain)
}

/// A place, what stands there, and the path that is asked for.
type Row = (&'static str, App, &'static str);

fn pages() -> Router {
    Router::new().route("/", get(page))
}

fn other() -> Router {
    Router::new().route("/other", get(page))
}

/// Routes.
fn routes() -> Vec<Row> {
    let extractor = async |upgrade: ours::WebSocketUpgrade| upgrade.on_upgrade(greet_in_axum);
    let core =
        async |upgrade: tower_websock::WebSocketUpgrade| upgrade.on_upgrade::<Body, _, _>(greet);
    vec![
        (
            "route(any(extractor))",
            app(pages().route("/ws", any(extractor))),
            "/ws",
        ),
        (
            "route(any(core extractor))",
            app(pages().route("/ws", any(core))),
            "/ws",
        ),
        (
            "route_service",
            app(pages().route_service("/ws", WebSocketService::new(greet))),
            "/ws",
        ),
        (
            "route_service, axum's socket",
            app(pages().route_service("/ws", WebSocketService::new(greet_in_axum))),
            "/ws",
        ),
        (
            "route_service, path",
            app(pages().route_service("/ws", WebSocketService::new(greet).path("/ws"))),
            "/ws",
        ),
        (
            "nest of a router with a route",
            app(pages().nest(
                "/api",
                Router::new().route_service("/ws", WebSocketService::new(greet)),
            )),
            "/api/ws",
        ),
        (
            "merge of a router with a route",
            app(pages().merge(Router::new().route_service("/ws", WebSocketService::new(greet)))),
            "/ws",
        ),
        (
            "nest_service",
            app(pages().nest_service("/ws", WebSocketService::new(greet))),
            "/ws",
        ),
        (
            "nest_service, path below it",
            app(pages().nest_service("/ws", WebSocketService::new(greet).path("/a"))),
            "/ws/a",
        ),
        (
            "fallback_service",
            app(pages().fallback_service(WebSocketService::new(greet))),
            "/ws",
        ),
    ]
}

/// Layers of a route or a router.
fn layers() -> Vec<Row> {
    vec![
        (
            "route(get).layer",
            app(Router::new()
                .route("/ws", get(page))
                .layer(layer!())
                .route("/", get(page))),
            "/ws",
        ),
        (
            "MethodRouter::layer",
            app(pages().route("/ws", get(page).layer(layer!()))),
            "/ws",
        ),
        (
            "route_layer, path is a route",
            app(pages().route("/ws", get(page)).route_layer(layer!("/ws"))),
            "/ws",
        ),
        ("layer", app(pages().layer(layer!("/ws"))), "/ws"),
        ("layer, any path", app(pages().layer(layer!())), "/ws"),
        (
            "layer, axum's kind",
            app(pages().layer(ours::WebSocketLayer::new(greet_in_axum).path("/ws"))),
            "/ws",
        ),
        (
            "fallback, then layer",
            app(pages().fallback(page).layer(layer!("/ws"))),
            "/ws",
        ),
        (
            "ServiceBuilder, layer",
            app(pages().layer(ServiceBuilder::new().layer(layer!("/ws")))),
            "/ws",
        ),
        (
            "nest of a layered router with a fallback",
            app(pages().nest("/api", Router::new().fallback(page).layer(layer!("/ws")))),
            "/api/ws",
        ),
        (
            "merge of a layered router",
            app(pages().merge(other().layer(layer!("/ws")))),
            "/ws",
        ),
        (
            "merge, then layer",
            app(pages().merge(other()).layer(layer!("/ws"))),
            "/ws",
        ),
    ]
}

/// Around a router.
fn around() -> Vec<Row> {
    vec![
        (
            "around a router",
            app(ours::WebSocketLayer::new(greet).path("/ws").layer(pages())),
            "/ws",
        ),
        (
            "around a router, ServiceBuilder",
            app(ServiceBuilder::new()
                .layer(ours::WebSocketLayer::new(greet).path("/ws"))
                .service(pages())),
            "/ws",
        ),
        (
            "around a router, as a fallback",
            app(Router::new().fallback_service(layer!("/ws").layer(pages()))),
            "/ws",
        ),
    ]
}

/// What cannot work: axum does not ask these layers for a path without a route, or takes off what
/// the path is compared with.
fn not_asked() -> Vec<Row> {
    vec![
        (
            "layer, then fallback",
            app(pages().layer(layer!("/ws")).fallback(missing)),
            "/ws",
        ),
        (
            "nest of a layered router",
            app(pages().nest("/api", pages().layer(layer!("/ws")))),
            "/api/ws",
        ),
        (
            "merge into a layered router",
            app(other().layer(layer!("/ws")).merge(pages())),
            "/ws",
        ),
        (
            "merge of a layered router, fallback here",
            app(pages()
                .fallback(missing)
                .merge(other().layer(layer!("/ws")))),
            "/ws",
        ),
        (
            "route_layer, path is no route",
            app(pages().route_layer(layer!("/ws"))),
            "/ws",
        ),
        (
            "nest_service, whole path",
            app(pages().nest_service("/ws", WebSocketService::new(greet).path("/ws"))),
            "/ws",
        ),
    ]
}

/// Each place, and whether a WebSocket is served there; pages are served by all.
#[tokio::test(start_paused = true)]
async fn places_in_axum_serve_what_is_documented() {
    for (rows, expected) in [
        (routes(), 101),
        (layers(), 101),
        (around(), 101),
        (not_asked(), 404),
    ] {
        for (place, app, path) in rows {
            let (status, plain) = ask(app, path).await;
            println!("{place:44} | GET {path:8} {status} | GET / {plain}");
            assert_eq!(status, expected, "{place}");
            assert_eq!(plain, 200, "{place}");
        }
    }
}

/// `axum::serve` takes a layer around the whole router, without its body being mapped.
#[tokio::test]
async fn axum_serves_the_outermost_layer() {
    let app = ours::WebSocketLayer::new(greet)
        .path("/ws")
        .layer(Router::new().route("/", get(page)));
    let by_shared = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let by_make_service = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addrs = [
        by_shared.local_addr().unwrap(),
        by_make_service.local_addr().unwrap(),
    ];
    let make = tower::make::Shared::new(app.clone());
    tokio::spawn(async move { axum::serve(by_shared, make).await });
    let make = ServiceExt::<Request<Body>>::into_make_service(app);
    tokio::spawn(async move { axum::serve(by_make_service, make).await });
    for addr in addrs {
        let io = tokio::net::TcpStream::connect(addr).await.unwrap();
        let mut client = Client::new(io);
        client
            .send(RawRequest::line("GET / HTTP/1.1").with("Host", "a").bytes())
            .await;
        assert_eq!(soon(client.response()).await.body(), b"page");
        client.upgrade(&RawRequest::handshake()).await;
        client.expect(TEXT, "hello").await;
    }
}

/// The body of the inner service comes through as it is, not boxed once more.
#[tokio::test]
async fn layer_leaves_the_body_of_a_page_alone() {
    let pages = service_fn(async |_: Request<Body>| {
        let response = Response::new(Body::from("page"));
        Ok::<_, Infallible>(response)
    });
    let service = ours::WebSocketLayer::new(greet).layer(pages);
    let response = service.oneshot(Request::new(Body::empty())).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), 10)
        .await
        .unwrap();
    assert_eq!(body, "page");
}
