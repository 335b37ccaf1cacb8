//! What `on_end` and `on_error` of an upgrade are told: once, whatever the way out.

use std::{
    convert::Infallible,
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::{
    io::DuplexStream,
    sync::oneshot::{self, error::TryRecvError},
    time::sleep,
};
use tower_websock::{
    Accepting, Closure, End, HandlerEnd, Loss, Outcome, ProvidedIo, UpgradeError, WebSocket,
    WebSocketUpgrade,
};

use crate::support::*;

use super::secs;

type Told<E> = oneshot::Receiver<Seen<E>>;

/// What a hook saw.
#[derive(Debug, PartialEq)]
struct Seen<E> {
    closure: Option<Closure>,
    upgrade_error: Option<String>,
    handler: HandlerEnd,
    error: Option<E>,
}

fn upgrade() -> (Peer<DuplexStream>, WebSocketUpgrade) {
    let (client, server) = tokio::io::duplex(1 << 16);
    let (mut parts, ()) = handshake().into_parts();
    parts.extensions.insert(ProvidedIo::new(server));
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
    (Peer::new(client), upgrade)
}

/// A connection whose end is told.
fn watched<E: Clone + Send + 'static>() -> (Peer<DuplexStream>, Accepting, Told<E>) {
    let (peer, upgrade) = upgrade();
    let (tell, told) = oneshot::channel();
    let upgrade = upgrade.on_end(move |end: &End<E>| {
        let seen = Seen {
            closure: end.closure().cloned(),
            upgrade_error: end.upgrade_error().map(ToString::to_string),
            handler: end.handler(),
            error: end.error().cloned(),
        };
        let _ = tell.send(seen);
    });
    (peer, upgrade.accept::<()>().unwrap().1, told)
}

/// Serves a handler until the peer has answered its Close.
async fn end_of_handler<E, H, F>(handler: H, code: u16) -> Seen<E>
where
    E: Clone + Send + 'static,
    H: FnOnce(WebSocket) -> F + Send + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    let (mut peer, accepting, mut told) = watched();
    let task = tokio::spawn(accepting.supervise(handler));
    peer.expect_close(code).await;
    assert!(matches!(told.try_recv(), Err(TryRecvError::Empty)));
    peer.send(&close_frame(code)).await;
    peer.expect_end().await;
    drop(peer);
    let _ = task.await;
    told.try_recv().expect("told when the task is done")
}

/// Each end of a handler, and that the connection was closed.
#[tokio::test(start_paused = true)]
async fn end_of_the_handler_is_told() {
    let end = |handler, error| (handler, error);
    let rows = [
        (
            end_of_handler::<&str, _, _>(async |_: WebSocket| Ok::<(), &str>(()), 1000).await,
            end(HandlerEnd::Returned, None),
        ),
        (
            end_of_handler(async |_: WebSocket| Err::<(), _>("broken"), 1011).await,
            end(HandlerEnd::Failed, Some("broken")),
        ),
        (
            end_of_handler(
                async |_: WebSocket| -> Result<(), &str> { panic!("for the test") },
                1011,
            )
            .await,
            end(HandlerEnd::Panicked, None),
        ),
    ];
    for (seen, (handler, error)) in rows {
        assert!(seen.closure.as_ref().is_some_and(Closure::is_clean));
        assert_eq!(seen.upgrade_error, None);
        assert_eq!((seen.handler, seen.error), (handler, error));
    }
    // An end that asks for no error still tells that there was one.
    let seen: Seen<Infallible> = end_of_handler(async |_| Err::<(), _>("unasked"), 1011).await;
    assert_eq!(seen.handler, HandlerEnd::Failed);
    assert_eq!(seen.error, None);
}

/// The end is that of the connection, not of a handler that gave its socket away.
#[tokio::test(start_paused = true)]
async fn end_is_told_when_the_connection_is_over() {
    let (mut peer, accepting, mut told) = watched::<Infallible>();
    let task = tokio::spawn(accepting.supervise(async |mut socket: WebSocket| {
        tokio::spawn(async move { while socket.recv().await.is_some() {} });
    }));
    sleep(secs(20)).await;
    assert!(matches!(told.try_recv(), Err(TryRecvError::Empty)));
    peer.send(&close_frame(1001)).await;
    peer.expect_close(1001).await;
    peer.expect_end().await;
    drop(peer);
    assert!(task.await.unwrap().unwrap().is_clean());
    let seen = told.try_recv().unwrap();
    assert!(seen.closure.unwrap().is_clean());
    assert_eq!(seen.handler, HandlerEnd::Returned);
}

/// A task that is aborted tells what is known then.
#[tokio::test(start_paused = true)]
async fn aborted_task_is_told() {
    let (peer, accepting, told) = watched::<Infallible>();
    let task = tokio::spawn(accepting.supervise(hold));
    sleep(secs(1)).await;
    task.abort();
    let seen = told.await.unwrap();
    assert_eq!(seen.closure, Some(Closure::Lost(Loss::Cut)));
    assert_eq!(seen.handler, HandlerEnd::Dropped);
    drop(peer);

    // After a Close that both sent, with a handler that goes on.
    let (mut peer, accepting, mut told) = watched::<Infallible>();
    let task = tokio::spawn(accepting.supervise(hold));
    peer.send(&close_frame(1000)).await;
    peer.expect_close(1000).await;
    peer.expect_end().await;
    drop(peer);
    sleep(secs(60)).await;
    assert!(told.try_recv().is_err(), "the handler still runs");
    task.abort();
    let seen = told.await.unwrap();
    assert!(seen.closure.unwrap().is_clean());
    assert_eq!(seen.handler, HandlerEnd::Dropped);
}

/// An upgrade that fails, and one that nobody waits for any more.
#[tokio::test(start_paused = true)]
async fn connection_that_never_opened_is_told() {
    let not_called = |error: UpgradeError| Seen::<Infallible> {
        closure: None,
        upgrade_error: Some(error.to_string()),
        handler: HandlerEnd::NotCalled,
        error: None,
    };
    let (_, accepting, mut told) = watched();
    drop(accepting);
    assert_eq!(told.try_recv().unwrap(), not_called(UpgradeError::Dropped));
    let (_, accepting, mut told) = watched();
    drop(accepting.supervise(hold));
    assert_eq!(told.try_recv().unwrap(), not_called(UpgradeError::Dropped));

    let (_client, server) = tokio::io::duplex(64);
    let (mut parts, ()) = handshake().into_parts();
    parts.extensions.insert(ProvidedIo::new(server));
    let mut again = parts.clone();
    let first = WebSocketUpgrade::from_parts(&mut parts).unwrap();
    let _first = first.accept::<()>().unwrap().1.socket().await.unwrap();
    let (tell, mut told) = oneshot::channel();
    let second = WebSocketUpgrade::from_parts(&mut again).unwrap();
    let second = second.on_end(move |end: &End| {
        assert!(matches!(end.upgrade_error(), Some(UpgradeError::IoTaken)));
        tell.send(end.handler()).unwrap();
    });
    let failed = second.accept::<()>().unwrap().1.supervise(hold).await;
    assert!(matches!(failed, Err(UpgradeError::IoTaken)), "{failed:?}");
    assert_eq!(told.try_recv().unwrap(), HandlerEnd::NotCalled);
}

/// Nothing is told of a request that is not accepted, nor of a socket without a supervisor.
#[tokio::test]
async fn nothing_is_told_without_an_acceptance_or_a_supervisor() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (_peer, refused) = upgrade();
    let counter = calls.clone();
    let refused = refused
        .on_end(move |_: &End| _ = counter.fetch_add(1, Relaxed))
        .select_subprotocol(Some("chat".parse().unwrap()));
    assert!(refused.accept::<()>().is_err());

    let (_peer, unsupervised) = upgrade();
    let counter = calls.clone();
    let (_, accepting) = unsupervised
        .on_end(move |_: &End| _ = counter.fetch_add(1, Relaxed))
        .accept::<()>()
        .unwrap();
    drop(accepting.socket().await.unwrap());
    assert_eq!(calls.load(Relaxed), 0);
    assert_eq!(Arc::strong_count(&calls), 1);
}

/// The error is told as the handler returns it, before the peer knows; its end can be sent on.
#[tokio::test(start_paused = true)]
async fn error_is_told_before_the_close() {
    let (mut peer, upgrade) = upgrade();
    let (tell, mut told) = oneshot::channel();
    let upgrade = upgrade.on_error(move |error: &String| tell.send(error.clone()).unwrap());
    let accepting = upgrade.accept::<()>().unwrap().1;
    let task = tokio::spawn(accepting.supervise(async |socket: WebSocket| {
        let _held = socket;
        Err::<(), _>(String::from("broken"))
    }));
    peer.expect_close(1011).await;
    assert_eq!(told.try_recv().unwrap(), "broken");
    task.abort();
}

/// A hook panics while the task is unwound: the process goes on.
#[tokio::test]
async fn hook_that_panics_during_another_panic_is_caught() {
    let (_peer, upgrade) = upgrade();
    let upgrade = upgrade.on_end(|_: &End| panic!("in on_end, for the test"));
    let accepting = upgrade.accept::<()>().unwrap().1;
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _supervise = accepting.supervise(hold);
        panic!("outside, for the test");
    }));
    let text = caught.unwrap_err();
    assert_eq!(text.downcast_ref(), Some(&"outside, for the test"));
}

/// A hook for an error that the handler cannot return is a mistake that shows at once.
#[tokio::test]
async fn hook_for_another_error_is_refused() {
    let text = |upgrade: WebSocketUpgrade| {
        let accepting = upgrade.accept::<()>().unwrap().1;
        let supervise = || drop(accepting.supervise(async |_| Err::<(), _>("text")));
        let panic = catch_unwind(AssertUnwindSafe(supervise)).err()?;
        Some(*panic.downcast::<String>().unwrap())
    };
    let expected = "a hook asks for the error `u8`, but the handler returns `&str`";
    let (_peer, with) = upgrade();
    assert_eq!(text(with.on_error(|_: &u8| {})).unwrap(), expected);
    let (_peer, with) = upgrade();
    assert_eq!(text(with.on_end(|_: &End<u8>| {})).unwrap(), expected);
    let (_peer, with) = upgrade();
    let with = with.on_end(|_: &End<&str>| {}).on_error(|_: &&str| {});
    assert_eq!(text(with), None);
    // A handler that cannot fail has no error to lose.
    let (_peer, with) = upgrade();
    let accepting = with.on_error(|_: &u8| {}).accept::<()>().unwrap().1;
    drop(accepting.supervise(async |_| pending::<()>().await));
}
