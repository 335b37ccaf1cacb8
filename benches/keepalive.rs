//! What keep-alive costs: `cargo bench --bench keepalive`.
//!
//! 5,000 idle sockets on one thread are pinged every 400 milliseconds. The processor's time of a
//! ping and its pong is compared with that of an echoed message of 32 bytes, where each socket sends
//! one as often. So often, the server always has something to do: to be woken from idleness costs
//! more than both, and differs by the machine. Tells what a million sockets would cost at the
//! default interval, and how the pings are spread. Fails if a ping costs more than 2.5 times as much
//! as a message, three times in a row: its task has two turns, one when the timer ends and one when
//! the pong comes.

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use support::{PING, PONG, Peer, TEXT, cpu::cpu_time, echo, frame, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
    time::{interval_at, sleep},
};
use tower_websock::{Config, KeepAlive};

const SOCKETS: u32 = 5000;
const EVERY: Duration = Duration::from_millis(400);
const MEASURED: Duration = Duration::from_secs(4);
const BOUND: f64 = 2.5;
const ATTEMPTS: usize = 3;
/// The pings are counted in pieces of this time.
const PIECE: Duration = Duration::from_millis(100);

fn main() {
    for attempt in 1.. {
        let messages = measure(Config::new().keep_alive(KeepAlive::OFF), true);
        let keep_alive = KeepAlive::new().interval(EVERY).timeout(10 * EVERY);
        let pings = measure(Config::new().keep_alive(keep_alive), false);
        let ratio = pings.micros() / messages.micros();
        println!(
            "{SOCKETS} sockets, one thread: a ping and its pong {:.2} us, an echoed message {:.2} \
             us, {ratio:.2} times",
            pings.micros(),
            messages.micros()
        );
        let default = KeepAlive::new().get_interval().as_secs_f64();
        println!(
            "a million idle sockets: {:.0} pings a second, {:.0} % of a core",
            1e6 / default,
            1e6 / default * pings.micros() / 1e4
        );
        let (least, most) = pings.spread();
        let mean = f64::from(pings.count) / (MEASURED.as_secs_f64() / PIECE.as_secs_f64());
        println!("pings in {PIECE:?}: {least} to {most}, {mean:.0} in the mean");
        if ratio <= BOUND {
            return;
        }
        assert!(attempt < ATTEMPTS, "more than {BOUND} times a message");
    }
}

struct Measured {
    cpu: Duration,
    count: u32,
    /// When, from the start of what was measured on.
    at: Vec<Duration>,
}

impl Measured {
    fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.count)
    }

    /// The fewest and the most in a piece of time.
    fn spread(&self) -> (usize, usize) {
        let pieces = (MEASURED.as_millis() / PIECE.as_millis()) as usize;
        let mut counts = vec![0; pieces];
        for at in &self.at {
            let piece = (at.as_millis() / PIECE.as_millis()) as usize;
            counts[piece.min(pieces - 1)] += 1;
        }
        (*counts.iter().min().unwrap(), *counts.iter().max().unwrap())
    }
}

/// The server's time for what happens on idle sockets, or on those that send.
fn measure(config: Config, sends: bool) -> Measured {
    let (ask, asked) = mpsc::channel::<mpsc::Sender<Duration>>();
    let (tell, addr) = mpsc::channel();
    thread::spawn(move || server(config, &tell, &asked));
    let cpu = || {
        let (answer, time) = mpsc::channel();
        ask.send(answer).unwrap();
        time.recv().unwrap()
    };
    let addr = addr.recv().unwrap();
    let seen = Arc::new(Seen::default());
    let clients = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    clients.block_on(async {
        for n in 0..SOCKETS {
            let io = Peer::connect(addr).await.io;
            let offset = EVERY * n / SOCKETS;
            tokio::spawn(run(io, sends.then_some(offset), seen.clone()));
        }
        // All have had their first one.
        sleep(2 * EVERY).await;
        let (before, count) = (cpu(), seen.count.load(Ordering::Relaxed));
        *seen.at.lock().unwrap() = (Some(Instant::now()), Vec::new());
        sleep(MEASURED).await;
        let (after, all) = (cpu(), seen.count.load(Ordering::Relaxed));
        let (_, at) = std::mem::take(&mut *seen.at.lock().unwrap());
        Measured {
            cpu: after.saturating_sub(before),
            count: all - count,
            at,
        }
    })
}

/// Until nobody asks any more.
fn server(
    config: Config,
    tell: &mpsc::Sender<SocketAddr>,
    asked: &mpsc::Receiver<mpsc::Sender<Duration>>,
) {
    let server = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    server.block_on(async {
        let addr = serve(echo, config).await;
        tell.send(addr).unwrap();
        loop {
            match asked.try_recv() {
                Ok(answer) => answer.send(cpu_time()).unwrap(),
                Err(mpsc::TryRecvError::Empty) => sleep(Duration::from_millis(5)).await,
                Err(mpsc::TryRecvError::Disconnected) => return,
            }
        }
    });
}

#[derive(Default)]
struct Seen {
    count: AtomicU32,
    at: Mutex<(Option<Instant>, Vec<Duration>)>,
}

impl Seen {
    fn note(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut at = self.at.lock().unwrap();
        if let (Some(start), seen) = &mut *at {
            seen.push(start.elapsed());
        }
    }
}

/// Answers pings, or sends messages from the offset on, and counts what came.
async fn run(mut io: TcpStream, offset: Option<Duration>, seen: Arc<Seen>) {
    let message = frame(TEXT, &[b'x'; 32]);
    let mut buffer = [0; 64];
    if let Some(offset) = offset {
        let mut ticks = interval_at(tokio::time::Instant::now() + offset, EVERY);
        loop {
            ticks.tick().await;
            io.write_all(&message).await.unwrap();
            let reply = &mut buffer[..34];
            if io.read_exact(reply).await.is_err() {
                return;
            }
            seen.note();
        }
    }
    loop {
        let Ok(2..) = io.read(&mut buffer).await else {
            return;
        };
        assert_eq!(buffer[0], PING);
        let len = usize::from(buffer[1]);
        let pong = frame(PONG, &buffer[2..2 + len]);
        io.write_all(&pong).await.unwrap();
        seen.note();
    }
}
