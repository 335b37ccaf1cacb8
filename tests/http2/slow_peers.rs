//! Streams whose peers read slowly are not cut while they close (RFC 6455, section 7.1.1).

use futures_util::future::join_all;
use tokio::{sync::mpsc, time::Instant};
use tower_websock::{CloseFrame, Closure, Initiator};

use super::{
    raw::{Event, Raw, close},
    support::{BINARY, CLOSE, PING, PONG, frame},
    *,
};

/// Bytes of each message.
const PIECE: usize = 32 << 10;

#[derive(Clone, Copy, Debug)]
struct Cell {
    peer_closes: bool,
    messages: usize,
    /// Bytes that the peer reads in a second.
    rate: u32,
    window: u32,
    pings: bool,
}

impl Cell {
    async fn run(self) -> Duration {
        // The peer takes many times as long as that.
        let config = Config::new().close_timeout(Duration::from_millis(500));
        let (tell, mut told) = mpsc::unbounded_channel();
        let handler = move |mut socket: WebSocket| {
            let tell = tell.clone();
            async move {
                for _ in 0..self.messages {
                    socket.feed(Message::binary(vec![1; PIECE])).await?;
                }
                if self.peer_closes {
                    while socket.recv().await.is_some() {}
                    let _ = tell.send(socket.closure().unwrap());
                } else {
                    let frame = CloseFrame::new(1000, "");
                    let _ = tell.send(socket.close(Some(frame)).await.unwrap());
                }
                Ok::<_, Error>(())
            }
        };
        // Behind this nobody waits: all is queued at once.
        let layer = WebSocketLayer::new(handler).config(config.write_high_water(1 << 30));
        let (io, server) = tokio::io::duplex(64 << 10);
        tokio::spawn(serve_over(server, layer.layer(service_fn(inner))));
        let mut raw = Raw::over(io, self.window).await;
        let mut socket = raw.open().await;
        let begin = Instant::now();
        if self.peer_closes {
            socket.send(frame(CLOSE, &close(1000))).await;
        }
        let mut messages = 0;
        loop {
            match socket.next().await {
                Event::Frame(BINARY, payload) => {
                    assert_eq!(payload.len(), PIECE);
                    messages += 1;
                    if self.pings && !self.peer_closes && messages % 8 == 0 {
                        socket.send(frame(PING, b"there?")).await;
                    }
                    tokio::time::sleep(Duration::from_secs(1) * 32 / (self.rate >> 10)).await;
                }
                Event::Frame(PONG, payload) => assert_eq!(payload, b"there?"),
                Event::Frame(CLOSE, payload) => {
                    assert_eq!(payload, close(1000));
                    break;
                }
                event => panic!("{self:?}: {event:?} after {messages} messages"),
            }
        }
        assert_eq!(messages, self.messages, "{self:?}");
        if !self.peer_closes {
            socket.send(frame(CLOSE, &close(1000))).await;
        }
        loop {
            match socket.next().await {
                Event::Frame(PONG, _) => {}
                event => {
                    assert_eq!(event, Event::End, "{self:?}");
                    break;
                }
            }
        }
        // It may have been reset without an error by now.
        let _ = socket.send.send_data(Bytes::new(), true);
        let Closure::Clean { initiator, .. } = soon(told.recv()).await.unwrap() else {
            panic!("{self:?}: lost");
        };
        assert_eq!(initiator == Initiator::Remote, self.peer_closes);
        begin.elapsed()
    }
}

/// Whatever its window and its rate, a peer gets all it was sent, the Close and `END_STREAM`, and its
/// own Close is seen.
#[tokio::test(start_paused = true)]
async fn slow_peer_gets_everything() {
    let mut cells = Vec::new();
    for peer_closes in [false, true] {
        for (messages, rate) in [(8, 100 << 10), (32, 400 << 10), (128, 2 << 20)] {
            for window in [64 << 10, 1 << 20] {
                for pings in [false, true] {
                    cells.push(Cell {
                        peer_closes,
                        messages,
                        rate,
                        window,
                        pings,
                    });
                }
            }
        }
    }
    let runs = join_all(cells.iter().map(|cell| cell.run())).await;
    println!("HTTP/2, close_timeout 500 ms: virtual seconds until the end, nothing lost");
    for (cell, took) in cells.iter().zip(runs) {
        let size = (cell.messages * PIECE) >> 10;
        println!(
            "{size:>5} KiB {:>5} KiB/s window {:>5} KiB, peer closes {:<5} pings {:<5} {:>5.1}",
            cell.rate >> 10,
            cell.window >> 10,
            cell.peer_closes,
            cell.pings,
            took.as_secs_f64(),
        );
    }
}
