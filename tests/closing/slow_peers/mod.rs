//! Closing takes as long as a peer needs that reads slowly (RFC 6455, section 7.1.1), and no longer
//! than it is worth for one that does not read.
//!
//! `cargo test --test closing slow_peer -- --nocapture` prints what was tried. Most of it is in virtual time
//! over a transport in memory that takes bytes as TCP does; what runs over TCP says so. All of it over
//! TCP takes eleven minutes: `-- --nocapture --ignored`.

mod lumpy;

use std::{sync::OnceLock, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, future::join_all};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tower_websock::{CloseFrame, Closure, Config, Initiator, Message, WebSocket};

use self::lumpy::lumpy;
use crate::support::*;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const TICK: Duration = Duration::from_millis(50);

/// Who ends the connection, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    /// The handler sends and returns.
    Return,
    /// The same after `flush`.
    Flush,
    /// `close().await`.
    Close,
    /// The same without a supervisor.
    Unsupervised,
    /// The peer, while the message is on its way.
    Peer,
    /// The peer breaks the protocol meanwhile.
    Violation,
}

const ALL: [Closing; 6] = [
    Closing::Return,
    Closing::Flush,
    Closing::Close,
    Closing::Unsupervised,
    Closing::Peer,
    Closing::Violation,
];

/// Part of a payload that all share.
fn payload(size: usize) -> Bytes {
    static ALL: OnceLock<Bytes> = OnceLock::new();
    ALL.get_or_init(|| vec![1; 32 * MIB].into()).slice(..size)
}

/// One connection.
#[derive(Clone, Copy, Debug)]
struct Cell {
    closing: Closing,
    size: usize,
    /// Bytes that the peer reads in a second.
    rate: usize,
    /// It pings each second meanwhile.
    pings: bool,
}

impl Cell {
    /// Sends `size` bytes and closes as the cell wants it.
    async fn serve<T>(self, mut socket: WebSocket<T>) -> Option<Closure>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        socket
            .send(Message::binary(payload(self.size)))
            .await
            .unwrap();
        match self.closing {
            Closing::Return => {}
            Closing::Flush => socket.flush().await.unwrap(),
            Closing::Close | Closing::Unsupervised => {
                let frame = CloseFrame::new(1000, "");
                return Some(socket.close(Some(frame)).await.unwrap());
            }
            Closing::Peer | Closing::Violation => while socket.recv().await.is_some() {},
        }
        None
    }

    /// What the server must have seen in the end.
    fn assert_closure(self, closure: &Closure) {
        match closure {
            Closure::Clean { initiator, .. } => {
                let remote = self.closing == Closing::Peer;
                assert_eq!(*initiator == Initiator::Remote, remote, "{self:?}");
            }
            Closure::Failed(_) => assert_eq!(self.closing, Closing::Violation),
            closure => panic!("{self:?}: {closure:?}"),
        }
    }

    /// The peer: reads at its rate, and must get all of the message, the Close, and an end.
    async fn read<T: AsyncRead + AsyncWrite + Unpin>(self, mut io: T) -> Duration {
        let begin = Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        let mut ahead = self.header() + self.size;
        let mut scratch = vec![0; 64 * KIB];
        // What follows the message.
        let mut rest = Vec::new();
        let (mut beat, mut closed) = (0_u32, false);
        let per_tick = self.rate * usize::try_from(TICK.as_millis()).unwrap() / 1000;
        match self.closing {
            Closing::Peer => {
                io.write_all(&close_frame(1000)).await.unwrap();
                closed = true;
            }
            Closing::Violation => io.write_all(&[0xF1]).await.unwrap(),
            _ => {}
        }
        'peer: loop {
            ticks.tick().await;
            beat += 1;
            if self.pings && !closed && beat.is_multiple_of(20) {
                // It may find the transport ended, which is then seen by reading.
                let _ = io.write_all(&frame(PING, b"there?")).await;
            }
            let mut budget = per_tick;
            while budget > 0 {
                let chunk = &mut scratch[..budget.min(64 * KIB)];
                match io.read(chunk).now_or_never() {
                    None => break,
                    Some(Ok(0)) => break 'peer,
                    Some(Ok(count)) => {
                        budget -= count;
                        let of_message = ahead.min(count);
                        ahead -= of_message;
                        rest.extend_from_slice(&scratch[of_message..count]);
                    }
                    Some(Err(error)) => panic!("{self:?}: {error}, {ahead} bytes before the end"),
                }
            }
            if !closed && self.close_in(&rest).is_some() {
                closed = true;
                io.write_all(&close_frame(1000)).await.unwrap();
            }
        }
        assert_eq!(ahead, 0, "{self:?}: bytes lost");
        let code = self.close_in(&rest);
        let expected = if self.closing == Closing::Violation {
            1002
        } else {
            1000
        };
        assert_eq!(code, Some(expected), "{self:?}");
        begin.elapsed()
    }

    /// Bytes of the message's header.
    const fn header(self) -> usize {
        if self.size > 0xFFFF { 10 } else { 4 }
    }

    /// The code of the Close behind the message, if it is there.
    fn close_in(self, mut rest: &[u8]) -> Option<u16> {
        loop {
            let (first, len) = (*rest.first()?, usize::from(*rest.get(1)?));
            let payload = rest.get(2..2 + len)?;
            match first {
                CLOSE => return Some(u16::from_be_bytes(*payload.first_chunk()?)),
                PONG => rest = &rest[2 + len..],
                first => panic!("{self:?}: a frame {first:#x}"),
            }
        }
    }

    /// Over `server` and `client`, which are the ends of one transport.
    async fn run<T, P>(self, config: Config, server: T, client: P) -> Duration
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        P: AsyncRead + AsyncWrite + Unpin,
    {
        let serving = if self.closing == Closing::Unsupervised {
            let socket = WebSocket::server(server, &config);
            tokio::spawn(async move { self.serve(socket).await.unwrap() })
        } else {
            supervise(server, config, move |socket: WebSocket| async move {
                if let Some(closure) = self.serve(socket).await {
                    self.assert_closure(&closure);
                }
            })
        };
        let took = self.read(client).await;
        self.assert_closure(&serving.await.unwrap());
        took
    }
}

/// The server's end and the peer's. What the peer writes is not held back.
fn transport(
    capacity: usize,
) -> (
    impl AsyncRead + AsyncWrite + Send + Unpin,
    impl AsyncRead + AsyncWrite + Unpin,
) {
    let (server, client) = tokio::io::duplex(MIB);
    let (reads, _unused) = tokio::io::split(server);
    let (_, writes) = tokio::io::split(client);
    let (output, received) = lumpy(capacity);
    (
        tokio::io::join(reads, output),
        tokio::io::join(received, writes),
    )
}

/// 7.1.1: whatever a peer needs to read all that it was sent, it gets all of it, our Close, and an
/// orderly end; and we its Close.
#[tokio::test(start_paused = true)]
async fn slow_peer_gets_everything() {
    const SIZES: [usize; 4] = [MIB, 4 * MIB, 12 * MIB, 32 * MIB];
    const RATES: [usize; 4] = [50 * KIB, 256 * KIB, MIB, 4 * MIB];
    println!("virtual time: seconds until the end, all bytes and the Close received");
    println!("buffer      message     rate        seconds  closings, with and without pings");
    for capacity in [64 * KIB, 3_919_872] {
        for size in SIZES {
            for rate in RATES {
                let mut longest = Duration::ZERO;
                for closing in ALL {
                    for pings in [false, true] {
                        let cell = Cell {
                            closing,
                            size,
                            rate,
                            pings,
                        };
                        let (server, client) = transport(capacity);
                        let took = cell.run(Config::new(), server, client).await;
                        longest = longest.max(took);
                    }
                }
                println!(
                    "{:>5} KiB {:>7} MiB {:>6} KiB/s {:>9.1}  {} of {}",
                    capacity / KIB,
                    size / MIB,
                    rate / KIB,
                    longest.as_secs_f64(),
                    ALL.len() * 2,
                    ALL.len() * 2,
                );
            }
        }
    }
}

async fn over_tcp(cell: Cell, config: Config) -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let (client, accepted) = tokio::join!(client, listener.accept());
    cell.run(config, accepted.unwrap().0, client.unwrap()).await
}

async fn all_over_tcp(cells: Vec<Cell>, config: &Config) {
    let runs = cells.iter().map(|cell| over_tcp(*cell, config.clone()));
    println!("TCP: seconds until the end, all bytes and the Close received");
    for (cell, took) in cells.iter().zip(join_all(runs).await) {
        println!(
            "{:<12} {:>3} MiB {:>5} KiB/s pings {:<5} {:>6.1}",
            format!("{:?}", cell.closing),
            cell.size / MIB,
            cell.rate / KIB,
            cell.pings,
            took.as_secs_f64(),
        );
    }
}

/// 7.1.1: the same on TCP, where the system takes megabytes at once, and a ping that meets a transport
/// which was dropped would have it reset. Scaled: the timeout is 500 ms.
#[tokio::test]
async fn slow_peer_gets_everything_over_tcp() {
    let mut cells = Vec::new();
    for closing in ALL {
        // All is taken at once; there are lumps; a lump is slower than the timeout.
        for (size, rate) in [(MIB, 500 * KIB), (8 * MIB, 4 * MIB), (6 * MIB, 2 * MIB)] {
            cells.push(Cell {
                closing,
                size,
                rate,
                pings: true,
            });
        }
    }
    let config = Config::new().close_timeout(Duration::from_millis(500));
    all_over_tcp(cells, &config).await;
}

/// 7.1.1: the whole matrix, with the defaults.
#[tokio::test]
#[ignore = "takes eleven minutes"]
async fn slow_peer_gets_everything_over_tcp_at_every_rate() {
    let mut cells = Vec::new();
    for closing in ALL {
        for size in [1, 4, 12, 32] {
            for rate in [50, 256, 400, 1024, 4096] {
                for pings in [false, true] {
                    cells.push(Cell {
                        closing,
                        size: size * MIB,
                        rate: rate * KIB,
                        pings,
                    });
                }
            }
        }
    }
    all_over_tcp(cells, &Config::new()).await;
}

/// 7.1.1: where buffers of megabytes hide whether a peer reads, one that never does is dropped after
/// eight times `close_timeout`, and one that was seen to read after `close_timeout`.
#[tokio::test(start_paused = true)]
async fn peer_that_does_not_read_behind_a_large_buffer_is_dropped() {
    for (reads, dropped_after) in [(0, 40.0), (8 * MIB, 5.0)] {
        let cell = Cell {
            closing: Closing::Return,
            size: 32 * MIB,
            rate: 4 * MIB,
            pings: false,
        };
        let (server, mut client) = transport(4 * MIB);
        let task = supervise(server, Config::new(), move |socket: WebSocket| async move {
            cell.serve(socket).await;
        });
        tokio::task::yield_now().await;
        let mut chunk = vec![0; cell.rate / 20];
        for _ in 0..reads / chunk.len() {
            client.read_exact(&mut chunk).await.unwrap();
            tokio::time::sleep(TICK).await;
        }
        let begin = Instant::now();
        assert_eq!(task.await.unwrap(), Closure::Lost);
        let took = begin.elapsed().as_secs_f64();
        println!("{} MiB read: dropped after {took:.1} s", reads / MIB);
        assert!((took - dropped_after).abs() < 0.5, "{took}");
    }
}
