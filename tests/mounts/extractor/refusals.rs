//! Requests that are refused, and upgrades that do not happen.

use axum::{
    Error, Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use http::{HeaderValue, StatusCode};
use tokio::sync::mpsc;
use tower::ServiceExt;

// The line to change.
use tower_websock::axum::{
    DefaultOnFailedUpgrade, OnFailedUpgrade, WebSocketUpgrade, rejection::WebSocketUpgradeRejection,
};
use tower_websock::{OriginPolicy, ProvidedIo, Rejection, UpgradeError};

use crate::support::raw::{RawRequest, TEXT, frame, soon};

use super::{client_of, connect, connected, echo, handshake, offering, serve, unconnected, unused};

/// 4.2.1: the extractor's rejection is a response, and a value that a program can handle.
#[tokio::test]
async fn rejection_is_handled_as_in_axum() {
    async fn upgrade(ws: Result<WebSocketUpgrade, WebSocketUpgradeRejection>) -> Response {
        match ws {
            Ok(ws) => ws.on_upgrade(echo),
            Err(rejection) if rejection.status() == StatusCode::METHOD_NOT_ALLOWED => {
                (StatusCode::IM_A_TEAPOT, rejection.to_string()).into_response()
            }
            Err(rejection) => rejection.into_response(),
        }
    }
    async fn log(
        State(log): State<mpsc::UnboundedSender<(StatusCode, Option<Rejection>)>>,
        request: Request,
        next: Next,
    ) -> Response {
        let response = next.run(request).await;
        let rejection = response.extensions().get().copied();
        log.send((response.status(), rejection)).unwrap();
        response
    }
    let (sender, mut seen) = mpsc::unbounded_channel();
    let router = Router::new()
        .route("/ws", any(upgrade))
        .layer(middleware::from_fn_with_state(sender, log))
        .route(
            "/get",
            get(async |ws: WebSocketUpgrade| ws.on_upgrade(echo)),
        );
    let address = serve(router).await;
    let mut client = connect(address).await;

    let wrong = handshake().set("Sec-WebSocket-Version", "12");
    client.send(wrong.bytes()).await;
    let response = client.response().await;
    assert_eq!(response.status(), 426);
    assert_eq!(response.headers()["sec-websocket-version"], "13");
    assert_eq!(
        response.body(),
        format!("{}\n", Rejection::Version).as_bytes()
    );
    let logged = soon(seen.recv()).await.unwrap();
    assert_eq!(
        logged,
        (StatusCode::UPGRADE_REQUIRED, Some(Rejection::Version))
    );

    client
        .send(handshake().with_line("POST /ws HTTP/1.1").bytes())
        .await;
    let response = client.response().await;
    assert_eq!(response.status(), 418);
    assert_eq!(response.body(), Rejection::Method.to_string().as_bytes());
    assert_eq!(
        soon(seen.recv()).await.unwrap(),
        (StatusCode::IM_A_TEAPOT, None)
    );

    client
        .send(
            RawRequest::line("GET /get HTTP/1.1")
                .with("Host", "x")
                .bytes(),
        )
        .await;
    let response = client.response().await;
    assert_eq!(response.status(), 426);
    assert_eq!(response.headers()["upgrade"], "websocket");

    client
        .upgrade(&handshake().with_line("GET /get HTTP/1.1"))
        .await;
    client.close().await;
}

/// However many of them a peer has pipelined.
#[tokio::test]
async fn others_have_their_turn_before_a_rejection() {
    let upgrade = async |ws: WebSocketUpgrade| ws.on_upgrade(unused);
    let router = Router::new().route("/", any(upgrade));
    for is_refused in [true, false] {
        let mut request = connected(&ProvidedIo::new(tokio::io::duplex(64).1));
        if is_refused {
            request.headers_mut().remove("sec-websocket-key");
        }
        let others = tokio::spawn(async {});
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), if is_refused { 400 } else { 101 });
        assert_eq!(others.is_finished(), is_refused);
    }
}

/// 4.2.2 item 2: pages of other hosts connect only where the program says so.
#[tokio::test]
async fn origin_is_checked_unless_the_program_allows_it() {
    let open = async |ws: WebSocketUpgrade| ws.origin(OriginPolicy::any()).on_upgrade(echo);
    let closed = async |ws: WebSocketUpgrade| ws.on_upgrade(echo);
    let address = serve(
        Router::new()
            .route("/open", any(open))
            .route("/ws", any(closed)),
    )
    .await;
    let foreign = handshake().with("Origin", "https://other.example");
    let mut client = connect(address).await;
    client.send(foreign.bytes()).await;
    assert_eq!(client.response().await.status(), 403);
    client
        .upgrade(&foreign.with_line("GET /open HTTP/1.1"))
        .await;
    client.close().await;
}

/// A callback that is a value of its own type.
struct Report(mpsc::UnboundedSender<Error>);

impl OnFailedUpgrade for Report {
    fn call(self, error: Error) {
        self.0.send(error).unwrap();
    }
}

/// See `on_failed_upgrade`: a closure, or any other callback, learns of it; by default nobody.
#[tokio::test]
async fn failed_upgrade_is_told_to_the_callback() {
    fn with_default(ws: WebSocketUpgrade<DefaultOnFailedUpgrade>) -> Response {
        ws.on_upgrade(unused)
    }
    fn with<C: OnFailedUpgrade>(ws: WebSocketUpgrade<C>) -> Response {
        assert!(format!("{ws:?}").starts_with("WebSocketUpgrade"));
        ws.on_upgrade(unused)
    }
    let (sender, mut seen) = mpsc::unbounded_channel();
    let closure = sender.clone();
    let router = Router::new()
        .route("/default", any(async |ws| with_default(ws)))
        .route(
            "/closure",
            any(async |ws: WebSocketUpgrade| {
                with(ws.on_failed_upgrade(move |error: Error| closure.send(error).unwrap()))
            }),
        )
        .route(
            "/value",
            any(async |ws: WebSocketUpgrade| {
                // What was set before is kept, and the last callback counts.
                let ws = ws
                    .protocols(["a"])
                    .on_failed_upgrade(|_| panic!("replaced"));
                with(ws.on_failed_upgrade(Report(sender)))
            }),
        );
    for (path, is_told) in [("/default", false), ("/closure", true), ("/value", true)] {
        let mut request = unconnected().await;
        *request.uri_mut() = path.parse().unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 101);
        if is_told {
            let error = soon(seen.recv()).await.unwrap().into_inner();
            let error = error.downcast_ref::<UpgradeError>().unwrap();
            assert!(matches!(error, UpgradeError::IoTaken), "{error:?}");
        }
    }
    // All senders are gone: no other call was made, or will be.
    drop(router);
    assert!(soon(seen.recv()).await.is_none());
}

/// See `on_failed_upgrade`: what was set before is kept, and more can be set behind it.
#[tokio::test]
async fn callback_leaves_the_other_settings_alone() {
    let mut client = client_of(async |ws: WebSocketUpgrade| {
        ws.protocols(["a"])
            .max_frame_size(4)
            .origin(OriginPolicy::any())
            .on_failed_upgrade(|_error| {})
            .max_message_size(6)
            .on_upgrade(echo)
    })
    .await;
    let request = offering("a").with("Origin", "https://other.example");
    let response = client.upgrade(&request).await;
    assert_eq!(response.headers()["sec-websocket-protocol"], "a");
    client
        .send([frame(0x01, "four"), frame(0x80, "??")].concat())
        .await;
    client.expect(TEXT, "four??").await;
    client.send(frame(TEXT, "fiver")).await;
    client.expect_close(1009).await;
    client.answer_close(1009).await;
}

/// A subprotocol that was not offered is refused by either way to accept.
#[tokio::test]
async fn accept_refuses_what_was_not_offered() {
    async fn upgrade(mut upgrade: WebSocketUpgrade) -> Response {
        upgrade.set_selected_protocol(HeaderValue::from_static("chat"));
        match upgrade.accept() {
            Ok((response, _accepting)) => response,
            Err(rejection) => rejection.into_response(),
        }
    }
    let mut client = client_of(upgrade).await;
    client.send(offering("other").bytes()).await;
    let response = client.response().await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
