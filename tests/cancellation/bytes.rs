//! The same seen from the wire: byte by byte, fragments and all.

use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower_websock::{Config, Message, WebSocket};

use crate::support::*;

/// A transport that gives and takes one byte at a time, and is not ready in between.
#[derive(Default)]
struct Drip {
    input: Vec<u8>,
    given: usize,
    written: Arc<Mutex<Vec<u8>>>,
    read_polls: usize,
    write_polls: usize,
}

impl AsyncRead for Drip {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.read_polls += 1;
        if !self.read_polls.is_multiple_of(3) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.input.is_empty() {
            // It does not end if it never had any.
            return Poll::Pending;
        }
        if let Some(&byte) = self.input.get(self.given) {
            self.given += 1;
            buf.put_slice(&[byte]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Drip {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write_polls += 1;
        if !self.write_polls.is_multiple_of(3) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.written.lock().unwrap().push(buf[0]);
        Poll::Ready(Ok(1))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn live<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}

/// Polls a future once and drops it.
fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn session() -> Vec<u8> {
    let mut session = frame(TEXT, "zwölf".as_bytes());
    session.extend(frame(0x02, b"frag"));
    session.extend(frame(PING, b"ping"));
    session.extend(frame(0x80, b"ment"));
    session.extend(frame(BINARY, &[7; 300]));
    session.extend(close_frame(1000));
    session
}

/// A `recv` future that is dropped at every poll loses no byte and no message.
#[test]
fn abuse_21_recv_dropped_at_every_poll() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let io = Drip {
        input: session(),
        written: written.clone(),
        ..Drip::default()
    };
    let mut received = Vec::new();
    let mut dropped = 0;
    live(async {
        let mut socket = WebSocket::server(io, &Config::new());
        loop {
            match poll_once(socket.recv()) {
                None => dropped += 1,
                Some(Some(item)) => received.push(item.unwrap()),
                Some(None) => break,
            }
        }
    });
    let messages: Vec<_> = received.iter().filter(|m| m.is_data()).collect();
    assert_eq!(messages[0], &Message::text("zwölf"));
    assert_eq!(messages[1], &Message::binary("fragment"));
    assert_eq!(messages[2], &Message::binary(vec![7; 300]));
    assert_eq!(*written.lock().unwrap(), b"\x8a\x04ping\x88\x02\x03\xe8");
    assert_eq!(received.len(), 5, "{received:?}");
    assert!(dropped >= 300, "only {dropped} times");
}

/// A `send` future that is dropped at any poll has queued its message as a whole or not at
/// all, and the next ones follow in order.
#[test]
fn abuse_22_send_dropped_at_every_poll() {
    let mut dropped = 0;
    for keep in 0..40 {
        let written = Arc::new(Mutex::new(Vec::new()));
        let io = Drip {
            written: written.clone(),
            ..Drip::default()
        };
        let config = Config::new().write_high_water(8);
        let mut expected = Vec::new();
        live(async {
            let mut socket = WebSocket::server(io, &config);
            for text in ["first", "second", "third"] {
                let mut polls = 0;
                let sent = {
                    let mut send = pin!(socket.send(text.into()));
                    loop {
                        let polled = send.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                        polls += 1;
                        match polled {
                            Poll::Ready(result) => {
                                result.unwrap();
                                break true;
                            }
                            Poll::Pending if polls > keep => break false,
                            Poll::Pending => {}
                        }
                    }
                };
                expected.push((text, sent));
                dropped += usize::from(!sent);
            }
            while poll_once(socket.flush()).is_none() {}
        });
        let written = written.lock().unwrap().clone();
        let mut rest = &written[..];
        for (text, sent) in expected {
            let mut whole = vec![TEXT, u8::try_from(text.len()).unwrap()];
            whole.extend(text.as_bytes());
            match rest.strip_prefix(&whole[..]) {
                Some(behind) => rest = behind,
                None => assert!(!sent, "{text} was sent and is missing"),
            }
        }
        assert!(rest.is_empty(), "torn or repeated: {rest:?}");
    }
    assert!(dropped >= 20, "only {dropped} times");
}

/// A `close` future that is dropped at every poll goes on where it was.
#[test]
fn abuse_21_close_dropped_at_every_poll() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let io = Drip {
        input: session(),
        written: written.clone(),
        ..Drip::default()
    };
    let mut dropped = 0;
    let closure = live(async {
        let mut socket = WebSocket::server(io, &Config::new());
        loop {
            if let Some(closure) = poll_once(socket.close(None)) {
                break closure.unwrap();
            }
            dropped += 1;
        }
    });
    assert!(closure.is_clean());
    let written = written.lock().unwrap().clone();
    assert_eq!(
        written, b"\x88\x00\x8a\x04ping",
        "one Close, and the pong that is due"
    );
    assert!(dropped >= 300, "only {dropped} times");
}

/// In a handler too: `select!` drops the future that loses.
#[test]
fn abuse_21_handler_selects_over_recv() {
    live(select());
}

async fn select() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let counter = dropped.clone();
    let (mut peer, task) = pair(move |mut socket: WebSocket| async move {
        let mut lost = 0_u32;
        loop {
            tokio::select! {
                biased;
                () = tokio::task::yield_now(), if lost % 3 != 2 => {
                    lost += 1;
                    counter.fetch_add(1, Ordering::Relaxed);
                }
                item = socket.recv() => match item {
                    Some(Ok(message)) if message.is_data() => {
                        lost += 1;
                        socket.send(message).await.unwrap();
                    }
                    Some(Ok(_)) => {}
                    _ => break,
                },
            }
        }
    });
    for byte in session() {
        peer.send(&[byte]).await;
        tokio::task::yield_now().await;
    }
    peer.expect(TEXT, "zwölf".as_bytes()).await;
    peer.expect(PONG, b"ping").await;
    peer.expect(BINARY, b"fragment").await;
    peer.expect(BINARY, &[7; 300]).await;
    peer.expect_close(1000).await;
    assert!(end_of(peer, task).await.is_clean());
    let dropped = dropped.load(Ordering::Relaxed);
    assert!(dropped >= 5, "it lost only {dropped} times");
}
