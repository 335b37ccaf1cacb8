//! WebSockets over HTTP/2: a server on hyper, and a client made by hand, with DATA frames as one
//! likes, and windows that open when one likes.

use std::{convert::Infallible, net::SocketAddr};

use bytes::{Bytes, BytesMut};
use h2::{
    Reason, RecvStream, SendStream,
    client::{self, ResponseFuture, SendRequest},
    ext::Protocol,
};
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tower::{Layer, Service, service_fn};
use tower_websock::{Config, Handler, Subprotocol, WebSocketLayer};

use super::{raw::soon, take_frame};

/// What a stream's peer may send before it is read.
pub const STREAM_WINDOW: u32 = 64 << 10;

/// What is not for a WebSocket gets the method and the path back.
pub async fn inner(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(format!(
        "{} {}",
        request.method(),
        request.uri()
    )))
}

pub fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http2()
        .enable_connect_protocol()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(16 << 20);
    http
}

/// Serves `handler` at /ws; what else is asked for is [`inner`]'s.
pub async fn serve<Args: 'static>(
    handler: impl Handler<Args> + Sync,
    config: Config,
) -> SocketAddr {
    let layer = WebSocketLayer::new(handler)
        .path("/ws")
        .config(config)
        .subprotocols([const { Subprotocol::from_static("chat") }]);
    serve_service(layer.layer(service_fn(inner))).await
}

/// Serves a service.
pub async fn serve_service<S, B>(service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_over(stream, service.clone()));
        }
    });
    addr
}

/// Serves a service on one connection.
pub async fn serve_over<S, B>(io: impl Io, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let service = TowerToHyperService::new(service);
    let (http, io) = (http(), TokioIo::new(io));
    let _ = http.serve_connection_with_upgrades(io, service).await;
}

/// A transport.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// A connection.
pub struct Raw(SendRequest<Bytes>);

/// A stream on which both may send.
pub struct RawSocket {
    pub send: SendStream<Bytes>,
    pub recv: RecvStream,
    input: BytesMut,
}

/// What a stream brings.
#[derive(Debug, PartialEq)]
pub enum Event {
    Frame(u8, Vec<u8>),
    /// `END_STREAM`: the peer ended in order.
    End,
    /// `RST_STREAM`.
    Reset(Reason),
    /// The connection is gone.
    Gone,
}

impl Raw {
    pub async fn connect(addr: SocketAddr) -> Self {
        Self::connect_with(addr, 1 << 20).await
    }

    /// `window` is what the server may send on a stream.
    pub async fn connect_with(addr: SocketAddr, window: u32) -> Self {
        Self::over(TcpStream::connect(addr).await.unwrap(), window).await
    }

    /// The same over any transport.
    pub async fn over(io: impl Io, window: u32) -> Self {
        let mut builder = client::Builder::new();
        builder
            .initial_window_size(window)
            .initial_connection_window_size(16 << 20);
        let (requests, connection) = builder.handshake(io).await.unwrap();
        tokio::spawn(connection);
        let requests = soon(requests.ready()).await.unwrap();
        while !requests.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
        }
        Self(requests)
    }

    /// An extended CONNECT, as it should be.
    pub fn handshake() -> Request<()> {
        Self::handshake_at("/ws")
    }

    pub fn handshake_at(path: &str) -> Request<()> {
        Request::connect(format!("http://localhost{path}"))
            .extension(Protocol::from_static("websocket"))
            .header("sec-websocket-version", "13")
            .body(())
            .unwrap()
    }

    pub fn request(
        &mut self,
        request: Request<()>,
        is_end: bool,
    ) -> (ResponseFuture, SendStream<Bytes>) {
        self.0.send_request(request, is_end).unwrap()
    }

    pub async fn response(&mut self, request: Request<()>) -> Response<RecvStream> {
        let (response, _send) = self.request(request, false);
        soon(response).await.unwrap()
    }

    pub async fn open(&mut self) -> RawSocket {
        self.open_with(Self::handshake()).await
    }

    pub async fn open_with(&mut self, request: Request<()>) -> RawSocket {
        let (response, send) = self.request(request, false);
        let response = soon(response).await.unwrap();
        assert_eq!(response.status(), 200);
        RawSocket::of(response, send)
    }
}

impl RawSocket {
    pub fn of(response: Response<RecvStream>, send: SendStream<Bytes>) -> Self {
        Self {
            send,
            recv: response.into_body(),
            input: BytesMut::new(),
        }
    }

    /// Sends bytes in one DATA frame, or as the window allows.
    pub async fn send(&mut self, bytes: impl Into<Bytes>) {
        assert!(soon(self.try_send(bytes)).await, "the stream has ended");
    }

    /// Whether the bytes could be sent; waits for the window.
    pub async fn try_send(&mut self, bytes: impl Into<Bytes>) -> bool {
        let mut bytes = bytes.into();
        while !bytes.is_empty() {
            self.send.reserve_capacity(bytes.len());
            while self.send.capacity() == 0 {
                let capacity = std::future::poll_fn(|cx| self.send.poll_capacity(cx)).await;
                if !matches!(capacity, Some(Ok(_))) {
                    return false;
                }
            }
            let piece = bytes.split_to(bytes.len().min(self.send.capacity()));
            if self.send.send_data(piece, false).is_err() {
                return false;
            }
        }
        true
    }

    /// `END_STREAM`.
    pub fn end(&mut self) {
        self.send.send_data(Bytes::new(), true).unwrap();
    }

    pub async fn next(&mut self) -> Event {
        loop {
            if let Some((first, payload)) = take_frame(&mut self.input) {
                return Event::Frame(first, payload);
            }
            match soon(self.recv.data()).await {
                Some(Ok(data)) => {
                    self.recv
                        .flow_control()
                        .release_capacity(data.len())
                        .unwrap();
                    self.input.extend_from_slice(&data);
                }
                Some(Err(error)) if error.is_reset() => {
                    return Event::Reset(error.reason().unwrap());
                }
                Some(Err(_)) => return Event::Gone,
                None => return Event::End,
            }
        }
    }
}

/// The body of a Close.
pub fn close(code: u16) -> Vec<u8> {
    code.to_be_bytes().to_vec()
}
