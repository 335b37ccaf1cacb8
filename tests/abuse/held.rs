//! What one connection holds under attacks, and what each cost its peer on the wire.

use std::{future::pending, thread};

use Handler::{Idle, Receives, TakesOne};
use tokio::{
    io::{AsyncWriteExt, DuplexStream},
    time::{Duration, timeout},
};
use tower_websock::{Config, DeflateConfig, Error, WebSocket};

use crate::alloc::held;
use crate::report::{Amount::*, Report, grouped};
use crate::support::{deflate::*, *};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What the pipe holds in each direction, which is not counted apart.
const NARROW: usize = 64;

/// Connections of an attack: a thread keeps buffers for a few, which are counted before.
const COUNT: usize = 2;

/// The thread keeps decompressors for so many, which are counted before.
const KEPT: usize = 32;

/// How far a connection may get with what its handler does not receive: 64 KiB, and what the
/// last read brought; a buffer is given back where it is not used.
const AHEAD: usize = 132 * KIB;

/// What a message costs beside its bytes in a queue of 128.
const EACH: usize = 64;

/// What the handler does.
#[derive(Clone, Copy, Debug)]
enum Handler {
    /// It never receives.
    Idle,
    /// It receives one message, and no more.
    TakesOne,
    /// It waits for messages, and drops them.
    Receives,
}

impl Handler {
    async fn run(self, mut socket: WebSocket) -> Result<(), Error> {
        match self {
            Idle => {}
            TakesOne => drop(socket.recv().await),
            Receives => while socket.recv().await.is_some() {},
        }
        pending().await
    }
}

struct Attack {
    name: String,
    handler: Handler,
    takes_over: bool,
    wire: Vec<u8>,
    /// Most that a connection may hold, beside what an idle one does.
    most: usize,
}

/// Sends until nothing is taken any more; returns how much was.
async fn send(peer: &mut Peer<DuplexStream>, wire: &[u8]) -> usize {
    let mut sent = 0;
    while sent < wire.len() {
        // The clock is stopped: time passes when nobody has anything to do.
        let written = timeout(Duration::from_millis(1), peer.io.write(&wire[sent..])).await;
        let Ok(written) = written else { break };
        sent += written.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    sent
}

/// What each connection holds more than an idle one, and how much it took.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn measure(attack: &Attack) -> (usize, usize) {
    let deflate = DeflateConfig::new();
    let deflate = if attack.takes_over {
        deflate.client_max_window_bits(15)
    } else {
        deflate.client_no_context_takeover()
    };
    let config = Config::new().deflate(deflate);
    let handler = attack.handler;
    let run = move |socket: WebSocket| handler.run(socket);
    let mut peers = Vec::new();
    for _ in 0..COUNT {
        let (peer, answer) = connect(run, &config, Some(BROWSER), NARROW).await;
        assert!(answer.is_some());
        peers.push(peer);
    }
    // What the thread keeps is not the connection's.
    let earlier = match handler {
        TakesOne => KEPT + 1,
        Idle | Receives => 1,
    };
    let mut others = Vec::new();
    for _ in 0..earlier {
        let (mut other, _) = connect(run, &config, Some(BROWSER), NARROW).await;
        send(&mut other, &attack.wire).await;
        others.push(other);
    }
    drop(others);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let before = held();
    let mut taken = 0;
    for peer in &mut peers {
        taken += send(peer, &attack.wire).await;
    }
    let after = held();
    (
        usize::try_from(after - before).unwrap_or(0) / COUNT,
        taken / COUNT,
    )
}

/// A frame of which `len` payload bytes have come.
fn cut(first: u8, payload: &[u8], len: usize) -> Vec<u8> {
    let mut wire = frame(first, payload);
    wire.truncate(wire.len() - (payload.len() - len));
    wire
}

/// Attacks of one kind.
#[derive(Default)]
struct Attacks(Vec<Attack>);

impl Attacks {
    /// Adds one that may have a connection hold `most` bytes.
    fn add(&mut self, name: &str, handler: Handler, wire: &[u8], most: usize) {
        for takes_over in [true, false] {
            self.0.push(Attack {
                name: name.to_owned(),
                handler,
                takes_over,
                wire: wire.to_vec(),
                most,
            });
        }
    }
}

/// What cannot be compressed.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(&mut next).take(len).collect()
}

/// 1,039 bytes that stand for 1 MiB.
fn bombs() -> Attacks {
    let bomb = deflated(&vec![0; MIB]);
    assert!(bomb.len() < 1100);
    let complete = frame(COMPRESSED_BINARY, &bomb);
    let unfinished = cut(COMPRESSED_BINARY, &bomb, bomb.len() - 1);
    let fragment = frame(COMPRESSED_BINARY & !0x80, &bomb);
    let text = frame(COMPRESSED_TEXT & !0x80, &bomb);
    let mut bytes = frame(COMPRESSED_TEXT & !0x80, &bomb[..1]);
    bytes.extend(bomb[1..1000].iter().flat_map(|&byte| frame(0x00, &[byte])));
    let behind = [
        frame(COMPRESSED_TEXT, &deflated(b"hello")),
        complete.clone(),
    ]
    .concat();

    let double = 2 * bomb.len() + 300;
    let mut all = Attacks::default();
    all.add("bomb, complete", Idle, &complete, double);
    all.add("bomb, a byte is missing", Idle, &unfinished, double);
    all.add(
        "bomb, a byte is missing, awaited",
        Receives,
        &unfinished,
        double,
    );
    all.add("bomb, a fragment of more", Idle, &fragment, double);
    all.add("a fragment, awaited", Receives, &fragment, double);
    all.add("a fragment of text, awaited", Receives, &text, double);
    all.add("bomb in fragments of a byte", Receives, &bytes, double);
    // The connection has a window then.
    all.add(
        "bomb behind what was taken",
        TakesOne,
        &behind,
        double + KIB,
    );
    all.add("bombs, without end", Idle, &complete.repeat(100), AHEAD);
    all
}

fn compressed() -> Attacks {
    // Stored blocks.
    let part = noise(0x7FFF);
    let dense = [&[0x00, 0xFF, 0x7F, 0x00, 0x80][..], &part].concat();
    let dense = [dense.repeat(30), vec![0x00]].concat();
    let mut fragments = frame(COMPRESSED_BINARY & !0x80, &dense[..100]);
    let parts = dense[100..].chunks(5000);
    fragments.extend(parts.flat_map(|part| frame(0x00, part)));
    let small = frame(COMPRESSED_TEXT, &deflated(b"hello"));
    let empty = frame(COMPRESSED_TEXT, &[0]);

    let mut all = Attacks::default();
    let whole = frame(COMPRESSED_BINARY, &dense);
    all.add("dense, complete", Idle, &whole, AHEAD);
    all.add("dense, in fragments", Idle, &fragments, AHEAD);
    all.add("small messages", Idle, &small.repeat(1000), AHEAD);
    all.add("empty messages", Idle, &empty.repeat(1000), AHEAD);
    all
}

fn plain() -> Attacks {
    let large = noise(1_000_000);
    let text = frame(TEXT, &vec![b'a'; 1_000_000]);
    let mut all = Attacks::default();
    all.add("plain, 1 MB", Idle, &frame(BINARY, &large), AHEAD);
    all.add("plain text, 1 MB", Idle, &text, AHEAD);
    for (name, len) in [
        ("plain, 1 byte of 1 MB", 1),
        ("plain, 5,000 bytes of 1 MB", 5000),
        ("plain, 60,000 bytes of 1 MB", 60_000),
    ] {
        let wire = cut(BINARY, &large, len);
        all.add(name, Idle, &wire, 2 * len + 5 * KIB);
        all.add(
            &format!("{name}, awaited"),
            Receives,
            &wire,
            2 * len + 5 * KIB,
        );
    }
    let wire = cut(BINARY, &large, 200_000);
    all.add("200,000 bytes of it, awaited", Receives, &wire, 410_000);
    let tiny = frame(TEXT, b"x");
    all.add("plain, of a byte", Idle, &tiny.repeat(1000), AHEAD);
    let wire = frame(BINARY, &large[..20_000]).repeat(20);
    all.add("plain, of 20,000 bytes", Idle, &wire, AHEAD);
    // What shares a read buffer with them.
    let pongs = frame(PONG, &[0; 125]).repeat(350);
    let wire = [frame(BINARY, &large[..16_384]), pongs.clone()].concat();
    all.add("pongs between such", Idle, &wire.repeat(8), AHEAD);
    all.add("pongs", Idle, &pongs.repeat(3), AHEAD);
    let wire = frame(PING, &[0; 125]).repeat(2000);
    all.add("pings", Idle, &wire, AHEAD);
    all.0.retain(|attack| attack.takes_over);
    all
}

/// 10.4: what a connection holds is bounded by what its peer has sent, and by 64 KiB and one read
/// where no handler receives it.
pub(crate) fn bytes_held_per_byte_on_the_wire(report: &mut Report) {
    let attacks = [bombs(), compressed(), plain()];
    for attack in attacks.into_iter().flat_map(|attacks| attacks.0) {
        let (held, wire) = thread::scope(|scope| {
            let measured = scope.spawn(|| measure(&attack));
            measured.join().unwrap()
        });
        let takes_over = if attack.takes_over {
            ""
        } else {
            ", no takeover"
        };
        // A message has its place in a queue or is under way beside its bytes.
        let messages = (wire / 7).min(128) * EACH;
        let most = attack.most.min(2 * wire + 2 * KIB + messages);
        let wire = grouped(&wire.to_string());
        report.at_most(
            format!("{}{takes_over}: held of {wire} B", attack.name),
            Bytes(held as isize),
            Bytes(most as isize),
        );
    }
}
