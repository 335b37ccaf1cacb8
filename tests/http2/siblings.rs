//! Streams of one connection do not harm each other.

use std::sync::Arc;

use futures_util::stream::FusedStream;
use tokio::sync::Semaphore;
use tower_websock::close_code;

use super::{
    raw::{Event, Raw, close},
    support::{BINARY, CLOSE, TEXT, frame},
    *,
};

static NEVER: Semaphore = Semaphore::const_new(0);

/// Echoes, until a message says that it is to be busy for ever.
async fn busy_if_told(mut socket: WebSocket) -> Result<(), Error> {
    while let Some(message) = socket.recv().await {
        let message = message?;
        if message == Message::text("busy") {
            let _ = NEVER.acquire().await;
        }
        if message.is_data() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn expect_raw_echo(socket: &mut raw::RawSocket) {
    socket.send(frame(TEXT, b"hello")).await;
    assert_eq!(socket.next().await, Event::Frame(TEXT, b"hello".to_vec()));
}

/// Sends small messages to a handler that does not receive, until it is closed for that.
async fn overrun(slow: &mut raw::RawSocket) {
    for _ in 0..100_000 {
        if !soon(slow.try_send(frame(TEXT, b"x"))).await {
            break;
        }
        tokio::task::yield_now().await;
    }
    let Event::Frame(CLOSE, body) = slow.next().await else {
        panic!("no Close");
    };
    assert_eq!(body[..2], close_code::POLICY.to_be_bytes());
}

/// h2 ends a connection with too many small DATA frames unread. A stream whose handler does
/// not receive them is closed before that, with 1008; the others go on.
#[tokio::test]
async fn small_frames_to_a_busy_handler_end_its_stream_only() {
    let addr = serve(busy_if_told, Config::new()).await;
    let mut raw = Raw::connect(addr).await;
    let mut sibling = raw.open().await;
    let mut slow = raw.open().await;
    slow.send(frame(TEXT, b"busy")).await;
    overrun(&mut slow).await;
    expect_raw_echo(&mut sibling).await;
    expect_raw_echo(&mut raw.open().await).await;
}

/// The handler learns that it has lost messages, and why, also if it does so late.
#[tokio::test]
async fn handler_whose_unread_messages_were_dropped_is_told() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let closed = Arc::new(Semaphore::new(0));
    let go_on = closed.clone();
    let addr = serve(
        move |mut socket: WebSocket| {
            let (tell, closed) = (tell.clone(), closed.clone());
            async move {
                let _ = closed.acquire().await;
                let first = socket.recv().await;
                let was_terminated = socket.is_terminated();
                let _ = tell.send((first, was_terminated, socket.recv().await));
                Ok::<_, Error>(())
            }
        },
        Config::new(),
    )
    .await;
    let mut raw = Raw::connect(addr).await;
    let mut slow = raw.open().await;
    overrun(&mut slow).await;
    go_on.add_permits(1);
    let (first, was_terminated, then) = soon(told.recv()).await.unwrap();
    assert!(matches!(first, Some(Err(Error::Overrun))), "{first:?}");
    assert!(was_terminated, "only once");
    assert!(then.is_none(), "{then:?}");
}

/// A few thousand small messages wait for their handler.
#[tokio::test]
async fn small_frames_wait_for_a_slow_handler() {
    let addr = serve(
        async |socket: WebSocket| {
            tokio::time::sleep(Duration::from_millis(300)).await;
            echo(socket).await
        },
        Config::new(),
    )
    .await;
    let mut raw = Raw::connect(addr).await;
    let mut slow = raw.open().await;
    for number in 0..5000 {
        slow.send(frame(TEXT, number.to_string().as_bytes())).await;
    }
    for number in 0..5000 {
        let echo = Event::Frame(TEXT, number.to_string().into_bytes());
        assert_eq!(slow.next().await, echo);
    }
    slow.send(frame(CLOSE, &close(1000))).await;
    assert_eq!(slow.next().await, Event::Frame(CLOSE, close(1000)));
}

/// Large frames fill the stream's window, and no more than that of the connection's.
#[tokio::test]
async fn large_frames_to_a_busy_handler_hold_nobody_up() {
    let addr = serve(busy_if_told, Config::new()).await;
    let mut raw = Raw::connect(addr).await;
    let mut sibling = raw.open().await;
    let mut stalled = Vec::new();
    for _ in 0..50 {
        let mut slow = raw.open().await;
        slow.send(frame(TEXT, b"busy")).await;
        let mut sent = 0;
        let message = frame(BINARY, &[0; 16_000]);
        while timeout(Duration::from_millis(20), slow.try_send(message.clone()))
            .await
            .is_ok()
        {
            sent += message.len();
            assert!(sent < 1 << 20, "nothing holds the peer back");
        }
        stalled.push(slow);
    }
    expect_raw_echo(&mut sibling).await;
    expect_raw_echo(&mut raw.open().await).await;
}

/// What the handler does not receive of a large message waits in the stream's window, whatever
/// DATA frames it comes in: many small ones end the stream before they end the connection.
#[tokio::test]
async fn large_message_to_a_busy_handler_is_not_taken_whole() {
    const LEN: usize = 1_000_000;
    // What waits for the handler, the input, and what the stream's window lets in.
    const MOST: usize = 64 * 1024 + 65 * 1024 + STREAM_WINDOW as usize;
    let addr = serve(busy_if_told, Config::new()).await;
    let message = frame(BINARY, &vec![0; LEN]);
    for (first, then) in [
        (&[4014, 100][..], &[16_000][..]),
        (&[4014, 100], &[100]),
        (&[4014], &[16_000]),
        (&[100], &[100]),
        (&[20_000, 100], &[16_000, 100]),
        (&[60_000, 100], &[255]),
        (&[60_000, 5000, 100], &[16_000, 100, 100]),
    ] {
        let mut raw = Raw::connect(addr).await;
        let mut sibling = raw.open().await;
        let mut slow = raw.open().await;
        slow.send(frame(TEXT, b"busy")).await;
        // Small ones are always read; the others fill the window.
        let are_small = then.iter().all(|&len| len < 256);
        let patience = Duration::from_millis(if are_small { 10_000 } else { 50 });
        let mut rest = Bytes::from(message.clone());
        for &len in first.iter().chain(then.iter().cycle()) {
            if rest.is_empty() {
                break;
            }
            let piece = rest.slice(..len.min(rest.len()));
            let sent = timeout(patience, slow.try_send(piece.clone())).await;
            if sent != Ok(true) {
                break;
            }
            rest = rest.slice(piece.len()..);
            // Each is read by itself.
            tokio::task::yield_now().await;
        }
        let taken = message.len() - rest.len();
        // What comes after the Close is dropped.
        let was_ended = taken > MOST;
        println!("DATA frames of {first:?}, then {then:?} bytes: {taken} taken, {was_ended}");
        assert_eq!(was_ended, are_small, "{taken}");
        if was_ended {
            let close = slow.next().await;
            assert!(
                matches!(close, Event::Frame(CLOSE, body) if body[..2] == close_code::POLICY.to_be_bytes())
            );
        }
        expect_raw_echo(&mut sibling).await;
    }
}

/// A peer that never opens its window holds up its own stream, with bounded memory.
#[tokio::test]
async fn peer_that_never_reads_is_not_written_to_without_bound() {
    const STREAMS: usize = 20;
    let addr = serve(
        async |mut socket: WebSocket| {
            let message = socket.recv().await.unwrap()?;
            if message == Message::text("flood") {
                loop {
                    socket.send(Message::binary(vec![0; 1000])).await?;
                }
            }
            echo(socket).await
        },
        Config::new(),
    )
    .await;
    // The window of a stream: the first flood fills it.
    let mut raw = Raw::connect_with(addr, 1000).await;
    let mut sibling = raw.open().await;
    sibling.send(frame(TEXT, b"no flood")).await;
    let mut floods = Vec::new();
    let before = alloc::held();
    for _ in 0..STREAMS {
        let mut flood = raw.open().await;
        flood.send(frame(TEXT, b"flood")).await;
        floods.push(flood);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    expect_raw_echo(&mut sibling).await;
    let each = (alloc::held() - before) / STREAMS.cast_signed();
    println!("{each} bytes for each stream whose peer does not read");
    assert!(each < 256 << 10, "{each}");
}

/// Such a peer does not keep a handler's task for ever. (Its stream stays, with what hyper
/// holds for it: hyper does not reset a stream that it waits to write to.)
#[tokio::test]
async fn closing_does_not_wait_for_a_window_for_ever() {
    let config = Config::new().close_timeout(Duration::from_millis(100));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let addr = serve(
        move |mut socket: WebSocket| {
            let tell = tell.clone();
            async move {
                for _ in 0..50 {
                    socket.feed(Message::binary(vec![0; 1000])).await?;
                }
                let closed = socket.close(None).await;
                let _ = tell.send(closed);
                Ok::<_, Error>(())
            }
        },
        config,
    )
    .await;
    let mut raw = Raw::connect_with(addr, 0).await;
    let _socket = raw.open().await;
    let closed = soon(told.recv()).await.unwrap();
    assert_eq!(closed, Ok(tower_websock::Closure::Lost));
}
