//! A client that does just what it is told, and servers for it to talk to.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test uses a part"
)]
#![allow(
    clippy::cast_possible_truncation,
    reason = "frame headers are cut to size"
)]

pub mod cpu;
#[cfg(feature = "deflate")]
pub mod deflate;
pub mod documented;
#[cfg(feature = "http2")]
pub mod http2;
pub mod raw;
pub mod words;

use std::{convert::Infallible, future::Future, net::SocketAddr};

use bytes::{Buf, BytesMut};
use http::{Request, Response};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as HyperService, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream},
    net::{TcpListener, TcpStream},
    sync::mpsc::UnboundedSender,
    task::JoinHandle,
};
use tower::Layer;
use tower_websock::{
    Accepting, Closure, Config, Handler, Outcome, ProvidedIo, ResponseBody, UpgradeError,
    WebSocket, WebSocketLayer, WebSocketUpgrade,
};

/// First bytes of whole frames.
pub const TEXT: u8 = 0x81;
pub const BINARY: u8 = 0x82;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8A;

/// A request that every rule accepts.
pub fn handshake() -> Request<()> {
    Request::get("/ws")
        .header("host", "localhost")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(())
        .unwrap()
}

/// The same as bytes, with a path and more header lines.
pub fn handshake_head(path: &str, lines: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    )
}

/// A client's frame, masked.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = header(first, payload.len() as u64);
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(a, b)| a ^ b));
    frame
}

/// A client's frame header without the mask key.
pub fn header(first: u8, len: u64) -> Vec<u8> {
    let mut header = vec![first];
    match len {
        0..=125 => header.push(0x80 | len as u8),
        126..=0xFFFF => {
            header.push(0x80 | 126);
            header.extend((len as u16).to_be_bytes());
        }
        _ => {
            header.push(0x80 | 127);
            header.extend(len.to_be_bytes());
        }
    }
    header
}

/// A message in so many fragments.
pub fn fragments(count: usize, payload: &[u8]) -> Vec<u8> {
    let next = frame(0, payload).repeat(count - 2);
    [frame(2, payload), next, frame(0x80, payload)].concat()
}

pub fn close_frame(code: u16) -> Vec<u8> {
    frame(CLOSE, &code.to_be_bytes())
}

/// Takes a server's next frame, once all of it is there: first byte and payload.
pub fn take_frame(input: &mut BytesMut) -> Option<(u8, Vec<u8>)> {
    let [first, second, rest @ ..] = &input[..] else {
        return None;
    };
    assert_eq!(second & 0x80, 0, "a server does not mask");
    let (len, head) = match second {
        126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*rest.first_chunk()?), 10),
        len => (u64::from(*len), 2),
    };
    let len = usize::try_from(len).unwrap();
    if input.len() < head + len {
        return None;
    }
    let first = *first;
    input.advance(head);
    Some((first, input.split_to(len).to_vec()))
}

/// The other end of a connection, which reads frames and writes bytes.
pub struct Peer<T> {
    pub io: T,
    input: BytesMut,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Peer<T> {
    pub fn new(io: T) -> Self {
        let input = BytesMut::new();
        Self { io, input }
    }

    /// Gives back the memory for input, of which there must be none.
    pub fn forget(&mut self) {
        assert!(self.input.is_empty(), "{:?}", self.input);
        self.input = BytesMut::new();
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.io.write_all(bytes).await.unwrap();
    }

    /// The next frame: first byte and payload; `None` at the end. Panics on a reset.
    pub async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some(frame) = take_frame(&mut self.input) {
                return Some(frame);
            }
            let read = self.io.read_buf(&mut self.input).await;
            if read.expect("the connection was reset") == 0 {
                assert!(self.input.is_empty(), "torn frame {:?}", self.input);
                return None;
            }
        }
    }

    /// The next frame is this one.
    pub async fn expect(&mut self, first: u8, payload: &[u8]) {
        let frame = self.read().await.expect("a frame before the end");
        assert_eq!(frame, (first, payload.to_vec()));
    }

    /// The next frame is a Close with this code.
    pub async fn expect_close(&mut self, code: u16) {
        let (first, payload) = self.read().await.expect("a Close before the end");
        assert_eq!(first, CLOSE, "{payload:?}");
        assert_eq!(payload[..2], code.to_be_bytes(), "{payload:?}");
    }

    /// The transport ends here, and in order.
    pub async fn expect_end(&mut self) {
        assert_eq!(self.read().await, None);
    }
}

impl Peer<TcpStream> {
    /// Connects and shakes hands.
    pub async fn connect(addr: SocketAddr) -> Self {
        Self::connect_with(addr, "").await.0
    }

    /// Connects and shakes hands with these header lines, too; returns the response's head.
    pub async fn connect_with(addr: SocketAddr, lines: &str) -> (Self, String) {
        let io = TcpStream::connect(addr).await.unwrap();
        io.set_nodelay(true).unwrap();
        let mut peer = Peer::new(io);
        peer.send(handshake_head("/ws", lines).as_bytes()).await;
        let head = peer.read_head().await;
        (peer, head)
    }

    async fn read_head(&mut self) -> String {
        let end = loop {
            let end = self.input.windows(4).position(|end| end == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
            assert_ne!(self.io.read_buf(&mut self.input).await.unwrap(), 0);
        };
        let head = self.input.split_to(end);
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{head:?}");
        String::from_utf8(head.to_vec()).unwrap()
    }
}

/// Sends every message back.
pub async fn echo(mut socket: WebSocket) -> Result<(), tower_websock::Error> {
    while let Some(message) = socket.recv().await {
        let message = message?;
        if message.is_data() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

/// Serves `handler` at every path on hyper.
pub async fn serve<Args: 'static>(
    handler: impl Handler<Args> + Sync,
    config: Config,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let service = WebSocketLayer::new(handler)
        .config(config)
        .layer(tower::service_fn(|_: Request<Incoming>| async {
            Ok::<_, Infallible>(Response::new(String::from("inner")))
        }));
    tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            io.set_nodelay(true).unwrap();
            let service = TowerToHyperService::new(service.clone());
            let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
            tokio::spawn(connection.with_upgrades());
        }
    });
    addr
}

/// Keeps its socket and never looks at it.
pub async fn hold(socket: WebSocket) {
    std::future::pending::<()>().await;
    drop(socket);
}

/// Runs `handler` under a supervisor on `io`; the task yields how the connection ended.
pub fn supervise<H, F>(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    config: Config,
    handler: H,
) -> JoinHandle<Closure>
where
    H: FnOnce(WebSocket) -> F + Send + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    let accepting = accept(io, config);
    tokio::spawn(async move { accepting.supervise(handler).await.unwrap() })
}

/// A connection on `io` that is accepted.
pub fn accept(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    config: Config,
) -> Accepting {
    let (mut parts, ()) = handshake().into_parts();
    parts.extensions.insert(ProvidedIo::new(io));
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
    let (_, accepting) = upgrade.config(config).accept::<()>().unwrap();
    accepting
}

/// A hyper service that accepts every handshake and tells what became of it.
pub fn accept_and_report(
    config: Config,
    reports: UnboundedSender<Result<(), UpgradeError>>,
) -> impl HyperService<
    Request<Incoming>,
    Response = Response<ResponseBody>,
    Error = Infallible,
    Future: Send,
> {
    service_fn(move |request: Request<Incoming>| {
        let mut parts = request.into_parts().0;
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let (response, accepting) = upgrade.config(config.clone()).accept().unwrap();
        let reports = reports.clone();
        tokio::spawn(async move {
            let result = accepting.supervise(echo).await;
            reports.send(result.map(drop)).unwrap();
        });
        std::future::ready(Ok(response))
    })
}

/// The peer has sent its Close: the server ends its side, the peer its own, and the task tells.
pub async fn end_of<T>(mut peer: Peer<T>, task: JoinHandle<Closure>) -> Closure
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    peer.expect_end().await;
    drop(peer);
    task.await.unwrap()
}

/// The peer closes with 1000, is answered, and the connection ends in order.
pub async fn close_by_peer<T>(mut peer: Peer<T>, task: JoinHandle<Closure>)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    peer.send(&close_frame(1000)).await;
    peer.expect_close(1000).await;
    assert!(end_of(peer, task).await.is_clean());
}

/// The handler has panicked: the peer is told so, answers, and the connection ends in order.
pub async fn close_after_panic<T>(mut peer: Peer<T>, task: JoinHandle<Closure>)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    peer.expect_close(1011).await;
    peer.send(&close_frame(1011)).await;
    peer.expect_end().await;
    drop(peer);
    assert!(task.await.unwrap_err().is_panic());
}

/// A supervised handler and its peer, in memory.
pub fn pair<H, F>(handler: H) -> (Peer<DuplexStream>, JoinHandle<Closure>)
where
    H: FnOnce(WebSocket) -> F + Send + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    let (client, server) = tokio::io::duplex(1 << 20);
    (Peer::new(client), supervise(server, Config::new(), handler))
}
