//! The client: its request, and what it makes of lawful and lying servers (RFC 6455, 4.1).

use std::{collections::HashSet, error::Error as _, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::FutureExt;
use http::{HeaderValue, header};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tower_websock::{
    AnswerError, Closure, Config, Error, Initiator, Message, ProtocolError, Subprotocol, WebSocket,
    client::{self, Builder},
};

pub(super) const URI: &str = "ws://example.com/chat?room=1";

/// Reads a request's head and returns it with the accept value that answers it.
async fn read_request(io: &mut DuplexStream) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let key = field(&head, "sec-websocket-key").unwrap();
    assert_eq!(STANDARD.decode(key).unwrap().len(), 16);
    let digest = Sha1::new()
        .chain_update(key)
        .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        .finalize();
    let accept = STANDARD.encode(digest);
    (head, accept)
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// What a client makes of a server that answers with this head, in which `ACCEPT` stands for
/// the right value, and these bytes behind it.
async fn answered_with(
    builder: Builder,
    head: &str,
    behind: &[u8],
) -> Result<(WebSocket, DuplexStream), client::Error> {
    let (ours, mut theirs) = duplex(64 * 1024);
    let server = async {
        let (_, accept) = read_request(&mut theirs).await;
        let head = head.replace("ACCEPT", &accept);
        theirs.write_all(head.as_bytes()).await.unwrap();
        theirs.write_all(behind).await.unwrap();
        theirs
    };
    let (socket, theirs) = tokio::join!(builder.handshake(URI, ours), server);
    socket.map(|socket| (socket, theirs))
}

const LAWFUL: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                      Connection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n";

/// 4.1: the request has all that it must have and no more, and a new key each time.
#[tokio::test]
async fn request_is_what_the_rfc_asks_for() {
    let mut keys = HashSet::new();
    for _ in 0..100 {
        let (ours, mut theirs) = duplex(4096);
        let builder = Builder::new()
            .subprotocols([Subprotocol::from_static("a"), Subprotocol::from_static("b")])
            .origin(HeaderValue::from_static("https://example.com"))
            .header(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        let task = tokio::spawn(async move { builder.handshake(URI, ours).await });
        let (head, _) = read_request(&mut theirs).await;
        assert!(head.starts_with("GET /chat?room=1 HTTP/1.1\r\n"), "{head}");
        for (name, value) in [
            ("host", "example.com"),
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-version", "13"),
            // On one line, since many servers read no further.
            ("sec-websocket-protocol", "a, b"),
            ("origin", "https://example.com"),
            ("authorization", "Bearer x"),
        ] {
            assert_eq!(field(&head, name), Some(value), "{head}");
        }
        assert_eq!(
            head.matches("sec-websocket-protocol: ").count(),
            1,
            "{head}"
        );
        assert_eq!(field(&head, "sec-websocket-extensions"), None);
        assert_eq!(field(&head, "content-length"), None);
        assert_eq!(field(&head, "transfer-encoding"), None);
        keys.insert(field(&head, "sec-websocket-key").unwrap().to_owned());
        drop(theirs);
        // An end in place of a response.
        let error = task.await.unwrap().unwrap_err();
        assert!(matches!(error, client::Error::Http(_)), "{error:?}");
    }
    // 4.1 item 7: selected randomly for each connection.
    assert_eq!(keys.len(), 100);
}

/// 4.1: lawful answers open the connection, frames glued to them are the first ones.
#[tokio::test]
async fn lawful_answers_are_accepted() {
    for head in [
        LAWFUL.to_owned(),
        LAWFUL.replace("websocket\r\n", "WebSocket\r\n"),
        LAWFUL.replace("Connection: Upgrade", "Connection: keep-alive, upgrade"),
        LAWFUL.replace("ACCEPT", " ACCEPT  "),
        format!("{LAWFUL}X-Unknown: is ignored\r\n"),
        format!("{LAWFUL}Content-Length: 0\r\n"),
        // RFC 9112, section 6.3: it has no body, whatever it says.
        format!("{LAWFUL}Content-Length: 5\r\n"),
        format!("{LAWFUL}Transfer-Encoding: chunked\r\n"),
        format!("{LAWFUL}Transfer-Encoding: gzip, chunked\r\n"),
    ] {
        let answered = answered_with(Builder::new(), &format!("{head}\r\n"), b"\x81\x02hi").await;
        let (mut socket, _theirs) = answered.unwrap_or_else(|error| panic!("{head}: {error:?}"));
        assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
        assert_eq!(socket.subprotocol(), None);
    }
}

/// 4.1: every lie of a server fails the connection, with what it was.
#[tokio::test]
async fn lying_servers_are_found_out() {
    use AnswerError::{
        Accept, Connection, Extensions, ExtensionsMalformed, Subprotocol as Name,
        SubprotocolRepeated, Upgrade,
    };
    let without = |line: &str| LAWFUL.replace(line, "");
    let with = |line: &str| format!("{LAWFUL}{line}\r\n");
    for (head, expected) in [
        (without("Upgrade: websocket\r\n"), Upgrade),
        (LAWFUL.replace(": websocket", ": websocketx"), Upgrade),
        (LAWFUL.replace(": websocket", ": h2c, websocket"), Upgrade),
        (with("Upgrade: websocket"), Upgrade),
        (
            LAWFUL.replace("Connection: Upgrade", "Connection: not-upgrade"),
            Connection,
        ),
        (without("Sec-WebSocket-Accept: ACCEPT\r\n"), Accept),
        (
            LAWFUL.replace("ACCEPT", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            Accept,
        ),
        (with("Sec-WebSocket-Accept: ACCEPT"), Accept),
        (
            with("Sec-WebSocket-Extensions: permessage-deflate"),
            Extensions,
        ),
        (with("Sec-WebSocket-Extensions: foo"), Extensions),
        (with("Sec-WebSocket-Extensions: ;"), ExtensionsMalformed),
        (with("Sec-WebSocket-Extensions:"), ExtensionsMalformed),
        (with("Sec-WebSocket-Protocol: b"), Name),
        (with("Sec-WebSocket-Protocol: A"), Name),
        (
            with("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a"),
            SubprotocolRepeated,
        ),
        (with("Sec-WebSocket-Protocol:"), Name),
    ] {
        let builder = Builder::new().subprotocols([Subprotocol::from_static("a")]);
        let error = answered_with(builder, &format!("{head}\r\n"), b"\x81\x02hi").await;
        match error.map(drop).unwrap_err() {
            client::Error::Answer(error) => assert_eq!(error, expected, "{head}"),
            error => panic!("{head}: {error:?}"),
        }
    }
    // A subprotocol although none was asked for.
    let head = with("Sec-WebSocket-Protocol: a\r\n");
    let error = answered_with(Builder::new(), &head, b"")
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, client::Error::Answer(Name)), "{error:?}");
    assert!(error.to_string().ends_with(&Name.to_string()), "{error}");
    assert!(error.source().is_none());
}

/// RFC 9110, section 7.8: `Upgrade` is for HTTP/1.1, and the version is what is told.
#[tokio::test]
async fn answer_of_another_version_is_told_by_its_version() {
    for head in [
        LAWFUL.to_owned(),
        "HTTP/1.1 101 Switching Protocols\r\n".to_owned(),
    ] {
        let head = head.replace("HTTP/1.1", "HTTP/1.0") + "\r\n";
        let answered = answered_with(Builder::new(), &head, b"").await;
        let error = answered.map(drop).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the server's answer breaks the handshake: \
             the response is HTTP/1.0, and this handshake needs HTTP/1.1"
        );
        let client::Error::Answer(AnswerError::HttpVersion { found, .. }) = error else {
            panic!("{error:?}");
        };
        assert_eq!(found, http::Version::HTTP_10);
    }
}

/// 4.1: the subprotocol and the compression that were agreed on hold.
#[tokio::test]
async fn what_was_agreed_on_holds() {
    let head = format!("{LAWFUL}Sec-WebSocket-Protocol: b\r\n\r\n");
    let builder = Builder::new().subprotocols(["a", "b"].map(Subprotocol::from_static));
    let (socket, _theirs) = answered_with(builder, &head, b"").await.unwrap();
    assert_eq!(socket.subprotocol().unwrap().as_str(), "b");
}

/// 4.1 item 1: another status is no connection; status and headers are kept.
#[tokio::test]
async fn other_statuses_are_told_apart() {
    for (head, status, name) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            200,
            "content-length",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n",
            302,
            "location",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n",
            401,
            "www-authenticate",
        ),
    ] {
        let error = answered_with(Builder::new(), head, b"")
            .await
            .map(drop)
            .unwrap_err();
        match error {
            client::Error::Refused(response) => {
                assert_eq!(response.status().as_u16(), status, "{head}");
                assert!(response.headers().contains_key(name));
            }
            error => panic!("{head}: {error:?}"),
        }
    }
    let error = answered_with(Builder::new(), "no HTTP at all\r\n\r\n", b"").await;
    assert!(matches!(error.map(drop), Err(client::Error::Http(_))));
}

/// A server that never answers is not waited for longer than was set.
#[tokio::test(start_paused = true)]
async fn silent_server_is_given_up() {
    let (ours, _theirs) = duplex(4096);
    let config = Config::new().upgrade_timeout(Duration::from_secs(3));
    let began = tokio::time::Instant::now();
    let error = Builder::new().config(config).handshake(URI, ours).await;
    assert!(matches!(error, Err(client::Error::TimedOut(_))));
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

/// 5.1: a masked frame from the server fails the connection.
#[tokio::test]
async fn masked_frame_from_the_server_is_refused() {
    let frames = b"\x81\x82\x01\x02\x03\x04\x69\x6b";
    let (mut socket, mut theirs) = answered_with(Builder::new(), &format!("{LAWFUL}\r\n"), frames)
        .await
        .unwrap();
    let error = socket.recv().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Protocol(ProtocolError::MaskedFrame)));
    // It is told so in a masked Close frame.
    let head = [
        theirs.read_u8().await.unwrap(),
        theirs.read_u8().await.unwrap(),
    ];
    assert_eq!((head[0], head[1] & 0x80), (0x88, 0x80));
}

/// 7.1.1: the server ends the transport first; a client waits for that, but not for ever.
#[tokio::test(start_paused = true)]
async fn client_waits_for_the_server_to_end_the_transport() {
    let (ours, mut theirs) = duplex(4096);
    let mut socket = WebSocket::client(ours, &Config::new());
    let task = tokio::spawn(async move { socket.close(None).await.unwrap() });
    let mut close = [0; 6];
    theirs.read_exact(&mut close).await.unwrap();
    assert_eq!(close[..2], [0x88, 0x80]);
    theirs.write_all(b"\x88\x00").await.unwrap();
    // Not ended by the client, though both Close frames were sent.
    assert!(theirs.read_u8().now_or_never().is_none());
    let began = tokio::time::Instant::now();
    assert!(theirs.read_u8().await.is_err(), "ended at last");
    assert!(began.elapsed() <= Duration::from_secs(5));
    let closure = task.await.unwrap();
    assert_eq!(
        closure,
        Closure::Clean {
            initiator: Initiator::Local,
            frame: None,
            sent: None
        }
    );
}
