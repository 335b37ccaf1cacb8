//! The end of all connections, in stages.

use std::{collections::HashSet, panic::AssertUnwindSafe, pin::pin};

use futures_util::{FutureExt, future::join_all};
use tokio::time::{Instant, sleep, sleep_until};
use tower_websock::{Drain, Drained, Error, Loss, Message};

use super::*;

/// What a handler has after the deadline.
const RETURNING: Duration = Duration::from_millis(100);

/// Answers its Close; when that came, and with which code.
async fn told_at(mut peer: Peer<DuplexStream>) -> (Instant, u16) {
    let (first, payload) = peer.read().await.unwrap();
    let at = Instant::now();
    assert_eq!(first, CLOSE);
    let code = u16::from_be_bytes(*payload.first_chunk().unwrap());
    peer.send(&close_frame(code)).await;
    peer.expect_end().await;
    (at, code)
}

fn counts(drained: Drained) -> [usize; 3] {
    [drained.clean, drained.cut, drained.running]
}

/// The Closes are spread evenly over the time, in an order that is not that of the connections.
#[tokio::test(start_paused = true)]
async fn closes_are_spread_evenly_and_in_random_order() {
    let connections = Connections::new();
    let mut peers = Vec::new();
    for _ in 0..1000 {
        let (peer, _task) = open(&connections, echo);
        peers.push(tokio::spawn(told_at(peer)));
    }
    settle().await;
    let start = Instant::now();
    let drain = Drain::new().accept_for(secs(5)).spread(secs(10));
    let drained = connections.drain(drain).await;
    assert_eq!(counts(drained), [1000, 0, 0]);
    // As soon as the last is done.
    assert!(start.elapsed() < secs(16), "{:?}", start.elapsed());
    let told = join_all(peers).await.into_iter().map(Result::unwrap);
    let mut slices = [0; 10];
    let mut times = Vec::new();
    for (at, code) in told {
        assert_eq!(code, close_code::AWAY);
        let since = (at - start).checked_sub(secs(5)).expect("not before");
        slices[usize::try_from(since.as_secs()).unwrap()] += 1;
        times.push(since);
    }
    assert!(
        slices.iter().all(|told| (95..=105).contains(told)),
        "{slices:?}"
    );
    // Neighbours are told in either order about equally often.
    let ascending = times.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((350..=650).contains(&ascending), "{ascending}");
}

/// Handlers see the end whatever they do: those that receive, send, await something else, or have
/// their socket elsewhere. Who does not answer is cut at the deadline, and the counts add up.
#[tokio::test(start_paused = true)]
async fn abuse_24_every_kind_of_handler_ends_and_the_counts_add_up() {
    let connections = Connections::new();
    let mut tasks = Vec::new();
    for _ in 0..10 {
        let (peer, task) = open(&connections, echo);
        tokio::spawn(answer(peer));
        tasks.push(task);
        let (peer, task) = open(&connections, async |mut socket: WebSocket| {
            loop {
                sleep(secs(1)).await;
                socket.send("tick".into()).await?;
            }
            #[expect(unreachable_code, reason = "for the type")]
            Ok::<_, Error>(())
        });
        tokio::spawn(answer(peer));
        tasks.push(task);
        // Busy, and done before the deadline.
        let (peer, task) = open(&connections, async |mut socket: WebSocket| {
            sleep(secs(18)).await;
            let mut received = Vec::new();
            while let Some(Ok(message)) = socket.recv().await {
                received.push(message);
            }
            assert!(matches!(received[..], [Message::Close(_)]), "{received:?}");
        });
        tokio::spawn(answer(peer));
        tasks.push(task);
        // Its socket lives in another task.
        let (peer, task) = open(&connections, async |socket: WebSocket| {
            tokio::spawn(echo(socket));
        });
        tokio::spawn(answer(peer));
        tasks.push(task);
        // One without a supervisor, which leaves with the peer's Close.
        let (peer, accepting) = admit(&connections, None).unwrap();
        tokio::spawn(answer(peer));
        tokio::spawn(async move {
            let mut socket = accepting.socket().await.unwrap();
            let last = socket.recv().await;
            assert!(matches!(last, Some(Ok(Message::Close(_)))), "{last:?}");
        });
    }
    // Peers that neither answer nor leave, and have much time for it.
    let mut dead = Vec::new();
    for _ in 0..3 {
        let (client, server) = duplex(1 << 16);
        let (mut parts, ()) = handshake().into_parts();
        parts.extensions.insert(ProvidedIo::new(server));
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let upgrade = upgrade.connections(&connections);
        let config = Config::new().close_timeout(secs(3600));
        let (_, accepting) = upgrade.config(config).accept::<()>().unwrap();
        tasks.push(tokio::spawn(accepting.supervise(echo)));
        dead.push(client);
    }
    settle().await;
    let start = Instant::now();
    let drained = connections.drain(Drain::new()).await;
    assert_eq!(counts(drained), [50, 3, 0]);
    assert_eq!(start.elapsed(), secs(25));
    assert!(connections.is_empty());
    settle().await;
    for task in tasks {
        assert!(task.is_finished());
        let closure = task.await.unwrap().unwrap();
        assert!(closure.is_clean() || closure == Closure::Lost(Loss::Cut));
    }
}

/// While new ones are accepted the server is not ready; they are drained, too. Then they get 503.
#[tokio::test(start_paused = true)]
async fn new_connections_are_accepted_for_a_while_and_then_refused() {
    let connections = Connections::new().retry_after(3);
    assert!(connections.is_ready());
    let drain = connections.drain(Drain::new().spread(secs(2)));
    // With the call.
    assert!(!connections.is_ready());
    let start = Instant::now();
    let drain = tokio::spawn(drain);
    sleep_until(start + secs(4)).await;
    let (late, _task) = open(&connections, echo);
    let late = tokio::spawn(told_at(late));
    // Accepted in time, and open after it: closed at once.
    let (slow, accepting) = admit(&connections, None).unwrap();
    sleep_until(start + secs(5) + Duration::from_millis(1)).await;
    let refused = admit(&connections, None).map(drop).unwrap_err();
    assert_eq!(refused, Rejection::Draining { retry_after: 3 });
    let response = refused.into_response::<bytes::Bytes>();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "3");
    sleep_until(start + secs(8)).await;
    assert_eq!(connections.len(), 1);
    let slow = tokio::spawn(told_at(slow));
    let task = tokio::spawn(accepting.supervise(echo));
    assert_eq!(slow.await.unwrap(), (start + secs(8), close_code::AWAY));
    task.await.unwrap().unwrap();
    assert!(late.await.unwrap().0 <= start + secs(7));
    assert_eq!(counts(drain.await.unwrap()), [2, 0, 0]);
    // For good.
    assert!(!connections.is_ready());
    assert!(admit(&connections, None).is_err());
}

/// A server without connections is done when nobody new is accepted any more.
#[tokio::test(start_paused = true)]
async fn empty_server_is_drained_when_it_accepts_no_more() {
    let connections = Connections::new();
    let start = Instant::now();
    let drained = connections.drain(Drain::new()).await;
    assert_eq!(counts(drained), [0, 0, 0]);
    assert_eq!(start.elapsed(), secs(5));
    // The second has nothing to wait for.
    assert_eq!(counts(connections.drain(Drain::new()).await), [0, 0, 0]);
    assert_eq!(start.elapsed(), secs(5));
}

/// Zeros: nobody new, all at once, and everything is cut at once.
#[tokio::test(start_paused = true)]
async fn zeros_mean_at_once() {
    let (connections, zero) = (Connections::new(), Duration::ZERO);
    let mut peers = Vec::new();
    for _ in 0..200 {
        let (peer, _task) = open(&connections, echo);
        peers.push(tokio::spawn(told_at(peer)));
    }
    settle().await;
    let start = Instant::now();
    let drain = Drain::new().accept_for(zero).spread(zero);
    assert_eq!(counts(connections.drain(drain).await), [200, 0, 0]);
    for told in join_all(peers).await {
        assert_eq!(told.unwrap(), (start, close_code::AWAY));
    }

    let connections = Connections::new();
    let (mut peer, task) = open(&connections, hold);
    let (_client, accepting) = admit(&connections, None).unwrap();
    let opening = tokio::spawn(accepting.supervise(hold));
    let (_io, held) = held(&connections);
    let held = tokio::spawn(held.socket());
    settle().await;
    let drained = connections.drain(Drain::new().deadline(zero)).await;
    // Two were open, with their handlers; the third was not yet.
    assert_eq!(counts(drained), [0, 2, 2]);
    assert_eq!(start.elapsed(), RETURNING);
    assert!(connections.is_empty());
    peer.expect_end().await;
    assert!(matches!(held.await.unwrap(), Err(UpgradeError::Cut)));
    task.abort();
    opening.abort();
}

/// One whose transport does not come.
fn held(connections: &Connections) -> (impl Sized, Accepting) {
    let (mut parts, ()) = handshake().into_parts();
    let (io, release) = ProvidedIo::held(duplex(64).0);
    parts.extensions.insert(io);
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
    let (_, accepting) = upgrade.connections(connections).accept::<()>().unwrap();
    (release, accepting)
}

/// The deadline ends the stages before it. A time that never comes is no panic.
#[tokio::test(start_paused = true)]
async fn deadline_ends_earlier_stages() {
    for (accept_for, spread) in [(Duration::MAX, secs(0)), (secs(0), Duration::MAX)] {
        let connections = Connections::new();
        let peers: Vec<_> = (0..3).map(|_| open(&connections, echo)).collect();
        settle().await;
        let start = Instant::now();
        let drain = Drain::new().accept_for(accept_for).spread(spread);
        let drain = tokio::spawn(connections.drain(drain.deadline(secs(60))));
        let peers = peers.into_iter().map(|(peer, _task)| answer(peer));
        let told = join_all(peers).await.into_iter().flatten().count();
        let drained = drain.await.unwrap();
        assert_eq!(start.elapsed(), secs(60));
        // The first is told at the start of the spread.
        let clean = usize::from(spread > secs(0));
        assert_eq!(told, clean);
        assert_eq!(counts(drained), [clean, 3 - clean, 0]);
    }
    let drain = Drain::new().deadline(Duration::MAX).accept_for(secs(1));
    assert_eq!(counts(Connections::new().drain(drain).await), [0, 0, 0]);
}

/// A handler that does not return is waited for until the deadline, and counted.
#[tokio::test(start_paused = true)]
async fn handlers_are_waited_for() {
    for works in [secs(20), secs(90)] {
        let connections = Connections::new();
        let (peer, task) = open(&connections, async move |mut socket: WebSocket| {
            while let Some(Ok(_)) = socket.recv().await {}
            // Saves what it has.
            sleep(works).await;
        });
        tokio::spawn(answer(peer));
        let start = Instant::now();
        let drain = Drain::new().accept_for(secs(0)).deadline(secs(60));
        let drained = connections.drain(drain).await;
        let running = usize::from(works > secs(60));
        assert_eq!(counts(drained), [1, 0, running]);
        assert_eq!(start.elapsed(), works.min(secs(60) + RETURNING));
        assert_eq!(task.is_finished(), running == 0);
    }
}

/// The work of a future ends when it completes, however that is: whoever keeps it holds no drain up.
#[tokio::test(start_paused = true)]
async fn finished_future_that_is_kept_holds_no_drain() {
    for panics in [false, true] {
        let connections = Connections::new();
        let (peer, accepting) = admit(&connections, None).unwrap();
        let peer = tokio::spawn(answer(peer));
        let served = accepting.supervise(async move |_| assert!(!panics, "as ordered"));
        let mut served = pin!(AssertUnwindSafe(served).catch_unwind());
        assert_eq!(served.as_mut().await.is_err(), panics);
        let drain = Drain::new().accept_for(secs(0)).deadline(secs(1));
        let start = Instant::now();
        assert_eq!(counts(connections.drain(drain).await), [0, 0, 0]);
        assert_eq!(start.elapsed(), secs(0));
        let code = if panics {
            close_code::ERROR
        } else {
            close_code::NORMAL
        };
        assert_eq!(peer.await.unwrap(), Some(code));
    }
}

/// A second drain hurries the first; one that is dropped stops, and another goes on from there.
#[tokio::test(start_paused = true)]
async fn second_drain_hurries_the_first() {
    let connections = Connections::new();
    let mut dead = Vec::new();
    for _ in 0..10 {
        dead.push(open(&connections, hold));
    }
    settle().await;
    let start = Instant::now();
    let first = tokio::spawn(connections.drain(Drain::new()));
    sleep(secs(1)).await;
    let second = connections.drain(Drain::new().deadline(Duration::ZERO));
    assert_eq!(counts(second.await), [0, 10, 10]);
    for (_, task) in &dead {
        task.abort();
    }
    assert_eq!(counts(first.await.unwrap()), [0, 10, 0]);
    assert_eq!(start.elapsed(), secs(1) + RETURNING);

    let connections = Connections::new();
    let (peer, _task) = open(&connections, echo);
    let peer = tokio::spawn(told_at(peer));
    drop(connections.drain(Drain::new()));
    sleep(secs(20)).await;
    assert!(!connections.is_ready() && !peer.is_finished());
    assert!(admit(&connections, None).is_ok());
    let drain = Drain::new().accept_for(Duration::ZERO);
    assert_eq!(counts(connections.drain(drain).await), [1, 0, 0]);
}

/// What the peers are told can be chosen; an invalid frame is refused.
#[tokio::test(start_paused = true)]
async fn peers_are_told_what_was_chosen() {
    let connections = Connections::new();
    let (peer, _task) = open(&connections, echo);
    let peer = tokio::spawn(told_at(peer));
    let restart = CloseFrame::new(close_code::RESTART, "new version");
    let drain = Drain::new().frame(restart).unwrap();
    assert_eq!(counts(connections.drain(drain).await), [1, 0, 0]);
    assert_eq!(peer.await.unwrap().1, close_code::RESTART);
    assert!(Drain::new().frame(CloseFrame::new(1006, "")).is_err());
}

/// Two drains do not tell in the same order.
#[tokio::test(start_paused = true)]
async fn order_differs_from_drain_to_drain() {
    let mut orders = HashSet::new();
    for _ in 0..3 {
        let connections = Connections::new();
        let mut peers = Vec::new();
        for _ in 0..20 {
            let (peer, _task) = open(&connections, echo);
            peers.push(tokio::spawn(told_at(peer)));
        }
        let start = Instant::now();
        connections.drain(Drain::new()).await;
        let told = join_all(peers).await;
        let order: Vec<_> = told
            .into_iter()
            .map(|told| told.unwrap().0 - start)
            .collect();
        orders.insert(order);
    }
    assert_eq!(orders.len(), 3);
}
