//! `stats`: exact figures for all that can pass over a connection.

use std::time::Duration;

use tokio::{io::DuplexStream, sync::mpsc, task::JoinHandle};
use tower_websock::{Closure, Config, Error, KeepAlive, Message, Stats, Traffic, WebSocket};

use crate::support::{
    BINARY, PING, PONG, Peer, TEXT, close_by_peer, frame, header, pair, supervise,
};

/// Messages, frames, payload bytes, bytes on the wire, pings.
fn figures(traffic: Traffic) -> [u64; 5] {
    [
        traffic.messages,
        traffic.frames,
        traffic.payload_bytes,
        traffic.wire_bytes,
        traffic.pings,
    ]
}

/// A handler that echoes, and tells the figures after each message, once what it sent is written.
fn telling() -> (
    Peer<DuplexStream>,
    JoinHandle<Closure>,
    mpsc::UnboundedReceiver<Stats>,
) {
    let (tell, told) = mpsc::unbounded_channel();
    let (client, server) = tokio::io::duplex(1 << 20);
    // Its pings would count, too.
    let config = Config::new().keep_alive(KeepAlive::OFF);
    let task = supervise(server, config, async move |mut socket: WebSocket| {
        while let Some(message) = socket.recv().await {
            let message = message?;
            if message.is_data() {
                socket.send(message).await?;
            }
            socket.flush().await?;
            tell.send(socket.stats()).unwrap();
        }
        Ok::<_, Error>(())
    });
    (Peer::new(client), task, told)
}

/// Sends `bytes`, takes as many frames as are expected, and as many reports; returns the last one.
async fn exchange(
    peer: &mut Peer<DuplexStream>,
    told: &mut mpsc::UnboundedReceiver<Stats>,
    bytes: &[u8],
    [frames, reports]: [usize; 2],
) -> Stats {
    peer.send(bytes).await;
    for _ in 0..frames {
        peer.read().await.unwrap();
    }
    let mut last = None;
    for _ in 0..reports {
        last = told.recv().await;
    }
    last.unwrap()
}

/// Plain, fragmented and control frames, each alone, and what a frame that is not whole counts.
#[tokio::test(start_paused = true)]
async fn every_kind_of_frame_is_counted_once() {
    let (mut peer, task, mut told) = telling();
    let told = &mut told;

    let stats = exchange(&mut peer, told, &frame(TEXT, b"hello"), [1, 1]).await;
    assert_eq!(figures(stats.received), [1, 1, 5, 11, 0]);
    assert_eq!(figures(stats.sent), [1, 1, 5, 7, 0]);

    // With the longer headers.
    let long = [frame(BINARY, &[7; 126]), frame(BINARY, &vec![7; 70_000])].concat();
    let stats = exchange(&mut peer, told, &long, [2, 2]).await;
    assert_eq!(
        figures(stats.received),
        [3, 3, 70_131, 70_131 + 6 + 8 + 14, 0]
    );
    assert_eq!(figures(stats.sent), [3, 3, 70_131, 70_131 + 2 + 4 + 10, 0]);
    let before = stats;

    // Four fragments, of which one is empty, with a ping between, which is answered by itself.
    let fragments = [
        frame(0x01, b"ab"),
        frame(0x00, b""),
        frame(PING, b"??"),
        frame(0x00, b"c"),
        frame(0x80, b"de"),
    ]
    .concat();
    let stats = exchange(&mut peer, told, &fragments, [2, 2]).await;
    let since = |now: Traffic, then: Traffic| {
        let (now, then) = (figures(now), figures(then));
        [0, 1, 2, 3, 4].map(|index| now[index] - then[index])
    };
    assert_eq!(
        since(stats.received, before.received),
        [1, 5, 5, 5 * 6 + 7, 1]
    );
    assert_eq!(since(stats.sent, before.sent), [1, 2, 5, 7 + 4, 0]);
    let before = stats;

    // A pong that nobody asked for, and half of a message.
    let half = &frame(BINARY, b"0123456789")[..9];
    let pong = [&frame(PONG, b"!")[..], half].concat();
    let stats = exchange(&mut peer, told, &pong, [0, 1]).await;
    assert_eq!(since(stats.received, before.received), [0, 1, 0, 7 + 9, 0]);
    assert_eq!(since(stats.sent, before.sent), [0; 5]);
    let rest = &frame(BINARY, b"0123456789")[9..];
    let stats = exchange(&mut peer, told, rest, [1, 1]).await;
    assert_eq!(
        since(stats.received, before.received),
        [1, 2, 10, 7 + 16, 0]
    );
    let before = stats;

    peer.send(&crate::support::close_frame(1000)).await;
    peer.expect_close(1000).await;
    let stats = told.recv().await.unwrap();
    assert_eq!(since(stats.received, before.received), [0, 1, 0, 8, 0]);
    assert_eq!(since(stats.sent, before.sent), [0, 1, 0, 4, 0]);
    assert_eq!(stats.last_rtt, None);
    drop(peer);
    assert!(task.await.unwrap().is_clean());
}

/// Messages that come together are decoded and sent in batches.
#[tokio::test]
async fn batch_is_counted_as_its_messages() {
    const ROUNDS: usize = 50;

    for kind in [TEXT, BINARY] {
        let (tell, mut told) = mpsc::unbounded_channel();
        let (mut peer, task) = pair(move |mut socket: WebSocket| async move {
            for _ in 0..ROUNDS * 100 {
                let message = socket.recv().await.unwrap().unwrap();
                socket.send(message).await.unwrap();
            }
            socket.flush().await.unwrap();
            tell.send(socket.stats()).unwrap();
            while socket.recv().await.is_some() {}
        });
        let frames = (0..100_u8).map(|n| frame(kind, &vec![b'a'; n.into()]));
        let frames: Vec<u8> = frames.flatten().collect();
        for _ in 0..ROUNDS {
            peer.send(&frames).await;
            for n in 0..100_u8 {
                peer.expect(kind, &vec![b'a'; n.into()]).await;
            }
        }
        let stats = told.recv().await.unwrap();
        let messages = 100 * ROUNDS as u64;
        let payload = ROUNDS as u64 * (0..100).sum::<u64>();
        let wire = |header| payload + header * messages;
        assert_eq!(
            figures(stats.received),
            [messages, messages, payload, wire(6), 0]
        );
        assert_eq!(
            figures(stats.sent),
            [messages, messages, payload, wire(2), 0]
        );
        close_by_peer(peer, task).await;
    }
}

/// What a handler sends in its turn, without a flush between, is counted before it leaves.
#[tokio::test]
async fn what_is_queued_is_sent_and_not_on_the_wire() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let (mut peer, task) = pair(move |mut socket: WebSocket| async move {
        socket.recv().await.unwrap().unwrap();
        for _ in 0..20 {
            socket.send("0123456789".into()).await.unwrap();
        }
        socket
            .send(Message::Ping(b"?".as_slice().into()))
            .await
            .unwrap();
        tell.send(socket.stats()).unwrap();
        socket.flush().await.unwrap();
        tell.send(socket.stats()).unwrap();
        while socket.recv().await.is_some() {}
    });
    peer.send(&frame(TEXT, b"go")).await;
    let queued = told.recv().await.unwrap();
    assert_eq!(figures(queued.sent), [20, 21, 200, 0, 1]);
    let written = told.recv().await.unwrap();
    assert_eq!(figures(written.sent), [20, 21, 200, 20 * 12 + 3, 1]);
    peer.forget();
    for _ in 0..21 {
        peer.read().await.unwrap();
    }
    close_by_peer(peer, task).await;
}

/// Both halves and a sender tell the same of the whole connection, from whatever task. A sender does
/// so as long as the connection is there.
#[tokio::test]
async fn halves_and_senders_count_together() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let (lend, mut borrowed) = mpsc::unbounded_channel();
    let (mut peer, task) = pair(move |socket: WebSocket| async move {
        let beside = socket.sender();
        lend.send(beside.clone()).unwrap();
        let (mut send, mut recv) = socket.split();
        let (pass, mut passed) = mpsc::unbounded_channel();
        let sender = tokio::spawn(async move {
            while let Some(message) = passed.recv().await {
                send.send(message).await.unwrap();
            }
            send.flush().await.unwrap();
            send.stats()
        });
        for _ in 0..50 {
            pass.send(recv.recv().await.unwrap().unwrap()).unwrap();
        }
        drop(pass);
        let stats = sender.await.unwrap();
        let again = recv.stats();
        assert_eq!(
            (stats.received, stats.sent),
            (again.received, again.sent),
            "both know the connection"
        );
        let again = beside.stats().unwrap();
        assert_eq!((stats.received, stats.sent), (again.received, again.sent));
        tell.send(stats).unwrap();
    });
    for _ in 0..50 {
        peer.send(&frame(BINARY, &[1; 30])).await;
        peer.expect(BINARY, &[1; 30]).await;
    }
    let stats = told.recv().await.unwrap();
    assert_eq!(figures(stats.received), [50, 50, 1500, 50 * 36, 0]);
    assert_eq!(figures(stats.sent), [50, 50, 1500, 50 * 32, 0]);
    // The halves are gone, so the connection is closed.
    peer.forget();
    peer.expect_close(1000).await;
    peer.send(&crate::support::close_frame(1000)).await;
    assert!(crate::support::end_of(peer, task).await.is_clean());
    assert_eq!(borrowed.recv().await.unwrap().stats(), None);
}

/// Messages that nobody receives count, and so does what comes behind the end on the wire.
#[tokio::test(start_paused = true)]
async fn what_is_thrown_away_is_counted() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let (mut peer, task) = pair(move |socket: WebSocket| async move {
        let (mut send, recv) = socket.split();
        drop(recv);
        send.closed().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        tell.send(send.stats()).unwrap();
    });
    let message = frame(TEXT, b"nobody");
    // Not masked: a violation, behind which nothing is a frame.
    let wrong = [message.clone(), b"\x81\x01a".to_vec(), message.clone()].concat();
    peer.send(&wrong).await;
    peer.expect_close(1002).await;
    let stats = told.recv().await.unwrap();
    let wire = wrong.len() as u64;
    assert_eq!(figures(stats.received), [1, 1, 6, wire, 0]);
    assert_eq!((stats.sent.messages, stats.sent.frames), (0, 1));
    drop(peer);
    assert!(!task.await.unwrap().is_clean());
}

/// The time that a connection has been open passes with the clock.
#[tokio::test(start_paused = true)]
async fn age_is_the_time_since_the_opening() {
    let (mut peer, task, mut told) = telling();
    let first = exchange(&mut peer, &mut told, &frame(TEXT, b"a"), [1, 1]).await;
    let long = Duration::from_secs(100 * 24 * 3600);
    tokio::time::advance(long).await;
    let second = exchange(&mut peer, &mut told, &frame(TEXT, b"a"), [1, 1]).await;
    assert_eq!(second.age, first.age + long);
    let now = std::time::SystemTime::now();
    let since = now.duration_since(second.opened_at).unwrap();
    assert!(since >= second.age && since < second.age + Duration::from_secs(60));
    close_by_peer(peer, task).await;
}

/// Of a length that is only announced nothing counts.
#[tokio::test]
async fn announced_length_is_not_counted() {
    let (mut peer, task, mut told) = telling();
    let mut bytes = header(BINARY, 500_000);
    bytes.extend([0; 4]);
    peer.send(&[frame(PONG, b""), bytes].concat()).await;
    let stats = told.recv().await.unwrap();
    assert_eq!(figures(stats.received), [0, 1, 0, 6 + 14, 0]);
    drop(peer);
    assert!(!task.await.unwrap().is_clean());
}

/// A client and a server tell the same of what passed between them, each as the other direction.
#[cfg(feature = "client")]
#[tokio::test]
async fn client_and_server_agree() {
    use tower_websock::Config;

    let (mut client, mut server) = WebSocket::pair(&Config::new());
    let messages = || {
        [
            Message::text("hello"),
            Message::binary(vec![7; 20_000]),
            Message::Ping(b"?".as_slice().into()),
            Message::Pong(b"!".as_slice().into()),
            Message::text("ß".repeat(500)),
        ]
    };
    for _ in 0..3 {
        for message in messages() {
            client.send(message.clone()).await.unwrap();
            assert_eq!(server.recv().await.unwrap().unwrap(), message);
            server.send(message.clone()).await.unwrap();
            // The answer to a ping comes first.
            let mut came = client.recv().await.unwrap().unwrap();
            if matches!(message, Message::Ping(_)) {
                assert_eq!(came, Message::Pong(b"?".as_slice().into()));
                came = client.recv().await.unwrap().unwrap();
            }
            assert_eq!(came, message);
            if matches!(message, Message::Ping(_)) {
                let pong = server.recv().await.unwrap().unwrap();
                assert_eq!(pong, Message::Pong(b"?".as_slice().into()));
            }
        }
    }
    let (ours, theirs) = (client.stats(), server.stats());
    assert_eq!(ours.sent, theirs.received);
    assert_eq!(ours.received, theirs.sent);
    let payload = 3 * (5 + 20_000 + 1000);
    let headers = 2 + 4 + 2 + 2 + 2 + 4;
    let wire = payload + 3 * (headers + 3);
    assert_eq!(figures(theirs.sent), [9, 18, payload, wire, 3]);
    // With masks.
    assert_eq!(figures(theirs.received), [9, 18, payload, wire + 18 * 4, 3]);
}

/// RFC 7692: the payload counts as the handler sees it, the wire as it is.
#[cfg(feature = "deflate")]
#[tokio::test]
async fn compressed_messages_count_by_their_content() {
    use crate::support::deflate::{BROWSER, COMPRESSED_TEXT, connect, deflated, json};
    use tower_websock::{Config, DeflateConfig};

    let config = Config::new().deflate(DeflateConfig::new().no_context_takeover());
    let (tell, mut told) = mpsc::unbounded_channel();
    let handler = move |mut socket: WebSocket| {
        let tell = tell.clone();
        async move {
            while let Some(Ok(message)) = socket.recv().await {
                if message.is_data() {
                    socket.send(message).await.unwrap();
                    socket.flush().await.unwrap();
                }
                tell.send(socket.stats()).unwrap();
            }
        }
    };
    let (mut peer, answer) = connect(handler, &config, Some(BROWSER), 1 << 20).await;
    assert!(answer.is_some());
    // One that is inflated at once, and one in steps; then one in two fragments.
    let (mut payload, mut received, mut sent) = (0, 0, 0);
    for (index, len) in [1_000, 100_000, 30_000].into_iter().enumerate() {
        let text = json(len);
        let packed = deflated(&text);
        let frames = if index == 2 {
            let (first, second) = packed.split_at(100);
            [frame(COMPRESSED_TEXT & !0x80, first), frame(0x80, second)].concat()
        } else {
            frame(COMPRESSED_TEXT, &packed)
        };
        peer.send(&frames).await;
        let (_, answer) = peer.read().await.unwrap();
        payload += len as u64;
        received += frames.len() as u64;
        sent += answer.len() as u64 + if answer.len() < 126 { 2 } else { 4 };
        let stats = told.recv().await.unwrap();
        let messages = index as u64 + 1;
        let fragments = messages + u64::from(index == 2);
        assert!(received < payload / 2 && sent < payload / 2);
        assert_eq!(
            figures(stats.received),
            [messages, fragments, payload, received, 0]
        );
        assert_eq!(figures(stats.sent), [messages, messages, payload, sent, 0]);
    }
}
