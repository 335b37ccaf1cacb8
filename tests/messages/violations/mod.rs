//! Violations of the protocol (RFC 6455, section 7.1.7; RFC 7692), each beside the bytes that are
//! one.

mod frames;
mod payload;

use std::error::Error as _;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::oneshot,
};
use tower_websock::{
    Config, Error, Message, ProtocolError, ProvidedIo, Role, WebSocket, WebSocketUpgrade,
};

use self::{frames::violations_of_frames, payload::violations_of_payload};
use crate::support::{
    self,
    documented::{name, variants},
    frame, header,
};

/// One violation.
struct Violation {
    error: ProtocolError,
    code: u16,
    /// RFC and section.
    clause: (u16, &'static str),
    sentence: &'static str,
    causes: Vec<(&'static str, Setting, Vec<u8>)>,
}

/// Who receives the bytes.
#[derive(Clone)]
struct Setting {
    role: Role,
    config: Config,
    /// Whether compression was agreed on.
    compresses: bool,
}

fn server() -> Setting {
    Setting {
        role: Role::Server,
        config: Config::new(),
        compresses: false,
    }
}

fn limited(limit: impl FnOnce(Config) -> Config) -> Setting {
    Setting {
        config: limit(Config::new()),
        ..server()
    }
}

#[cfg(feature = "client")]
fn client() -> Setting {
    Setting {
        role: Role::Client,
        ..server()
    }
}

#[cfg(feature = "deflate")]
fn compressing(limit: impl FnOnce(Config) -> Config) -> Setting {
    let config = Config::new().deflate(tower_websock::DeflateConfig::new());
    Setting {
        config: limit(config),
        compresses: true,
        ..server()
    }
}

#[cfg(feature = "deflate")]
fn deflate() -> Setting {
    compressing(|config| config)
}

fn violations() -> Vec<Violation> {
    let mut violations = violations_of_frames();
    violations.extend(violations_of_payload());
    #[cfg(feature = "client")]
    violations.push(Violation {
        error: ProtocolError::MaskedFrame,
        code: 1002,
        clause: (6455, "5.1"),
        sentence: "frame from a server is masked",
        causes: vec![
            ("a text", client(), vec![0x81, 0x80]),
            ("a ping", client(), vec![0x89, 0x80]),
        ],
    });
    #[cfg(feature = "deflate")]
    violations.push(Violation {
        error: ProtocolError::InvalidDeflate,
        code: 1007,
        clause: (7692, "7.2.2"),
        sentence: "compressed message is damaged",
        causes: vec![
            (
                "a kind of block that there is not",
                deflate(),
                frame(0xC2, b"\x07"),
            ),
            (
                "a block that does not end",
                deflate(),
                frame(0xC2, b"\xf2\x48\xcd"),
            ),
            (
                "a length that is denied",
                deflate(),
                frame(0xC2, b"\x00\x05\x00\xfb\xff"),
            ),
            (
                "a distance before the start",
                deflate(),
                frame(0xC2, b"\xf2\x00\x11\x00\x00"),
            ),
            (
                "in a fragment",
                deflate(),
                [frame(0x42, b"\xf2\x48"), frame(0x80, b"\xcd")].concat(),
            ),
        ],
    });
    violations
}

/// Gives the bytes to an endpoint: its error, and the Close that it sent.
async fn violate(setting: Setting, bytes: &[u8]) -> (Error, Vec<u8>) {
    let (mut peer, io) = duplex(1 << 16);
    let (sender, error) = oneshot::channel();
    let handler = async move |mut socket: WebSocket| {
        let error = loop {
            match socket.recv().await.expect("an error before the end") {
                Ok(Message::Close(_)) => panic!("a clean end"),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        sender.send(error).unwrap();
    };
    let is_client = matches!(setting.role, Role::Client);
    let task = match setting.role {
        Role::Server => {
            let (mut parts, ()) = support::handshake().into_parts();
            parts.extensions.insert(ProvidedIo::new(io));
            if setting.compresses {
                let offer = http::HeaderValue::from_static("permessage-deflate");
                parts.headers.insert("sec-websocket-extensions", offer);
            }
            let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
            let upgrade = upgrade.config(setting.config);
            let (response, accepting) = upgrade.accept::<()>().unwrap();
            let is_agreed = response.headers().contains_key("sec-websocket-extensions");
            assert_eq!(is_agreed, setting.compresses);
            tokio::spawn(async move { drop(accepting.supervise(handler).await) })
        }
        Role::Client => {
            let socket = open_client(io).await;
            tokio::spawn(handler(socket))
        }
    };
    peer.write_all(bytes).await.unwrap();
    let close = read_close(&mut peer, is_client).await;
    drop(peer);
    task.await.unwrap();
    (error.await.unwrap(), close)
}

#[cfg(feature = "client")]
async fn open_client(io: DuplexStream) -> WebSocket {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use sha1::{Digest, Sha1};

    let builder = tower_websock::client::Builder::new();
    let (request, pending) = builder.request::<()>("ws://localhost/").unwrap();
    let digest = Sha1::new()
        .chain_update(&request.headers()["sec-websocket-key"])
        .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        .finalize();
    let response = http::Response::builder()
        .status(101)
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .header("sec-websocket-accept", STANDARD.encode(digest))
        .extension(ProvidedIo::new(io));
    pending
        .complete(response.body(String::new()).unwrap())
        .await
        .unwrap()
}

#[cfg(not(feature = "client"))]
fn open_client(_io: DuplexStream) -> std::future::Ready<WebSocket> {
    unreachable!("there is no client")
}

/// The body of the Close that must be the first frame.
async fn read_close(peer: &mut DuplexStream, is_masked: bool) -> Vec<u8> {
    let mut head = [0; 2];
    peer.read_exact(&mut head).await.unwrap();
    assert_eq!(head[0], support::CLOSE);
    assert_eq!(head[1] & 0x80 != 0, is_masked);
    let mut key = [0; 4];
    if is_masked {
        peer.read_exact(&mut key).await.unwrap();
    }
    let mut body = vec![0; usize::from(head[1] & 0x7F)];
    peer.read_exact(&mut body).await.unwrap();
    let bytes = body.iter().zip(key.iter().cycle());
    bytes.map(|(byte, key)| byte ^ key).collect()
}

/// 7.1.7: each violation is told to the user and to the peer by its code, in a sentence that is true
/// of its cause and with the clause that was broken. A variant without a row fails.
#[tokio::test(start_paused = true)]
async fn every_violation_is_true_of_each_of_its_causes() {
    let source = include_str!("../../../src/wire/error.rs");
    let documented = variants(source, "pub enum ProtocolError {");
    let mut met = Vec::new();
    let mut causes = 0;
    for violation in violations() {
        let name = name(violation.error);
        let (rfc, section) = violation.clause;
        assert_eq!(violation.error.rfc(), rfc, "{name}");
        assert_eq!(violation.error.section(), section, "{name}");
        assert_eq!(violation.error.close_code(), violation.code, "{name}");
        assert_eq!(violation.error.to_string(), violation.sentence);
        for (cause, setting, bytes) in violation.causes {
            let (error, close) = violate(setting, &bytes).await;
            let shown = format!("{name}, {cause}: {error:?}");
            assert!(
                matches!(error, Error::Protocol(found) if found == violation.error),
                "{shown}"
            );
            let said = error.to_string();
            let clause = format!("(RFC {rfc}, section {section})");
            assert!(said.starts_with("peer broke the protocol"), "{said}");
            assert!(said.contains(&clause), "{said}");
            assert!(said.ends_with(violation.sentence), "{said}");
            assert!(error.source().is_none(), "it is told once: {shown}");
            let body = [&violation.code.to_be_bytes(), violation.sentence.as_bytes()].concat();
            assert_eq!(close, body, "{shown}");
            causes += 1;
        }
        met.push(name);
    }
    println!("{causes} causes of {} violations", documented.len());
    let of_features = [
        ("MaskedFrame", cfg!(feature = "client")),
        ("InvalidDeflate", cfg!(feature = "deflate")),
        ("CompressedTooBig", cfg!(feature = "deflate")),
    ];
    for (name, _) in documented {
        let mut features = of_features.iter();
        let is_possible = features.all(|(of, is_on)| *of != name || *is_on);
        assert!(!is_possible || met.contains(&name), "no row: {name}");
    }
}
