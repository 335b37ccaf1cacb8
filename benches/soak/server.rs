//! The server, in a process of its own: as the example `production` is, with books.
//!
//! It answers each line that it reads with one or more, and ends when there are no more.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    error::Error as StdError,
    fmt::Write as _,
    fs,
    future::{pending, ready},
    net::SocketAddr,
    panic,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower::{Layer, ServiceExt, service_fn};
use tower_websock::{
    CloseFrame, Closure, Config, Connections, DeflateConfig, Drain, End, HandlerEnd, Initiator,
    PreparedMessage, Topic, WebSocket, WebSocketLayer,
};

use crate::{
    alloc, http_server,
    kinds::{Handler, KINDS, MESSAGE, Opens, WRITE, kind_of_address, kind_of_path},
    options::Mode,
    support::cpu::process_cpu_time,
    tls,
};

type BoxError = Box<dyn StdError + Send + Sync>;

/// Between two messages to all who are subscribed.
const PUBLISHED: Duration = Duration::from_secs(5);
/// Over what time the last Closes are sent, unless all of it takes less than ten times as long.
const DRAIN: Duration = Duration::from_secs(5);
/// Of one client's address.
const MAX_PER_ADDRESS: usize = 5000;
const PANIC: &str = "as it was told to";

/// What has become of whom, by the index of its kind.
#[derive(Default)]
struct Books {
    /// TCP connections.
    accepted: Mutex<BTreeMap<usize, u64>>,
    /// How serving HTTP on them ended.
    served: Mutex<BTreeMap<(usize, String), u64>>,
    /// How WebSockets ended: what `on_end` was told.
    ended: Mutex<BTreeMap<(usize, String), u64>>,
    /// TCP connections that are being served as HTTP.
    open: AtomicUsize,
}

fn count<K: Ord>(counts: &Mutex<BTreeMap<K, u64>>, key: K) {
    *counts.lock().unwrap().entry(key).or_default() += 1;
}

struct Server {
    mode: Mode,
    connections: Connections,
    topic: Topic,
    books: Books,
    /// 16 KiB that cannot be compressed.
    noise: Bytes,
}

/// What a client that does not lie about its kind has.
const NOBODY: usize = KINDS.len();

#[tokio::main(worker_threads = 2)]
pub(crate) async fn run(mode: Mode, time: Duration) {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref() != Some(&PANIC) {
            default(info);
        }
    }));
    let server = Arc::new(Server {
        mode,
        connections: Connections::new().max(100_000).max_per_key(MAX_PER_ADDRESS),
        topic: Topic::new(),
        books: Books::default(),
        noise: noise(),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (acceptor, certificate) = tls::acceptor();
    println!("{addr} {certificate}");
    let tls = (mode == Mode::Tls).then_some(acceptor);
    let accepting = tokio::spawn(accept(listener, tls, server.clone()));
    let publishing = tokio::spawn(publish(server.topic.clone()));
    let mut lines = BufReader::new(stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match line.as_str() {
            "look" => println!("{}", server.look()),
            "drain" => {
                let drain = Drain::new()
                    .accept_for(Duration::ZERO)
                    .spread(DRAIN.min(time / 10))
                    .deadline(Duration::from_secs(120));
                let drained = server.connections.drain(drain).await;
                let (clean, cut) = (drained.clean, drained.cut);
                println!("{clean} {cut} {}", drained.running);
            }
            _ => print!("{}", server.books.text()),
        }
    }
    accepting.abort();
    publishing.abort();
}

fn noise() -> Bytes {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(16 << 10).collect()
}

/// Numbers the messages.
async fn publish(topic: Topic) {
    for n in 0_u64.. {
        let text = format!("{n:0200}");
        topic.publish(PreparedMessage::text(text));
        sleep(PUBLISHED).await;
    }
}

fn config(mode: Mode) -> Config {
    let config = Config::new()
        .message_timeout(Some(Duration::from_secs(MESSAGE)))
        .write_timeout(Some(Duration::from_secs(WRITE)))
        // Whoever is slow to answer has a machine that is busy.
        .close_timeout(Duration::from_secs(60));
    match mode {
        Mode::Compressed => config.deflate(DeflateConfig::new()),
        _ => config,
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, server: Arc<Server>) {
    let service = WebSocketLayer::new({
        let server = server.clone();
        move |socket: WebSocket, request: Parts| handle(server.clone(), socket, request)
    })
    .config(config(server.mode))
    .connections(&server.connections)
    .connection_key(|request: &Parts| request.extensions.get::<SocketAddr>().map(SocketAddr::ip))
    .on_end({
        let server = server.clone();
        move |request: &Parts| {
            let kind = kind_of_path(request.uri.path()).unwrap_or(NOBODY);
            let server = server.clone();
            move |end: &End<BoxError>| count(&server.books.ended, (kind, text_of(end)))
        }
    })
    .layer(service_fn(|_: Request<_>| {
        ready(Ok::<_, Infallible>(Response::new(String::from("alive\n"))))
    }));
    loop {
        let (stream, peer) = http_server::accept(&listener).await;
        let kind = kind_of_address(peer.ip()).unwrap_or(NOBODY);
        let service = service.clone().map_request(move |mut request: Request<_>| {
            request.extensions_mut().insert(peer);
            request
        });
        let (server, tls) = (server.clone(), tls.clone());
        count(&server.books.accepted, kind);
        server.books.open.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let result = match tls {
                None => http_server::serve(stream, service, pending()).await,
                Some(tls) => match shake_hands(&tls, stream).await {
                    Ok(stream) => http_server::serve(stream, service, pending()).await,
                    Err(error) => Err(error),
                },
            };
            let how = if result.is_ok() { "served" } else { "failed" };
            count(&server.books.served, (kind, how.to_owned()));
            server.books.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

async fn shake_hands(
    tls: &TlsAcceptor,
    stream: TcpStream,
) -> Result<tokio_rustls::server::TlsStream<TcpStream>, BoxError> {
    Ok(timeout(http_server::FIRST_REQUEST, tls.accept(stream)).await??)
}

/// How a WebSocket ended, in a few words.
fn text_of(end: &End<BoxError>) -> String {
    let mut text = match end.closure() {
        None => String::from("not opened"),
        Some(Closure::Failed(error)) => format!("failed, {}", error.close_code()),
        Some(Closure::Lost(loss)) => format!("lost: {loss}"),
        Some(closure) => {
            let who = match closure.initiator() {
                Some(Initiator::Remote) => "peer",
                _ => "server",
            };
            format!("closed by the {who}, {}", closure.code())
        }
    };
    match end.handler() {
        HandlerEnd::Panicked => text.push_str(", handler panicked"),
        HandlerEnd::Dropped => text.push_str(", handler dropped"),
        // In other ends it is told of the end by an error.
        HandlerEnd::Failed if end.closure().is_some_and(Closure::is_clean) => {
            text.push_str(", handler failed");
        }
        _ => {}
    }
    text
}

async fn handle(
    server: Arc<Server>,
    mut socket: WebSocket,
    request: Parts,
) -> Result<(), BoxError> {
    let kind = kind_of_path(request.uri.path());
    // It holds the buffer that it was read to.
    drop(request);
    let Some(Opens::All(handler) | Opens::Some(handler)) = kind.map(|kind| KINDS[kind].opens)
    else {
        return Err("nobody's path".into());
    };
    match handler {
        Handler::Echo => {}
        Handler::Subscribe => {
            let _subscription = socket.subscribe(&server.topic);
            return echo(&mut socket).await;
        }
        Handler::Serve => {
            for _ in 0..16 {
                socket.send(server.noise.clone().into()).await?;
            }
        }
        Handler::Flood => loop {
            socket.send(server.noise.clone().into()).await?;
        },
        Handler::Close | Handler::Return | Handler::Fail | Handler::Panic | Handler::ThrownOut => {
            let Some(message) = socket.recv().await else {
                return Ok(());
            };
            socket.send(message?).await?;
            socket.flush().await?;
        }
    }
    match handler {
        Handler::Close => {
            socket.close(CloseFrame::new(4000, "enough")).await?;
        }
        Handler::ThrownOut => {
            let id = socket.id().ok_or("has no number")?;
            let frame = CloseFrame::new(4001, "thrown out");
            server.connections.close(id, frame)?;
        }
        Handler::Return => return Ok(()),
        Handler::Fail => return Err("as it was told to".into()),
        Handler::Panic => panic::panic_any(PANIC),
        _ => {}
    }
    echo(&mut socket).await
}

/// Also pings are received, and not echoed.
async fn echo(socket: &mut WebSocket) -> Result<(), BoxError> {
    while let Some(message) = socket.recv().await {
        let message = message?;
        if message.is_data() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

impl Server {
    /// The figures of now, in the order of [`crate::figures::Look`].
    fn look(&self) -> String {
        let status = fs::read_to_string("/proc/self/status").expect("Linux");
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let rss = rss.and_then(|rss| rss.split_whitespace().next());
        let rss: u64 = rss.unwrap().parse().unwrap();
        let files = fs::read_dir("/proc/self/fd").expect("Linux").count();
        let ended: u64 = self.books.ended.lock().unwrap().values().sum();
        [
            rss * 1024,
            u64::try_from(alloc::held_by_all()).unwrap_or(0),
            // But for the one that counts.
            files as u64 - 1,
            Handle::current().metrics().num_alive_tasks() as u64,
            self.connections.len() as u64,
            self.books.open.load(Ordering::Relaxed) as u64,
            ended,
            u64::try_from(process_cpu_time().as_millis()).unwrap(),
        ]
        .map(|figure| figure.to_string())
        .join(" ")
    }
}

impl Books {
    /// A line for each count, and one that ends them.
    fn text(&self) -> String {
        let mut text = String::new();
        for (kind, n) in &*self.accepted.lock().unwrap() {
            let _ = writeln!(text, "accepted\t{kind}\t\t{n}");
        }
        for (book, counts) in [("served", &self.served), ("ended", &self.ended)] {
            for ((kind, how), n) in &*counts.lock().unwrap() {
                let _ = writeln!(text, "{book}\t{kind}\t{how}\t{n}");
            }
        }
        text + ".\n"
    }
}
