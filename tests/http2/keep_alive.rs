//! A peer of a stream that is silent is noticed (RFC 6455, section 5.5.2), and its siblings stay.

use tokio::{sync::mpsc, time::Instant};
use tower_websock::{KeepAlive, Loss};

use super::{
    raw::{Event, Raw},
    support::{PING, PONG, frame},
    *,
};

const INTERVAL: Duration = Duration::from_secs(20);
const TIMEOUT: Duration = Duration::from_secs(10);

/// A handler that waits for messages, on a server in virtual time; tells how it ended, and when.
async fn waiting_handler() -> (Raw, mpsc::UnboundedReceiver<(Instant, Option<Error>)>) {
    let (tell, told) = mpsc::unbounded_channel();
    let handler = move |mut socket: WebSocket| {
        let tell = tell.clone();
        async move {
            let mut last = socket.recv().await;
            while let Some(Ok(_)) = last {
                last = socket.recv().await;
            }
            let error = last.and_then(Result::err);
            assert!(socket.recv().await.is_none());
            tell.send((Instant::now(), error)).unwrap();
        }
    };
    let keep_alive = KeepAlive::new().interval(INTERVAL).timeout(TIMEOUT);
    let layer = WebSocketLayer::new(handler).config(Config::new().keep_alive(keep_alive));
    let (io, server) = tokio::io::duplex(64 << 10);
    tokio::spawn(serve_over(server, layer.layer(service_fn(inner))));
    (Raw::over(io, 1 << 20).await, told)
}

/// The stream of the dead one is given up after both times; one that answers lives on.
#[tokio::test(start_paused = true)]
async fn dead_peer_of_a_stream_is_given_up_and_its_sibling_is_not() {
    let (mut raw, mut told) = waiting_handler().await;
    let (mut dead, mut alive) = (raw.open().await, raw.open().await);
    let begin = Instant::now();
    let answering = tokio::spawn(async move {
        for _ in 0..4 {
            let data = alive.recv.data().await.unwrap().unwrap();
            assert_eq!((data[0], data.len()), (PING, 10));
            alive.send(frame(PONG, &data[2..])).await;
        }
        alive
    });
    let (end, error) = told.recv().await.unwrap();
    assert!(
        matches!(error, Some(Error::Lost(Loss::NoPong))),
        "{error:?}"
    );
    let took = end - begin;
    assert!(
        took.abs_diff(INTERVAL + TIMEOUT) <= Duration::from_millis(2),
        "{took:?}"
    );
    assert!(matches!(dead.next().await, Event::Frame(PING, _)));
    let end = dead.next().await;
    assert!(matches!(end, Event::End | Event::Reset(_)), "{end:?}");
    let mut alive = answering.await.unwrap();
    assert!(begin.elapsed() >= 4 * INTERVAL);
    alive.send(frame(support::CLOSE, &raw::close(1000))).await;
    assert_eq!(
        alive.next().await,
        Event::Frame(support::CLOSE, raw::close(1000))
    );
    let (_, error) = told.recv().await.unwrap();
    assert!(error.is_none(), "{error:?}");
}
