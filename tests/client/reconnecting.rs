//! A client that connects again, to servers on TCP.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower_websock::{
    CloseFrame, Message, ResponseBody, WebSocketUpgrade,
    client::{
        self, Builder, Retry,
        reconnecting::{Cause, Event, SendError},
    },
};

/// So that nobody waits.
fn at_once() -> Retry {
    Retry::new()
        .first_delay(Duration::from_millis(1))
        .factor(1.0)
}

/// What the server was asked with.
type Asked = Arc<Mutex<Vec<String>>>;

/// Refuses with the statuses first; then accepts, says the number of the request, and closes with
/// 1001.
async fn server(statuses: Vec<StatusCode>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let seen = asked.clone();
    tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            let (seen, statuses) = (seen.clone(), statuses.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                let mut parts = request.into_parts().0;
                let token = parts.headers.get(header::AUTHORIZATION);
                let token = token.map_or("-", |token| token.to_str().unwrap());
                let line = format!("{} {token}", parts.uri);
                let number = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(line);
                    seen.len()
                };
                let response = if let Some(&status) = statuses.get(number - 1) {
                    let mut response: Response<ResponseBody> = Response::default();
                    *response.status_mut() = status;
                    response
                } else {
                    let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
                    let (response, accepting) = upgrade.accept().unwrap();
                    tokio::spawn(accepting.supervise(async move |mut socket| {
                        socket.send(number.to_string().into()).await?;
                        let frame = CloseFrame::new(1001, "");
                        let closed: Result<_, tower_websock::Error> =
                            socket.close(frame).await.map_err(Into::into);
                        closed.map(drop)
                    }));
                    response
                };
                std::future::ready(Ok::<_, Infallible>(response))
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
            tokio::spawn(connection.with_upgrades());
        }
    });
    (url, asked)
}

/// Each attempt has a request of its own, and knows how it went before.
#[tokio::test]
async fn each_attempt_makes_its_request() {
    let (url, asked) = server(vec![StatusCode::SERVICE_UNAVAILABLE]).await;
    let other = format!("{url}/other");
    let mut socket = Builder::new()
        .reconnecting(format!("{url}/ws"))
        .retry(at_once())
        .request(move |attempt| {
            let token = format!("token-{}", attempt.number());
            let uri = match attempt.last() {
                Some(Cause::Closed(_)) => other.clone(),
                _ => format!("{url}/ws"),
            };
            async move {
                let token = HeaderValue::try_from(token).map_err(io::Error::other)?;
                let builder = Builder::new().header(header::AUTHORIZATION, token);
                Ok::<_, io::Error>((builder, uri))
            }
        })
        .build();
    let mut received = Vec::new();
    while received.len() < 2 {
        if let Event::Message(message) = socket.recv().await.unwrap().unwrap() {
            received.push(message);
        }
    }
    assert_eq!(received, [Message::text("2"), Message::text("3")]);
    let expected = ["/ws token-1", "/ws token-2", "/other token-3"];
    assert_eq!(*asked.lock().unwrap(), expected);
}

/// 401 and 403: nobody is asked twice, and what is sent comes back.
#[tokio::test]
async fn refusal_is_final() {
    for status in [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN] {
        let (url, asked) = server(vec![status]).await;
        let mut socket = Builder::new().reconnecting(url).retry(at_once()).build();
        let sent = socket.send("a".into()).await;
        assert!(matches!(sent, Err(SendError::Stopped(Some(_)))), "{sent:?}");
        let stopped = socket.recv().await.unwrap().unwrap_err();
        assert_eq!(stopped.why.status(), Some(status));
        assert!(socket.recv().await.is_none());
        assert_eq!(asked.lock().unwrap().len(), 1);
    }
}

/// What cannot be asked is told at once, and not tried again.
#[tokio::test]
async fn mistakes_of_the_user_are_final() {
    let upgrade = Builder::new().header(header::UPGRADE, HeaderValue::from_static("h2c"));
    let rows = [
        (Builder::new(), "http://127.0.0.1/"),
        (Builder::new(), "ws://127.0.0.1/#part"),
        (upgrade, "ws://127.0.0.1/"),
    ];
    for (builder, uri) in rows {
        let mut socket = builder.reconnecting(uri).build();
        let stopped = socket.recv().await.unwrap().unwrap_err();
        let Cause::NotOpened(error) = &*stopped.why else {
            panic!("{stopped}");
        };
        let is_mistake = matches!(error, client::Error::Uri(_) | client::Error::Header(_));
        assert!(is_mistake, "{error}");
    }
}

/// A hook that fails is a failed attempt, and judged like one.
#[tokio::test]
async fn hook_that_fails_is_called_again() {
    let (url, asked) = server(Vec::new()).await;
    let mut socket = Builder::new()
        .reconnecting(url)
        .retry(at_once())
        .request(|attempt| async move {
            if attempt.number() < 3 {
                return Err(io::Error::other("no token"));
            }
            assert!(matches!(attempt.last(), Some(Cause::Hook(error)) if error.is::<io::Error>()));
            Ok(Builder::new())
        })
        .build();
    assert!(matches!(
        socket.recv().await,
        Some(Ok(Event::Open { number: 1 }))
    ));
    assert_eq!(asked.lock().unwrap().len(), 1);
}
