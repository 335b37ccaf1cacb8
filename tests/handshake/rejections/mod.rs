//! Refusals of the handshake (RFC 6455, section 4.2.2), each beside the requests that lead to it.
#![expect(clippy::too_many_lines, reason = "the table is long")]

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use tokio::io::duplex;
use tower::{Layer, ServiceExt};
use tower_websock::{
    NoInner, OriginPolicy, ProvidedIo, Rejection, Subprotocol, WebSocket, WebSocketLayer,
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
    let refusals = refusals_over_http1();
    #[cfg(feature = "http2")]
    let refusals = refusals.into_iter().chain(refusals_over_http2()).collect();
    refusals
}

fn refusals_over_http1() -> Vec<Refusal> {
    let [key, version] = ["sec-websocket-key", "sec-websocket-version"];
    let [protocol, extensions] = ["sec-websocket-protocol", "sec-websocket-extensions"];
    let method = |method| http1(|request| *request.method_mut() = method);
    let http = |version| http1(|request| *request.version_mut() = version);
    let selecting = |offered, selects| Attempt {
        selects: Some(selects),
        ..lines(protocol, offered)
    };
    vec![
        Refusal {
            rejection: Rejection::Method,
            status: 405,
            clause: "4.2.1 item 1",
            sentence: "over HTTP/1.1 a WebSocket is opened with the method GET",
            causes: vec![
                ("POST", method(Method::POST)),
                ("HEAD", method(Method::HEAD)),
                ("CONNECT", method(Method::CONNECT)),
            ],
        },
        Refusal {
            rejection: Rejection::HttpVersion,
            status: 426,
            clause: "RFC 9110, section 7.8",
            sentence: "a WebSocket handshake needs HTTP/1.1 or later",
            causes: vec![
                ("HTTP/1.0", http(Version::HTTP_10)),
                ("HTTP/0.9", http(Version::HTTP_09)),
            ],
        },
        Refusal {
            rejection: Rejection::ExtendedConnect,
            status: 405,
            clause: "RFC 8441, section 4",
            sentence: "over HTTP/2 and HTTP/3 a WebSocket is opened with CONNECT and \
                ':protocol: websocket' (RFC 8441), where the server has enabled it",
            causes: vec![
                ("GET over HTTP/2", http(Version::HTTP_2)),
                ("GET over HTTP/3", http(Version::HTTP_3)),
                (
                    "CONNECT over HTTP/2 that is not extended",
                    http1(|request| {
                        *request.version_mut() = Version::HTTP_2;
                        *request.method_mut() = Method::CONNECT;
                    }),
                ),
            ],
        },
        Refusal {
            rejection: Rejection::HostMissing,
            status: 400,
            clause: "4.2.1 item 2",
            sentence: "the request needs a 'Host' header",
            causes: vec![("none", lines("host", &[]))],
        },
        Refusal {
            rejection: Rejection::HostRepeated,
            status: 400,
            clause: "RFC 9112, section 3.2",
            sentence: "the request has more than one 'Host' header",
            causes: vec![
                ("the same twice", lines("host", &[HOST, HOST])),
                ("two", lines("host", &[HOST, "evil.com"])),
                ("an empty one", lines("host", &["", HOST])),
            ],
        },
        Refusal {
            rejection: Rejection::Host,
            status: 400,
            clause: "RFC 9112, section 3.2",
            sentence: "'Host' is not a host with an optional port, \
                such as 'example.com' or 'example.com:8080'",
            causes: vec![
                ("empty", lines("host", &[""])),
                ("blank", lines("host", &[" \t"])),
                ("a path of a socket", lines("host", &["%2Ftmp%2Fx"])),
                ("a path", lines("host", &["good.com/ws"])),
                ("a user", lines("host", &["user@good.com"])),
                ("a port only", lines("host", &[":80"])),
                ("a port that is none", lines("host", &["good.com:x"])),
                ("a bracket", lines("host", &["[::1"])),
                ("two in a line", lines("host", &["good.com, good.com"])),
                ("not ASCII", http1(|request| set(request, "host", b"\xe9"))),
            ],
        },
        Refusal {
            rejection: Rejection::Upgrade,
            status: 426,
            clause: "4.2.1 item 3",
            sentence: "this is a WebSocket endpoint: the request needs the header \
                'Upgrade: websocket' (a proxy may have removed it)",
            causes: vec![
                ("none", lines("upgrade", &[])),
                ("empty", lines("upgrade", &[""])),
                ("another", lines("upgrade", &["h2c"])),
                ("a longer word", lines("upgrade", &["websocketx"])),
                ("with a version", lines("upgrade", &["websocket/13"])),
                ("two others", lines("upgrade", &["h2c", "web socket"])),
            ],
        },
        Refusal {
            rejection: Rejection::UpgradeMalformed,
            status: 400,
            clause: "RFC 9110, section 7.8",
            sentence: "'Upgrade' lists 'websocket' beside what is no protocol \
                (RFC 9110, section 7.8)",
            causes: vec![
                ("two words", lines("upgrade", &["a b, websocket"])),
                ("on two lines", lines("upgrade", &["websocket", "\"x\""])),
                ("two slashes", lines("upgrade", &["a/b/c, websocket"])),
            ],
        },
        Refusal {
            rejection: Rejection::Connection,
            status: 400,
            clause: "4.2.1 item 4",
            sentence: "the request needs the header 'Connection: Upgrade' \
                (a proxy may have removed it)",
            causes: vec![
                ("none", lines("connection", &[])),
                ("empty", lines("connection", &[""])),
                ("another", lines("connection", &["keep-alive"])),
                ("close", lines("connection", &["close"])),
                ("a longer word", lines("connection", &["upgraded"])),
            ],
        },
        Refusal {
            rejection: Rejection::ConnectionMalformed,
            status: 400,
            clause: "RFC 9110, section 7.6.1",
            sentence: "'Connection' lists 'Upgrade' beside what is no token \
                (RFC 9110, section 7.6.1)",
            causes: vec![
                ("two words", lines("connection", &["a b, upgrade"])),
                ("on two lines", lines("connection", &["upgrade", "a;b"])),
            ],
        },
        Refusal {
            rejection: Rejection::Version,
            status: 426,
            clause: "4.2.1 item 6",
            sentence: "the request needs exactly one header 'Sec-WebSocket-Version: 13'",
            causes: vec![
                ("none", lines(version, &[])),
                ("older", lines(version, &["8"])),
                ("a leading zero", lines(version, &["013"])),
                ("a list", lines(version, &["13, 8"])),
                ("twice", lines(version, &["13", "13"])),
            ],
        },
        Refusal {
            rejection: Rejection::Key,
            status: 400,
            clause: "4.2.1 item 5",
            sentence: "the request needs exactly one header 'Sec-WebSocket-Key' \
                with 16 bytes in base64 (24 characters)",
            causes: vec![
                ("none", lines(key, &[])),
                ("empty", lines(key, &[""])),
                ("15 bytes", lines(key, &["AAECAwQFBgcICQoLDA0O"])),
                ("17 bytes", lines(key, &["AAECAwQFBgcICQoLDA0ODxA="])),
                ("of URLs", lines(key, &["-__7__v_-__7__v_-__7_w=="])),
                (
                    "twice",
                    lines(
                        key,
                        &["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="],
                    ),
                ),
            ],
        },
        Refusal {
            rejection: Rejection::Body,
            status: 400,
            clause: "could pass for frames",
            sentence: "the request announces a body, or over HTTP/2 its length: \
                leave out 'Content-Length' and 'Transfer-Encoding'",
            causes: vec![
                ("a length", lines("content-length", &["5"])),
                ("a second length", lines("content-length", &["0", "5"])),
                ("a length that is none", lines("content-length", &["x"])),
                ("an empty length", lines("content-length", &[""])),
                ("chunks", lines("transfer-encoding", &["chunked"])),
                ("identity", lines("transfer-encoding", &["identity"])),
                #[cfg(feature = "http2")]
                ("a length of CONNECT", lines2("content-length", &["5"])),
                #[cfg(feature = "http2")]
                ("no length of CONNECT", lines2("content-length", &["0"])),
                #[cfg(feature = "http2")]
                (
                    "chunks of CONNECT",
                    lines2("transfer-encoding", &["chunked"]),
                ),
            ],
        },
        Refusal {
            rejection: Rejection::Subprotocols,
            status: 400,
            clause: "4.1 item 10",
            sentence: "'Sec-WebSocket-Protocol' must list one or more tokens, each once",
            causes: vec![
                ("empty", lines(protocol, &[""])),
                ("commas", lines(protocol, &[",,"])),
                ("no token", lines(protocol, &["a b"])),
                ("a name twice", lines(protocol, &["a, a"])),
                ("on two lines", lines(protocol, &["a", "a"])),
                #[cfg(feature = "http2")]
                ("no token, over HTTP/2", lines2(protocol, &["a b"])),
            ],
        },
        Refusal {
            rejection: Rejection::Extensions,
            status: 400,
            clause: "9.1",
            sentence: "'Sec-WebSocket-Extensions' is malformed (RFC 6455, section 9.1)",
            causes: vec![
                ("empty", lines(extensions, &[""])),
                ("no parameter", lines(extensions, &["a;"])),
                ("an open quote", lines(extensions, &["a; b=\"c"])),
                ("two words", lines(extensions, &["a b"])),
                #[cfg(feature = "http2")]
                ("no parameter, over HTTP/2", lines2(extensions, &["a;"])),
            ],
        },
        Refusal {
            rejection: Rejection::Origin,
            status: 403,
            clause: "4.2.2 item 2",
            sentence: "pages of this origin may not connect; the server's OriginPolicy decides",
            causes: vec![
                ("another page", lines("origin", &["https://evil.com"])),
                ("a page without an origin", lines("origin", &["null"])),
                ("empty", lines("origin", &[""])),
                ("another port", lines("origin", &["https://good.com:8443"])),
                ("no origin", lines("origin", &["good.com"])),
                #[cfg(feature = "http2")]
                ("another page, over HTTP/2", lines2("origin", &["null"])),
            ],
        },
        Refusal {
            rejection: Rejection::OriginRepeated,
            status: 403,
            clause: "RFC 6454, section 7.3",
            sentence: "the request has more than one 'Origin'",
            causes: vec![(
                "the same twice",
                lines("origin", &["https://good.com", "https://good.com"]),
            )],
        },
        Refusal {
            rejection: Rejection::ForeignHost,
            status: 403,
            clause: "OriginPolicy::hosts",
            sentence: "this server does not answer to the host that the request names; \
                its OriginPolicy lists the hosts",
            causes: vec![
                ("another", lines("host", &["evil.com"])),
                (
                    "a rebound name",
                    http1(|request| {
                        set(request, "host", "evil.com");
                        set(request, "origin", "http://evil.com");
                    }),
                ),
                #[cfg(feature = "http2")]
                ("another, over HTTP/2", uri2("https://evil.com/ws")),
            ],
        },
        Refusal {
            rejection: Rejection::Path,
            status: 404,
            clause: "4.2.2 item 3",
            sentence: "there is no WebSocket endpoint at this path",
            causes: vec![(
                "another path",
                http1(|request| *request.uri_mut() = "/other".parse().unwrap()),
            )],
        },
        Refusal {
            rejection: Rejection::SubprotocolNotOffered,
            status: 500,
            clause: "4.2.2 item 5.5",
            sentence: "the server selected a subprotocol that the client did not offer",
            causes: vec![
                ("none was offered", selecting(&[], "a")),
                ("another was offered", selecting(&["b"], "a")),
                ("another case", selecting(&["A"], "a")),
            ],
        },
        Refusal {
            rejection: Rejection::NotUpgradable,
            status: 500,
            clause: "ProvidedIo",
            sentence: "the server has no connection to upgrade: the request does not come from \
                its HTTP server, or another layer or extractor took the upgrade first",
            causes: vec![
                (
                    "made by hand",
                    http1(|request| request.extensions_mut().clear()),
                ),
                (
                    "taken by another",
                    http1(|request| {
                        let (mut parts, ()) = std::mem::take(request).into_parts();
                        drop(WebSocketUpgrade::from_parts(&mut parts).unwrap());
                        *request = Request::from_parts(parts, ());
                    }),
                ),
            ],
        },
    ]
}

#[cfg(feature = "http2")]
fn refusals_over_http2() -> Vec<Refusal> {
    let version = "sec-websocket-version";
    let protocol = |protocol| {
        http2(|request| {
            let protocol = hyper::ext::Protocol::from_static(protocol);
            request.extensions_mut().insert(protocol);
        })
    };
    vec![
        Refusal {
            rejection: Rejection::Protocol,
            status: 501,
            clause: "RFC 8441, section 5",
            sentence: "the only ':protocol' here is 'websocket'",
            causes: vec![
                ("another", protocol("connect-udp")),
                ("empty", protocol("")),
            ],
        },
        Refusal {
            rejection: Rejection::Authority,
            status: 400,
            clause: "RFC 8441, section 4",
            sentence: "the request needs an ':authority' that is a host, and maybe a port",
            causes: vec![
                ("none", uri2("/ws")),
                ("a user", uri2("https://user@good.com/ws")),
            ],
        },
        Refusal {
            rejection: Rejection::Scheme,
            status: 400,
            clause: "RFC 8441, section 5",
            sentence: "':scheme' must be 'http' or 'https', also for what is 'ws' or 'wss' \
                elsewhere",
            causes: vec![
                ("ws", uri2("ws://good.com/ws")),
                ("wss", uri2("wss://good.com/ws")),
                ("another", uri2("ftp://good.com/ws")),
                ("none, and no path", uri2("good.com:443")),
            ],
        },
        Refusal {
            rejection: Rejection::HostMismatch,
            status: 400,
            clause: "RFC 9113, section 8.3.1",
            sentence: "'Host' names another host than ':authority'",
            causes: vec![
                ("another", lines2("host", &["evil.com"])),
                ("empty", lines2("host", &[""])),
                ("another port", lines2("host", &["good.com:8443"])),
                ("no host", lines2("host", &["good.com/"])),
            ],
        },
        Refusal {
            rejection: Rejection::HostRepeated,
            status: 400,
            clause: "RFC 9112, section 3.2",
            sentence: "the request has more than one 'Host' header",
            causes: vec![("over HTTP/2", lines2("host", &[HOST, HOST]))],
        },
        Refusal {
            rejection: Rejection::ConnectionSpecific,
            status: 400,
            clause: "RFC 8441, section 5",
            sentence: "'Connection' and 'Upgrade' must not be sent over HTTP/2",
            causes: vec![
                ("Connection", lines2("connection", &["upgrade"])),
                ("Upgrade", lines2("upgrade", &["websocket"])),
            ],
        },
        Refusal {
            rejection: Rejection::Http2Version,
            status: 400,
            clause: "over HTTP/2",
            sentence: "the request needs exactly one header 'Sec-WebSocket-Version: 13'",
            causes: vec![
                ("none", lines2(version, &[])),
                ("older", lines2(version, &["8"])),
                ("twice", lines2(version, &["13", "13"])),
            ],
        },
    ]
}

/// The answer to an attempt, by a service alone, or by an application of its own.
async fn answer(attempt: Attempt) -> Response<String> {
    let policy = OriginPolicy::hosts([HOST]);
    let Attempt { request, selects } = attempt;
    if let Some(selects) = selects {
        let selected = Subprotocol::try_from(selects).unwrap();
        let mut parts = request.into_parts().0;
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let upgrade = upgrade.origin(policy).select_subprotocol(Some(selected));
        return text(upgrade.on_upgrade::<Full<Bytes>, _, _>(async |_socket| {})).await;
    }
    let layer = WebSocketLayer::new(async |_socket: WebSocket| {})
        .path("/ws")
        .origin(policy);
    text(layer.layer(NoInner).oneshot(request).await.unwrap()).await
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
