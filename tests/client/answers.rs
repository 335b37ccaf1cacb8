//! What a client's user sees of the answer that accepts (RFC 6455, 4.1).

use http::{Request, Response, StatusCode, Version};
use hyper::{ext::ReasonPhrase, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::io::duplex;
use tower::{Layer, ServiceBuilder, service_fn};
use tower_websock::{Message, WebSocket, WebSocketLayer, client::Builder};

#[cfg(feature = "http2")]
use crate::site::http2;
use crate::site::{ACCEPTANCE, Site};

const URI: &str = "ws://localhost/ws";

/// What is known of an acceptance: its status, its version, its headers line by line.
fn assert_kept(response: &Response<()>) {
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.version(), Version::HTTP_11);
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    assert_eq!(response.headers()["upgrade"], "websocket");
}

/// A service that greets, and sets two cookies.
fn greeter<B>() -> impl tower::Service<
    Request<B>,
    Response = Response<tower_websock::ResponseBody<String>>,
    Error = std::io::Error,
    Future: Send,
> + Clone
where
    B: Send + 'static,
{
    let other = service_fn(|_| async { Ok(Response::new(String::new())) });
    let greet = async |mut socket: WebSocket| socket.send("hi".into()).await;
    ServiceBuilder::new()
        .map_response(|mut response: Response<_>| {
            for cookie in ["a=1", "b=2"] {
                let cookie = cookie.parse().unwrap();
                response.headers_mut().append("set-cookie", cookie);
            }
            response.extensions_mut().insert(7_u8);
            response
        })
        .service(WebSocketLayer::new(greet).path("/ws").layer(other))
}

async fn assert_greets(mut socket: WebSocket) {
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
    socket.close(None).await.unwrap();
}

/// Over TCP.
#[tokio::test]
async fn acceptance_is_kept_over_tcp() {
    let site = Site::accepting().await;
    let builder = Builder::new();
    let opened = builder.connect_with_response(&site.uri("/")).await;
    assert_kept(&opened.unwrap().1);
    // What the status is called is its own.
    let odd = ACCEPTANCE.replace("Switching Protocols", "Welcome");
    let site = Site::answering(move |_| odd.clone().into()).await;
    let opened = builder.connect_with_response(&site.uri("/")).await;
    let (_, response) = opened.unwrap();
    assert_kept(&response);
    let reason = response.extensions().get::<ReasonPhrase>().unwrap();
    assert_eq!(reason.as_bytes(), b"Welcome");
}

/// Over a transport of one's own.
#[tokio::test]
async fn acceptance_is_kept_over_a_transport_of_ones_own() {
    let (ours, theirs) = duplex(4096);
    let service = TowerToHyperService::new(greeter());
    let served = http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
    tokio::spawn(served.with_upgrades());
    let opened = Builder::new().handshake_with_response(URI, ours).await;
    let (socket, response) = opened.unwrap();
    assert_kept(&response);
    assert_greets(socket).await;
}

/// Over an HTTP connection of one's own.
#[tokio::test]
async fn acceptance_is_kept_over_a_connection_of_ones_own() {
    let (ours, theirs) = duplex(4096);
    let service = TowerToHyperService::new(greeter());
    let served = http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
    tokio::spawn(served.with_upgrades());
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(ours));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection.with_upgrades());
    let (request, pending) = Builder::new().request_origin_form::<String>(URI).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let completed = pending.complete_with_response(response).await;
    let (socket, response) = completed.unwrap();
    assert_kept(&response);
    assert_greets(socket).await;
}

/// From a service in memory, with what it says beside the headers.
#[tokio::test]
async fn acceptance_of_a_service_is_kept() {
    let builder = Builder::new();
    let opened = builder.connect_service_with_response(URI, greeter()).await;
    let (socket, response) = opened.unwrap();
    assert_kept(&response);
    assert_eq!(response.extensions().get(), Some(&7_u8));
    assert_greets(socket).await;
}

/// And over HTTP/2, where it has another status.
#[cfg(feature = "http2")]
#[tokio::test]
async fn acceptance_is_kept_over_http2() {
    let mut sender = http2(greeter()).await;
    let (request, pending) = Builder::new().http2_request(URI).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let completed = pending.complete_with_response(response).await;
    let (socket, response) = completed.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.version(), Version::HTTP_2);
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    assert_greets(socket).await;
}

/// A refusal's body is read as bytes, whatever it is.
#[tokio::test]
async fn refusal_with_json_is_read() {
    let json = r#"{"error":"expired","at":1700000000}"#;
    let site = Site::answering(move |_| {
        let len = json.len();
        let head = "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n";
        format!("{head}WWW-Authenticate: Bearer\r\nContent-Length: {len}\r\n\r\n{json}").into()
    })
    .await;
    let error = Builder::new().connect(&site.uri("/")).await.unwrap_err();
    let response = error.response().unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.body(), json);
    // What did not answer has none.
    let error = Builder::new().connect("ws://127.0.0.1:1/").await;
    assert!(error.unwrap_err().response().is_none());
}
