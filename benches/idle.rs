//! What an idle connection weighs: `cargo bench --bench idle`, or `cargo bench --bench idle axum`
//! for the rows of one kind of server.
//!
//! Starts a server process (an echo handler on hyper or in axum) for each row of the table that
//! it prints, opens connections to it, and reads its private memory from Linux's `smaps_rollup`
//! and its live heap from a counting allocator: after the upgrade, and after messages on each
//! connection, which with permessage-deflate fill the windows in both directions, twice. Fails if a
//! connection weighs more than is promised. Each connection has its timer, as with the default of
//! keep-alive, but the first ping would come after an hour: a peer that is pinged is not idle.

#[path = "../tests/support/alloc.rs"]
mod alloc;
#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use support::{
    Peer, TEXT,
    deflate::{BROWSER, COMPRESSED_BINARY, Inflater, deflated, json},
    echo, frame,
};
use tokio::{
    io::AsyncBufReadExt,
    net::{TcpListener, TcpStream},
    runtime,
};
use tower_websock::{Config, DeflateConfig, Error, KeepAlive, Topic, WebSocket, WebSocketService};

/// Connections that are counted.
const CONNECTIONS: usize = 5000;
/// Connections before them, so that what a thread makes once is there: it keeps 32 codecs.
const EARLIER: usize = 40;
/// On hyper, and each socket is subscribed to one topic.
const SUBSCRIBED: &str = "hyper, a topic";
/// What the subscription of a socket may weigh, in bytes.
const SUBSCRIPTION: i64 = 100;
/// Says which row a server process is for.
const ROLE: &str = "IDLE_SERVER";

const ROWS: [Row; 7] = [
    Row::new("hyper", "off", None),
    Row::new("axum", "off", None),
    Row::new(SUBSCRIBED, "off", None),
    Row::new("hyper", "without context takeover", Some(12)),
    Row::new("hyper", "windows of 9 bits", Some(9)),
    Row::new("hyper", "windows of 12 bits (default)", Some(12)),
    Row::new("hyper", "windows of 15 bits", Some(15)),
];

/// A kind of server, and what it is to promise.
struct Row {
    mount: &'static str,
    deflate: &'static str,
    window_bits: Option<u8>,
}

impl Row {
    const fn new(mount: &'static str, deflate: &'static str, window_bits: Option<u8>) -> Self {
        Self {
            mount,
            deflate,
            window_bits,
        }
    }

    fn keeps_context(&self) -> bool {
        self.deflate.starts_with("windows")
    }

    fn config(&self) -> Config {
        let rare = KeepAlive::new().interval(Duration::from_secs(60 * 60));
        let config = Config::new().keep_alive(rare);
        let Some(bits) = self.window_bits else {
            return config;
        };
        let deflate = DeflateConfig::new()
            .server_max_window_bits(bits)
            .client_max_window_bits(bits);
        config.deflate(if self.keeps_context() {
            deflate
        } else {
            deflate.no_context_takeover()
        })
    }

    /// What the documentation promises of heap and private memory after messages, in bytes.
    fn limits(&self) -> [i64; 2] {
        let windows = match self.window_bits {
            Some(bits) if self.keeps_context() => 2 << bits,
            _ => 0,
        };
        [1600 + windows, 2500 + windows]
    }

    /// Opens a connection.
    async fn connect(&self, addr: SocketAddr) -> Peer<TcpStream> {
        let Some(bits) = self.window_bits else {
            return Peer::connect(addr).await;
        };
        let offer = format!("Sec-WebSocket-Extensions: {BROWSER}\r\n");
        let (peer, head) = Peer::connect_with(addr, &offer).await;
        assert!(head.contains("permessage-deflate"), "{head}");
        let window = format!("client_max_window_bits={bits}");
        assert_eq!(head.contains(&window), bits < 15, "{head}");
        let reset = "client_no_context_takeover";
        assert_ne!(head.contains(reset), self.keeps_context(), "{head}");
        // The server keeps to its own bounds without saying so.
        assert!(!head.contains("server_"), "{head}");
        peer
    }

    /// Sends what fills the windows twice, if there are any, and takes the echo.
    async fn exchange(&self, traffic: &Traffic, peer: &mut Peer<TcpStream>) {
        let mut inflater = Inflater::new();
        for _ in 0..traffic.count {
            peer.send(&traffic.frame).await;
            let (first, mut payload) = peer.read().await.unwrap();
            assert_eq!(first, traffic.kind);
            if traffic.kind == COMPRESSED_BINARY {
                payload = inflater.message(&payload);
            }
            assert!(payload == traffic.message);
        }
    }

    fn traffic(&self) -> Traffic {
        let Some(bits) = self.window_bits else {
            return Traffic {
                kind: TEXT,
                message: b"hello".to_vec(),
                frame: frame(TEXT, b"hello"),
                count: 1,
            };
        };
        let message = json(1024);
        let frame = frame(COMPRESSED_BINARY, &deflated(&message));
        Traffic {
            kind: COMPRESSED_BINARY,
            count: if self.keeps_context() {
                (2 << bits) / message.len()
            } else {
                1
            },
            message,
            frame,
        }
    }
}

/// A message to be echoed again and again.
struct Traffic {
    kind: u8,
    message: Vec<u8>,
    frame: Vec<u8>,
    count: usize,
}

fn main() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap();
    match env::var(ROLE) {
        Ok(row) => runtime.block_on(server(&ROWS[row.parse::<usize>().unwrap()])),
        Err(_) => runtime.block_on(client()),
    }
}

/// Serves, and prints the heap in use for each line that it reads.
async fn server(row: &Row) {
    let addr = if row.mount == "axum" {
        let service = WebSocketService::new(echo).config(row.config());
        let app = axum::Router::new().route_service("/ws", service);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        addr
    } else if row.mount == SUBSCRIBED {
        let topic = Topic::new();
        let handler = move |mut socket: WebSocket| {
            let subscription = socket.subscribe(&topic);
            async move {
                let _subscription = subscription;
                // As echo does.
                while let Some(message) = socket.recv().await {
                    let message = message?;
                    if message.is_data() {
                        socket.send(message).await?;
                    }
                }
                Ok::<_, Error>(())
            }
        };
        support::serve(handler, row.config()).await
    } else {
        support::serve(echo, row.config()).await
    };
    println!("{addr}");
    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(_)) = lines.next_line().await {
        println!("{}", alloc::held());
    }
}

struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    fn start(row: usize) -> (Self, SocketAddr) {
        let mut child = Command::new(env::current_exe().unwrap())
            .env(ROLE, row.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self {
            child,
            stdin,
            stdout,
        };
        let addr = server.line().parse().unwrap();
        (server, addr)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Live heap and private memory, in bytes.
    fn memory(&mut self) -> [i64; 2] {
        self.stdin.write_all(b"\n").unwrap();
        let heap = self.line().parse().unwrap();
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()));
        let rollup = rollup.expect("smaps_rollup of Linux");
        let lines = rollup.lines().filter(|line| line.starts_with("Private_"));
        let kib = lines.map(|line| line.split_whitespace().nth(1).unwrap());
        let private = kib.map(|kib| kib.parse::<i64>().unwrap() * 1024).sum();
        [heap, private]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Also if a check failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn client() {
    println!(
        "| server | permessage-deflate | heap, upgraded | private | heap, after messages | private |"
    );
    println!("|---|---|---:|---:|---:|---:|");
    let mut excess = Vec::new();
    let mut plain = i64::MAX;
    let only = env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let is_asked = |row: &Row| only.as_ref().is_none_or(|only| row.mount.contains(only));
    let rows = ROWS.iter().enumerate();
    for (i, row) in rows.filter(|(_, row)| is_asked(row)) {
        let [upgraded, used] = weigh(i, row).await;
        let Row { mount, deflate, .. } = row;
        println!(
            "| {mount} | {deflate} | {} | {} | {} | {} |",
            upgraded[0], upgraded[1], used[0], used[1]
        );
        if i == 0 {
            plain = upgraded[0];
        }
        let more = upgraded[0] - plain;
        if row.mount == SUBSCRIBED && more > SUBSCRIPTION {
            excess.push(format!(
                "{more} bytes for a subscription, above {SUBSCRIPTION}"
            ));
        }
        // Before compressed messages nothing is held for them.
        for (when, held, limits) in [
            ("the upgrade", upgraded, [1600, 2500]),
            ("messages", used, row.limits()),
        ] {
            for (kind, held, limit) in [
                ("heap", held[0], limits[0]),
                ("private", held[1], limits[1]),
            ] {
                if held > limit {
                    excess.push(format!(
                        "{mount}, {deflate}: {held} {kind} bytes after {when}, above {limit}"
                    ));
                }
            }
        }
    }
    assert!(excess.is_empty(), "{excess:#?}");
}

/// Heap and private bytes per connection, after the upgrade and after messages.
async fn weigh(i: usize, row: &Row) -> [[i64; 2]; 2] {
    let (mut server, addr) = Server::start(i);
    let traffic = row.traffic();
    let mut earlier = Vec::new();
    for _ in 0..EARLIER {
        let mut peer = row.connect(addr).await;
        row.exchange(&traffic, &mut peer).await;
        earlier.push(peer);
    }
    let before = server.memory();
    let each = |after: [i64; 2]| {
        [0, 1].map(|i| (after[i] - before[i]) / i64::try_from(CONNECTIONS).unwrap())
    };
    let mut peers = Vec::new();
    for _ in 0..CONNECTIONS {
        peers.push(row.connect(addr).await);
    }
    let upgraded = server.memory();
    // What a connection sent it holds when it comes back and has lost its compressor.
    for _ in 0..if row.keeps_context() { 2 } else { 1 } {
        for peer in &mut peers {
            row.exchange(&traffic, peer).await;
        }
    }
    [upgraded, server.memory()].map(each)
}
