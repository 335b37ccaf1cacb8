//! Over HTTP/2.

use super::*;

pub(super) fn refusals_over_http2() -> Vec<Refusal> {
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
            sentence: "the request needs an ':authority' that is a host with an optional port",
            causes: vec![
                ("none", uri2("/ws")),
                ("a user", uri2("https://user@good.com/ws")),
            ],
        },
        Refusal {
            rejection: Rejection::Scheme,
            status: 400,
            clause: "RFC 8441, section 5",
            sentence: "':scheme' must be 'http' or 'https', not 'ws' or 'wss'",
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
