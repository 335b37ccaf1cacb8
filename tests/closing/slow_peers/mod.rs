//! Closing takes as long as a peer needs that reads slowly (RFC 6455, section 7.1.1), and no longer
//! than it is worth for one that does not read.
//!
//! `cargo test --test closing slow_peer -- --nocapture` prints what was tried. Most of it is in virtual time
//! over a transport in memory that takes bytes as TCP does; what runs over TCP says so. All of it over
//! TCP takes eleven minutes: `-- --nocapture --ignored`.

mod cell;
mod lumpy;
#[cfg(feature = "axum")]
mod mounts;

use std::time::Duration;

use futures_util::future::join_all;
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tower_websock::{Closure, Config, Loss, Role, WebSocket};

use self::{
    cell::{ALL, Cell, Closing, KIB, MIB, TICK},
    lumpy::transport,
};
use crate::support::supervise;

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
                            role: Role::Server,
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

/// 7.1.1: the same for a client, which nobody supervises, and whose server reads slowly.
#[cfg(feature = "client")]
#[tokio::test(start_paused = true)]
async fn slow_server_gets_everything() {
    let mut count = 0;
    for capacity in [64 * KIB, 3_919_872] {
        for size in [MIB, 12 * MIB] {
            for rate in [50 * KIB, 256 * KIB, 4 * MIB] {
                for closing in [Closing::Unsupervised, Closing::Peer, Closing::Violation] {
                    for pings in [false, true] {
                        let role = Role::Client;
                        let cell = Cell {
                            role,
                            closing,
                            size,
                            rate,
                            pings,
                        };
                        let (client, server) = transport(capacity);
                        let took = cell.run(Config::new(), client, server).await;
                        // It ends with what it has read, and no deadline later.
                        let per_second = rate.min(20 * capacity);
                        let reading = u32::try_from(size / per_second + 3).unwrap();
                        assert!(
                            took < Duration::from_secs(1) * reading,
                            "{cell:?}: {took:?}"
                        );
                        count += 1;
                    }
                }
            }
        }
    }
    println!("{count} clients: nothing lost");
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
                role: Role::Server,
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
                        role: Role::Server,
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
            role: Role::Server,
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
        assert_eq!(task.await.unwrap(), Closure::Lost(Loss::CloseTimedOut));
        let took = begin.elapsed().as_secs_f64();
        println!("{} MiB read: dropped after {took:.1} s", reads / MIB);
        assert!((took - dropped_after).abs() < 0.5, "{took}");
    }
}
