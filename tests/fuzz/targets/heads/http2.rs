//! The same over HTTP/2, whose fields are written so that nothing of them is checked before.

use hyper::server::conn::http2;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};

use super::{
    OTHERS, Server,
    rules::{self, Verdict},
};
use crate::targets::{
    choices::Choices,
    io::Transport,
    made::{self, Field, Pool},
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

pub fn run(choices: &mut Choices<'_>) {
    let fields = fields(choices);
    let ends = choices.seldom(16);
    let steps = made::steps(choices);
    let server = Server::default();
    let (transport, peer) = Transport::open(steps, Vec::new());
    let service = TowerToHyperService::new(server.service());
    let connection = http2::Builder::new(server.tasks.clone())
        .enable_connect_protocol()
        .serve_connection(TokioIo::new(transport), service);
    server.tasks.spawn(async {
        let _ = connection.await;
    });
    let flags = END_HEADERS | if ends { END_STREAM } else { 0 };
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes.extend(frame(HEADERS, flags, 1, &encoded(&fields)));
    peer.feed(&bytes);
    server.tasks.run();
    peer.end();
    let waiting = server.tasks.run();
    let written = peer.written();
    let shown = || {
        let fields = fields
            .iter()
            .map(|(name, value)| [&name[..], b": ", value].concat());
        let fields: Vec<_> = fields
            .map(|field| field.escape_ascii().to_string())
            .collect();
        format!("{fields:#?}\nanswered {}", written.escape_ascii())
    };
    assert_eq!(waiting, 0, "somebody waits for more: {}", shown());
    let is_accepted = is_accepted(&written);
    match rules::connect(&fields) {
        Verdict::MustAccept if ends => {}
        Verdict::MustAccept => assert!(is_accepted, "refused: {}", shown()),
        Verdict::MayAccept => {}
        Verdict::MustRefuse => assert!(!is_accepted, "accepted: {}", shown()),
    }
    assert_eq!(server.started(), usize::from(is_accepted), "{}", shown());
}

fn fields(choices: &mut Choices<'_>) -> Vec<Field> {
    const PSEUDO: [Pool; 5] = [
        (":method", &["CONNECT", "GET", "connect", ""]),
        (":protocol", &["websocket", "WebSocket", "webtransport", ""]),
        (":scheme", &["https", "http", "wss", "HTTPS", ""]),
        (
            ":authority",
            &["localhost", "LOCALHOST:443", "a@localhost", "", "[::1]"],
        ),
        (":path", &["/ws", "", "*", "ws", "/a?b", "http://a/"]),
    ];
    const NEEDED: [Pool; 1] = [("sec-websocket-version", &["13", "8", "013", ""])];
    const MORE: [Pool; 5] = [
        (":status", &["200"]),
        ("connection", &["Upgrade", "close"]),
        ("te", &["trailers", "gzip"]),
        ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZQ=="]),
        ("Sec-WebSocket-Version", &["13"]),
    ];
    let more: &[Pool] = if choices.seldom(8) { &PSEUDO } else { &[] };
    let mut fields = made::fields(choices, &PSEUDO, more);
    fields.extend(made::fields(choices, &NEEDED, &OTHERS));
    if choices.seldom(6) {
        fields.extend(made::fields(choices, &[], &MORE));
    }
    fields
}

/// RFC 9113, 4.1.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let head = [len[1], len[2], len[3], kind, flags, 0, 0, 0, stream];
    [&head[..], payload].concat()
}

/// RFC 7541, 6.2.2: each field as it is, not indexed.
fn encoded(fields: &[Field]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            // 5.1: what does not fit into seven bits follows in pieces.
            let rest = text.len().saturating_sub(127);
            block.push(u8::try_from(text.len() - rest).expect("it is 127 at most"));
            if rest > 0 || text.len() == 127 {
                block.push(0x80 | u8::try_from(rest % 0x80).expect("seven bits"));
                block.push(u8::try_from(rest / 0x80).expect("short"));
            }
            block.extend(text);
        }
    }
    block
}

/// Whether the answer on the stream is 200, which has an index of its own (RFC 7541, A).
fn is_accepted(mut written: &[u8]) -> bool {
    while let Some((head, rest)) = written.split_first_chunk::<9>() {
        let len = usize::from(head[1]) << 8 | usize::from(head[2]);
        let payload = &rest[..len];
        if head[3] == HEADERS && head[8] == 1 {
            // 6.3: the table's size may come first.
            let first = payload.iter().find(|&&byte| byte >> 5 != 1);
            return first == Some(&0x88);
        }
        written = &rest[len..];
    }
    false
}
