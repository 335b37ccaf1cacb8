//! Servers with odd needs: a request of ours on an HTTP connection of one's own.
//!
//!     cargo run --features client --example odd_servers -- ws://127.0.0.1:8888/ws title-case
//!
//! The second argument is `title-case`, `many-headers`, `order` or `spelling`.

use std::{convert::Infallible, env, error::Error, sync::mpsc};

use http::{Extensions, HeaderMap, HeaderName, Request, Response, Uri, header};
use hyper::{body::Incoming, client::conn::http1, server::conn::http1 as server};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, duplex},
    net::TcpStream,
};
use tower_websock::{
    WebSocket,
    client::{Builder, Pending},
};

type BoxError = Box<dyn Error + Send + Sync>;

const USAGE: &str = "odd_servers ws://HOST:PORT/PATH title-case|many-headers|order|spelling";

/// Headers in title case, such as `Sec-Websocket-Key`, for servers that compare them so.
pub(crate) async fn title_case<T>(uri: &str, io: T) -> Result<WebSocket, BoxError>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut http = http1::Builder::new();
    http.title_case_headers(true);
    let (request, pending) = Builder::new().request_origin_form(uri)?;
    open(&http, io, request, pending).await
}

/// Answers with more than 100 headers.
pub(crate) async fn many_headers<T>(uri: &str, io: T) -> Result<WebSocket, BoxError>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut http = http1::Builder::new();
    http.max_headers(1000);
    let (request, pending) = Builder::new().request_origin_form(uri)?;
    open(&http, io, request, pending).await
}

/// Headers in an order of one's own: hyper sends them in that of the map.
pub(crate) async fn order<T>(uri: &str, io: T) -> Result<WebSocket, BoxError>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let builder = Builder::new().header("x-api-key", "1");
    let (mut request, pending) = builder.request_origin_form(uri)?;
    let first = [header::HOST, HeaderName::from_static("x-api-key")];
    put_first(request.headers_mut(), &first);
    open(&http1::Builder::new(), io, request, pending).await
}

/// Headers that are spelled in a way of their own. All others are sent in small letters.
pub(crate) async fn spelling<T>(uri: &str, io: T) -> Result<WebSocket, BoxError>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut http = http1::Builder::new();
    http.preserve_header_case(true);
    let builder = Builder::new().header("x-api-key", "1");
    let (mut request, pending) = builder.request_origin_form(uri)?;
    let names = ["Host", "Sec-WebSocket-Key", "X-API-Key"];
    request.extensions_mut().extend(spelled(&names).await?);
    open(&http, io, request, pending).await
}

/// Sends the request on a connection that has these settings.
async fn open<T>(
    http: &http1::Builder,
    io: T,
    request: Request<String>,
    pending: Pending,
) -> Result<WebSocket, BoxError>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http.handshake(TokioIo::new(io)).await?;
    // It ends when it hands over its transport.
    tokio::spawn(connection.with_upgrades());
    let response = sender.send_request(request).await?;
    Ok(pending.complete(response).await?)
}

/// Puts these headers before all others.
fn put_first(headers: &mut HeaderMap, names: &[HeaderName]) {
    let mut ordered = HeaderMap::new();
    let others = headers.keys().filter(|name| !names.contains(name));
    for name in names.iter().chain(others) {
        for value in headers.get_all(name) {
            ordered.append(name, value.clone());
        }
    }
    *headers = ordered;
}

/// How names are spelled, as hyper keeps it: in an extension that it makes when it reads a head. A
/// proxy has it from the request that it forwards.
async fn spelled(names: &[&str]) -> Result<Extensions, BoxError> {
    let head = format!("GET / HTTP/1.1\r\n{}: \r\n\r\n", names.join(": \r\n"));
    let (mut ours, theirs) = duplex(64 * 1024);
    ours.write_all(head.as_bytes()).await?;
    let (sender, read) = mpsc::channel();
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let _ = sender.send(request.into_parts().0.extensions);
        async { Ok::<_, Infallible>(Response::new(String::new())) }
    });
    let mut http = server::Builder::new();
    http.preserve_header_case(true).keep_alive(false);
    http.serve_connection(TokioIo::new(theirs), service).await?;
    Ok(read.recv()?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let args: Vec<_> = env::args().skip(1).collect();
    let [uri, need] = &args[..] else {
        return Err(USAGE.into());
    };
    let parsed: Uri = uri.parse()?;
    let host = parsed.host().ok_or(USAGE)?.trim_matches(['[', ']']);
    let io = TcpStream::connect((host, parsed.port_u16().unwrap_or(80))).await?;
    let mut socket = match need.as_str() {
        "title-case" => title_case(uri, io).await?,
        "many-headers" => many_headers(uri, io).await?,
        "order" => order(uri, io).await?,
        "spelling" => spelling(uri, io).await?,
        _ => return Err(USAGE.into()),
    };
    println!("connected");
    println!("{}", socket.close(None).await?);
    Ok(())
}
