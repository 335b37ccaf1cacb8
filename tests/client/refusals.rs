//! What a client keeps and tells of a server that does not accept (RFC 6455, 4.1 item 1).

use std::{error::Error as _, io::Write, time::Duration};

use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::BoxBody};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    net::TcpListener,
    time::Instant,
};
use tower::service_fn;
use tower_websock::{
    Config,
    client::{self, Builder},
};

const URI: &str = "ws://example.com/ws";

/// What is kept by default, in bytes.
const KEPT: usize = 16 * 1024;

async fn read_head(io: &mut (impl AsyncReadExt + Unpin)) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
}

/// The body that a client keeps of an answer which `serve` writes behind this head; the server's
/// end stays open as long as `serve` keeps it.
async fn refused<F>(head: &str, serve: impl FnOnce(DuplexStream) -> F) -> client::Error
where
    F: Future<Output = ()> + Send + 'static,
{
    refused_to(Builder::new(), head, serve).await
}

async fn refused_to<F>(
    builder: Builder,
    head: &str,
    serve: impl FnOnce(DuplexStream) -> F,
) -> client::Error
where
    F: Future<Output = ()> + Send + 'static,
{
    let (ours, mut theirs) = duplex(16 * 1024);
    let opening = tokio::spawn(async move { builder.handshake(URI, ours).await });
    read_head(&mut theirs).await;
    theirs.write_all(head.as_bytes()).await.unwrap();
    let server = tokio::spawn(serve(theirs));
    let error = opening.await.unwrap().unwrap_err();
    server.abort();
    error
}

fn body(error: &client::Error) -> &[u8] {
    match error {
        client::Error::Refused(response) => response.body(),
        error => panic!("{error:?}"),
    }
}

/// The first 16 KiB are kept, however much there is and however it comes.
#[tokio::test]
async fn first_16_kib_of_a_body_are_kept() {
    for len in [0, 1, 100, KEPT - 1, KEPT, KEPT + 1, 1 << 20] {
        let sent: Vec<u8> = (b'a'..=b'z').cycle().take(len).collect();
        let chunked = sent.chunks(1000).flat_map(|chunk| {
            let size = format!("{:x}\r\n", chunk.len());
            [size.as_bytes(), chunk, b"\r\n"].concat()
        });
        let chunked: Vec<u8> = chunked.chain(*b"0\r\n\r\n").collect();
        for (framing, bytes) in [
            (format!("Content-Length: {len}\r\n"), sent.clone()),
            ("Transfer-Encoding: chunked\r\n".into(), chunked),
            ("Connection: close\r\n".into(), sent.clone()),
        ] {
            let head = format!("HTTP/1.1 403 Forbidden\r\nX-Why: x\r\n{framing}\r\n");
            let error = refused(&head, |mut io| async move {
                // The client leaves when it has enough.
                let _ = io.write_all(&bytes).await;
            })
            .await;
            assert_eq!(
                body(&error),
                &sent[..len.min(KEPT)],
                "{len} bytes, {framing}"
            );
            assert_eq!(error.status().unwrap(), 403);
            let client::Error::Refused(response) = error else {
                unreachable!()
            };
            assert_eq!(response.headers()["x-why"], "x");
        }
    }
}

/// As many bytes are kept as are set, and more are not even waited for.
#[tokio::test(start_paused = true)]
async fn kept_length_of_a_body_can_be_set() {
    let head = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000000000000\r\n\r\n";
    for (max, kept) in [
        (0, ""),
        (1, "{"),
        (5, "{\"a\":"),
        (7, "{\"a\":1}"),
        (8, "{\"a\":1}"),
        (usize::MAX, "{\"a\":1}"),
    ] {
        let began = Instant::now();
        let builder = Builder::new().max_refusal_body(max);
        let error = refused_to(builder, head, |mut io| async move {
            io.write_all(b"{\"a\":1}").await.unwrap();
            std::future::pending::<()>().await;
        })
        .await;
        assert_eq!(body(&error), kept.as_bytes());
        assert_eq!(error.response().unwrap().body(), kept);
        let shown = match max {
            0 => String::new(),
            _ => format!(": {kept}..."),
        };
        let sentence = format!("the server refused with 401 Unauthorized{shown}");
        assert_eq!(error.to_string(), sentence, "{max}");
        let waits = max > 7;
        assert_eq!(began.elapsed(), Duration::from_secs(waits.into()), "{max}");
    }
}

/// A body of any length that never waits ends at the deadline.
#[tokio::test]
async fn endless_body_in_memory_ends_at_the_deadline() {
    let service = service_fn(async |_: Request<String>| {
        let frames = futures_util::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(http_body::Frame::data(bytes::Bytes::from_static(b"a")))
        });
        Ok::<_, std::io::Error>(Response::new(StreamBody::new(frames)))
    });
    let config = Config::new().upgrade_timeout(Duration::from_millis(50));
    let builder = Builder::new().config(config).max_refusal_body(usize::MAX);
    let error = builder.connect_service(URI, service).await.unwrap_err();
    assert!(!body(&error).is_empty());
}

/// What never ends is not waited for longer than it says something, and what came is kept.
#[tokio::test(start_paused = true)]
async fn body_that_never_ends_does_not_hang() {
    const HEADS: [&str; 2] = [
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 20000\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\n\r\n",
    ];
    for head in HEADS {
        // Nothing, or a bit, and then silence.
        for sent in ["", "no"] {
            let began = Instant::now();
            let error = refused(head, |mut io| async move {
                io.write_all(sent.as_bytes()).await.unwrap();
                std::future::pending::<()>().await;
            })
            .await;
            assert_eq!(body(&error), sent.as_bytes());
            assert!(
                began.elapsed() <= Duration::from_secs(1),
                "{:?}",
                began.elapsed()
            );
        }
        // A byte each half a second is more than silence, but upgrade_timeout holds.
        let began = Instant::now();
        let error = refused(head, |mut io| async move {
            loop {
                tokio::time::sleep(Duration::from_millis(500)).await;
                let _ = io.write_all(b"x").await;
            }
        })
        .await;
        let took = began.elapsed();
        assert!((18..=20).contains(&body(&error).len()), "{error:?}");
        assert!(took <= Duration::from_secs(10), "{took:?}");
    }
    // Without an end, but fast.
    let began = Instant::now();
    let error = refused("HTTP/1.1 500 Oops\r\n\r\n", |mut io| async move {
        while io.write_all(&[b'x'; 300]).await.is_ok() {}
    })
    .await;
    assert_eq!(body(&error), [b'x'; KEPT]);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// The deadline of all of it is `upgrade_timeout`, counted from the beginning: what is known by then
/// is told.
#[tokio::test(start_paused = true)]
async fn refusal_is_told_though_its_body_is_late() {
    let (ours, mut theirs) = duplex(4096);
    let config = Config::new().upgrade_timeout(Duration::from_millis(700));
    let builder = Builder::new().config(config);
    let began = Instant::now();
    let opening = tokio::spawn(async move { builder.handshake(URI, ours).await });
    read_head(&mut theirs).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    theirs
        .write_all(b"HTTP/1.1 403 Forbidden\r\n\r\npart")
        .await
        .unwrap();
    let error = opening.await.unwrap().unwrap_err();
    assert_eq!(body(&error), b"part");
    assert_eq!(began.elapsed(), Duration::from_millis(700));
}

/// A body that breaks off is kept as far as it came.
#[tokio::test]
async fn body_that_breaks_off_is_kept() {
    for (head, sent) in [
        (
            "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100\r\n\r\n",
            "half",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n",
            "4\r\nhalf\r\n",
        ),
    ] {
        let error = refused(head, |mut io| async move {
            io.write_all(sent.as_bytes()).await.unwrap();
        })
        .await;
        assert_eq!(body(&error), b"half");
        assert_eq!(
            error.to_string(),
            "the server refused with 502 Bad Gateway: half..."
        );
    }
}

/// A sentence shows text, on one line, and nothing else.
#[tokio::test]
async fn refusal_shows_its_body_if_that_is_text() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(b"compressed").unwrap();
    let html = "<html>\r\n  <body>\r\n    Zutritt verboten: ß\r\n  </body>\r\n</html>\r\n";
    for (sent, shown) in [
        (b"no such room\n".to_vec(), ": no such room"),
        (
            html.into(),
            ": <html> <body> Zutritt verboten: ß </body> </html>",
        ),
        (gzip.finish().unwrap(), ""),
        (vec![0; 10], ""),
        (b"\x1b]0;owned\x07".to_vec(), ""),
        (Vec::new(), ""),
    ] {
        let head = format!(
            "HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\n\r\n",
            sent.len()
        );
        let bytes = sent.clone();
        let error = refused(&head, |mut io| async move {
            io.write_all(&bytes).await.unwrap();
        })
        .await;
        assert_eq!(body(&error), sent);
        let sentence = format!("the server refused with 403 Forbidden{shown}");
        assert_eq!(error.to_string(), sentence);
    }
}

/// Bodies of any kind: of a service in memory, of a user's own.
#[tokio::test(start_paused = true)]
async fn bodies_of_services_are_kept() {
    type Body = BoxBody<bytes::Bytes, std::io::Error>;
    let endless = || {
        let frames = futures_util::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(http_body::Frame::data(bytes::Bytes::from_static(b"ab")))
        });
        StreamBody::new(frames)
    };
    let empty_frames = || {
        let frames = futures_util::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(http_body::Frame::data(bytes::Bytes::new()))
        });
        StreamBody::new(frames)
    };
    let trailers = || {
        let frames = [
            http_body::Frame::data(bytes::Bytes::from_static(b"a")),
            http_body::Frame::trailers(HeaderMap::new()),
        ];
        StreamBody::new(futures_util::stream::iter(
            frames.map(Ok::<_, std::io::Error>),
        ))
    };
    let broken = || {
        let frames = [
            Ok(http_body::Frame::data(bytes::Bytes::from_static(b"a"))),
            Err(std::io::Error::other("broken")),
        ];
        StreamBody::new(futures_util::stream::iter(frames))
    };
    let silent = || StreamBody::new(futures_util::stream::pending());
    let never = |error: std::convert::Infallible| match error {};
    for (make, expected) in [
        (
            Box::new(|| Empty::new().map_err(never).boxed()) as Box<dyn Fn() -> Body>,
            b"".to_vec(),
        ),
        (
            Box::new(|| Full::from("full").map_err(never).boxed()),
            b"full".to_vec(),
        ),
        (Box::new(|| endless().boxed()), b"ab".repeat(KEPT / 2)),
        (Box::new(|| empty_frames().boxed()), b"".to_vec()),
        (Box::new(|| trailers().boxed()), b"a".to_vec()),
        (Box::new(|| broken().boxed()), b"a".to_vec()),
        (Box::new(|| silent().boxed()), b"".to_vec()),
    ] {
        let response = make();
        let mut response = Some(Response::new(response));
        let service = tower::service_fn(move |_: Request<String>| {
            let response = response.take().unwrap();
            async { Ok::<_, std::io::Error>(response) }
        });
        let error = Builder::new()
            .connect_service(URI, service)
            .await
            .unwrap_err();
        assert_eq!(body(&error), expected);
    }
    // As a service of strings.
    let service = service_fn(async |_: Request<String>| {
        Ok::<_, std::io::Error>(Response::new(String::from("hello")))
    });
    let error = Builder::new()
        .connect_service(URI, service)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the server refused with 200 OK: hello");
}

/// The same over a connection of one's own.
#[tokio::test]
async fn refusal_over_a_connection_of_ones_own_keeps_its_body() {
    let (ours, mut theirs) = duplex(4096);
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(ours));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection.with_upgrades());
    let server = tokio::spawn(async move {
        read_head(&mut theirs).await;
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnowhere";
        theirs.write_all(answer).await.unwrap();
        theirs
    });
    let (request, pending) = Builder::new().request::<String>(URI).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let error = pending.complete(response).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server refused with 404 Not Found: nowhere"
    );
    drop(server.await);
}

/// And over HTTP/2, where the other streams of the connection go on.
#[cfg(feature = "http2")]
#[tokio::test]
async fn refusal_over_http2_keeps_its_body() {
    use hyper_util::{rt::TokioExecutor, server::conn::auto, service::TowerToHyperService};

    let (ours, theirs) = duplex(64 * 1024);
    let service = service_fn(async |request: Request<hyper::body::Incoming>| {
        let path = request.uri().path().to_owned();
        let body = match &*path {
            "/endless" => StreamBody::new(futures_util::stream::repeat_with(|| {
                Ok::<_, std::io::Error>(http_body::Frame::<bytes::Bytes>::data(
                    "endless ".repeat(1000).into(),
                ))
            }))
            .boxed(),
            _ => Full::from(path).map_err(|never| match never {}).boxed(),
        };
        let mut response = Response::new(body);
        *response.status_mut() = http::StatusCode::NOT_FOUND;
        Ok::<_, std::io::Error>(response)
    });
    tokio::spawn(async move {
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http2().enable_connect_protocol();
        let service = TowerToHyperService::new(service);
        http.serve_connection(TokioIo::new(theirs), service).await
    });
    let handshake = hyper::client::conn::http2::handshake::<_, _, String>;
    let (mut sender, mut connection) = handshake(TokioExecutor::new(), TokioIo::new(ours))
        .await
        .unwrap();
    client::extended_connect(&mut connection).await.unwrap();
    tokio::spawn(connection);
    for (path, kept) in [
        ("/a", "/a".to_owned()),
        ("/endless", "endless ".repeat(KEPT / 8)),
        ("/b", "/b".to_owned()),
    ] {
        let uri = format!("ws://localhost{path}");
        let (request, pending) = Builder::new().http2_request(&uri).unwrap();
        sender.ready().await.unwrap();
        let response = sender.send_request(request).await.unwrap();
        let error = pending.complete(response).await.unwrap_err();
        assert_eq!(body(&error), kept.as_bytes());
        assert_eq!(error.status().unwrap(), 404);
    }
}

/// What the system said is told, once, and nothing is left for a reporter of sources.
#[tokio::test]
async fn error_of_the_system_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", listener.local_addr().unwrap());
    let opening = tokio::spawn(async move { client::connect(&uri).await });
    let (mut io, _) = listener.accept().await.unwrap();
    read_head(&mut io).await;
    io.set_zero_linger().unwrap();
    drop(io);
    let error = opening.await.unwrap().unwrap_err();
    assert!(matches!(error, client::Error::Http(_)), "{error:?}");
    #[cfg(target_os = "linux")]
    assert_eq!(
        error.to_string(),
        "the HTTP exchange failed: connection error: Connection reset by peer (os error 104)"
    );
    assert!(error.source().is_none());
}

/// A body that is broken off is not shown as if it were whole.
#[tokio::test(start_paused = true)]
async fn body_that_is_broken_off_is_shown_as_such() {
    let head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nask your administr";
    for stays in [false, true] {
        let error = refused(head, move |io| async move {
            if stays {
                std::future::pending::<()>().await;
            }
            drop(io);
        })
        .await;
        assert_eq!(body(&error), b"ask your administr");
        assert!(
            error.to_string().ends_with("ask your administr..."),
            "{error}"
        );
    }
    let whole = "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nask";
    let error = refused(whole, |_| async {}).await;
    assert!(error.to_string().ends_with(": ask"), "{error}");
}
