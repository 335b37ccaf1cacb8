//! The HTTP server of the examples: HTTP/1.1 and HTTP/2, whichever the client begins with.

use std::{
    error::Error,
    io::ErrorKind::{ConnectionAborted, ConnectionReset},
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    select,
    sync::Notify,
    time::sleep,
};
use tower::{Service, ServiceExt};

type BoxError = Box<dyn Error + Send + Sync>;

/// How long a client may take for its first request. It is also hyper's time for the head of
/// each request of HTTP/1.1.
pub(crate) const FIRST_REQUEST: Duration = Duration::from_secs(30);

/// After so long, a client over HTTP/2 of which nothing is heard is asked whether it is there, and
/// after as long again it is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// The next connection. What `accept` fails with does not end a server.
pub(crate) async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Without it a message may wait until the peer acknowledges the one before,
                // 40 ms. It fails on a connection that is over, which hyper finds out.
                let _ = stream.set_nodelay(true);
                return (stream, peer);
            }
            // The client has left.
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionReset) => {}
            // Too many open files, perhaps: some are closed as connections end.
            Err(error) => {
                eprintln!("cannot accept: {error}");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Serves HTTP on one connection until it ends or is upgraded; from `stop` on, no new requests.
pub(crate) async fn serve<I, S, B>(
    stream: I,
    service: S,
    stop: impl Future<Output = ()>,
) -> Result<(), BoxError>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError> + Send,
    B: Body<Error: Into<BoxError>, Data: Send> + Send + 'static,
{
    let requested = Arc::new(Notify::new());
    let service = service.map_request({
        let requested = requested.clone();
        move |request| {
            requested.notify_one();
            request
        }
    });
    let http = http();
    let service = TowerToHyperService::new(service);
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let (mut connection, mut stop) = (pin!(connection), pin!(stop));
    select! {
        served = &mut connection => return served,
        () = requested.notified() => {}
        () = &mut stop => return Ok(()),
        // hyper's timers do not run before it knows the version of HTTP.
        () = sleep(FIRST_REQUEST) => return Err("no request came".into()),
    }
    select! {
        served = &mut connection => return served,
        () = stop => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    // Without a timer, half a request keeps its connection forever.
    http.http1().timer(TokioTimer::new());
    http.http2()
        .timer(TokioTimer::new())
        // A client that vanished would keep its connection for ever.
        .keep_alive_interval(SILENCE)
        .keep_alive_timeout(SILENCE)
        // For WebSockets (RFC 8441).
        .enable_connect_protocol()
        // 200 streams that nobody reads leave room for others: 200 x 64 KiB < 16 MiB.
        .max_concurrent_streams(200)
        .initial_stream_window_size(64 << 10)
        .initial_connection_window_size(16 << 20);
    http
}
