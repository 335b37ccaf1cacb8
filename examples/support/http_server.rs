//! The HTTP server of the examples.

use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto,
};

/// HTTP/1.1 and HTTP/2, whichever the client begins with.
pub(crate) fn new() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    http.http2()
        .timer(TokioTimer::new())
        // For WebSockets (RFC 8441).
        .enable_connect_protocol()
        // 200 streams that nobody reads leave room for others: 200 x 64 KiB < 16 MiB.
        .max_concurrent_streams(200)
        .initial_stream_window_size(64 << 10)
        .initial_connection_window_size(16 << 20);
    http
}
