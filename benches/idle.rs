//! What an idle connection weighs: `cargo bench --bench idle`.
//!
//! Starts a server process (an echo handler on hyper, then in axum), opens 5,000
//! connections to it, and reads its private memory from Linux's `smaps_rollup` and its
//! live heap from a counting allocator: after the upgrade, and after one echo on each.

#[path = "../tests/support/alloc.rs"]
mod alloc;
#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use support::{Peer, TEXT, echo, frame};
use tokio::{io::AsyncBufReadExt, net::TcpListener, runtime};
use tower_websock::{Config, WebSocketService};

const CONNECTIONS: usize = 5000;
const ROLE: &str = "IDLE_SERVER";

fn main() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap();
    match env::var(ROLE) {
        Ok(mount) => runtime.block_on(server(&mount)),
        Err(_) => runtime.block_on(async {
            for mount in ["hyper", "axum"] {
                client(mount).await;
            }
        }),
    }
}

/// Serves, and prints the heap in use for each line that it reads.
async fn server(mount: &str) {
    let addr = if mount == "axum" {
        let service = WebSocketService::new(echo);
        let app = axum::Router::new().route_service("/ws", service);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        addr
    } else {
        support::serve(echo, Config::new()).await
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
    fn start(mount: &str) -> (Self, SocketAddr) {
        let mut child = Command::new(env::current_exe().unwrap())
            .env(ROLE, mount)
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

    /// Live heap, private memory and resident memory, in bytes.
    fn memory(&mut self) -> [i64; 3] {
        self.stdin.write_all(b"\n").unwrap();
        let heap = self.line().parse().unwrap();
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()));
        let rollup = rollup.expect("smaps_rollup of Linux");
        let sum = |field: &str| -> i64 {
            let lines = rollup.lines().filter(|line| line.starts_with(field));
            let kib = lines.map(|line| line.split_whitespace().nth(1).unwrap());
            kib.map(|kib| kib.parse::<i64>().unwrap() * 1024).sum()
        };
        [heap, sum("Private_"), sum("Rss:")]
    }
}

async fn client(mount: &str) {
    let (mut server, addr) = Server::start(mount);
    // One connection first, so that what is made once is not counted.
    let mut warm = Peer::connect(addr).await;
    exchange(&mut warm).await;
    let before = server.memory();
    let mut peers = Vec::new();
    for _ in 0..CONNECTIONS {
        peers.push(Peer::connect(addr).await);
    }
    report(mount, "after the upgrade", before, server.memory());
    for peer in &mut peers {
        exchange(peer).await;
    }
    report(mount, "after one echo", before, server.memory());
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}

async fn exchange(peer: &mut Peer<tokio::net::TcpStream>) {
    peer.send(&frame(TEXT, b"hello")).await;
    peer.expect(TEXT, b"hello").await;
}

fn report(mount: &str, when: &str, before: [i64; 3], after: [i64; 3]) {
    let each = |i: usize| (after[i] - before[i]) / i64::try_from(CONNECTIONS).unwrap();
    println!(
        "{mount:5} {when:17}: heap {:5}, private {:5}, RSS {:5} bytes per connection",
        each(0),
        each(1),
        each(2)
    );
}
