//! The client's end of a connection: bytes over TCP, TLS or a stream of HTTP/2.

use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    net::SocketAddr,
};

use bytes::{Buf, Bytes, BytesMut};
use h2::{
    Reason, RecvStream, SendStream,
    client::{self, SendRequest},
    ext::Protocol,
};
use http::{Request, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::client::TlsStream;

/// What a peer that reads slowly, or not at all, has room for in the system.
const SMALL: u32 = 4096;
/// What the server may send on a stream before it is read.
const STREAM_WINDOW: u32 = 64 << 10;

pub(crate) enum Wire {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Stream(Stream),
}

/// A stream of HTTP/2, and what keeps its connection.
pub(crate) struct Stream {
    send: SendStream<Bytes>,
    recv: RecvStream,
    /// What was received and is not read.
    rest: Bytes,
    _carrier: SendRequest<Bytes>,
}

/// Connects from an address.
pub(crate) async fn tcp(
    from: std::net::IpAddr,
    to: SocketAddr,
    is_small: bool,
) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if is_small {
        socket.set_recv_buffer_size(SMALL)?;
    }
    socket.bind((from, 0).into())?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A connection of HTTP/2 on which WebSockets may be opened.
pub(crate) async fn carrier(
    tcp: TcpStream,
) -> io::Result<(SendRequest<Bytes>, tokio::task::JoinHandle<()>)> {
    let mut builder = client::Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(16 << 20);
    let (requests, connection) = builder.handshake(tcp).await.map_err(io::Error::other)?;
    let driver = tokio::spawn(async move {
        let _ = connection.await;
    });
    let requests = requests.ready().await.map_err(io::Error::other)?;
    while !requests.is_extended_connect_protocol_enabled() {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    Ok((requests, driver))
}

/// Asks for a WebSocket on a stream: it, or the status of the refusal.
pub(crate) async fn stream(
    carrier: SendRequest<Bytes>,
    path: &str,
    is_handshake: bool,
) -> io::Result<Result<Stream, StatusCode>> {
    let mut request = Request::connect(format!("http://localhost{path}"))
        .extension(Protocol::from_static("websocket"));
    if is_handshake {
        request = request.header("sec-websocket-version", "13");
    }
    let request = request.body(()).expect("a request");
    let mut carrier = carrier.ready().await.map_err(io::Error::other)?;
    let (response, send) = carrier
        .send_request(request, false)
        .map_err(io::Error::other)?;
    let response = response.await.map_err(io::Error::other)?;
    if response.status() != StatusCode::OK {
        return Ok(Err(response.status()));
    }
    Ok(Ok(Stream {
        send,
        recv: response.into_body(),
        rest: Bytes::new(),
        _carrier: carrier,
    }))
}

impl Wire {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(tcp) => tcp.write_all(bytes).await,
            Self::Tls(tls) => {
                tls.write_all(bytes).await?;
                tls.flush().await
            }
            Self::Stream(stream) => stream.write(bytes).await,
        }
    }

    /// Reads so many bytes at most; 0 at the end.
    pub(crate) async fn read(&mut self, input: &mut BytesMut, most: usize) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.take(most as u64).read_buf(input).await,
            Self::Tls(tls) => tls.take(most as u64).read_buf(input).await,
            Self::Stream(stream) => stream.read(input, most).await,
        }
    }

    /// Ends our side in order.
    pub(crate) async fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(tcp) => tcp.shutdown().await,
            Self::Tls(tls) => tls.shutdown().await,
            Self::Stream(stream) => stream
                .send
                .send_data(Bytes::new(), true)
                .map_err(io::Error::other),
        }
    }

    pub(crate) fn reset(self) {
        match self {
            Self::Tcp(tcp) => reset(&tcp),
            Self::Tls(tls) => reset(tls.get_ref().0),
            Self::Stream(mut stream) => stream.send.send_reset(Reason::CANCEL),
        }
    }
}

/// What is dropped next is reset, not ended.
pub(crate) fn reset(tcp: &TcpStream) {
    tcp.set_zero_linger().expect("a socket");
}

impl Stream {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut bytes = Bytes::copy_from_slice(bytes);
        while !bytes.is_empty() {
            self.send.reserve_capacity(bytes.len());
            while self.send.capacity() == 0 {
                match poll_fn(|cx| self.send.poll_capacity(cx)).await {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(io_error(error)),
                    None => return Err(ErrorKind::BrokenPipe.into()),
                }
            }
            let piece = bytes.split_to(bytes.len().min(self.send.capacity()));
            self.send.send_data(piece, false).map_err(io_error)?;
        }
        Ok(())
    }

    async fn read(&mut self, input: &mut BytesMut, most: usize) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.recv.data().await {
                Some(Ok(data)) => self.rest = data,
                Some(Err(error)) => return Err(io_error(error)),
                None => return Ok(0),
            }
        }
        let taken = self.rest.len().min(most);
        input.extend_from_slice(&self.rest[..taken]);
        self.rest.advance(taken);
        // Fails if the stream is over, which the next read tells.
        let _ = self.recv.flow_control().release_capacity(taken);
        Ok(taken)
    }
}

fn io_error(error: h2::Error) -> io::Error {
    if error.is_reset() {
        io::Error::new(ErrorKind::ConnectionReset, error)
    } else {
        io::Error::other(error)
    }
}
