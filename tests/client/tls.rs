//! Both roles over TLS, by tokio-rustls, with a certificate that is made here.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rcgen::{CertificateParams, DnType, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector, client,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        pki_types::{CertificateDer, ServerName},
    },
    server,
};
use tower_websock::{
    CloseFrame, Closure, Error, Handler, Initiator, Loss, Message, WebSocket, WebSocketService,
    client::Builder, close_code,
};

use crate::support::echo;

const URI: &str = "wss://localhost/ws";

/// How reading from a transport ended: in order, which is by `close_notify`, or by an error.
type End = Result<(), io::ErrorKind>;

/// A transport that tells how reading from it ended.
struct Observed<T> {
    io: T,
    end: Option<oneshot::Sender<End>>,
}

impl<T> Observed<T> {
    fn new(io: T) -> (Self, oneshot::Receiver<End>) {
        let (end, ended) = oneshot::channel();
        (Self { io, end: Some(end) }, ended)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Observed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let remaining = buf.remaining();
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        let end = match &read {
            Ok(()) if buf.remaining() < remaining || remaining == 0 => None,
            Ok(()) => Some(Ok(())),
            Err(error) => Some(Err(error.kind())),
        };
        if let Some(end) = end
            && let Some(sender) = self.end.take()
        {
            // The test may not ask.
            let _ = sender.send(end);
        }
        Poll::Ready(read)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Observed<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A server with a certificate for this name, signed by itself, and who trusts that alone.
fn certified(name: &str) -> (TlsAcceptor, TlsConnector) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateDer::from(params.self_signed(&key).unwrap());
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    let client = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server).into(), Arc::new(client).into())
}

type Connected = (
    io::Result<client::TlsStream<TcpStream>>,
    io::Result<server::TlsStream<TcpStream>>,
);

/// Shakes hands for TLS over TCP.
async fn connected(acceptor: TlsAcceptor, connector: TlsConnector) -> Connected {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (ours, theirs) = tokio::join!(TcpStream::connect(addr), listener.accept());
    let name = ServerName::try_from("localhost").unwrap();
    tokio::join!(
        connector.connect(name, ours.unwrap()),
        acceptor.accept(theirs.unwrap().0),
    )
}

/// A client that is connected to `handler`, and how reading ended at the client and at the
/// server.
async fn open<Args: 'static>(
    handler: impl Handler<Args> + Sync,
) -> (WebSocket, oneshot::Receiver<End>, oneshot::Receiver<End>) {
    let (acceptor, connector) = certified("localhost");
    let (ours, theirs) = connected(acceptor, connector).await;
    let (ours, our_end) = Observed::new(ours.unwrap());
    let (theirs, their_end) = Observed::new(theirs.unwrap());
    let service = TowerToHyperService::new(WebSocketService::new(handler));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
    tokio::spawn(connection.with_upgrades());
    let socket = Builder::new().handshake(URI, ours).await.unwrap();
    (socket, our_end, their_end)
}

/// 4.1: the connection is opened over TLS, and what is sent comes back as it was.
#[tokio::test]
async fn messages_are_echoed_over_tls() {
    let (mut socket, ..) = open(echo).await;
    let mebibyte: Vec<u8> = (0..1_u32 << 18).flat_map(u32::to_le_bytes).collect();
    for message in [
        Message::text(""),
        Message::text("hellö"),
        Message::binary(vec![]),
        Message::binary(vec![0, 255]),
        Message::text("ß".repeat(1 << 19)),
        Message::binary(mebibyte),
    ] {
        socket.send(message.clone()).await.unwrap();
        assert!(socket.recv().await.unwrap().unwrap() == message);
    }
}

/// 7.1.1: whoever closes, each end of TLS says `close_notify` before TCP ends.
#[tokio::test]
async fn client_closes_tls_in_order() {
    let (closed, mut server_closed) = mpsc::unbounded_channel();
    let (mut socket, our_end, their_end) = open(move |mut socket: WebSocket| {
        let closed = closed.clone();
        async move {
            while socket.recv().await.is_some() {}
            closed.send(socket.closure()).unwrap();
        }
    })
    .await;
    let frame = CloseFrame::new(close_code::AWAY, "bye");
    let closure = socket.close(Some(frame.clone())).await.unwrap();
    assert!(matches!(
        closure,
        Closure::Clean {
            initiator: Initiator::Local,
            ..
        }
    ));
    let closure = server_closed.recv().await.unwrap();
    let frame = Some(frame);
    assert_eq!(
        closure,
        Some(Closure::Clean {
            initiator: Initiator::Remote,
            frame,
            sent: Some(CloseFrame::new(close_code::AWAY, ""))
        })
    );
    assert_eq!(our_end.await.unwrap(), Ok(()));
    assert_eq!(their_end.await.unwrap(), Ok(()));
}

/// 7.1.1: and so if the server closes.
#[tokio::test]
async fn server_closes_tls_in_order() {
    let (mut socket, our_end, their_end) = open(async |mut socket: WebSocket| {
        let frame = CloseFrame::new(close_code::AWAY, "bye");
        assert!(socket.close(Some(frame)).await.unwrap().is_clean());
    })
    .await;
    let frame = Some(CloseFrame::new(close_code::AWAY, "bye"));
    assert_eq!(
        socket.recv().await.unwrap().unwrap(),
        Message::Close(frame.clone())
    );
    assert!(socket.recv().await.is_none());
    let initiator = Initiator::Remote;
    let sent = Some(CloseFrame::new(close_code::AWAY, ""));
    assert_eq!(
        socket.closure(),
        Some(Closure::Clean {
            initiator,
            frame,
            sent
        })
    );
    assert_eq!(our_end.await.unwrap(), Ok(()));
    assert_eq!(their_end.await.unwrap(), Ok(()));
}

/// 7.1.5: an end of TCP without `close_notify` could be an attacker's, and is an error.
#[tokio::test]
async fn end_without_close_notify_is_an_error() {
    let (acceptor, connector) = certified("localhost");
    let (ours, theirs) = connected(acceptor, connector).await;
    let (ours, our_end) = Observed::new(ours.unwrap());
    let mut socket = WebSocket::client(ours, &tower_websock::Config::new());
    let (tcp, _tls) = theirs.unwrap().into_inner();
    drop(tcp);
    let error = socket.recv().await.unwrap().unwrap_err();
    assert!(matches!(&error, Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof));
    assert_eq!(socket.closure(), Some(Closure::Lost(Loss::Ended)));
    assert_eq!(our_end.await.unwrap(), Err(io::ErrorKind::UnexpectedEof));
}

/// 4.1: a certificate of another authority or name fails the connection before the handshake.
#[tokio::test]
async fn wrong_certificate_is_refused_with_its_cause() {
    for (presented, trusted, message) in [
        ("localhost", "elsewhere", "UnknownIssuer"),
        ("elsewhere", "elsewhere", "not valid for name \"localhost\""),
    ] {
        let (acceptor, connector) = certified(presented);
        let connector = if trusted == presented {
            connector
        } else {
            certified(trusted).1
        };
        let (ours, theirs) = connected(acceptor, connector).await;
        let error = ours.unwrap_err().to_string();
        assert!(error.starts_with("invalid peer certificate: "), "{error}");
        assert!(error.contains(message), "{error}");
        assert!(theirs.is_err());
    }
}
