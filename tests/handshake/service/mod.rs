//! The tower service and the upgrade behind it, without a server (RFC 6455, section 4.2.2).

mod authorize;
mod bodies;
mod handlers;
mod hooks;
mod inner;
mod refusals;
mod switching;

use std::{convert::Infallible, rc::Rc, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::io::{DuplexStream, duplex};
use tower_websock::{ProvidedIo, Rejection, ResponseBody, WebSocket};

use crate::support::raw::{Client, KEY};

/// A valid handshake, with the body `body`.
fn handshake<B>(body: B) -> Request<B> {
    Request::get("/ws")
        .header("host", "localhost")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", KEY)
        .header("sec-websocket-version", "13")
        .body(body)
        .unwrap()
}

/// A valid handshake that can be upgraded, and the client's end.
fn connected() -> (Client<DuplexStream>, Request<()>) {
    let (client, server) = duplex(4096);
    let mut request = handshake(());
    request.extensions_mut().insert(ProvidedIo::new(server));
    (Client::new(client), request)
}

const VERSION: &str = "sec-websocket-version";
const PROTOCOL: &str = "sec-websocket-protocol";
const EXTENSIONS: &str = "sec-websocket-extensions";

fn set<B>(request: &mut Request<B>, name: &'static str, value: &'static str) {
    let value = HeaderValue::from_static(value);
    request.headers_mut().insert(name, value);
}

fn append<B>(request: &mut Request<B>, name: &'static str, value: &'static str) {
    let value = HeaderValue::from_static(value);
    request.headers_mut().append(name, value);
}

fn remove<B>(request: &mut Request<B>, name: &'static str) {
    request.headers_mut().remove(name);
}

fn sorted(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let mut headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    headers.sort_unstable();
    headers
}

async fn unused(_socket: WebSocket) {
    panic!("the handler was called");
}

/// An inner service that must not be called.
async fn unreachable<B>(_request: Request<B>) -> Result<Response<String>, Infallible> {
    panic!("the inner service was called");
}

async fn assert_rejected<B>(response: Response<ResponseBody<B>>, rejection: Rejection, status: u16)
where
    B: Body<Data = Bytes, Error = Infallible>,
{
    assert_eq!(response.status(), status, "{rejection:?}");
    assert_eq!(response.extensions().get(), Some(&rejection));
    let sentence = format!("{rejection}\n");
    let length = sentence.len().to_string();
    let mut expected = vec![
        ("content-length", length.as_str()),
        ("content-type", "text/plain; charset=utf-8"),
    ];
    match rejection {
        Rejection::Method => expected.insert(0, ("allow", "GET")),
        Rejection::HttpVersion | Rejection::Upgrade | Rejection::Version => {
            expected.insert(0, ("connection", "Upgrade"));
            if rejection == Rejection::Version {
                expected.push(("sec-websocket-version", "13"));
            }
            expected.push(("upgrade", "websocket"));
        }
        _ => {}
    }
    assert_eq!(sorted(response.headers()), expected, "{rejection:?}");
    let body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(sentence.len() as u64));
    assert!(!body.is_end_stream());
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(body, sentence);
}

/// A body that cannot be sent to another thread.
#[derive(Default)]
struct Local(Rc<()>);

#[derive(Clone)]
struct Marker(Arc<()>);

/// An error that has nothing but this.
#[derive(Debug, PartialEq)]
struct Broken(u8);
