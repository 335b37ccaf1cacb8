//! A handler in its turn, and other tasks that send meanwhile.

use std::sync::Arc;

use shuttle::sync::{
    atomic::{AtomicBool, Ordering},
    mpsc,
};
use tower_websock::{Config, ProvidedIo, Sender, Topic, WebSocket};

use crate::{
    checking::check,
    server::{accepting, assert_clean, config, serve, strict, supervise},
    wire::{NARROW, Peer, TEXT, WIDE, assert_in_order, poll_once, task, wire},
};

/// Sends so many texts with its name.
async fn send_numbered(sender: Sender, name: char, count: usize) {
    for number in 0..count {
        sender.send(format!("{name}{number}").into()).await.unwrap();
    }
}

/// Sends back what comes, until the end.
async fn echo(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if message.is_data() {
            socket.send(message).await.unwrap();
        }
    }
}

/// So many messages of a turn later its handler is trusted, and its buffer takes those that follow.
const WARM: usize = 20;

async fn warm_up(socket: &mut WebSocket) {
    for _ in 0..WARM {
        socket.send("w".into()).await.unwrap();
    }
}

/// What the handler and two other tasks send arrives once, in the order of each of them.
fn senders(capacity: usize, config: Config) {
    let (ours, theirs) = wire(capacity);
    let served = serve(ours, config, async |mut socket: WebSocket| {
        for name in ['a', 'b'] {
            task(send_numbered(socket.sender(), name, 2));
        }
        echo(&mut socket).await;
    });
    let mut peer = Peer::new(theirs);
    let peer = task(async move {
        peer.send(TEXT, b"x0").await;
        peer.send(TEXT, b"x1").await;
        let texts = peer.texts(6).await;
        for name in ['a', 'b', 'x'] {
            assert_in_order(&texts, name, 2);
        }
        peer.close_and_end().await;
    });
    assert_clean(served);
    peer.join().unwrap();
}

#[test]
fn senders_beside_a_handler() {
    check("senders_beside_a_handler", || senders(WIDE, config()));
}

#[test]
fn senders_beside_a_handler_and_no_room() {
    check("senders_beside_a_handler_and_no_room", || {
        senders(NARROW, strict());
    });
}

/// In one turn the handler sends, has another task send, and sends again: the peer reads it in
/// this order, although the handler's messages are in its thread's buffer meanwhile.
#[test]
fn handler_that_waits_for_a_sender_within_its_turn() {
    check("handler_that_waits_for_a_sender_within_its_turn", || {
        let (ours, theirs) = wire(WIDE);
        let served = serve(ours, config(), async |mut socket: WebSocket| {
            let sender = socket.sender();
            let (go, gone) = mpsc::channel();
            let (done, is_done) = mpsc::channel();
            task(async move {
                gone.recv().unwrap();
                sender.try_send("2".into()).unwrap();
                done.send(()).unwrap();
            });
            warm_up(&mut socket).await;
            socket.send("0".into()).await.unwrap();
            socket.send("1".into()).await.unwrap();
            go.send(()).unwrap();
            is_done.recv().unwrap();
            socket.send("3".into()).await.unwrap();
            socket.send("4".into()).await.unwrap();
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            peer.texts(WARM).await;
            let read = peer.texts_to_close().await;
            assert_eq!(
                read,
                (
                    ["0", "1", "2", "3", "4"].map(str::to_owned).into(),
                    Some(1000)
                )
            );
            peer.answer_and_end(1000).await;
        });
        assert_clean(served);
        peer.join().unwrap();
    });
}

/// The same without waiting: whoever saw that the other one has sent comes after it.
#[test]
fn order_between_the_handler_and_a_sender() {
    check("order_between_the_handler_and_a_sender", || {
        let (ours, theirs) = wire(WIDE);
        let handler_sent = Arc::new(AtomicBool::new(false));
        let other_sent = Arc::new(AtomicBool::new(false));
        // What each saw of the other before it sent.
        let (tell, told) = mpsc::channel();
        let served = serve(ours, config(), async move |mut socket: WebSocket| {
            warm_up(&mut socket).await;
            let sender = socket.sender();
            let (its, ours) = (handler_sent.clone(), other_sent.clone());
            let tell_other = tell.clone();
            task(async move {
                let saw = its.load(Ordering::SeqCst);
                sender.try_send("s".into()).unwrap();
                ours.store(true, Ordering::SeqCst);
                tell_other.send(("1", "s", saw)).unwrap();
            });
            socket.send("0".into()).await.unwrap();
            socket.send("1".into()).await.unwrap();
            handler_sent.store(true, Ordering::SeqCst);
            let saw = other_sent.load(Ordering::SeqCst);
            socket.send("2".into()).await.unwrap();
            tell.send(("s", "2", saw)).unwrap();
            while socket.recv().await.is_some() {}
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            peer.texts(WARM).await;
            let texts = peer.texts(4).await;
            let at = |text| texts.iter().position(|sent| sent == text).unwrap();
            assert!(at("0") < at("1") && at("1") < at("2"), "{texts:?}");
            for _ in 0..2 {
                let (first, second, saw) = told.recv().unwrap();
                assert!(!saw || at(first) < at(second), "{first} {second} {texts:?}");
            }
            peer.close_and_end().await;
        });
        assert_clean(served);
        peer.join().unwrap();
    });
}

/// What another task has flushed is with the transport, although the handler's messages, which it had
/// sent before, were queued later.
#[test]
fn flush_beside_a_handlers_buffer() {
    check("flush_beside_a_handlers_buffer", || {
        let (ours, theirs) = wire(4);
        let taken = ours.taken();
        let served = serve(ours, config(), async |mut socket: WebSocket| {
            let sender = socket.sender();
            let (go, gone) = mpsc::channel();
            let (done, is_done) = mpsc::channel();
            task(async move {
                gone.recv().unwrap();
                sender.try_send("2".into()).unwrap();
                done.send(()).unwrap();
                // Fails if the connection is gone before the task looks; all was sent then, too.
                let _ = sender.flush().await;
                assert!(taken.has(b"\x81\x012"));
            });
            warm_up(&mut socket).await;
            socket.send("0".into()).await.unwrap();
            socket.send("1".into()).await.unwrap();
            go.send(()).unwrap();
            is_done.recv().unwrap();
            let sender = socket.sender();
            task(async move { sender.try_send("3".into()) });
            while socket.recv().await.is_some() {}
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            peer.texts(WARM).await;
            assert_eq!(peer.texts(4).await, ["0", "1", "2", "3"]);
            peer.close_and_end().await;
        });
        assert_clean(served);
        peer.join().unwrap();
    });
}

/// Whoever waits for room, for what is written or for the end learns that the handler has
/// returned.
#[test]
fn everybody_learns_of_the_end() {
    check("everybody_learns_of_the_end", || {
        let (ours, theirs) = wire(NARROW);
        let served = serve(ours, strict(), async |mut socket: WebSocket| {
            let [sends, flushes, waits] = [(); 3].map(|()| socket.sender());
            task(async move {
                for number in 0..3 {
                    if sends.send(format!("a{number}").into()).await.is_err() {
                        break;
                    }
                }
                sends.closed().await;
            });
            task(async move {
                let _ = flushes.flush().await;
            });
            task(async move { waits.closed().await });
            assert!(socket.recv().await.is_some());
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            peer.send(TEXT, b"x").await;
            let (texts, code) = peer.texts_to_close().await;
            assert_in_order(&texts, 'a', texts.len());
            assert_eq!(code, Some(1000));
            peer.answer_and_end(1000).await;
        });
        assert_clean(served);
        peer.join().unwrap();
    });
}

/// A supervisor that another task goes on to poll, with another waker, misses nothing: of its peer, of
/// those who send, of its topics.
#[test]
fn supervisor_that_moves() {
    check("supervisor_that_moves", || {
        let (ours, theirs) = wire(NARROW);
        let (give, take) = mpsc::channel();
        let accepting = accepting(ProvidedIo::new(ours), strict(), None);
        let mut supervised = supervise(accepting, async |mut socket: WebSocket| {
            let topic = Topic::new();
            let _member = socket.subscribe(&topic);
            task(async move { topic.publish("t0") });
            task(send_numbered(socket.sender(), 'a', 2));
            echo(&mut socket).await;
        });
        task(async move {
            let ended = poll_once(supervised.as_mut()).await;
            assert!(ended.is_none());
            give.send(supervised).unwrap();
        });
        let served = task(async move { take.recv().unwrap().await });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            peer.send(TEXT, b"x0").await;
            let texts = peer.texts(4).await;
            assert_in_order(&texts, 'a', 2);
            assert_in_order(&texts, 't', 1);
            assert_in_order(&texts, 'x', 1);
            peer.close_and_end().await;
        });
        assert_clean(served);
        peer.join().unwrap();
    });
}
