//! A client's compression (RFC 7692): it understands all that the answer allows the server, keeps to
//! its own bounds, and holds the window that was agreed on.
#![allow(clippy::cast_possible_wrap, reason = "sizes of tests are small")]

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tower_websock::{Config, DeflateConfig, Message, WebSocket, client::Builder};

use crate::alloc::held;
use crate::support::deflate::*;

/// What a pipe holds: so little that it does not blur what is measured.
const NARROW: usize = 64;

/// A server made by hand.
struct Server(DuplexStream);

/// Opens a connection; the server answers to compression with this, and returns what was offered.
async fn open(deflate: DeflateConfig, answer: &str) -> (WebSocket, Server, String) {
    let (ours, mut theirs) = duplex(NARROW);
    let builder = Builder::new().config(Config::new().deflate(deflate));
    let serve = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(theirs.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let field = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
            values.next().unwrap().1.to_owned()
        };
        let digest = Sha1::new()
            .chain_update(field("sec-websocket-key"))
            .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
            .finalize();
        let accept = STANDARD.encode(digest);
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\
             Sec-WebSocket-Extensions: permessage-deflate{answer}\r\n\r\n"
        );
        theirs.write_all(head.as_bytes()).await.unwrap();
        (Server(theirs), field("sec-websocket-extensions"))
    };
    let opening = builder.handshake("ws://localhost/ws", ours);
    let (socket, (server, offered)) = tokio::join!(opening, serve);
    (socket.unwrap(), server, offered)
}

impl Server {
    /// Sends a frame, which a server does not mask.
    async fn send(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match payload.len() {
            len @ 0..=125 => frame.push(u8::try_from(len).unwrap()),
            len => {
                frame.push(126);
                frame.extend(u16::try_from(len).unwrap().to_be_bytes());
            }
        }
        frame.extend(payload);
        self.0.write_all(&frame).await.unwrap();
    }

    /// The next frame: first byte and payload, unmasked.
    async fn read(&mut self) -> (u8, Vec<u8>) {
        let first = self.0.read_u8().await.unwrap();
        let second = self.0.read_u8().await.unwrap();
        assert_eq!(second & 0x80, 0x80);
        let len = match second & 0x7F {
            126 => u64::from(self.0.read_u16().await.unwrap()),
            127 => self.0.read_u64().await.unwrap(),
            len => u64::from(len),
        };
        let mut key = [0; 4];
        self.0.read_exact(&mut key).await.unwrap();
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        self.0.read_exact(&mut payload).await.unwrap();
        let masked = payload.iter_mut().zip(key.iter().cycle());
        masked.for_each(|(byte, key)| *byte ^= key);
        (first, payload)
    }
}

/// Receives what the server sends meanwhile.
async fn receive(
    socket: &mut WebSocket,
    server: &mut Server,
    first: u8,
    payload: &[u8],
) -> Message {
    let sending = async {
        server.send(first, payload).await;
        Ok(())
    };
    let receiving = async { socket.recv().await.unwrap() };
    // Whoever fails does not let the other wait.
    tokio::try_join!(receiving, sending).unwrap().0
}

/// 7.1, 7.2: by default a client asks for what Chromium does, and is at home with every answer to
/// that: the server's window may be of 15 bits, and refer to messages before, or not.
#[tokio::test]
async fn client_understands_what_each_answer_allows() {
    let text = json(30_000);
    for answer in [
        "",
        "; client_max_window_bits=15",
        "; client_max_window_bits=9",
        "; server_max_window_bits=15",
        "; server_no_context_takeover",
        "; client_no_context_takeover",
        "; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=12",
    ] {
        let (mut socket, mut server, offered) = open(DeflateConfig::new(), answer).await;
        assert_eq!(offered, BROWSER);
        let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
        let mut lens = Vec::new();
        for _ in 0..3 {
            if answer.contains("server_no") {
                deflater = Deflater::new();
            }
            let payload = deflater.message(&text);
            let received = receive(&mut socket, &mut server, COMPRESSED_TEXT, &payload).await;
            assert!(received == Message::text(String::from_utf8(text.clone()).unwrap()));

            if answer.contains("client_no") {
                inflater = Inflater::new();
            }
            let message = Message::binary(text.clone());
            let (sent, (first, echoed)) = tokio::join!(socket.send(message), server.read());
            sent.unwrap();
            assert_eq!(first, COMPRESSED_BINARY);
            assert!(inflater.message(&echoed) == text, "{answer}");
            lens.push((payload.len(), echoed.len()));
        }
        println!("{answer:?}: {lens:?} bytes received and sent");
        // The server referred over more than the client's own window, as it may.
        let is_kept = !answer.contains("server_no");
        assert_eq!(lens[1].0 < lens[0].0 / 10, is_kept, "{answer}");
    }
}

/// What each connection holds more after messages that fill the server's window than before; on
/// a thread of its own, which keeps what all connections share.
#[tokio::main(flavor = "current_thread")]
async fn held_after_messages(deflate: &DeflateConfig, answer: &'static str, bits: u8) -> isize {
    const COUNT: usize = 20;
    // The first ones bring what the thread keeps; they are not counted.
    const EARLIER: usize = 40;
    let message = json(1 << bits);
    // It refers to nothing before, so any window of these bits takes it.
    let payload = deflated(&message);
    let mut peers = Vec::new();
    for _ in 0..EARLIER + COUNT {
        let (mut socket, mut server, _) = open(deflate.clone(), answer).await;
        let received = receive(&mut socket, &mut server, 0x81, b"plain").await;
        assert_eq!(received, Message::text("plain"));
        peers.push((socket, server));
    }
    let mut before = 0;
    for (at, (socket, server)) in peers.iter_mut().enumerate() {
        if at == EARLIER {
            before = held();
        }
        for _ in 0..2 {
            let received = receive(socket, server, COMPRESSED_BINARY, &payload).await;
            assert!(received == Message::binary(message.clone()));
        }
    }
    (held() - before) / COUNT as isize
}

/// 7.1.2: a client holds the window that the server agreed to, and 32 KiB at most if it agreed to
/// none; without context takeover none.
#[test]
fn client_holds_the_window_that_was_agreed_on() {
    // Of the direction once it has begun.
    const STATE: isize = 400;
    let new = DeflateConfig::new;
    for (deflate, answer, bits, window) in [
        (new(), "", 15, 1 << 15),
        (new(), "; client_max_window_bits=9", 15, 1 << 15),
        (new(), "; server_max_window_bits=10", 10, 1 << 10),
        (new(), "; server_no_context_takeover", 15, 0),
        (
            new().server_max_window_bits(10),
            "; server_max_window_bits=10",
            10,
            1 << 10,
        ),
        // The server took the fall-back.
        (new().server_max_window_bits(10), "", 15, 1 << 15),
        (new().server_no_context_takeover(), "", 15, 1 << 15),
    ] {
        let what = format!("{deflate:?}, {answer:?}");
        let thread = std::thread::spawn(move || held_after_messages(&deflate, answer, bits));
        let found = thread.join().unwrap();
        println!("{what}: {found} bytes");
        assert!(
            (window..=window + STATE).contains(&found),
            "{what}: {found}"
        );
    }
}
