//! A client made by hand: heads and frames as bytes.

use std::{fmt, time::Duration};

use http::{HeaderName, HeaderValue, Response, Version};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

pub(crate) use super::{BINARY, CLOSE, PING, PONG, TEXT};

/// The sample of RFC 6455, section 1.3.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what must come at once.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future).await.expect("nothing came")
}

/// A request as it is written.
#[derive(Clone)]
pub(crate) struct RawRequest {
    line: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl RawRequest {
    /// A valid handshake.
    pub(crate) fn handshake() -> Self {
        Self::line("GET /ws HTTP/1.1")
            .with("Host", "localhost")
            .with("Upgrade", "websocket")
            .with("Connection", "Upgrade")
            .with("Sec-WebSocket-Key", KEY)
            .with("Sec-WebSocket-Version", "13")
    }

    /// A request without headers.
    pub(crate) fn line(line: &str) -> Self {
        Self {
            line: line.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn with_line(mut self, line: &str) -> Self {
        line.clone_into(&mut self.line);
        self
    }

    /// One more header.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    /// A header in place of all of its name.
    pub(crate) fn set(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).with(name, value)
    }

    pub(crate) fn with_body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{}\r\n", self.line).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.bytes().escape_ascii())
    }
}

/// A whole frame of a client.
pub(crate) fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    super::frame(first, payload.as_ref())
}

/// The body of a Close frame.
pub(crate) fn close_body(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

/// The client's end of a connection.
pub(crate) struct Client<T> {
    io: T,
    /// Bytes that were read and not looked at.
    input: Vec<u8>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Client<T> {
    pub(crate) const fn new(io: T) -> Self {
        Self {
            io,
            input: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.io.write_all(bytes.as_ref()).await.expect("written");
    }

    /// Shuts writing down.
    pub(crate) async fn shut_down(&mut self) {
        self.io.shutdown().await.expect("shut down");
    }

    /// Sends a handshake and expects it to succeed.
    pub(crate) async fn upgrade(&mut self, request: &RawRequest) -> Response<Vec<u8>> {
        self.send(request.bytes()).await;
        let response = self.response().await;
        assert_eq!(response.status(), 101, "{request:?}");
        assert_eq!(response.headers()["sec-websocket-accept"], ACCEPT);
        response
    }

    /// The next response, whose body has a length.
    pub(crate) async fn response(&mut self) -> Response<Vec<u8>> {
        let mut response = self.head().await;
        let length = response
            .headers()
            .get("content-length")
            .map_or(0, |length| {
                let length = length.to_str().expect("digits");
                length.parse().expect("a length")
            });
        *response.body_mut() = self.exactly(length).await;
        response
    }

    /// The head of the next response.
    pub(crate) async fn head(&mut self) -> Response<Vec<u8>> {
        let end = loop {
            if let Some(end) = self.input.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end;
            }
            assert!(self.read().await, "end instead of a response: {self:?}");
        };
        let head = self.take(end + 4);
        let head = String::from_utf8(head).expect("our heads are ASCII");
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().expect("a status line");
        let mut response = Response::new(Vec::new());
        *response.version_mut() = match &status[..9] {
            "HTTP/1.1 " => Version::HTTP_11,
            "HTTP/1.0 " => Version::HTTP_10,
            other => panic!("no response: {other}"),
        };
        *response.status_mut() = status[9..12].parse().expect("a status");
        for line in lines {
            let (name, value) = line.split_once(": ").expect("a header");
            let name: HeaderName = name.parse().expect("a name");
            let value: HeaderValue = value.parse().expect("a value");
            response.headers_mut().append(name, value);
        }
        response
    }

    /// The next frame: its first byte and its payload.
    pub(crate) async fn frame(&mut self) -> (u8, Vec<u8>) {
        let head = self.exactly(2).await;
        let len = match head[1] {
            len @ 0..=125 => usize::from(len),
            126 => {
                let len = self.exactly(2).await;
                usize::from(u16::from_be_bytes([len[0], len[1]]))
            }
            other => panic!("masked, or longer than tests expect: {other:#x}"),
        };
        (head[0], self.exactly(len).await)
    }

    /// Expects a frame.
    pub(crate) async fn expect(&mut self, first: u8, payload: impl AsRef<[u8]>) {
        let (found, data) = self.frame().await;
        let shown = data.escape_ascii();
        assert_eq!(found, first, "{shown}");
        assert_eq!(data, payload.as_ref(), "{shown}");
    }

    /// Expects a Close with this code, whatever its reason.
    pub(crate) async fn expect_close(&mut self, code: u16) {
        let (first, body) = self.frame().await;
        assert_eq!(first, CLOSE, "{}", body.escape_ascii());
        assert_eq!(body[..2], code.to_be_bytes());
    }

    /// Closes, as the one who begins.
    pub(crate) async fn close(mut self) {
        self.send(frame(CLOSE, close_body(1000, ""))).await;
        self.expect(CLOSE, close_body(1000, "")).await;
        self.expect_end().await;
    }

    /// Answers the server's Close and expects the end.
    pub(crate) async fn answer_close(mut self, code: u16) {
        self.send(frame(CLOSE, close_body(code, ""))).await;
        self.expect_end().await;
    }

    /// Expects the end of the stream, and nothing before it.
    pub(crate) async fn expect_end(&mut self) {
        while self.read().await {}
        assert!(self.input.is_empty(), "more than expected: {self:?}");
    }

    /// Bytes that are no frames.
    pub(crate) async fn exactly(&mut self, len: usize) -> Vec<u8> {
        while self.input.len() < len {
            assert!(self.read().await, "end instead of {len} bytes: {self:?}");
        }
        self.take(len)
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        let rest = self.input.split_off(len);
        std::mem::replace(&mut self.input, rest)
    }

    /// Reads; `false` at the end.
    async fn read(&mut self) -> bool {
        let read = soon(self.io.read_buf(&mut self.input)).await;
        read.expect("a clean end") > 0
    }
}

impl<T> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "input: {}", self.input.escape_ascii())
    }
}
