//! Sockets that have agreed on compression: by a handshake without HTTP.

use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tower_websock::{
    Accepting, Config, ProvidedIo, WebSocket, WebSocketUpgrade, client::Builder, derive_accept_key,
};

use super::tasks::block_on;

const EXTENSIONS: &str = "sec-websocket-extensions";

/// A server's socket without a supervisor, and what it answered to an offer.
pub fn server(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    config: Config,
    offer: Option<&str>,
) -> (WebSocket, Option<String>) {
    let (accepting, answer) = accepted(io, config, offer);
    (block_on(accepting.socket()).unwrap(), answer)
}

/// A server's connection, and what it answered to an offer.
pub fn accepted(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    config: Config,
    offer: Option<&str>,
) -> (Accepting, Option<String>) {
    let mut request = Request::get("/")
        .header("host", "localhost")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .extension(ProvidedIo::new(io));
    if let Some(offer) = offer {
        request = request.header(EXTENSIONS, offer);
    }
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
    let (response, accepting) = upgrade.config(config).accept::<String>().unwrap();
    let answer = response.headers().get(EXTENSIONS);
    let answer = answer.map(|answer| answer.to_str().unwrap().to_owned());
    (accepting.assume_sent(), answer)
}

/// A client's socket that got an answer to what it offered.
pub fn client(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    config: Config,
    answer: impl FnOnce(Option<&str>) -> Option<String>,
) -> WebSocket {
    let builder = Builder::new().config(config);
    let (request, pending) = builder.request::<()>("ws://localhost/").unwrap();
    let headers = request.headers();
    let mut response = Response::builder()
        .status(101)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header(
            "sec-websocket-accept",
            derive_accept_key(headers["sec-websocket-key"].as_bytes()),
        )
        .extension(ProvidedIo::new(io));
    let offer = headers.get(EXTENSIONS).map(|offer| offer.to_str().unwrap());
    if let Some(answer) = answer(offer) {
        response = response.header(EXTENSIONS, answer);
    }
    block_on(pending.complete(response.body(String::new()).unwrap())).unwrap()
}
