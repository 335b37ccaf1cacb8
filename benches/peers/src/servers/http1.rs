//! hyper's HTTP/1.1 server with upgrades, for the servers that are mounted on it.

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{
    body::{Body, Bytes, Incoming},
    server::conn::http1,
    service::HttpService,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::Error;

/// A request that asks for an upgrade.
pub(crate) type Upgrade = Request<Incoming>;

/// The answer to a request that asks for something else.
pub(super) fn bad_request() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

pub(crate) async fn serve<S>(listener: TcpListener, service: S) -> Result<(), Error>
where
    S: HttpService<Incoming, Error: Into<Error>, Future: Send> + Clone + Send + 'static,
    S::ResBody: Body<Data: Send, Error: Into<Error>> + Send + 'static,
{
    loop {
        let stream = super::accept(&listener).await?;
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service.clone());
        tokio::spawn(connection.with_upgrades());
    }
}
