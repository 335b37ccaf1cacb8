//! Transports that a client opens by itself.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex},
    time::Instant,
};
use tower_websock::{
    Message, WebSocketService,
    client::{self, Builder, Error},
};

use crate::support::echo;

/// Each address that was tried is told, with what became of it.
#[tokio::test]
async fn addresses_that_refuse_are_named() {
    for (uri, address) in [
        ("ws://127.0.0.1:1/", "127.0.0.1:1"),
        ("ws://[::1]:1/", "[::1]:1"),
    ] {
        let error = client::connect(uri).await.unwrap_err();
        assert!(matches!(error, Error::Connect(_)), "{error:?}");
        let told = error.to_string();
        assert!(
            told.starts_with(&format!("cannot connect: {address}: ")),
            "{told}"
        );
    }
    #[cfg(target_os = "linux")]
    assert_eq!(
        client::connect("ws://127.0.0.1:1/")
            .await
            .unwrap_err()
            .to_string(),
        "cannot connect: 127.0.0.1:1: Connection refused (os error 111)"
    );
}

/// RFC 6761, section 6.4: a name that never is.
#[tokio::test]
async fn host_without_address_is_named() {
    let error = client::connect("ws://nowhere.invalid/").await.unwrap_err();
    assert!(matches!(error, Error::Lookup(_)), "{error:?}");
    let told = error.to_string();
    let prefix = "cannot look up the host: nowhere.invalid: ";
    assert!(told.starts_with(prefix), "{told}");
}

/// Over a Unix socket; the URI's host is only named.
#[cfg(unix)]
#[tokio::test]
async fn unix_socket_is_connected_to() {
    let path = std::env::temp_dir().join(format!("tower-websock-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let error = Builder::new()
        .connect_unix(&path, "ws://localhost/ws")
        .await;
    let error = error.unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "{error:?}");
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (io, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(WebSocketService::new(echo));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
        connection.with_upgrades().await.unwrap();
    });
    let mut socket = Builder::new()
        .connect_unix(&path, "ws://nowhere.invalid/ws")
        .await
        .unwrap();
    socket.send("hi".into()).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
    assert!(socket.close(None).await.unwrap().is_clean());
    std::fs::remove_file(&path).unwrap();
}

/// A listener whose queue is full is waited for, as long as there is time.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn unix_socket_whose_queue_is_full_is_waited_for() {
    use std::{os::unix::net, time::Duration};

    use tokio::net::{UnixListener, UnixSocket};
    use tower_websock::{Config, client::Stage};

    let path = std::env::temp_dir().join(format!("tower-websock-{}-full.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let socket = UnixSocket::new_stream().unwrap();
    socket.bind(&path).unwrap();
    let listener: UnixListener = socket.listen(1).unwrap();
    let queue = [(); 2].map(|()| net::UnixStream::connect(&path).unwrap());
    let within = |time| Builder::new().config(Config::new().upgrade_timeout(time));
    let error = within(Duration::from_millis(50))
        .connect_unix(&path, "ws://localhost/")
        .await;
    assert!(
        matches!(error, Err(Error::TimedOut(Stage::Connect))),
        "{error:?}"
    );
    let server = tokio::spawn(async move {
        for _ in queue {
            drop(listener.accept().await.unwrap());
        }
        let (io, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(WebSocketService::new(echo));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
        connection.with_upgrades().await
    });
    let patient = within(Duration::from_secs(10));
    let mut socket = patient
        .connect_unix(&path, "ws://localhost/")
        .await
        .unwrap();
    socket.send("hello".into()).await.unwrap();
    assert_eq!(
        socket.recv().await.unwrap().unwrap(),
        Message::text("hello")
    );
    socket.close(None).await.unwrap();
    let _ = server.await.unwrap();
    std::fs::remove_file(&path).unwrap();
}

/// Fails to flush from the first byte on that was read.
struct Unflushable {
    io: DuplexStream,
    has_read: bool,
}

impl AsyncRead for Unflushable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        self.has_read |= read.is_ready();
        read
    }
}

impl AsyncWrite for Unflushable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.has_read {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A transport that fails between the 101 and its handing over is told of at once, not as a server
/// that took too long.
#[tokio::test(start_paused = true)]
async fn failure_behind_the_acceptance_is_told_at_once() {
    let (io, server) = duplex(64 * 1024);
    let service = TowerToHyperService::new(WebSocketService::new(echo));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    tokio::spawn(connection.with_upgrades());
    let io = Unflushable {
        io,
        has_read: false,
    };
    let begin = Instant::now();
    let error = Builder::new().handshake("ws://localhost/ws", io).await;
    let error = error.unwrap_err();
    assert!(matches!(error, Error::Http(_)), "{error:?}");
    assert!(begin.elapsed() < Duration::from_secs(1));
}
