//! Over HTTP/1.1.
#![expect(clippy::too_many_lines, reason = "the table is long")]

use std::time::Duration;

use futures_util::FutureExt;
use tower_websock::Drain;

use super::*;

pub(super) fn refusals_over_http1() -> Vec<Refusal> {
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
            sentence: "'Upgrade' lists 'websocket' and something that is no protocol \
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
            sentence: "'Connection' lists 'Upgrade' and something that is no token \
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
        Refusal {
            rejection: Rejection::TooManyConnections { retry_after: 5 },
            status: 503,
            clause: "Connections::max`",
            sentence: "the server has as many connections as it takes; try again later",
            causes: vec![("none is allowed", full(Connections::new().max(0)))],
        },
        Refusal {
            rejection: Rejection::TooManyOfKey { retry_after: 9 },
            status: 503,
            clause: "Connections::max_per_key`",
            sentence: "you have as many connections as the server allows; close one first",
            causes: vec![(
                "none is allowed",
                full(Connections::new().max_per_key(0).retry_after(9)),
            )],
        },
        Refusal {
            rejection: Rejection::Draining { retry_after: 5 },
            status: 503,
            clause: "Connections::drain`",
            sentence: "the server is about to stop; connect to another",
            causes: vec![("the server is drained", full(drained()))],
        },
    ]
}

/// A request from an address that is known, to a server that takes no more.
fn full(connections: Connections) -> Attempt {
    let peer = SocketAddr::from(([192, 0, 2, 1], 49152));
    Attempt {
        connections,
        ..http1(|request| _ = request.extensions_mut().insert(peer))
    }
}

fn drained() -> Connections {
    let connections = Connections::new();
    let drain = Drain::new().deadline(Duration::ZERO);
    let drained = connections.drain(drain).now_or_never();
    assert!(drained.is_some());
    connections
}
