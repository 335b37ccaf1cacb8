//! What one peer costs the others: `cargo bench --bench fairness`.
//!
//! Attackers send what is dear to receive, and another connection of the same server sends a small
//! message every two milliseconds: the table has the latency of its echoes, in milliseconds, with
//! one attacker and three, and one thread and two of the server's. Then a handler that works for
//! long on each of 100 messages that wait: when its answers arrive. Fails if the 99th percentile of
//! a row exceeds 20 ms, or the first answer takes three messages' work, three times in a row.
//! `ONLY=zeros` measures the attacks of which the name has that in it.

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use support::{BINARY, CLOSE, PING, PONG, TEXT, deflate::deflated, echo, frame, hold, serve};
use tokio::runtime;
use tower_websock::{Config, DeflateConfig, Error, Message, WebSocket};

const MEASURED: Duration = Duration::from_secs(1);
const BOUND: Duration = Duration::from_millis(20);
const ATTEMPTS: usize = 3;
const DEFLATE: &str = "permessage-deflate";

/// The servers of an attack: what does the attacked handler do?
#[derive(Clone, Copy)]
enum Handler {
    Echo,
    /// It does not receive.
    Hold,
}

struct Attack {
    name: &'static str,
    handler: Handler,
    /// Sent once.
    first: Vec<u8>,
    /// Sent again and again.
    then: Vec<u8>,
}

/// `first` with these payloads, as the fragments of one message.
fn fragmented(first: u8, payloads: &[&[u8]]) -> Vec<u8> {
    let last = payloads.len() - 1;
    let fragments = payloads.iter().enumerate().map(|(n, payload)| {
        let opcode = if n == 0 { first & !0x80 } else { 0 };
        let fin = if n == last { 0x80 } else { 0 };
        frame(opcode | fin, payload)
    });
    fragments.collect::<Vec<_>>().concat()
}

fn attacks() -> Vec<Attack> {
    let compressed = BINARY | 0x40;
    let random: Vec<u8> = (0..1000_u32).map(|n| (n * n / 7 % 251) as u8).collect();
    let packed = deflated(&random);
    let bomb = frame(compressed, &deflated(&vec![0; 1 << 20]));
    let mut final_block = vec![1, 59, 0, !59, 0xFF];
    final_block.extend([7; 59]);
    let bytes: Vec<&[u8]> = vec![b"x"; 1000];
    let empty: Vec<&[u8]> = vec![b""; 1000];
    let between = [
        &frame(BINARY & !0x80, b"x")[..],
        &frame(PING, b"p"),
        &frame(0x80, b"y"),
    ]
    .concat();
    let clef = "\u{1d11e}".repeat(250_000);
    let attack = |name, handler, first: &[u8], then: Vec<u8>| Attack {
        name,
        handler,
        first: first.to_vec(),
        then: then.repeat(1 + 65_536 / then.len()),
    };
    let echo = Handler::Echo;
    vec![
        attack(
            "1-byte fragments, 1,000 a message",
            echo,
            b"",
            fragmented(BINARY, &bytes),
        ),
        attack(
            "empty fragments, 1,000 a message",
            echo,
            b"",
            fragmented(BINARY, &empty),
        ),
        attack(
            "compressed in 1-byte fragments",
            echo,
            b"",
            fragmented(compressed, &packed.chunks(1).collect::<Vec<_>>()),
        ),
        attack(
            "a final block each 64 bytes",
            echo,
            b"",
            frame(compressed, &final_block.repeat(1000)),
        ),
        attack(
            "1 MiB of final blocks",
            echo,
            b"",
            frame(compressed, &final_block.repeat(16_384)),
        ),
        attack("1 MiB of zeros, compressed", echo, b"", bomb.clone()),
        attack("pings", echo, b"", frame(PING, b"there?")),
        attack("pongs", echo, b"", frame(PONG, b"")),
        attack("pings between fragments", echo, b"", between),
        attack("empty messages", echo, b"", frame(BINARY, b"")),
        attack("small texts", echo, b"", frame(TEXT, b"hello")),
        attack(
            "1 MB of 4-byte characters",
            echo,
            b"",
            frame(TEXT, clef.as_bytes()),
        ),
        attack(
            "anything after a Close",
            echo,
            &frame(CLOSE, &[3, 232]),
            frame(BINARY, &[7; 100]),
        ),
        attack("pings, unread", Handler::Hold, b"", frame(PING, b"there?")),
        attack(
            "1-byte fragments, unread",
            Handler::Hold,
            b"",
            fragmented(BINARY, &bytes),
        ),
        attack("1 MiB of zeros, unread", Handler::Hold, b"", bomb),
    ]
}

fn connect(addr: SocketAddr, extensions: &str) -> TcpStream {
    let mut io = TcpStream::connect(addr).unwrap();
    io.set_nodelay(true).unwrap();
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Extensions: {extensions}\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    io.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        io.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    io
}

/// Sends until it is stopped; reads all that comes. What was closed is attacked again.
fn run_attacker(addr: SocketAddr, attack: &Attack, stop: &Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let mut io = connect(addr, DEFLATE);
        io.set_write_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let mut input = io.try_clone().unwrap();
        let reader = thread::spawn(move || {
            let mut room = vec![0; 1 << 18];
            while input.read(&mut room).is_ok_and(|read| read > 0) {}
        });
        let mut failed = io.write_all(&attack.first).is_err();
        let mut rest = &attack.then[..];
        while !failed && !stop.load(Ordering::Relaxed) {
            match io.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) => failed = error.kind() != std::io::ErrorKind::WouldBlock,
            }
            if rest.is_empty() {
                rest = &attack.then;
            }
        }
        let _ = io.shutdown(std::net::Shutdown::Both);
        reader.join().unwrap();
    }
}

/// The latencies of echoes, sorted.
fn measure(addr: SocketAddr) -> Vec<Duration> {
    let mut io = connect(addr, "none");
    io.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let message = frame(BINARY, &[7; 32]);
    let mut latencies = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < MEASURED {
        let sent = Instant::now();
        io.write_all(&message).unwrap();
        io.read_exact(&mut [0; 34]).unwrap();
        latencies.push(sent.elapsed());
        thread::sleep(Duration::from_millis(2));
    }
    latencies.sort();
    latencies
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Returns whether the victim was served.
fn row(attack: &Attack, threads: usize, attackers: usize) -> bool {
    let runtime = (runtime::Builder::new_multi_thread().worker_threads(threads))
        .enable_all()
        .build()
        .unwrap();
    let config = Config::new().deflate(DeflateConfig::new());
    let victim = runtime.block_on(serve(echo, config.clone()));
    let attacked = runtime.block_on(async {
        match attack.handler {
            Handler::Echo => serve(echo, config).await,
            Handler::Hold => serve(hold, config).await,
        }
    });
    let stop = Arc::new(AtomicBool::new(false));
    let latencies = thread::scope(|scope| {
        for _ in 0..attackers {
            scope.spawn(|| run_attacker(attacked, attack, &stop));
        }
        thread::sleep(Duration::from_millis(200));
        let latencies = measure(victim);
        stop.store(true, Ordering::Relaxed);
        latencies
    });
    runtime.shutdown_background();
    let at = |percent| latencies[(latencies.len() - 1) * percent / 100];
    let (p50, p99, max) = (at(50), at(99), at(100));
    println!(
        "| {} | {threads} | {attackers} | {:.2} | {:.2} | {:.2} |",
        attack.name,
        millis(p50),
        millis(p99),
        millis(max)
    );
    p99 < BOUND
}

/// Works so long on each message, and answers it.
async fn work(mut socket: WebSocket, each: Duration) -> Result<(), Error> {
    while let Some(message) = socket.recv().await {
        let message: Message = message?;
        thread::sleep(each);
        socket.send(message).await?;
    }
    Ok(())
}

/// Prints when the first and the last answers arrive; returns whether the first was in time.
fn slow_row(each: Duration, size: usize, deflate: bool) -> bool {
    let runtime = (runtime::Builder::new_multi_thread().worker_threads(1))
        .enable_all()
        .build()
        .unwrap();
    let mut config = Config::new();
    if deflate {
        config = config.deflate(DeflateConfig::new());
    }
    let addr = runtime.block_on(serve(move |socket: WebSocket| work(socket, each), config));
    let mut io = connect(addr, DEFLATE);
    let begin = Instant::now();
    io.write_all(&frame(BINARY, &vec![7; size]).repeat(100))
        .unwrap();
    let mut head = [0; 4];
    let mut arrivals = Vec::new();
    for _ in 0..100 {
        io.read_exact(&mut head[..2]).unwrap();
        let mut len = usize::from(head[1]);
        if len == 126 {
            io.read_exact(&mut head[2..]).unwrap();
            len = usize::from(u16::from_be_bytes([head[2], head[3]]));
        }
        io.read_exact(&mut vec![0; len]).unwrap();
        arrivals.push(begin.elapsed());
    }
    runtime.shutdown_background();
    let (first, last) = (arrivals[0], arrivals[99]);
    let deflate = if deflate { "on" } else { "off" };
    println!(
        "| {:.0} ms | {size} B | {deflate} | {:.1} | {:.1} |",
        millis(each),
        millis(first),
        millis(last)
    );
    first < 3 * each + Duration::from_millis(10)
}

fn main() {
    let mut is_good = true;
    println!("| work on each | message | compression | first answer (ms) | 100th |");
    println!("|---|---|---|---|---|");
    for each in [20, 5, 1].map(Duration::from_millis) {
        for (size, deflate) in [(32, false), (1000, false), (1000, true)] {
            is_good &= (0..ATTEMPTS).any(|_| slow_row(each, size, deflate));
        }
    }
    println!("\n| attack | threads | attackers | p50 (ms) | p99 | max |");
    println!("|---|---|---|---|---|---|");
    let only = std::env::var("ONLY").unwrap_or_default();
    for attack in attacks()
        .iter()
        .filter(|attack| attack.name.contains(&only))
    {
        for threads in [1, 2] {
            for attackers in [1, 3] {
                // The machine may be busy with something else.
                is_good &= (0..ATTEMPTS).any(|_| row(attack, threads, attackers));
            }
        }
    }
    assert!(is_good, "somebody waited for too long");
}
