//! A server of the test's own process, that answers with what a test wrote.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What accepts.
pub(super) const ACCEPTANCE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\nSet-Cookie: a=1\r\n\
    Set-Cookie: b=2\r\n\r\n";

/// A server, and what it was asked.
pub(super) struct Site {
    pub(super) addr: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Answers a request for a path with these bytes, in which `ACCEPT` stands for the right value,
    /// and `PORT` for the site's. The connection is held until the client leaves.
    pub(super) async fn answering(
        answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), heads.clone());
        tokio::spawn(async move {
            loop {
                let (mut io, _) = listener.accept().await.unwrap();
                let (answer, seen) = (answer.clone(), seen.clone());
                tokio::spawn(async move {
                    let head = read_head(&mut io).await;
                    let path = head.split(' ').nth(1).unwrap();
                    let bytes = filled_in(answer(path), &head, addr.port());
                    seen.lock().unwrap().push(head);
                    io.write_all(&bytes).await.unwrap();
                    let _ = io.read_to_end(&mut Vec::new()).await;
                });
            }
        });
        Self { addr, heads }
    }

    /// Accepts all.
    pub(super) async fn accepting() -> Self {
        Self::answering(|_| ACCEPTANCE.into()).await
    }

    pub(super) fn uri(&self, path: &str) -> String {
        format!("ws://{}{path}", self.addr)
    }

    /// The heads of all requests so far.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// The resources that were asked for so far.
    pub(super) fn asked(&self) -> Vec<String> {
        let heads = self.heads();
        let resource = |head: &String| head.split(' ').nth(1).unwrap().to_owned();
        heads.iter().map(resource).collect()
    }
}

async fn read_head(io: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// The values of a header in a head.
pub(super) fn values<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let lines = lines.filter(|(field, _)| field.eq_ignore_ascii_case(name));
    lines.map(|(_, value)| value).collect()
}

fn filled_in(answer: Vec<u8>, head: &str, port: u16) -> Vec<u8> {
    let Ok(text) = str::from_utf8(&answer) else {
        return answer;
    };
    let digest = Sha1::new()
        .chain_update(values(head, "sec-websocket-key")[0])
        .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        .finalize();
    let text = text.replace("ACCEPT", &STANDARD.encode(digest));
    text.replace("PORT", &port.to_string()).into()
}

/// Serves a service over HTTP/2, in memory; returns what sends it requests.
#[cfg(feature = "http2")]
pub(super) async fn http2<S, B>(service: S) -> hyper::client::conn::http2::SendRequest<String>
where
    B: hyper::body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static,
    S: tower::Service<
            http::Request<hyper::body::Incoming>,
            Response = http::Response<B>,
            Error: Into<Box<dyn std::error::Error + Send + Sync>>,
            Future: Send,
        > + Clone
        + Send
        + 'static,
{
    use hyper_util::{
        rt::{TokioExecutor, TokioIo},
        server::conn::auto,
        service::TowerToHyperService,
    };

    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http2().enable_connect_protocol();
        let service = TowerToHyperService::new(service);
        let io = TokioIo::new(theirs);
        http.serve_connection_with_upgrades(io, service).await
    });
    let handshake = hyper::client::conn::http2::handshake;
    let (sender, mut connection) = handshake(TokioExecutor::new(), TokioIo::new(ours))
        .await
        .unwrap();
    tower_websock::client::extended_connect(&mut connection)
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}
