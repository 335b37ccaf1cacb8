//! Handlers.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use http::request::Parts;
use tower::ServiceExt;
use tower_websock::{
    Closure, Error, Handler, Initiator, Loss, WebSocket, WebSocketService, WebSocketUpgrade,
};

use crate::support::raw::{CLOSE, TEXT, close_body, frame};

use super::{connected, unused};

/// Serves `handler`, which says "hello" and returns.
async fn assert_greets<Args: 'static>(handler: impl Handler<Args>) {
    let (mut client, request) = connected();
    let response = WebSocketService::new(handler)
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), 101);
    client.expect(TEXT, "hello").await;
    client.expect(CLOSE, close_body(1000, "")).await;
    client.answer_close(1000).await;
}

/// See `Handler`: functions and closures, async or not, with state or without.
#[tokio::test(start_paused = true)]
async fn whatever_looks_like_a_handler_is_one() {
    async fn function(mut socket: WebSocket, _request: Parts) {
        socket.send("hello".into()).await.unwrap();
    }
    async fn fallible(mut socket: WebSocket, _request: Parts) -> Result<(), Error> {
        socket.send("hello".into()).await
    }
    fn returns_a_future(socket: WebSocket, request: Parts) -> impl Future<Output = ()> + Send {
        function(socket, request)
    }
    fn boxed(socket: WebSocket, request: Parts) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(function(socket, request))
    }
    #[derive(Clone)]
    struct Greeter(&'static str);

    impl Handler<()> for Greeter {
        type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

        fn call(self, mut socket: WebSocket, _request: Parts) -> Self::Future {
            Box::pin(async move { socket.send(self.0.into()).await })
        }
    }

    assert_greets(function).await;
    assert_greets(fallible).await;
    assert_greets(returns_a_future).await;
    assert_greets(boxed).await;
    assert_greets(boxed as fn(_, _) -> _).await;
    assert_greets(Greeter("hello")).await;
    assert_greets(|socket: WebSocket, request| function(socket, request)).await;
    assert_greets(
        |mut socket: WebSocket, _request| async move { socket.send("hello".into()).await },
    )
    .await;
    assert_greets(async |mut socket: WebSocket, _request: Parts| socket.send("hello".into()).await)
        .await;
    let state = Arc::new(AtomicUsize::new(0));
    let counter = state.clone();
    assert_greets(move |mut socket: WebSocket, _request| {
        let counter = counter.clone();
        async move {
            counter.fetch_add(1, Ordering::Relaxed);
            socket.send("hello".into()).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        }
    })
    .await;
    assert_eq!(state.load(Ordering::Relaxed), 1);
}

/// 7.4.1: a handler that returns has done its part; one that fails or panics is an
/// unexpected condition.
#[tokio::test(start_paused = true)]
async fn end_of_the_handler_is_told_by_the_close_code() {
    type Ending = fn(WebSocket) -> Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>>;
    let rows: [(Ending, u16); 7] = [
        (|_| Box::pin(async { Ok(()) }), 1000),
        (|_| Box::pin(async { Err("no") }), 1011),
        (|_| Box::pin(async { panic!("for the test") }), 1011),
        (|_| panic!("before there is a future, for the test"), 1011),
        (
            |socket| {
                Box::pin(async {
                    let _held = socket;
                    Ok(())
                })
            },
            1000,
        ),
        (
            |mut socket| {
                Box::pin(async move {
                    socket.recv().await;
                    Err("after a message")
                })
            },
            1011,
        ),
        (
            |mut socket| {
                Box::pin(async move {
                    socket.recv().await;
                    panic!("after a message, for the test")
                })
            },
            1011,
        ),
    ];
    for (ending, code) in rows {
        let (mut client, request) = connected();
        client.send(frame(TEXT, "a message")).await;
        let service = WebSocketService::new(move |socket, _request| ending(socket));
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 101);
        client.expect(CLOSE, close_body(code, "")).await;
        client.answer_close(code).await;
    }
}

/// See `Accepting::supervise`: it tells how the connection ended, and hands a panic on.
#[tokio::test(start_paused = true)]
async fn supervisor_tells_how_the_connection_ended() {
    let accepting = || {
        let (client, request) = connected();
        let upgrade = WebSocketUpgrade::from_parts(&mut request.into_parts().0).unwrap();
        (client, upgrade.accept::<()>().unwrap().1)
    };
    let (client, accepted) = accepting();
    let (closure, ()) = tokio::join!(
        accepted.supervise(async |mut socket| while socket.recv().await.is_some() {}),
        client.close(),
    );
    let closure = closure.unwrap();
    assert!(closure.is_clean());
    assert!(matches!(
        closure,
        Closure::Clean {
            initiator: Initiator::Remote,
            ..
        }
    ));

    let (mut client, accepted) = accepting();
    let panicking = tokio::spawn(accepted.supervise(unused));
    client.expect(CLOSE, close_body(1011, "")).await;
    client.answer_close(1011).await;
    assert!(panicking.await.unwrap_err().is_panic());

    let (client, accepted) = accepting();
    drop(client);
    let closure = accepted.supervise(async |mut socket| {
        assert!(matches!(socket.recv().await, Some(Err(Error::Lost(_)))));
    });
    assert_eq!(closure.await.unwrap(), Closure::Lost(Loss::Ended));
}
