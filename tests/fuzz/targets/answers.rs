//! Answers of servers come to a client, lawful and not. It takes those that RFC 6455, 4.1, allows
//! (over HTTP/2, RFC 8441, 5), and no others.

use std::sync::{Arc, Mutex};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, Response, StatusCode, Version};
use sha1::{Digest, Sha1};
use tower_websock::{
    Config, DeflateConfig, ProvidedIo, WebSocket,
    client::{Builder, Error},
};

use super::{
    choices::Choices,
    enter,
    extensions::{self, Params},
    fields::Fields,
    head::{Head, head},
    io::{Step, Transport},
    made::{self, Field, Pool},
    tasks::{Tasks, block_on},
};

/// In an answer it stands for the accept key.
const ACCEPT: &str = "{accept}";
const SUBPROTOCOLS: [&str; 2] = ["chat", "v2"];

const NEEDED: [Pool; 3] = [
    (
        "Upgrade",
        &["websocket", "WebSocket", "websocket, h2c", "h2c", ""],
    ),
    (
        "Connection",
        &["Upgrade", "upgrade, close", "close", "Upgrade-Insecure"],
    ),
    (
        "Sec-WebSocket-Accept",
        &[
            ACCEPT,
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "\"{accept}\"",
            "{accept},",
            "",
        ],
    ),
];
const OTHERS: [Pool; 6] = [
    (
        "Sec-WebSocket-Protocol",
        &["chat", "v2", "v3", "CHAT", "chat, v2", ""],
    ),
    (
        "Sec-WebSocket-Extensions",
        &[
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits=9",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate, permessage-deflate",
            "x",
            "",
        ],
    ),
    ("Content-Length", &["0", "5", "00", "-1"]),
    ("Transfer-Encoding", &["chunked"]),
    ("Location", &["http://localhost/"]),
    ("Set-Cookie", &["a=b"]),
];

pub fn run(input: &[u8]) {
    let _runtime = enter();
    let mut choices = Choices::new(input);
    let kind = choices.below(4);
    let mut config = Config::new();
    if choices.below(4) > 0 {
        config = config.deflate(DeflateConfig::new());
    }
    let mut builder = Builder::new().config(config);
    if choices.below(4) > 0 {
        builder = builder.subprotocols(SUBPROTOCOLS);
    }
    match kind {
        0 => http1(builder, choices.rest(), Vec::new()),
        1 | 2 => {
            let bytes = answer(&mut choices);
            let steps = made::steps(&mut choices);
            http1(builder, &bytes, steps);
        }
        _ => http2(&builder, &mut choices),
    }
}

fn answer(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..choices.below(8).saturating_sub(5) {
        // RFC 9110, 15.2: any number of them may come before.
        bytes.extend(choices.one_of(&[
            &b"HTTP/1.1 100 Continue\r\n\r\n"[..],
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        ]));
    }
    let first = match choices.below(16) {
        0 => "HTTP/1.0 101 Switching Protocols",
        1 => "HTTP/1.1 101",
        2 => "HTTP/1.1 200 OK",
        3 => "HTTP/1.1 302 Found",
        4 => choices.one_of(&[
            "HTTP/1.1 99 a",
            "HTTP/1.1 1010 a",
            "HTTP/2 101 a",
            "ICY 101 a",
            "",
        ]),
        _ => "HTTP/1.1 101 Switching Protocols",
    };
    let fields = made::fields(choices, &NEEDED, &OTHERS);
    bytes.extend(made::head(choices, first.as_bytes(), &fields));
    let more = choices.below(20);
    bytes.extend(choices.bytes(more));
    bytes
}

/// What the request asked for.
struct Asked {
    accept: Option<String>,
    subprotocols: Vec<Vec<u8>>,
    offers: Vec<Params>,
}

impl Asked {
    fn of(fields: &Fields) -> Self {
        let guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        let key = fields.single("sec-websocket-key");
        let accept = key.map(|key| STANDARD.encode(Sha1::digest([key, guid].concat())));
        let offers = super::fields::extensions(&fields.lines("sec-websocket-extensions"));
        let offers = offers.expect("well-formed");
        let subprotocols = fields.list("sec-websocket-protocol").into_iter();
        Self {
            accept,
            subprotocols: subprotocols.map(<[u8]>::to_vec).collect(),
            offers: offers.iter().filter_map(Params::of).collect(),
        }
    }

    /// 4.1, items 2 to 6 about the answer: with which subprotocol, if it accepts.
    #[expect(clippy::option_option, reason = "with which, if any, if at all")]
    fn accepted(&self, fields: &Fields) -> Option<Option<Vec<u8>>> {
        if let Some(accept) = &self.accept {
            let upgrade = fields.single("upgrade")?;
            if !upgrade.eq_ignore_ascii_case(b"websocket")
                || !fields.lists("connection", "upgrade")
                || fields.single("sec-websocket-accept")? != accept.as_bytes()
            {
                return None;
            }
        } else if fields.has("content-length") || fields.has("transfer-encoding") {
            // Stricter: h2 holds a stream to what is announced.
            return None;
        }
        extensions::read(&fields.lines("sec-websocket-extensions"), &self.offers).ok()?;
        match fields.lines("sec-websocket-protocol")[..] {
            [] => Some(None),
            [name] => {
                let name = name.to_vec();
                self.subprotocols.contains(&name).then_some(Some(name))
            }
            _ => None,
        }
    }
}

fn http1(builder: Builder, bytes: &[u8], steps: Vec<Step>) {
    let tasks = Tasks::default();
    let (transport, peer) = Transport::open(steps, Vec::new());
    let result = Arc::new(Mutex::new(None));
    let found = result.clone();
    tasks.spawn(async move {
        let opened = builder.handshake("ws://localhost/ws", transport).await;
        *found.lock().unwrap() = Some(opened);
    });
    tasks.run();
    let request = head(&peer.written()).expect("a request");
    let asked = Asked::of(&request.fields);
    let accept = asked.accept.clone().expect("there is a key");
    let bytes = replaced(bytes, accept.as_bytes());
    peer.feed(&bytes);
    tasks.run();
    peer.end();
    assert_eq!(
        tasks.run(),
        0,
        "it waits for more: {}",
        bytes.escape_ascii()
    );
    let found = result.lock().unwrap().take().expect("it is over");
    let shown = format!("{}\ncame to {found:?}", bytes.escape_ascii());
    let Some(answer) = last_head(&bytes) else {
        assert!(found.is_err(), "accepted: {shown}");
        return;
    };
    let [version, status, _] = &answer.first;
    let is_usual = answer.is_plain && version == b"HTTP/1.1" && status.len() == 3;
    let accepted = if version == b"HTTP/1.1" && status == b"101" {
        asked.accepted(&answer.fields)
    } else {
        None
    };
    match (&found, accepted) {
        (Ok(socket), Some(name)) => check_subprotocol(socket, name.as_deref()),
        (Ok(_), None) => panic!("accepted: {shown}"),
        (Err(Error::Answer(_)), Some(_)) => panic!("refused: {shown}"),
        (Err(_), Some(_)) => assert!(!is_usual, "refused: {shown}"),
        (Err(error), None) if is_usual => match error {
            Error::Answer(_) => assert_eq!(status, b"101", "{shown}"),
            Error::Refused(response) => {
                assert_eq!(response.status().as_str().as_bytes(), status, "{shown}");
                assert_ne!(status, b"101", "{shown}");
            }
            // That of no HTTP.
            _ => assert!(
                !status.iter().all(u8::is_ascii_digit) || status[0] == b'0',
                "{shown}"
            ),
        },
        (Err(_), None) => {}
    }
}

/// 4.1: behind those of 1xx, which HTTP skips.
fn last_head(mut bytes: &[u8]) -> Option<Head> {
    let mut is_plain = true;
    loop {
        let mut head = head(bytes)?;
        is_plain &= head.is_plain && head.first[0] == b"HTTP/1.1";
        head.is_plain = is_plain;
        match head.first[1][..] {
            [b'1', b'0', b'1'] => return Some(head),
            [b'1', b'0'..=b'9', b'0'..=b'9'] => {}
            _ => return Some(head),
        }
        bytes = &bytes[head.size..];
    }
}

fn replaced(bytes: &[u8], accept: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(bytes.len() + 64);
    let mut rest = bytes;
    while let Some(at) = rest
        .windows(ACCEPT.len())
        .position(|part| part == ACCEPT.as_bytes())
    {
        replaced.extend([&rest[..at], accept].concat());
        rest = &rest[at + ACCEPT.len()..];
    }
    replaced.extend(rest);
    replaced
}

/// A response as an HTTP client has read it.
fn http2(builder: &Builder, choices: &mut Choices<'_>) {
    let (request, pending) = builder.http2_request::<()>("wss://localhost/ws").unwrap();
    let mut asked = Fields::default();
    for (name, value) in request.headers() {
        asked.push(name.as_str().as_bytes(), value.as_bytes());
    }
    let asked = Asked::of(&asked);
    let status = match choices.below(8) {
        0 => choices.one_of(&[101, 204, 299, 300, 404, 999]),
        _ => 200,
    };
    let is_other = choices.seldom(20);
    let version = if is_other {
        Version::HTTP_11
    } else {
        Version::HTTP_2
    };
    let status = StatusCode::from_u16(status).unwrap();
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    *response.version_mut() = version;
    let mut fields = Fields::default();
    for (name, value) in made::fields(choices, &[], &OTHERS) as Vec<Field> {
        let Ok(line) = HeaderValue::from_bytes(&value) else {
            continue;
        };
        fields.push(&name, &value);
        response
            .headers_mut()
            .append(HeaderName::from_bytes(&name).unwrap(), line);
    }
    response
        .extensions_mut()
        .insert(ProvidedIo::new(tokio::io::empty()));
    let found = block_on(pending.complete(response));
    let accepted = asked
        .accepted(&fields)
        .filter(|_| status.is_success() && !is_other);
    match (&found, accepted) {
        (Ok(socket), Some(name)) => check_subprotocol(socket, name.as_deref()),
        (Err(Error::Answer(_)), None) => assert!(status.is_success()),
        (Err(Error::Refused(response)), None) => {
            assert_eq!(response.status(), status);
            assert!(!status.is_success());
        }
        (found, accepted) => panic!("{status}, {fields:?}: {found:?}, and not {accepted:?}"),
    }
}

fn check_subprotocol(socket: &WebSocket, expected: Option<&[u8]>) {
    let found = socket.subprotocol().map(|name| name.as_str().as_bytes());
    assert_eq!(found, expected);
}
