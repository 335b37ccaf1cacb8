//! Servers of ours, over TCP, in memory, and in another role of a pair.

use std::{error::Error as _, io, time::Duration};

use http::{Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{io::duplex, net::TcpListener};
use tower::{Layer, service_fn};
use tower_websock::{
    CloseFrame, Closure, Config, Initiator, Message, Subprotocol, WebSocket, WebSocketLayer,
    WebSocketService,
    client::{self, Builder},
    close_code,
};

use crate::{handshake::URI, support::echo};

async fn serve_echo(config: Config) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/ws", listener.local_addr().unwrap());
    let not_found = service_fn(|_request: Request<hyper::body::Incoming>| async {
        let mut response = Response::new(String::from("nothing here"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        Ok::<_, std::convert::Infallible>(response)
    });
    let service = WebSocketLayer::new(echo)
        .path("/ws")
        .config(config)
        .layer(not_found);
    tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
            tokio::spawn(connection.with_upgrades());
        }
    });
    uri
}

/// All the way over TCP, to a server of ours, compressed and not.
#[tokio::test]
async fn client_and_server_talk_over_tcp() {
    for config in configs() {
        let uri = serve_echo(config.clone()).await;
        let mut socket = Builder::new().config(config).connect(&uri).await.unwrap();
        for len in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
            for message in [
                Message::binary(vec![7; len]),
                Message::text("z".repeat(len)),
            ] {
                socket.send(message.clone()).await.unwrap();
                assert_eq!(socket.recv().await.unwrap().unwrap(), message);
            }
        }
        let bye = CloseFrame::new(close_code::AWAY, "bye");
        let closure = socket.close(Some(bye)).await.unwrap();
        let Closure::Clean {
            initiator: Initiator::Local,
            frame,
            ..
        } = closure
        else {
            panic!("{closure:?}");
        };
        assert_eq!(frame.unwrap().code, close_code::AWAY);
        assert!(socket.recv().await.is_none());

        let elsewhere = uri.replace("/ws", "/other");
        let error = client::connect(&elsewhere).await.unwrap_err();
        assert_eq!(error.status(), Some(StatusCode::NOT_FOUND));
    }
}

/// Without TLS nobody is connected to, and the error names the feature.
#[cfg(not(feature = "rustls"))]
#[tokio::test]
async fn wss_without_the_feature_names_it() {
    let error = client::connect("wss://127.0.0.1:1/").await.unwrap_err();
    assert!(matches!(
        error,
        client::Error::Tls(client::TlsError::NoFeature)
    ));
    assert!(
        error.to_string().contains("the feature `rustls`"),
        "{error}"
    );
}

#[cfg(feature = "deflate")]
fn configs() -> Vec<Config> {
    let deflate = Config::new().deflate(tower_websock::DeflateConfig::new());
    vec![Config::new(), deflate]
}

#[cfg(not(feature = "deflate"))]
fn configs() -> Vec<Config> {
    vec![Config::new()]
}

/// The request and its response may go through any hyper client.
#[tokio::test]
async fn handshake_completes_over_a_connection_of_ones_own() {
    let (ours, theirs) = duplex(64 * 1024);
    let service = TowerToHyperService::new(WebSocketService::new(echo));
    let server = http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
    tokio::spawn(server.with_upgrades());
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(ours));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection.with_upgrades());

    let (request, pending) = Builder::new()
        .request::<String>("ws://example.com/ws")
        .unwrap();
    assert_eq!(request.uri(), "http://example.com/ws");
    let response = sender.send_request(request).await.unwrap();
    let mut socket = pending.complete(response).await.unwrap();
    socket.send("hi".into()).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
}

/// A service is connected to in memory as by a server: what does not upgrade refuses, a handler is
/// supervised, compression and subprotocols are agreed on.
#[tokio::test]
async fn service_is_connected_to_in_memory() {
    let hello = service_fn(async |_request: Request<String>| {
        Ok::<_, io::Error>(Response::new(String::from("hello")))
    });
    let chat = Subprotocol::from_static("chat");
    let service = WebSocketLayer::new(async |mut socket: WebSocket| {
        let first = socket.recv().await.unwrap()?;
        socket.send(first).await
    })
    .path("/ws")
    .subprotocols([chat.clone()])
    .layer(hello);
    let builder = Builder::new().subprotocols([chat.clone()]);

    let refused = builder
        .connect_service("ws://localhost/other", service.clone())
        .await;
    assert_eq!(refused.unwrap_err().status(), Some(StatusCode::OK));

    let mut socket = builder
        .connect_service("ws://localhost/ws", service)
        .await
        .unwrap();
    assert_eq!(socket.subprotocol(), Some(&chat));
    socket.send("hi".into()).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
    let close = socket.recv().await.unwrap().unwrap();
    assert_eq!(close, Message::Close(Some(CloseFrame::new(1000, ""))));
    assert!(socket.recv().await.is_none());
    assert!(socket.closure().unwrap().is_clean());
}

/// So is a router of axum.
#[cfg(feature = "axum")]
#[tokio::test]
async fn router_is_connected_to_in_memory() {
    use tower_websock::axum::WebSocketUpgrade;

    let upgrade = async |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async |mut socket| {
            let _ = socket.send("hi".into()).await;
        })
    };
    let router = axum::Router::new().route("/ws", axum::routing::any(upgrade));
    let builder = Builder::new();
    let mut socket = builder
        .connect_service("ws://localhost/ws", router.clone())
        .await
        .unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
    let refused = builder.connect_service("ws://localhost/", router).await;
    assert_eq!(refused.unwrap_err().status(), Some(StatusCode::NOT_FOUND));
}

/// What a service fails with is told.
#[tokio::test]
async fn service_that_fails_is_not_connected_to() {
    let service = service_fn(async |_request: Request<String>| {
        Err::<Response<String>, _>(io::Error::other("down"))
    });
    let failed = Builder::new().connect_service(URI, service).await;
    let error = failed.unwrap_err();
    assert!(matches!(error, client::Error::Service(_)));
    assert_eq!(error.to_string(), "the service failed: down");
    assert!(error.source().is_none());

    let never = service_fn(|_request: Request<String>| {
        std::future::pending::<Result<Response<String>, io::Error>>()
    });
    let config = Config::new().upgrade_timeout(Duration::from_millis(10));
    let builder = Builder::new().config(config);
    let late = builder.connect_service(URI, never).await;
    assert!(matches!(late, Err(client::Error::TimedOut(_))));
}

/// A client and a server in memory.
#[tokio::test]
async fn pair_is_connected() {
    let (mut client, mut server) = WebSocket::pair(&Config::new());
    client.send("ping".into()).await.unwrap();
    assert_eq!(server.recv().await.unwrap().unwrap(), Message::text("ping"));
    server.send("pong".into()).await.unwrap();
    assert_eq!(client.recv().await.unwrap().unwrap(), Message::text("pong"));
    let (closed, received) = tokio::join!(client.close(None), server.recv());
    assert!(closed.unwrap().is_clean());
    assert_eq!(received.unwrap().unwrap(), Message::Close(None));
}
