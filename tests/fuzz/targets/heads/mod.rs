//! Heads of requests come in through hyper, lawful and not, over both versions of HTTP. Only those
//! are accepted that a second reading of the RFCs allows, those that it demands always are, and no
//! handler starts for any other.

mod http2;
mod rules;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use sha1::{Digest, Sha1};
use tower_websock::{Config, DeflateConfig, Handler, WebSocket, WebSocketService};

use self::rules::Verdict;
use super::{
    choices::Choices,
    enter,
    extensions::Params,
    fields::{Fields, extensions},
    head::{Head, head},
    io::{Step, Transport},
    made::{self, Pool},
    tasks::Tasks,
};

pub fn run(input: &[u8]) {
    let _runtime = enter();
    let mut choices = Choices::new(input);
    match choices.below(4) {
        0 => http1(choices.rest(), Vec::new()),
        1 => {
            let bytes = request(&mut choices);
            http1(&bytes, made::steps(&mut choices));
        }
        _ => http2::run(&mut choices),
    }
}

/// What our server speaks.
const SUBPROTOCOLS: [&str; 2] = ["chat", "v2"];

/// What both versions have.
const OTHERS: [Pool; 7] = [
    (
        "sec-websocket-protocol",
        &[
            "chat",
            "v2, chat",
            "v3",
            "chat,chat",
            "a b",
            "",
            ",",
            "\"chat\"",
        ],
    ),
    (
        "sec-websocket-extensions",
        &[
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_max_window_bits=8, x",
            "x; a=\"b\"",
            "x; a=\"b c\"",
            "",
            ";",
        ],
    ),
    (
        "origin",
        &[
            "http://localhost",
            "https://localhost",
            "null",
            "http://evil.test",
            "http://localhost.evil.test",
        ],
    ),
    ("content-length", &["0", "00", "5", ""]),
    ("transfer-encoding", &["chunked", "identity"]),
    ("cookie", &["a=b"]),
    ("host", &["localhost", "evil.test", ""]),
];

fn request(choices: &mut Choices<'_>) -> Vec<u8> {
    const NEEDED: [Pool; 5] = [
        (
            "Host",
            &[
                "localhost",
                "LOCALHOST:80",
                "[::1]:8080",
                "",
                "localhost:",
                "a@localhost",
                "a b",
                "a,b",
            ],
        ),
        (
            "Upgrade",
            &[
                "websocket",
                "WebSocket",
                "h2c, websocket",
                "websocket/13",
                "web socket",
                "websocket, @",
            ],
        ),
        (
            "Connection",
            &[
                "Upgrade",
                "keep-alive, upgrade",
                "close, upgrade",
                "close",
                "upgrade, @",
                "Upgrade-Insecure",
            ],
        ),
        (
            "Sec-WebSocket-Key",
            &[
                "dGhlIHNhbXBsZSBub25jZQ==",
                "AAAAAAAAAAAAAAAAAAAAAA==",
                "dGhlIHNhbXBsZSBub25jZX==",
                "dGhlIHNhbXBsZSBub25jZQ=",
                "dGhlIHNhbXBsZSBub25jZQAA",
                "dGhlIHNhbXBsZSBub25j-_==",
                "",
            ],
        ),
        (
            "Sec-WebSocket-Version",
            &["13", "013", "8", "13, 8", "+13", ""],
        ),
    ];
    let method = if choices.seldom(30) {
        choices.one_of(&["POST", "get", "CONNECT", "HEAD"])
    } else {
        "GET"
    };
    let target = if choices.seldom(20) {
        choices.one_of(&[
            "*",
            "http://localhost/ws",
            "//a",
            "/a%",
            "ws",
            "/\u{e4}",
            "",
        ])
    } else {
        "/ws"
    };
    let version = if choices.seldom(30) {
        choices.one_of(&["1.0", "2.0", "1.2"])
    } else {
        "1.1"
    };
    let first = format!("{method} {target} HTTP/{version}");
    let fields = made::fields(choices, &NEEDED, &OTHERS);
    let mut bytes = made::head(choices, first.as_bytes(), &fields);
    // Frames, or whatever comes.
    let more = choices.below(20);
    bytes.extend(choices.bytes(more));
    bytes
}

/// A server, and how many of its handlers have started.
#[derive(Clone, Default)]
struct Server {
    tasks: Tasks,
    started: Arc<AtomicUsize>,
}

impl Server {
    fn service(&self) -> WebSocketService<impl Handler<(WebSocket,)>, (WebSocket,)> {
        let (tasks, started) = (self.tasks.clone(), self.started.clone());
        let handler = move |mut socket: WebSocket| {
            started.fetch_add(1, Ordering::Relaxed);
            async move { while socket.recv().await.is_some() {} }
        };
        WebSocketService::new(handler)
            .config(Config::new().deflate(DeflateConfig::new()))
            .subprotocols(SUBPROTOCOLS)
            .executor(move |task| tasks.spawn(task))
    }

    fn started(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }
}

fn http1(bytes: &[u8], steps: Vec<Step>) {
    let server = Server::default();
    let (transport, peer) = Transport::open(steps, Vec::new());
    let service = TowerToHyperService::new(server.service());
    let connection = http1::Builder::new().serve_connection(TokioIo::new(transport), service);
    server.tasks.spawn(async {
        let _ = connection.with_upgrades().await;
    });
    peer.feed(bytes);
    server.tasks.run();
    peer.end();
    let waiting = server.tasks.run();
    let written = peer.written();
    let shown = || {
        format!(
            "{}\nanswered {}",
            bytes.escape_ascii(),
            written.escape_ascii()
        )
    };
    assert_eq!(waiting, 0, "somebody waits for more: {}", shown());
    let is_accepted = written.starts_with(b"HTTP/1.1 101 ");
    let head = head(bytes);
    let verdict = head.as_ref().map_or(Verdict::MustRefuse, rules::upgrade);
    match verdict {
        Verdict::MustAccept => assert!(is_accepted, "refused: {}", shown()),
        Verdict::MayAccept => {}
        Verdict::MustRefuse => assert!(!is_accepted, "accepted: {}", shown()),
    }
    // A request may follow one that was refused.
    let accepted = written.windows(13).filter(|part| part == b"HTTP/1.1 101 ");
    assert_eq!(server.started(), accepted.count(), "{}", shown());
    if is_accepted {
        check_answer(&head.expect("it was judged"), &written);
    }
}

/// 4.2.2.
fn check_answer(asked: &Head, written: &[u8]) {
    let answer = head(written).expect("a head");
    let fields = &answer.fields;
    assert!(fields.lists("upgrade", "websocket") && fields.lists("connection", "upgrade"));
    let key = asked
        .fields
        .single("sec-websocket-key")
        .expect("it was accepted");
    let guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let accept = STANDARD.encode(Sha1::digest([key, guid].concat()));
    assert_eq!(
        fields.single("sec-websocket-accept"),
        Some(accept.as_bytes())
    );
    let offered = asked.fields.list("sec-websocket-protocol");
    let mut ours = SUBPROTOCOLS.into_iter().map(str::as_bytes);
    let expected = ours.find(|name| offered.contains(name));
    assert_eq!(fields.single("sec-websocket-protocol"), expected);
    check_extensions(&asked.fields, fields);
}

/// RFC 7692, 5: it is accepted if it is offered well.
fn check_extensions(asked: &Fields, answered: &Fields) {
    let params = |fields: &Fields| {
        let all = extensions(&fields.lines("sec-websocket-extensions")).expect("well-formed");
        all.iter().filter_map(Params::of).collect::<Vec<_>>()
    };
    let (offers, answers) = (params(asked), params(answered));
    match answers[..] {
        [] => assert!(offers.is_empty(), "{offers:?}"),
        [answer] => assert!(
            offers.iter().any(|&offer| answer.answers(offer)),
            "{answer:?}"
        ),
        _ => panic!("{answers:?}"),
    }
}
