//! What keep-alive costs: `cargo bench --bench keepalive`.
//!
//! 5,000 idle sockets on one thread are pinged every 400 milliseconds. The processor's time of a
//! ping and its pong is compared with that of an echoed message of 32 bytes, where each socket sends
//! one as often. So often, the server always has something to do: to be woken from idleness costs
//! more than both, and differs by the machine. Beside them stand bare tasks, which make the same
//! calls of the system and know nothing of WebSockets. Tells what a million sockets would cost at
//! the default interval, and how the pings are spread. Fails if a ping costs more than twice as
//! much as a message, three times in a row: its task has two turns, one when the timer ends and one
//! when the pong comes.

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    net::SocketAddr,
    pin::pin,
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
    net::{TcpListener, TcpStream},
    runtime,
    time::{interval_at, sleep},
};
use tower_websock::{Config, KeepAlive};

const SOCKETS: u32 = 5000;
/// The sockets' turns are in no order that their memory has: of pings, too, they are not.
const STEP: u32 = 1777;
const EVERY: Duration = Duration::from_millis(400);
const MEASURED: Duration = Duration::from_secs(4);
const BOUND: f64 = 2.0;
const ATTEMPTS: usize = 3;
/// The pings are counted in pieces of this time.
const PIECE: Duration = Duration::from_millis(100);

fn main() {
    for attempt in 1.. {
        let off = Config::new().keep_alive(KeepAlive::OFF);
        let keep_alive = KeepAlive::new().interval(EVERY).timeout(10 * EVERY);
        let on = Config::new().keep_alive(keep_alive);
        let messages = measure(Served::Sockets(off), true);
        let pings = measure(Served::Sockets(on), false);
        let bare = [
            measure(Served::Bare(Work::Echo), true),
            measure(Served::Bare(Work::Ping), false),
        ];
        let ratio = pings.micros() / messages.micros();
        println!(
            "{SOCKETS} sockets, one thread: a ping and its pong {:.2} us, an echoed message {:.2} \
             us, {ratio:.2} times",
            pings.micros(),
            messages.micros()
        );
        let [echo, ping] = bare.map(|measured| measured.micros());
        println!(
            "the same reads, writes and sleeps of bare tasks: {ping:.2} us, {echo:.2} us, {:.2} times",
            ping / echo
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
fn measure(served: Served, sends: bool) -> Measured {
    let (ask, asked) = mpsc::channel::<mpsc::Sender<Duration>>();
    let (tell, addr) = mpsc::channel();
    thread::spawn(move || server(served, &tell, &asked));
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
            let offset = EVERY * (n * STEP % SOCKETS) / SOCKETS;
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

/// What the server does.
enum Served {
    Sockets(Config),
    Bare(Work),
}

/// What a task does that knows nothing of WebSockets, but for their bytes.
#[derive(Clone, Copy)]
enum Work {
    Echo,
    Ping,
}

/// Shakes hands, then reads and writes as a socket does.
async fn work(mut io: TcpStream, n: u32, work: Work) -> std::io::Result<()> {
    let mut head = [0; 1024];
    let mut len = 0;
    while !head[..len].ends_with(b"\r\n\r\n") {
        len += io.read(&mut head[len..]).await?;
    }
    io.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        .await?;
    let first = EVERY + EVERY * (n * STEP % SOCKETS) / SOCKETS;
    let mut timer = pin!(sleep(first));
    loop {
        if let Work::Ping = work {
            timer.as_mut().await;
            io.write_all(&[PING, 8, 0, 0, 0, 0, 0, 0, 0, 0]).await?;
        }
        if io.read(&mut head).await? == 0 {
            return Ok(());
        }
        if let Work::Echo = work {
            io.write_all(&head[..34]).await?;
        }
        timer.as_mut().reset(tokio::time::Instant::now() + EVERY);
    }
}

async fn bare(kind: Work) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for n in 0.. {
            let (io, _) = listener.accept().await.unwrap();
            io.set_nodelay(true).unwrap();
            tokio::spawn(work(io, n, kind));
        }
    });
    addr
}

/// Until nobody asks any more.
fn server(
    served: Served,
    tell: &mpsc::Sender<SocketAddr>,
    asked: &mpsc::Receiver<mpsc::Sender<Duration>>,
) {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let addr = match served {
            Served::Sockets(config) => serve(echo, config).await,
            Served::Bare(work) => bare(work).await,
        };
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
