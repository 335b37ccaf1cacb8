//! Compressed messages (RFC 7692) from a request to the bytes on the wire, through the tower
//! service and against another implementation of DEFLATE.

use tokio::io::{AsyncWriteExt, DuplexStream};
use tower_websock::{Config, DeflateConfig, Error, Message, WebSocket};

use crate::support::{deflate::*, *};

const ROOM: usize = 1 << 20;

/// A connection whose messages may be compressed; 7.1.2.2: the client's window is of 15 bits,
/// since it does not offer less.
async fn agreed(deflate: DeflateConfig) -> Peer<DuplexStream> {
    let config = Config::new().deflate(deflate);
    let (peer, answer) = connect(echo, &config, Some("permessage-deflate"), ROOM).await;
    assert!(answer.is_some());
    peer
}

async fn end(mut peer: Peer<DuplexStream>) {
    peer.send(&close_frame(1000)).await;
    peer.expect(CLOSE, &1000_u16.to_be_bytes()).await;
    peer.expect_end().await;
}

/// 6, 7.1.1, 7.2: messages are understood and sent compressed, and refer to those before in
/// just the directions in which that was agreed on.
#[tokio::test]
async fn compressed_messages_are_echoed_compressed() {
    let new = DeflateConfig::new;
    let plain = "permessage-deflate";
    let hint = "permessage-deflate; client_no_context_takeover";
    let both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for (deflate, offer, client_keeps, server_keeps, answer) in [
        (new(), plain, true, true, plain),
        // The server forgets, and says so only where it was asked to.
        (
            new().server_no_context_takeover(),
            plain,
            true,
            false,
            plain,
        ),
        (new(), both, false, false, both),
        (new().client_no_context_takeover(), hint, false, true, hint),
        (
            new().no_context_takeover().client_max_window_bits(15),
            BROWSER,
            false,
            false,
            hint,
        ),
    ] {
        let config = Config::new().deflate(deflate);
        let (mut peer, found) = connect(echo, &config, Some(offer), ROOM).await;
        assert_eq!(found.as_deref(), Some(answer));

        let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
        let text = json(2000);
        let mut lens = Vec::new();
        for (kind, message) in [
            (COMPRESSED_TEXT, &text[..]),
            (COMPRESSED_TEXT, &text),
            (COMPRESSED_BINARY, &json(300_000)),
            (COMPRESSED_BINARY, &vec![0xFF; 100_000]),
            (COMPRESSED_TEXT, &text),
        ] {
            if !client_keeps {
                deflater = Deflater::new();
            }
            if answer.contains("server_no_context_takeover") {
                inflater = Inflater::new();
            }
            let sent = deflater.message(message);
            peer.send(&frame(kind, &sent)).await;
            let (first, received) = peer.read().await.unwrap();
            assert_eq!(first, kind);
            assert!(inflater.message(&received) == message);
            lens.push((sent.len(), received.len()));
        }
        println!("{answer}: {lens:?} bytes sent and received");
        let [first, second, ..] = lens[..] else {
            unreachable!()
        };
        // A repetition is a reference, or what it was the first time.
        for (first, second, keeps) in [
            (first.0, second.0, client_keeps),
            (first.1, second.1, server_keeps),
        ] {
            assert!(if keeps {
                second < first / 10
            } else {
                second == first
            });
        }
        end(peer).await;
    }
}

/// 6: a message is one compressed stream over all its frames, between which control frames
/// come as they are.
#[tokio::test]
async fn compressed_fragments_are_one_message() {
    let mut peer = agreed(DeflateConfig::new()).await;
    let message = json(5000);
    let payload = deflated(&message);
    let mut inflater = Inflater::new();
    for step in [1, 7, 1000] {
        let pieces = payload.chunks(step);
        let last = pieces.len() - 1;
        for (i, piece) in pieces.enumerate() {
            let opcode = if i == 0 { 0x01 | RSV1 } else { 0x00 };
            let fin = if i == last { 0x80 } else { 0x00 };
            if i == 1 {
                peer.send(&frame(PING, b"between")).await;
            }
            peer.send(&frame(fin | opcode, piece)).await;
        }
        peer.expect(PONG, b"between").await;
        let (first, echoed) = peer.read().await.unwrap();
        assert_eq!(first, COMPRESSED_TEXT);
        assert!(inflater.message(&echoed) == message);
    }
    end(peer).await;
}

/// 7.2.3.6: an empty message, and what is around it.
#[tokio::test]
async fn tomcat_61491_empty_messages_among_others_arrive() {
    for (deflate, keeps) in [
        (DeflateConfig::new(), true),
        (DeflateConfig::new().no_context_takeover(), false),
    ] {
        for min_size in [0, 1, 32] {
            let mut peer = agreed(deflate.clone().min_size(min_size)).await;
            let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
            for message in ["x", "", "x", "", "", "x"] {
                if !keeps {
                    (deflater, inflater) = (Deflater::new(), Inflater::new());
                }
                let payload = deflater.message(message.as_bytes());
                peer.send(&frame(COMPRESSED_TEXT, &payload)).await;
                let (first, payload) = peer.read().await.unwrap();
                // Below the minimum, or no smaller where no message refers to it.
                let is_plain = message.len() < min_size || !keeps;
                if is_plain {
                    assert_eq!((first, &payload[..]), (TEXT, message.as_bytes()));
                } else {
                    assert_eq!(first, COMPRESSED_TEXT);
                    assert_eq!(inflater.message(&payload), message.as_bytes());
                }
            }
            end(peer).await;
        }
    }
}

const LONG: &str = "again and again and again and again";

async fn sends_both_ways(mut socket: WebSocket) -> Result<(), Error> {
    socket.send_uncompressed(LONG.into()).await?;
    socket.send(LONG.into()).await?;
    socket.send(LONG[..32].into()).await?;
    socket.send(LONG[..31].into()).await?;
    socket.send(Message::Ping(LONG.into())).await?;
    socket.send_uncompressed(LONG.into()).await?;
    socket.send(LONG.into()).await?;
    let (mut sender, _receiver) = socket.split();
    sender.send_uncompressed(LONG.into()).await?;
    sender.send(LONG.into()).await
}

/// 6: each message may be sent as it is, and control frames always are. 7.1.1: no message
/// refers to those.
#[tokio::test]
async fn messages_go_uncompressed_where_that_was_wanted() {
    let config = Config::new().deflate(DeflateConfig::new());
    let (mut peer, _) = connect(sends_both_ways, &config, Some(BROWSER), ROOM).await;
    let mut inflater = Inflater::new();
    for (first, message) in [
        (TEXT, LONG),
        (COMPRESSED_TEXT, LONG),
        (COMPRESSED_TEXT, &LONG[..32]),
        (TEXT, &LONG[..31]),
        (PING, LONG),
        (TEXT, LONG),
        (COMPRESSED_TEXT, LONG),
        (TEXT, LONG),
        (COMPRESSED_TEXT, LONG),
    ] {
        let (found, payload) = peer.read().await.unwrap();
        assert_eq!(found, first, "{payload:?}");
        if first == COMPRESSED_TEXT {
            assert_eq!(inflater.message(&payload), message.as_bytes());
        } else {
            assert_eq!(payload, message.as_bytes());
        }
    }
    peer.expect(CLOSE, &1000_u16.to_be_bytes()).await;
}

/// 6: what the client sends without RSV1 is what it is, and the echo is compressed.
#[tokio::test]
async fn plain_messages_are_understood_though_compression_was_agreed_on() {
    let mut peer = agreed(DeflateConfig::new()).await;
    let mut inflater = Inflater::new();
    let message = json(1000);
    for _ in 0..2 {
        peer.send(&frame(TEXT, &message)).await;
        let (first, payload) = peer.read().await.unwrap();
        assert_eq!(first, COMPRESSED_TEXT);
        assert_eq!(inflater.message(&payload), message);
    }
    end(peer).await;
}

/// 6; RFC 6455, 5.2: RSV1 means nothing where the extension was not negotiated, whoever it was
/// that did not want it: 1002, and what comes then is not looked at.
#[tokio::test]
async fn cve_2026_59881_compressed_message_that_was_not_agreed_on_is_answered_with_1002() {
    let on = Config::new().deflate(DeflateConfig::new());
    for (config, offer) in [
        (&Config::new(), None),
        (&Config::new(), Some(BROWSER)),
        (&on, None),
        (&on, Some("permessage-deflate; unknown")),
    ] {
        let (mut peer, answer) = connect(echo, config, offer, ROOM).await;
        assert_eq!(answer, None);
        peer.send(&frame(TEXT, LONG.as_bytes())).await;
        peer.expect(TEXT, LONG.as_bytes()).await;
        let mut bytes = frame(COMPRESSED_TEXT, &deflated(b"Hello"));
        bytes.extend(frame(TEXT, b"ignored"));
        peer.send(&bytes).await;
        let reason = b"reserved bit set where no extension gives it a meaning";
        peer.expect(CLOSE, &[&[0x03, 0xEA][..], reason].concat())
            .await;
        peer.expect_end().await;
    }
}

/// 5.1 of RFC 6455: what is inflated ahead comes in order, is answered in order, and ends with
/// what ends it, whatever lies between: messages that are not compressed, large ones, pings.
#[tokio::test]
async fn small_compressed_messages_arrive_in_order_to_the_last() {
    let corrupt = frame(COMPRESSED_TEXT, b"\xFF\xFF\xFF");
    let damaged = b"\x03\xEFcompressed message is damaged";
    for room in [64, 4096, ROOM] {
        for (last, close) in [
            (close_frame(1001), &b"\x03\xE9"[..]),
            (corrupt.clone(), &damaged[..]),
        ] {
            let mut deflater = Deflater::new();
            let mut messages = Vec::new();
            let mut wire = Vec::new();
            for i in 0..200_u8 {
                let mut message = format!("{i} ").into_bytes();
                message.extend(json([100, 1000, 0, 20_000][usize::from(i % 4)]));
                wire.extend(match i % 5 {
                    3 => frame(TEXT, &message),
                    _ => frame(COMPRESSED_TEXT, &deflater.message(&message)),
                });
                if i % 7 == 0 {
                    wire.extend(frame(PING, &[i]));
                }
                messages.push(message);
            }
            wire.extend(last);
            wire.extend(frame(TEXT, b"not looked at"));

            let config = Config::new().deflate(DeflateConfig::new());
            let (peer, _) = connect(echo, &config, Some("permessage-deflate"), room).await;
            let (input, mut output) = tokio::io::split(peer.io);
            let writing = tokio::spawn(async move { output.write_all(&wire).await });
            let mut peer = Peer::new(tokio::io::join(input, tokio::io::sink()));
            let (mut inflater, mut answered) = (Inflater::new(), Vec::new());
            let mut expected = messages.iter();
            let end = loop {
                let (first, payload) = peer.read().await.unwrap();
                let message = match first {
                    COMPRESSED_TEXT => inflater.message(&payload),
                    TEXT => payload,
                    PONG => {
                        answered.extend(payload);
                        continue;
                    }
                    _ => break payload,
                };
                assert!(Some(&message) == expected.next());
            };
            assert_eq!(end, close);
            assert_eq!(expected.len(), 0);
            // 5.5.3: of pings that pile up, the newest is answered.
            let sent: Vec<u8> = (0..200).step_by(7).collect();
            assert!(answered.is_sorted() && answered.last() == sent.last());
            assert!(answered.iter().all(|ping| sent.contains(ping)));
            assert_eq!(answered.len() == sent.len(), room == ROOM, "{room}");
            drop(peer);
            let _ = writing.await.unwrap();
        }
    }
}

/// 7.2.2; RFC 6455, 7.1.7, 10.4: messages that wait for their handler show what they are when it
/// comes to them: what is valid before the fault is received, and nothing behind it.
#[tokio::test]
async fn fault_of_a_message_that_waited_is_told_in_its_place() {
    let bomb = deflated(&vec![0; (1 << 20) + 1]);
    for (fault, code) in [(&b"\xFF\xFF\xFF"[..], 1007), (&bomb, 1009)] {
        let (go_on, waits) = tokio::sync::oneshot::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel();
        let slots = std::sync::Arc::new(std::sync::Mutex::new(Some((waits, tell))));
        let handler = move |mut socket: WebSocket| {
            let (waits, tell) = slots.lock().unwrap().take().unwrap();
            async move {
                let _ = waits.await;
                let mut received = Vec::new();
                while let Some(message) = socket.recv().await {
                    received.push(message);
                }
                let _ = tell.send(received);
                Ok::<_, Error>(())
            }
        };
        let config = Config::new().deflate(DeflateConfig::new());
        let (mut peer, _) = connect(handler, &config, Some(BROWSER), ROOM).await;
        let mut deflater = Deflater::new();
        for message in [b"first", b"other"] {
            let payload = deflater.message(message);
            peer.send(&frame(COMPRESSED_TEXT, &payload)).await;
        }
        peer.send(&frame(COMPRESSED_TEXT, fault)).await;
        peer.send(&frame(TEXT, b"not looked at")).await;
        peer.send(&frame(PING, b"read")).await;
        peer.expect(PONG, b"read").await;
        go_on.send(()).unwrap();
        peer.expect_close(code).await;
        peer.expect_end().await;
        let received = told.await.unwrap();
        let [Ok(first), Ok(other), Err(Error::Protocol(error))] = &received[..] else {
            panic!("{received:?}");
        };
        assert_eq!((first, other), (&"first".into(), &"other".into()));
        assert_eq!(error.close_code(), code);
    }
}

/// A message that nobody receives is not inflated, so that nothing is wrong with it: what the
/// handler ends with counts.
#[tokio::test]
async fn fault_of_a_message_that_nobody_receives_is_not_told() {
    let ends_at_once = async |_: WebSocket| Ok::<_, Error>(());
    let config = Config::new().deflate(DeflateConfig::new());
    let (mut peer, _) = connect(ends_at_once, &config, Some(BROWSER), ROOM).await;
    peer.send(&frame(COMPRESSED_TEXT, b"\xFF\xFF\xFF")).await;
    peer.expect_close(1000).await;
    peer.send(&close_frame(1000)).await;
    peer.expect_end().await;
}
