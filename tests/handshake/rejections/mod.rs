//! Refusals of the handshake (RFC 6455, section 4.2.2), each beside the requests that lead to it.

mod http1;
#[cfg(feature = "http2")]
mod http2;

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Version, request::Parts};
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use tokio::io::duplex;
use tower::ServiceExt;
use tower_websock::{
    Connections, OriginPolicy, ProvidedIo, Rejection, Subprotocol, WebSocket, WebSocketService,
    WebSocketUpgrade,
};

use crate::support::{
    self,
    documented::{name, variants},
};

/// One rejection.
struct Refusal {
    rejection: Rejection,
    status: u16,
    /// The documentation has it.
    clause: &'static str,
    sentence: &'static str,
    causes: Vec<(&'static str, Attempt)>,
}

/// A request, and what the application does with it.
struct Attempt {
    request: Request<()>,
    selects: Option<&'static str>,
    connections: Connections,
}

/// The server's own host.
const HOST: &str = "good.com";

/// A valid handshake, spoiled.
fn http1(spoil: impl FnOnce(&mut Request<()>)) -> Attempt {
    let mut request = support::handshake();
    set(&mut request, "host", HOST);
    attempt(request, spoil)
}

/// As above, over HTTP/2 (RFC 8441, section 5.1).
#[cfg(feature = "http2")]
fn http2(spoil: impl FnOnce(&mut Request<()>)) -> Attempt {
    let request = Request::connect(format!("https://{HOST}/ws"))
        .version(Version::HTTP_2)
        .header("sec-websocket-version", "13")
        .extension(hyper::ext::Protocol::from_static("websocket"));
    attempt(request.body(()).unwrap(), spoil)
}

fn attempt(mut request: Request<()>, spoil: impl FnOnce(&mut Request<()>)) -> Attempt {
    let io = ProvidedIo::new(duplex(64).0);
    request.extensions_mut().insert(io);
    spoil(&mut request);
    Attempt {
        request,
        selects: None,
        connections: Connections::new(),
    }
}

fn set(request: &mut Request<()>, name: &'static str, value: impl AsRef<[u8]>) {
    let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
    request.headers_mut().insert(name, value);
}

fn add(request: &mut Request<()>, name: &'static str, value: &'static str) {
    let value = HeaderValue::from_static(value);
    request.headers_mut().append(name, value);
}

/// The lines of a header in place of those that a valid handshake has.
fn lines(name: &'static str, values: &'static [&'static str]) -> Attempt {
    http1(|request| {
        request.headers_mut().remove(name);
        for value in values {
            add(request, name, value);
        }
    })
}

#[cfg(feature = "http2")]
fn lines2(name: &'static str, values: &'static [&'static str]) -> Attempt {
    http2(|request| {
        request.headers_mut().remove(name);
        for value in values {
            add(request, name, value);
        }
    })
}

#[cfg(feature = "http2")]
fn uri2(uri: &'static str) -> Attempt {
    http2(|request| *request.uri_mut() = uri.parse().unwrap())
}

fn refusals() -> Vec<Refusal> {
    let refusals = http1::refusals_over_http1();
    #[cfg(feature = "http2")]
    let refusals = refusals
        .into_iter()
        .chain(http2::refusals_over_http2())
        .collect();
    refusals
}

/// The answer to an attempt, by a service alone, or by an application of its own.
async fn answer(attempt: Attempt) -> Response<String> {
    let policy = OriginPolicy::hosts([HOST]);
    let Attempt {
        request,
        selects,
        connections,
    } = attempt;
    if let Some(selects) = selects {
        let selected = Subprotocol::try_from(selects).unwrap();
        let mut parts = request.into_parts().0;
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let upgrade = upgrade
            .origin(policy)
            .connections(&connections)
            .select_subprotocol(Some(selected));
        return text(upgrade.on_upgrade::<Full<Bytes>, _, _>(async |_socket| {})).await;
    }
    let service = WebSocketService::new(async |_socket: WebSocket| {})
        .path("/ws")
        .connections(&connections)
        .connection_key(|request: &Parts| request.extensions.get::<SocketAddr>().copied())
        .origin(policy);
    text(service.oneshot(request).await.unwrap()).await
}

async fn text<B: Body<Data = Bytes, Error: std::fmt::Debug>>(
    response: Response<B>,
) -> Response<String> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
}

/// 4.2.2: each refusal is told by its status, in a sentence that is true of its cause, and by a value
/// whose documentation has the clause. A variant without a row fails.
#[tokio::test]
async fn every_refusal_is_true_of_each_of_its_causes() {
    let source = include_str!("../../../src/handshake/rejection.rs");
    let documented = variants(source, "pub enum Rejection {");
    let mut met = Vec::new();
    let mut causes = 0;
    for refusal in refusals() {
        let name = name(refusal.rejection);
        let (_, doc) = documented.iter().find(|(known, _)| *known == name).unwrap();
        let status = refusal.status.to_string();
        assert!(doc.starts_with(&status), "{name}: {doc}");
        assert!(doc.contains(refusal.clause), "{name}: {doc}");
        assert_eq!(refusal.rejection.to_string(), refusal.sentence);
        for (cause, attempt) in refusal.causes {
            let request = format!("{name}, {cause}: {:?}", attempt.request);
            let response = answer(attempt).await;
            let found = response.extensions().get();
            assert_eq!(found, Some(&refusal.rejection), "{request}");
            assert_eq!(response.status().as_u16(), refusal.status, "{request}");
            assert_eq!(response.body(), &format!("{}\n", refusal.sentence));
            causes += 1;
        }
        met.push(name);
    }
    println!("{causes} causes of {} rejections", documented.len());
    // What a build without HTTP/2 never says.
    let of_http2 = "Protocol Authority Scheme HostMismatch ConnectionSpecific Http2Version";
    for (name, _) in documented {
        let is_possible = cfg!(feature = "http2") || !of_http2.split(' ').any(|of| of == name);
        assert!(!is_possible || met.contains(&name), "no row: {name}");
    }
}
