//! In axum, and alone.

use http::StatusCode;
use tower::ServiceExt;
use tower_websock::{ProvidedIo, Rejection, WebSocketService};

use super::*;

/// axum's server, with its extractor and with the service as a route.
#[cfg(feature = "axum")]
#[tokio::test]
async fn axum_serves_both_versions() {
    use axum::{Router, response::Response, routing::any};
    use tower_websock::axum::WebSocketUpgrade;

    async fn upgrade(upgrade: WebSocketUpgrade) -> Response {
        upgrade.on_upgrade(async |mut socket| {
            while let Some(Ok(message)) = socket.recv().await {
                if message.is_data() && socket.send(message).await.is_err() {
                    break;
                }
            }
        })
    }

    let app = Router::new()
        .route("/ws", any(upgrade))
        .route_service("/service", WebSocketService::new(echo));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });

    for path in ["ws", "service"] {
        let mut http = connect(addr).await;
        let uri = format!("ws://localhost/{path}");
        let (request, pending) = Builder::new().http2_request(&uri).unwrap();
        let response = soon(http.send_request(request)).await.unwrap();
        let mut over_h2 = soon(pending.complete(response)).await.unwrap();
        let mut over_h1 = soon(client::connect(&format!("ws://{addr}/{path}")))
            .await
            .unwrap();
        for socket in [&mut over_h2, &mut over_h1] {
            expect_echo(socket, Message::text("hello")).await;
            assert!(soon(socket.close(None)).await.unwrap().is_clean());
        }
    }
}

/// The service without an inner one says what it expects.
#[tokio::test]
async fn service_alone_tells_what_it_expects() {
    let request = |method: &str, protocol: Option<&'static str>| {
        let mut request = Request::builder()
            .method(method)
            .uri("https://localhost/ws")
            .version(http::Version::HTTP_2)
            .header("sec-websocket-version", "13")
            .extension(ProvidedIo::new(tokio::io::duplex(1).0))
            .body(())
            .unwrap();
        if let Some(protocol) = protocol {
            let protocol = hyper::ext::Protocol::from_static(protocol);
            request.extensions_mut().insert(protocol);
        }
        request
    };
    for (method, protocol, status, rejection) in [
        ("GET", None, 405, Some(Rejection::ExtendedConnect)),
        ("CONNECT", None, 405, Some(Rejection::ExtendedConnect)),
        (
            "CONNECT",
            Some("connect-udp"),
            501,
            Some(Rejection::Protocol),
        ),
        // h2 knows `:protocol` of CONNECT only; from elsewhere it changes nothing.
        (
            "GET",
            Some("websocket"),
            405,
            Some(Rejection::ExtendedConnect),
        ),
        ("CONNECT", Some("websocket"), 200, None),
    ] {
        let service = WebSocketService::new(echo);
        let response = service.oneshot(request(method, protocol)).await.unwrap();
        assert_eq!(response.status(), StatusCode::from_u16(status).unwrap());
        assert_eq!(response.extensions().get(), rejection.as_ref());
    }
}
