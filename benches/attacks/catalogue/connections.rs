//! Attacks by many connections, by requests, and by streams of HTTP/2.

use super::{bomb, often, opened};
use crate::{
    attack::{
        Attack, Flood, Leaves,
        Means::{self, Crowd, Visits},
        Streams,
    },
    support::{BINARY, TEXT, frame, handshake_head, header},
};

/// Connections of a crowd.
const MANY: usize = 200;

/// hyper answers 16 requests that came together before others have their turn, and tokio looks for
/// input after 61 turns: so much later others may be served, in milliseconds. Not with handshakes
/// that this crate refuses: each of them lets others have their turn.
const PIPELINED: u64 = 400;

pub(super) fn crowds() -> Vec<Attack> {
    let crowd = |first: &[u8], then: &[u8]| Crowd {
        connections: MANY,
        first: first.to_vec(),
        then: then.to_vec(),
    };
    let crowds = (10_000.0, 20_000.0);
    vec![
        Attack::new(
            "1",
            "200 connections, heads that drip",
            crowd(b"GET / HTTP/1.1\r\nA: ", b"a"),
            crowds,
        ),
        Attack::new(
            "17",
            "200 connections that say nothing",
            crowd(b"", b""),
            crowds,
        ),
        Attack::new(
            "3",
            "200 messages that drip",
            crowd(&opened("", &header(BINARY, 1 << 20)), b"x"),
            crowds,
        ),
        Attack::new(
            "14, 17",
            "200 connections that idle after a message",
            crowd(&opened("", &frame(TEXT, b"hello")), b""),
            crowds,
        ),
    ]
}

/// Connections that come and go.
pub(super) fn visits() -> Vec<Attack> {
    let visits = |sent: Vec<u8>, leaves| Visits { sent, leaves };
    let short = (500.0, 3000.0);
    vec![
        Attack::new(
            "4",
            "lengths of 2^62, again and again",
            visits(opened("", &header(BINARY, 1 << 62)), Leaves::Last),
            short,
        ),
        Attack::new(
            "12",
            "half a message and a reset",
            visits(
                opened("", &frame(BINARY, &[7; 1000])[..500]),
                Leaves::ByReset,
            ),
            short,
        ),
        Attack::new(
            "17",
            "handshakes, again and again",
            visits(opened("", b""), Leaves::ByReset),
            short,
        ),
        Attack::new(
            "1D",
            "a frame that is not masked, again and again",
            visits(opened("", &[BINARY, 1, 7]), Leaves::Last),
            short,
        ),
    ]
}

/// Requests that are refused, one behind the other.
pub(super) fn requests() -> Vec<Attack> {
    let requests = |request: String| {
        Means::Flood(Flood {
            path: None,
            compresses: false,
            first: Vec::new(),
            then: often(request.as_bytes()),
            reads: true,
        })
    };
    let protocols: Vec<_> = (0..2000).map(|n| format!("p{n:05}")).collect();
    let protocols = format!("Sec-WebSocket-Protocol: {}\r\n", protocols.join(","));
    let offers = format!(
        "Sec-WebSocket-Extensions: {}\r\n",
        "a;b=\"c\",".repeat(1500)
    );
    let foreign = "Origin: https://elsewhere.example\r\n";
    // A request of a browser's for a page that is not there.
    let plain = String::from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let heads = (2000.0, 300.0);
    vec![
        Attack::new(
            "17",
            "handshakes beyond the limit",
            requests(handshake_head("/full", "")),
            heads,
        ),
        Attack::new(
            "18",
            "14 KB of subprotocols, refused",
            requests(handshake_head("/full", &protocols)),
            heads,
        ),
        Attack::new(
            "18",
            "12 KB of offers, refused",
            requests(handshake_head("/full", &offers)),
            heads,
        ),
        Attack::new(
            "19",
            "handshakes of a foreign page",
            requests(handshake_head("/echo", foreign)),
            heads,
        ),
        Attack::new("20", "pipelined requests of a page", requests(plain), heads).late(PIPELINED),
    ]
}

pub(super) fn streams() -> Vec<Attack> {
    let message = frame(BINARY, b"hello");
    let bytes = |path| {
        Means::Streams(Streams::Bytes {
            path,
            sent: message.clone(),
        })
    };
    let streams = |streams| Means::Streams(streams);
    let small = (1000.0, 3000.0);
    vec![
        Attack::new(
            "29",
            "HTTP/2: messages in 1-byte DATA",
            bytes("/echo"),
            small,
        ),
        Attack::new(
            "29",
            "HTTP/2: the same, the handler does not receive",
            bytes("/hold"),
            small,
        ),
        Attack::new("1A", "HTTP/2: empty DATA", streams(Streams::Empty), small),
        Attack::new(
            "30",
            "HTTP/2: resets inside messages",
            streams(Streams::Resets),
            small,
        ),
        Attack::new(
            "31",
            "HTTP/2: 50 streams that open no window",
            streams(Streams::NoWindow { streams: 50 }),
            (20_000.0, 100.0),
        ),
        Attack::new(
            "13",
            "HTTP/2: 1 MiB of zeros",
            streams(Streams::Flood { sent: bomb() }),
            (30_000.0, 4000.0),
        ),
    ]
}
