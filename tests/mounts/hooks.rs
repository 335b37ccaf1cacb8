//! Hooks in axum, and where another layer answers.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use axum::{
    Router, ServiceExt as _,
    body::Body,
    response::{IntoResponse, Response},
    routing::any,
};
use http::{Request, StatusCode, header, request::Parts};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{DuplexStream, duplex},
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};
use tokio_util::task::TaskTracker;
use tower::{Layer, Service, ServiceExt as _};
use tower_websock::{
    ConnectionTask, End, HandlerEnd, ProvidedIo, UpgradeError, WebSocketLayer, WebSocketService,
    axum as ours,
};

use crate::support::raw::{CLOSE, Client, RawRequest, close_body, soon};

/// An error of an application, of axum's kind.
struct Denied;

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let head = [(header::WWW_AUTHENTICATE, "Bearer")];
        (StatusCode::UNAUTHORIZED, head, vec![b'n', b'o']).into_response()
    }
}

async fn page() -> &'static str {
    "page"
}

async fn unused(_socket: ours::WebSocket) {
    panic!("the handler was called");
}

async fn fail(_socket: ours::WebSocket) -> Result<(), axum::Error> {
    Err(axum::Error::new("broken"))
}

/// A client of a service on hyper.
fn client_of<S>(service: S) -> Client<DuplexStream>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    let (client, server) = duplex(1 << 16);
    let service = service.map_request(|request: Request<Incoming>| request.map(Body::new));
    let service = TowerToHyperService::new(service);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    tokio::spawn(connection.with_upgrades());
    Client::new(client)
}

/// What `authorize` returns in axum is whatever axum can send, and it is sent as it is.
#[tokio::test(start_paused = true)]
async fn refusal_is_whatever_axum_can_send() {
    let router = Router::new().fallback(page);
    let layer = ours::WebSocketLayer::new(unused);
    let refusing = layer.clone().authorize(|_| Err(Denied));
    let in_a_future = layer.clone().authorize_async(async |_| Err(Denied));
    let of_the_service = layer.layer(router.clone()).authorize(|_| Err(Denied));
    for service in [
        refusing.layer(router.clone()),
        in_a_future.layer(router.clone()),
        of_the_service,
    ] {
        let mut client = client_of(service);
        client.send(RawRequest::handshake().bytes()).await;
        let response = client.response().await;
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        assert_eq!(
            response.headers()["content-type"],
            "application/octet-stream"
        );
        assert_eq!(response.body(), b"no");
        // The connection is still HTTP's.
        let request = RawRequest::line("GET / HTTP/1.1").with("Host", "localhost");
        client.send(request.bytes()).await;
        assert_eq!(client.response().await.body(), b"page");
    }
}

/// The crate's own layer keeps what it was given when it becomes axum's.
#[tokio::test(start_paused = true)]
async fn layer_that_becomes_axums_keeps_its_hooks() {
    let ours = WebSocketLayer::new(unused).authorize(|_| Err("no entry"));
    let service = ours::WebSocketLayer::from(ours).layer(Router::new());
    // As a value that axum serves.
    let _ = service.clone().into_make_service();
    let mut client = client_of(service);
    client.send(RawRequest::handshake().bytes()).await;
    let response = client.response().await;
    assert_eq!(response.status(), 403);
    assert_eq!(response.body(), b"no entry");
}

#[derive(Clone)]
struct Log(UnboundedSender<String>);

impl Log {
    fn new() -> (Self, UnboundedReceiver<String>) {
        let (sender, lines) = mpsc::unbounded_channel();
        (Self(sender), lines)
    }

    fn write(&self, line: impl Into<String>) {
        self.0.send(line.into()).unwrap();
    }
}

/// The same hooks, whatever the mount: the error, then the end, with the path.
#[tokio::test(start_paused = true)]
async fn hooks_are_called_wherever_the_handler_stands() {
    let (log, mut lines) = Log::new();
    let (for_end, for_error) = (log.clone(), log.clone());
    let on_end = move |request: &Parts| {
        let (log, path) = (for_end.clone(), request.uri.path().to_owned());
        move |end: &End<axum::Error>| {
            assert!(end.closure().unwrap().is_clean());
            assert_eq!(end.handler(), HandlerEnd::Failed);
            log.write(format!("{path} ended: {}", end.error().unwrap()));
        }
    };
    let on_error = move |request: &Parts| {
        let (log, path) = (for_error.clone(), request.uri.path().to_owned());
        move |error: &axum::Error| log.write(format!("{path} failed: {error}"))
    };
    let tasks = TaskTracker::new();
    let spawned = Arc::new(AtomicUsize::new(0));
    let (tracker, counter) = (tasks.clone(), spawned.clone());
    let spawn = move |task: ConnectionTask| {
        counter.fetch_add(1, Relaxed);
        tracker.spawn(task)
    };
    let of_layer = spawn.clone();
    let (end, error) = (on_end.clone(), on_error.clone());
    let extractor = async move |upgrade: ours::WebSocketUpgrade, request: Request<Body>| {
        let (request, _) = request.into_parts();
        upgrade
            .on_end(end(&request))
            .on_error(error(&request))
            .executor(spawn.clone())
            .on_upgrade(fail)
    };
    let layer = ours::WebSocketLayer::new(fail)
        .on_end(on_end.clone())
        .on_error(on_error.clone())
        .executor(of_layer);
    let as_service = Router::new().route_service(
        "/ws",
        WebSocketService::new(fail)
            .on_end(on_end.clone())
            .on_error(on_error.clone()),
    );
    let as_layer = Router::new()
        .fallback(page)
        .layer(WebSocketLayer::new(fail).on_end(on_end).on_error(on_error));
    let clients = [
        client_of(Router::new().route("/ws", any(extractor))),
        client_of(layer.layer(Router::new())),
        client_of(as_service),
        client_of(as_layer),
    ];
    for mut client in clients {
        client.upgrade(&RawRequest::handshake()).await;
        client.expect(CLOSE, close_body(1011, "")).await;
        client.answer_close(1011).await;
        for line in ["/ws failed: broken", "/ws ended: broken"] {
            assert_eq!(soon(lines.recv()).await.unwrap(), line);
        }
    }
    tasks.close();
    soon(tasks.wait()).await;
    assert_eq!(spawned.load(Relaxed), 2);
    drop(log);
    assert!(lines.is_empty());
}

/// An acceptance that an outer layer throws away is an end: the hook learns why, once.
#[tokio::test(start_paused = true)]
async fn acceptance_that_is_not_sent_is_an_end() {
    async fn extract(upgrade: ours::WebSocketUpgrade, request: Request<Body>) -> Response {
        let log = request.extensions().get::<Log>().unwrap().clone();
        let failed = log.clone();
        upgrade
            .on_end(move |end: &End| not_sent(&log, end))
            .on_failed_upgrade(move |error| failed.write(format!("axum: {error}")))
            .on_upgrade(unused)
    }
    fn not_sent(log: &Log, end: &End) {
        assert!(matches!(end.upgrade_error(), Some(UpgradeError::NotSent)));
        assert_eq!(end.closure(), None);
        assert_eq!(end.handler(), HandlerEnd::NotCalled);
        log.write("not sent");
    }

    let service = WebSocketService::new(unused).on_end(|request: &Parts| {
        let log = request.extensions.get::<Log>().unwrap().clone();
        move |end| not_sent(&log, end)
    });
    let router = Router::new()
        .route("/service", axum::routing::any_service(service))
        .route("/ws", any(extract));
    for path in ["/service", "/ws"] {
        let (log, mut lines) = Log::new();
        let throwing = router
            .clone()
            .map_request(move |mut request: Request<Body>| {
                request.extensions_mut().insert(log.clone());
                request
            })
            .map_response(|_: Response| StatusCode::IM_A_TEAPOT.into_response());
        let mut client = client_of(throwing);
        let request = RawRequest::handshake().with_line(&format!("GET {path} HTTP/1.1"));
        client.send(request.bytes()).await;
        assert_eq!(client.response().await.status(), 418);
        assert_eq!(soon(lines.recv()).await.unwrap(), "not sent");
        if path == "/ws" {
            let line = soon(lines.recv()).await.unwrap();
            assert!(
                line.starts_with("axum: the acceptance was not sent"),
                "{line}"
            );
        }
        drop(client);
        assert_eq!(soon(lines.recv()).await, None, "{path}");
    }
}

/// A hook of the extractor for an error that its handler cannot return shows at once.
#[tokio::test]
async fn extractors_hook_for_another_error_is_refused() {
    use axum::extract::FromRequestParts;

    let (mut parts, ()) = crate::support::handshake().into_parts();
    parts.extensions.insert(ProvidedIo::new(duplex(64).0));
    let upgrade = ours::WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let upgrade = upgrade.unwrap().on_error(|_: &String| {});
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = upgrade.on_upgrade(fail);
    }));
    let text = caught.unwrap_err().downcast::<String>().unwrap();
    assert!(text.starts_with("a hook asks for the error"), "{text}");
}
