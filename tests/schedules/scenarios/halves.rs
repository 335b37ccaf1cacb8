//! The halves of a socket in tasks of their own, with a supervisor and without.

use std::sync::Arc;

use shuttle::{
    future::block_on,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};
use tower_websock::{RecvHalf, SendHalf, WebSocket};

use crate::{
    checking::check,
    server::{assert_clean, config, serve, strict, unsupervised},
    wire::{NARROW, PING, PONG, Peer, TEXT, WIDE, assert_in_order, poll_once, task, wire},
};

/// Sends so many texts.
async fn send_numbered(half: &mut SendHalf, count: usize) {
    for number in 0..count {
        half.send(format!("a{number}").into()).await.unwrap();
    }
}

/// Receives to the end: so many texts of the peer.
async fn receive_numbered(mut half: RecvHalf, count: usize) {
    let mut texts = Vec::new();
    while let Some(message) = half.recv().await {
        let message = message.unwrap();
        if message.is_data() {
            texts.push(message.into_text().unwrap().to_string());
        }
    }
    assert_in_order(&texts, 'p', count);
    assert_eq!(texts.len(), count);
}

/// A peer that sends while it is sent to, and wants its ping answered.
async fn converse(mut peer: Peer) {
    peer.send(TEXT, b"p0").await;
    peer.send(PING, b"?").await;
    peer.send(TEXT, b"p1").await;
    let mut texts = Vec::new();
    let mut pongs = 0;
    while texts.len() < 3 || pongs < 1 {
        match peer.frame().await.unwrap() {
            (TEXT, payload) => texts.push(String::from_utf8(payload).unwrap()),
            (PONG, payload) => {
                assert_eq!(payload, b"?");
                pongs += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_in_order(&texts, 'a', 3);
    peer.close_and_end().await;
}

#[test]
fn supervised_halves() {
    check("supervised_halves", || {
        let (ours, theirs) = wire(NARROW);
        let served = serve(ours, strict(), async |socket: WebSocket| {
            let (mut send, recv) = socket.split();
            task(async move {
                send_numbered(&mut send, 3).await;
                send.closed().await;
            });
            task(receive_numbered(recv, 2));
        });
        let peer = task(converse(Peer::new(theirs)));
        assert_clean(served);
        peer.join().unwrap();
    });
}

#[test]
fn unsupervised_halves() {
    check("unsupervised_halves", || {
        let (ours, theirs) = wire(NARROW);
        let (mut send, recv) = unsupervised(ours, strict()).split();
        task(async move {
            send_numbered(&mut send, 3).await;
            send.flush().await.unwrap();
        });
        task(receive_numbered(recv, 2));
        task(converse(Peer::new(theirs)));
    });
}

/// Three tasks that send, and none that receives: they read ahead, and answer the ping.
#[test]
fn unsupervised_senders() {
    check("unsupervised_senders", || {
        let (ours, theirs) = wire(NARROW);
        let (send, recv) = unsupervised(ours, strict()).split();
        drop(recv);
        let tasks = ['a', 'b'].map(|name| {
            let mut send = send.clone();
            task(async move {
                for number in 0..2 {
                    let text = format!("{name}{number}");
                    send.send(text.into()).await.unwrap();
                }
                send.closed().await;
            })
        });
        drop(send);
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            peer.send(TEXT, b"unread").await;
            let texts = peer.texts(4).await;
            assert_in_order(&texts, 'a', 2);
            assert_in_order(&texts, 'b', 2);
            peer.close(1000).await;
            peer.bytes_to_end().await;
        });
        for task in tasks {
            task.join().unwrap();
        }
        peer.join().unwrap();
    });
}

/// A task that sends without ever waiting reads what comes meanwhile: it answers a ping.
#[test]
fn unsupervised_sender_that_is_pinged() {
    check("unsupervised_sender_that_is_pinged", || {
        let (ours, theirs) = wire(WIDE);
        let (mut send, recv) = unsupervised(ours, config()).split();
        let has_ponged = Arc::new(AtomicBool::new(false));
        let is_told = has_ponged.clone();
        task(async move {
            send.send("first".into()).await.unwrap();
            while !is_told.load(Ordering::SeqCst) {
                send.send("a".into()).await.unwrap();
                thread::yield_now();
            }
            drop((send, recv));
        });
        let mut peer = Peer::new(theirs);
        task(async move {
            peer.send(PING, b"?").await;
            while peer.frame().await.unwrap() != (PONG, b"?".to_vec()) {}
            has_ponged.store(true, Ordering::SeqCst);
            peer.bytes_to_end().await;
        });
    });
}

/// A lone sender is woken by a transport that takes a part of its message at a time.
#[test]
fn unsupervised_sender_whose_peer_is_slow() {
    check("unsupervised_sender_whose_peer_is_slow", || {
        let (ours, theirs) = wire(2);
        let mut peer = Peer::new(theirs);
        let peer = task(async move { peer.texts(2).await });
        let mut socket = unsupervised(ours, config());
        for text in ["a0", "a1"] {
            block_on(socket.send(text.into())).unwrap();
        }
        assert_eq!(peer.join().unwrap(), ["a0", "a1"]);
    });
}

/// Handles that are dropped in any order take the transport with them, after what was sent.
#[test]
fn unsupervised_handles_are_dropped() {
    check("unsupervised_handles_are_dropped", || {
        let (ours, theirs) = wire(WIDE);
        let socket = unsupervised(ours, config());
        let sender = socket.sender();
        let (mut send, recv) = socket.split();
        let other = send.clone();
        task(async move {
            send.send("a0".into()).await.unwrap();
            drop(send);
        });
        task(async move { drop(other) });
        task(async move { drop(recv) });
        let closed = task(async move {
            sender.closed().await;
            assert!(sender.is_closed());
            assert!(sender.send("b".into()).await.is_err());
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            assert_eq!(peer.texts_to_close().await, (vec!["a0".to_owned()], None));
        });
        closed.join().unwrap();
        peer.join().unwrap();
    });
}

/// The same with a supervisor, which closes in order.
#[test]
fn supervised_handles_are_dropped() {
    check("supervised_handles_are_dropped", || {
        let (ours, theirs) = wire(NARROW);
        let served = serve(ours, strict(), async |socket: WebSocket| {
            let sender = socket.sender();
            let (mut send, recv) = socket.split();
            let other = send.clone();
            task(async move {
                send.send("a0".into()).await.unwrap();
                drop(send);
            });
            task(async move { drop(other) });
            task(async move { drop(recv) });
            task(async move { sender.closed().await });
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            let read = peer.texts_to_close().await;
            assert_eq!(read, (vec!["a0".to_owned()], Some(1000)));
            peer.answer_and_end(1000).await;
        });
        assert_clean(served);
        peer.join().unwrap();
    });
}

/// Futures that another task goes on to poll are woken there.
#[test]
fn futures_that_move() {
    check("futures_that_move", || {
        let (ours, theirs) = wire(NARROW);
        let served = serve(ours, strict(), async |socket: WebSocket| {
            let sender = socket.sender();
            let (mut send, mut recv) = socket.split();
            let (give, take) = mpsc::channel();
            task(async move {
                send.send("a0".into()).await.unwrap();
                let mut next = Box::pin(async move { sender.send("a1".into()).await });
                let was_sent = poll_once(next.as_mut()).await;
                give.send((was_sent.is_none().then_some(next), send))
                    .unwrap();
            });
            task(async move {
                let (next, send) = take.recv().unwrap();
                if let Some(next) = next {
                    next.await.unwrap();
                }
                drop(send);
            });
            let (give, take) = mpsc::channel();
            task(async move {
                let mut texts = Vec::new();
                if let Some(Some(message)) = poll_once(Box::pin(recv.recv()).as_mut()).await {
                    texts.push(message.unwrap());
                }
                give.send((recv, texts)).unwrap();
            });
            task(async move {
                let (mut recv, mut texts) = take.recv().unwrap();
                while let Some(message) = recv.recv().await {
                    texts.push(message.unwrap());
                }
                texts.retain(tower_websock::Message::is_data);
                assert_eq!(texts, ["p0".into(), "p1".into()]);
            });
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            peer.send(TEXT, b"p0").await;
            peer.send(TEXT, b"p1").await;
            let texts = peer.texts(2).await;
            assert_in_order(&texts, 'a', 2);
            peer.close_and_end().await;
        });
        assert_clean(served);
        peer.join().unwrap();
    });
}
