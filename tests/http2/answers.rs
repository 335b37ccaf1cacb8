//! What the client makes of servers.

use http::{HeaderValue, Response};

use super::*;

/// RFC 8441, section 3: the server says that it may be asked. One that does not is not.
#[tokio::test]
async fn client_waits_for_the_setting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service_fn(inner));
        let http = auto::Builder::new(TokioExecutor::new());
        let _ = http.serve_connection(TokioIo::new(stream), service).await;
    });
    let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (mut http, mut connection) = handshake.await.unwrap();
    let enabled = client::extended_connect(&mut connection);
    assert!(timeout(Duration::from_millis(200), enabled).await.is_err());
    // The connection is still of use.
    tokio::spawn(connection);
    let request = Request::get("http://localhost/").body(Empty::<Bytes>::new());
    let response = soon(http.send_request(request.unwrap())).await.unwrap();
    assert_eq!(response.status(), 200);
}

/// A connection that ends before it allows anything is an error.
#[tokio::test]
async fn client_learns_that_the_connection_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { drop(listener.accept().await) });
    let io = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (_http, mut connection) = handshake.await.unwrap() as (SendRequest<Empty<Bytes>>, _);
    assert!(
        soon(client::extended_connect(&mut connection))
            .await
            .is_err()
    );
}

/// A refusal keeps its status and headers for the client.
#[tokio::test]
async fn client_learns_why_it_was_refused() {
    let addr = serve(echo, Config::new()).await;
    let mut http = connect(addr).await;
    let origin = HeaderValue::from_static("https://evil.example");
    let builder = Builder::new().origin(origin);
    let (request, pending) = builder.http2_request("ws://localhost/ws").unwrap();
    let response = soon(http.send_request(request)).await.unwrap();
    let error = pending.complete(response).await.unwrap_err();
    assert_eq!(error.status(), Some(http::StatusCode::FORBIDDEN));
}

/// A server's answer to our client, over a stream that is provided.
async fn complete(response: http::response::Builder) -> Result<WebSocket, client::Error> {
    let (_, pending) = Builder::new()
        .http2_request::<Empty<Bytes>>("ws://localhost/ws")
        .unwrap();
    let io = tower_websock::ProvidedIo::new(tokio::io::duplex(64).0);
    let response = response.version(http::Version::HTTP_2).extension(io);
    pending
        .complete(response.body(String::new()).unwrap())
        .await
}

/// RFC 8441, section 5; RFC 9110, section 9.3.6: every 2xx accepts, and nothing else.
#[tokio::test]
async fn client_takes_every_2xx_for_success() {
    for status in 200..300_u16 {
        let completed = complete(Response::builder().status(status)).await;
        assert!(completed.is_ok(), "{status}: {completed:?}");
    }
    for status in [100, 101, 103, 199, 300, 302, 304, 401, 404, 500, 503] {
        let error = complete(Response::builder().status(status)).await;
        let refused = error.unwrap_err().status();
        assert_eq!(refused.map(|status| status.as_u16()), Some(status));
    }
}

/// RFC 9110, section 8.6: no length in answer to CONNECT, since the first DATA would exceed it.
#[tokio::test]
async fn client_refuses_an_answer_that_announces_a_length() {
    for lengths in [&["0"] as &[_], &["00"], &["0", "0"], &["5"], &[""], &["x"]] {
        for status in [200, 204] {
            let mut response = Response::builder().status(status);
            for length in lengths {
                response = response.header("content-length", *length);
            }
            let error = complete(response).await.unwrap_err();
            let is_body = matches!(
                &error,
                client::Error::Answer(tower_websock::AnswerError::Body)
            );
            assert!(is_body, "{status} {lengths:?}: {error:?}");
        }
    }
}

/// As above, with a server that hyper's client talks to: 0 is ours to refuse, the rest is refused
/// below us. The connection lives on, and no other 2xx than 200 has a stream in hyper.
#[tokio::test]
async fn client_fails_at_once_where_the_stream_would() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut builder = h2::server::Builder::new();
        builder.enable_connect_protocol();
        let mut connection = builder.handshake::<_, Bytes>(stream).await.unwrap();
        let mut streams = Vec::new();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let mut response = Response::builder();
            match request.uri().path() {
                "/204" => response = response.status(204),
                "/ws" => {}
                length => response = response.header("content-length", &length[1..]),
            }
            streams.push(respond.send_response(response.body(()).unwrap(), false));
        }
    });
    let mut http = connect(addr).await;
    for path in ["0", "00", "5", "204"] {
        let uri = format!("ws://localhost/{path}");
        let (request, pending) = Builder::new().http2_request(&uri).unwrap();
        let response = soon(http.send_request(request)).await;
        match (path, response) {
            ("0" | "00", Ok(response)) => {
                let error = soon(pending.complete(response)).await.unwrap_err();
                assert!(
                    matches!(error, client::Error::Answer(_)),
                    "{path}: {error:?}"
                );
            }
            ("204", Ok(response)) => {
                let error = soon(pending.complete(response)).await.unwrap_err();
                assert!(matches!(error, client::Error::Http(_)), "{path}: {error:?}");
            }
            ("5", Err(error)) => assert!(!error.is_closed(), "{error:?}"),
            (path, response) => panic!("{path}: {response:?}"),
        }
    }
    open(&mut http, &Builder::new()).await;
}
