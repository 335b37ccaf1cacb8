//! The ends of streams (RFC 8441, section 5; RFC 6455, section 7).

use std::sync::{Arc, Mutex};

use h2::Reason;
use tokio::sync::oneshot;
use tower_websock::{CloseFrame, Closure, Loss, close_code};

use super::{
    raw::{Event, Raw, close},
    support::{CLOSE, TEXT, frame},
    *,
};

/// The error that a socket yielded, and how it ended.
type Ending = (Option<String>, Option<Closure>);

/// A handler that tells what its socket ended with.
fn telling() -> (impl Handler<(WebSocket,)> + Sync, oneshot::Receiver<Ending>) {
    let (tell, told) = oneshot::channel();
    let tell = Arc::new(Mutex::new(Some(tell)));
    let handler = move |mut socket: WebSocket| {
        let tell = tell.lock().unwrap().take();
        async move {
            let mut error = None;
            while let Some(message) = socket.recv().await {
                error = message.err().map(|error| error.to_string());
            }
            if let Some(tell) = tell {
                let _ = tell.send((error, socket.closure()));
            }
        }
    };
    (handler, told)
}

/// The peer closes: its code comes back, then `END_STREAM`, no `RST_STREAM`.
#[tokio::test]
async fn close_of_the_peer_is_answered_and_the_stream_ended() {
    let (handler, told) = telling();
    let addr = serve(handler, Config::new()).await;
    let mut raw = Raw::connect(addr).await;
    let mut socket = raw.open().await;
    close_in_order(&mut socket, 4001).await;
    let (error, closure) = soon(told).await.unwrap();
    assert_eq!(error, None);
    assert!(closure.unwrap().is_clean());
    socket.end();
    assert_no_reset(&mut socket).await;
    raw.open().await;
}

/// RFC 8441, section 5: until the peer's `END_STREAM` comes, what it sends is thrown away.
#[tokio::test]
async fn stream_is_not_reset_while_the_peer_ends_it() {
    let addr = serve(echo, Config::new()).await;
    let mut raw = Raw::connect(addr).await;
    let mut socket = raw.open().await;
    close_in_order(&mut socket, 1000).await;
    // More than the window: somebody must be reading.
    for _ in 0..200 {
        socket.send(vec![0; 1024]).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    socket.end();
    assert_no_reset(&mut socket).await;
}

/// A peer that never ends its side is reset after `close_timeout`.
#[tokio::test]
async fn stream_that_the_peer_never_ends_is_reset() {
    let config = Config::new().close_timeout(Duration::from_millis(100));
    let addr = serve(echo, config).await;
    let mut raw = Raw::connect(addr).await;
    let mut socket = raw.open().await;
    close_in_order(&mut socket, 1000).await;
    let reset = std::future::poll_fn(|cx| socket.send.poll_reset(cx));
    soon(reset).await.unwrap();
}

/// RFC 9113, section 8.1: after a clean close the peer has nothing more to say. Chromium does
/// not end its side, and until it is reset the stream counts as open.
#[tokio::test]
async fn stream_that_was_closed_cleanly_is_reset_without_error_soon() {
    let config = Config::new().close_timeout(Duration::from_secs(600));
    let addr = serve(echo, config).await;
    let mut raw = Raw::connect(addr).await;
    let mut socket = raw.open().await;
    close_in_order(&mut socket, 1000).await;
    let reset = std::future::poll_fn(|cx| socket.send.poll_reset(cx));
    assert_eq!(soon(reset).await.unwrap(), Reason::NO_ERROR);
}

/// Nor is it reset before a peer that reads late has all that it was sent.
#[tokio::test]
async fn late_reader_has_everything_before_the_reset() {
    const MESSAGES: usize = 100;
    let addr = serve(echo, Config::new()).await;
    let mut raw = Raw::connect(addr).await;
    let mut socket = raw.open().await;
    // More than its window holds.
    for _ in 0..MESSAGES {
        socket.send(frame(TEXT, &[b'x'; 1000])).await;
    }
    socket.send(frame(CLOSE, &close(1000))).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..MESSAGES {
        assert_eq!(socket.next().await, Event::Frame(TEXT, vec![b'x'; 1000]));
    }
    assert_eq!(socket.next().await, Event::Frame(CLOSE, close(1000)));
    assert_eq!(socket.next().await, Event::End);
    let reset = std::future::poll_fn(|cx| socket.send.poll_reset(cx));
    assert_eq!(soon(reset).await.unwrap(), Reason::NO_ERROR);
}

/// We close: the code reaches the peer, and its answer is waited for.
#[tokio::test]
async fn close_of_the_server_reaches_the_peer() {
    let addr = serve(
        async |mut socket: WebSocket| {
            let _ = socket.close(Some(CloseFrame::new(4002, "enough"))).await;
        },
        Config::new(),
    )
    .await;
    let mut raw = Raw::connect(addr).await;
    let mut socket = raw.open().await;
    let body = [&4002_u16.to_be_bytes()[..], b"enough"].concat();
    assert_eq!(socket.next().await, Event::Frame(CLOSE, body));
    socket.send(frame(CLOSE, &close(4002))).await;
    socket.end();
    assert_eq!(socket.next().await, Event::End);
    assert_no_reset(&mut socket).await;
}

/// A violation is told, also while the peer goes on sending.
#[tokio::test]
async fn violation_is_told() {
    let addr = serve(echo, Config::new()).await;
    let mut raw = Raw::connect(addr).await;
    let mut socket = raw.open().await;
    // Not masked.
    socket.send(vec![TEXT, 0]).await;
    for _ in 0..200 {
        socket.send(vec![0; 1024]).await;
    }
    let Event::Frame(CLOSE, body) = socket.next().await else {
        panic!("no Close");
    };
    assert_eq!(body[..2], close_code::PROTOCOL.to_be_bytes());
    assert_eq!(socket.next().await, Event::End);
    socket.end();
    assert_no_reset(&mut socket).await;
}

/// `END_STREAM` without a Close frame is the end of a TCP connection without one: `Lost`.
#[tokio::test]
async fn end_without_close_is_lost() {
    let (handler, told) = telling();
    let addr = serve(handler, Config::new()).await;
    let mut socket = Raw::connect(addr).await.open().await;
    socket.send(frame(TEXT, b"x")).await;
    socket.end();
    assert_lost(told).await;
    assert_eq!(socket.next().await, Event::End);
}

/// So is `RST_STREAM(CANCEL)`, which hyper shows as an orderly end, and any other.
#[tokio::test]
async fn abuse_30_reset_is_lost() {
    for reason in [Reason::CANCEL, Reason::NO_ERROR, Reason::INTERNAL_ERROR] {
        let (handler, told) = telling();
        let addr = serve(handler, Config::new()).await;
        let mut raw = Raw::connect(addr).await;
        let mut socket = raw.open().await;
        socket.send.send_reset(reason);
        assert_lost(told).await;
        raw.open().await;
    }
}

/// `END_STREAM` on the request itself: hyper accepts it, and there is nothing to read.
#[tokio::test]
async fn request_that_ends_the_stream_is_lost_at_once() {
    let (handler, told) = telling();
    let addr = serve(handler, Config::new()).await;
    let mut raw = Raw::connect(addr).await;
    let (response, _send) = raw.request(Raw::handshake(), true);
    let _response = soon(response).await.unwrap();
    assert_lost(told).await;
}

/// A connection that is lost takes all its streams along.
#[tokio::test]
async fn loss_of_the_connection_is_lost_on_every_stream() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |mut socket: WebSocket| {
        let tell = tell.clone();
        async move {
            while let Some(Ok(_)) = socket.recv().await {}
            tell.send(socket.closure()).unwrap();
        }
    };
    let addr = serve(handler, Config::new()).await;
    let io = TcpStream::connect(addr).await.unwrap();
    let (mut requests, connection) = h2::client::handshake(io).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut streams = Vec::new();
    for _ in 0..10 {
        let (response, send) = requests.send_request(Raw::handshake(), false).unwrap();
        let response: http::Response<_> = soon(response).await.unwrap();
        streams.push((response, send) as (_, h2::SendStream<Bytes>));
    }
    connection.abort();
    for _ in 0..10 {
        let closure = soon(told.recv()).await.unwrap();
        assert_eq!(closure, Some(Closure::Lost(Loss::Ended)));
    }
}

async fn assert_lost(told: oneshot::Receiver<Ending>) {
    let (error, closure) = soon(told).await.unwrap();
    assert!(error.is_some());
    assert_eq!(closure, Some(Closure::Lost(Loss::Ended)));
}

/// The stream has ended on both sides, in order.
async fn assert_no_reset(socket: &mut raw::RawSocket) {
    let reset = std::future::poll_fn(|cx| socket.send.poll_reset(cx));
    // Long enough for a reset that was sent at once.
    let reset = timeout(Duration::from_millis(100), reset).await;
    assert!(!matches!(reset, Ok(Ok(_))), "{reset:?}");
}

/// The peer closes: its code comes back, then `END_STREAM`.
async fn close_in_order(socket: &mut raw::RawSocket, code: u16) {
    socket.send(frame(CLOSE, &close(code))).await;
    assert_eq!(socket.next().await, Event::Frame(CLOSE, close(code)));
    assert_eq!(socket.next().await, Event::End);
}
