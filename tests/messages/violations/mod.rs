//! Violations of the protocol (RFC 6455, section 7.1.7; RFC 7692), each beside the bytes that are
//! one.
#![expect(clippy::too_many_lines, reason = "the table is long")]

use std::error::Error as _;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::oneshot,
};
use tower_websock::{
    Config, Error, Message, ProtocolError, ProvidedIo, Role, WebSocket, WebSocketUpgrade,
};

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

fn violations_of_frames() -> Vec<Violation> {
    let text = |first: u8| frame(first, b"a");
    vec![
        Violation {
            error: ProtocolError::ReservedBits,
            code: 1002,
            clause: (6455, "5.2"),
            sentence: "reserved bit set where no extension gives it a meaning",
            causes: vec![
                ("RSV1 without compression", server(), text(0xC1)),
                ("RSV2", server(), text(0xA1)),
                ("RSV3", server(), text(0x91)),
                ("on a ping", server(), text(0xC9)),
                ("on a Close", server(), frame(0xA8, b"")),
                #[cfg(feature = "deflate")]
                ("RSV2 with compression", deflate(), text(0xE1)),
                // RFC 7692, section 6.
                #[cfg(feature = "deflate")]
                ("RSV1 on a ping, with compression", deflate(), text(0xC9)),
                #[cfg(feature = "deflate")]
                (
                    "RSV1 on a later fragment, with compression",
                    deflate(),
                    [text(0x01), text(0xC0)].concat(),
                ),
                #[cfg(feature = "client")]
                ("to a client", client(), vec![0xA1, 0]),
            ],
        },
        Violation {
            error: ProtocolError::ReservedOpcode(3),
            code: 1002,
            clause: (6455, "5.2"),
            sentence: "reserved opcode 0x3",
            causes: vec![
                ("of data", server(), text(0x83)),
                ("in a message", server(), [text(0x01), text(0x83)].concat()),
            ],
        },
        Violation {
            error: ProtocolError::ReservedOpcode(0xF),
            code: 1002,
            clause: (6455, "5.2"),
            sentence: "reserved opcode 0xf",
            causes: vec![("of control", server(), text(0x8F))],
        },
        Violation {
            error: ProtocolError::FragmentedControl,
            code: 1002,
            clause: (6455, "5.5"),
            sentence: "fragmented control frame",
            causes: vec![
                ("a ping", server(), text(0x09)),
                ("a pong", server(), text(0x0A)),
                ("a Close", server(), frame(0x08, b"")),
            ],
        },
        Violation {
            error: ProtocolError::ControlTooLong,
            code: 1002,
            clause: (6455, "5.5"),
            sentence: "control frame above 125 bytes",
            causes: vec![
                ("a ping", server(), header(0x89, 126)),
                ("a pong", server(), header(0x8A, 1 << 16)),
                ("a Close", server(), header(0x88, 126)),
            ],
        },
        Violation {
            error: ProtocolError::UnmaskedFrame,
            code: 1002,
            clause: (6455, "5.1"),
            sentence: "frame from a client is not masked",
            causes: vec![
                ("a text", server(), vec![0x81, 0]),
                ("a ping", server(), vec![0x89, 0]),
            ],
        },
        Violation {
            error: ProtocolError::LengthNotMinimal,
            code: 1002,
            clause: (6455, "5.2"),
            sentence: "frame length is not minimally encoded",
            causes: vec![
                ("125 in two bytes", server(), vec![0x82, 0xFE, 0, 125]),
                (
                    "65535 in eight bytes",
                    server(),
                    vec![0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
                ),
            ],
        },
        Violation {
            error: ProtocolError::LengthOutOfRange,
            code: 1002,
            clause: (6455, "5.2"),
            sentence: "frame length above 2^63 - 1",
            causes: vec![("the first bit", server(), vec![0x82, 0xFF, 0x80])],
        },
        Violation {
            error: ProtocolError::UnexpectedContinuation,
            code: 1002,
            clause: (6455, "5.4"),
            sentence: "continuation frame without a message to continue",
            causes: vec![
                ("the first frame", server(), text(0x80)),
                ("not the last", server(), text(0x00)),
                (
                    "behind a whole message",
                    server(),
                    [text(0x01), text(0x80), text(0x80)].concat(),
                ),
            ],
        },
        Violation {
            error: ProtocolError::ExpectedContinuation,
            code: 1002,
            clause: (6455, "5.4"),
            sentence: "new data frame inside a fragmented message",
            causes: vec![
                ("a text", server(), [text(0x01), text(0x81)].concat()),
                ("a fragment", server(), [text(0x02), text(0x02)].concat()),
            ],
        },
        Violation {
            error: ProtocolError::CloseTooShort,
            code: 1002,
            clause: (6455, "5.5.1"),
            sentence: "close frame body of one byte",
            causes: vec![("half a code", server(), frame(0x88, b"\x03"))],
        },
        Violation {
            error: ProtocolError::InvalidCloseCode(1005),
            code: 1002,
            clause: (6455, "7.4"),
            sentence: "invalid close code 1005",
            causes: vec![
                ("alone", server(), frame(0x88, &1005_u16.to_be_bytes())),
                ("with a reason", server(), frame(0x88, b"\x03\xedbye")),
            ],
        },
        Violation {
            error: ProtocolError::InvalidCloseCode(5000),
            code: 1002,
            clause: (6455, "7.4"),
            sentence: "invalid close code 5000",
            causes: vec![("no range", server(), frame(0x88, &5000_u16.to_be_bytes()))],
        },
    ]
}

fn violations_of_payload() -> Vec<Violation> {
    let too_big = ProtocolError::MessageTooBig { size: 11, max: 10 };
    let small_frames = || limited(|config| config.max_frame_size(10));
    let small = || limited(|config| config.max_message_size(10));
    let few = || limited(|config| config.max_fragments(2));
    vec![
        Violation {
            error: ProtocolError::InvalidUtf8,
            code: 1007,
            clause: (6455, "8.1"),
            sentence: "invalid UTF-8",
            causes: vec![
                ("a text", server(), frame(0x81, b"a\xff")),
                ("a text that ends too early", server(), frame(0x81, b"\xc3")),
                ("a surrogate", server(), frame(0x81, b"\xed\xa0\x80")),
                ("in a fragment", server(), frame(0x01, b"\xff")),
                (
                    "in the last fragment",
                    server(),
                    [frame(0x01, b"\xc3"), frame(0x80, b"a")].concat(),
                ),
                (
                    "the reason of a Close",
                    server(),
                    frame(0x88, b"\x03\xe8\xff"),
                ),
                #[cfg(feature = "deflate")]
                (
                    "a compressed text",
                    deflate(),
                    frame(0xC1, b"\x00\x01\x00\xfe\xff\xff\x00"),
                ),
            ],
        },
        Violation {
            error: ProtocolError::FrameTooBig { size: 11, max: 10 },
            code: 1009,
            clause: (6455, "10.4"),
            sentence: "frame of 11 bytes or more exceeds max_frame_size (10)",
            causes: vec![
                ("a frame", small_frames(), header(0x82, 11)),
                (
                    "a fragment",
                    small_frames(),
                    [frame(0x02, b"a"), header(0x80, 11)].concat(),
                ),
                #[cfg(feature = "deflate")]
                (
                    "a compressed frame",
                    compressing(|config| config.max_frame_size(10)),
                    header(0xC2, 11),
                ),
            ],
        },
        Violation {
            error: too_big,
            code: 1009,
            clause: (6455, "10.4"),
            sentence: "message of 11 bytes or more exceeds max_message_size (10)",
            causes: vec![
                ("a frame", small(), header(0x82, 11)),
                (
                    "fragments together",
                    small(),
                    [frame(0x02, b"123456"), header(0x00, 5)].concat(),
                ),
                #[cfg(feature = "deflate")]
                (
                    "what a compressed one becomes",
                    compressing(|config| config.max_message_size(10)),
                    frame(0xC2, b"\x00\x0b\x00\xf4\xffHello World\x00"),
                ),
            ],
        },
        #[cfg(feature = "deflate")]
        Violation {
            error: ProtocolError::CompressedTooBig {
                size: 1036,
                max: 10,
            },
            code: 1009,
            clause: (6455, "10.4"),
            sentence: "compressed message of 1036 bytes or more exceeds what \
                       max_message_size (10) can need",
            causes: vec![
                (
                    "a compressed frame",
                    compressing(|config| config.max_message_size(10)),
                    [header(0xC2, 1036), vec![0; 4]].concat(),
                ),
                (
                    "compressed fragments together",
                    compressing(|config| config.max_message_size(10)),
                    [frame(0x42, &[0; 1030]), header(0x80, 6), vec![0; 4]].concat(),
                ),
            ],
        },
        Violation {
            error: ProtocolError::TooManyFragments { max: 2 },
            code: 1009,
            clause: (6455, "10.4"),
            sentence: "message in more frames than max_fragments (2)",
            causes: vec![(
                "three",
                few(),
                [frame(0x02, b"a"), frame(0x00, b""), frame(0x80, b"")].concat(),
            )],
        },
    ]
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
