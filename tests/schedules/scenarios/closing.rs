//! Connections that are closed, cut and drained from outside.

use std::{future::Future, time::Duration};

use shuttle::thread::JoinHandle;
use tower_websock::{
    Accepting, CloseFrame, Closure, Connections, Drain, ProvidedIo, UpgradeError, WebSocket,
};

use crate::{
    checking::check,
    server::{accepting, assert_clean, strict, supervise},
    wire::{End, NARROW, Peer, TEXT, assert_in_order, task, wire},
};

/// A handler that echoes, beside a task that sends.
fn busy(accepting: Accepting) -> JoinHandle<Result<Closure, UpgradeError>> {
    task(supervise(accepting, async |mut socket: WebSocket| {
        let sender = socket.sender();
        task(async move {
            for number in 0..2 {
                if sender.send(format!("s{number}").into()).await.is_err() {
                    break;
                }
            }
        });
        while let Some(Ok(message)) = socket.recv().await {
            if message.is_data() {
                let _ = socket.send(message).await;
            }
        }
    }))
}

/// Sends something, reads up to this Close, and answers it.
async fn until_closed(mut peer: Peer, code: u16) {
    peer.send(TEXT, b"x0").await;
    let (texts, closed) = peer.texts_to_close().await;
    for name in ['s', 'x'] {
        let count = texts.iter().filter(|text| text.starts_with(name)).count();
        assert_in_order(&texts, name, count);
    }
    assert_eq!(closed, Some(code));
    peer.answer_and_end(code).await;
}

/// All that is open or opens is cut now.
fn cut_all(connections: &Connections) -> impl Future<Output = ()> + Send + use<> {
    let drained = connections.drain(Drain::new().deadline(Duration::ZERO));
    async {
        let drained = drained.await;
        assert_eq!((drained.clean, drained.running), (0, 0));
        assert!(drained.cut <= 1);
    }
}

#[test]
fn closed_from_outside_during_a_turn() {
    check("closed_from_outside_during_a_turn", || {
        let connections = Connections::new();
        let (ours, theirs) = wire(NARROW);
        let accepting = accepting(ProvidedIo::new(ours), strict(), Some(&connections));
        assert_closes_from_outside(accepting, &connections, theirs);
    });
}

/// Another task closes the connection while its handler works; its peer sees that.
fn assert_closes_from_outside(accepting: Accepting, connections: &Connections, theirs: End) {
    let id = accepting.id().unwrap();
    let served = busy(accepting);
    let closing = connections.clone();
    task(async move {
        assert!(closing.close(id, CloseFrame::new(4000, "")).unwrap());
    });
    let peer = task(until_closed(Peer::new(theirs), 4000));
    assert_clean(served);
    assert!(connections.is_empty());
    peer.join().unwrap();
}

#[test]
fn cut_from_outside_during_a_turn() {
    check("cut_from_outside_during_a_turn", || {
        let connections = Connections::new();
        let (ours, theirs) = wire(NARROW);
        let served = busy(accepting(
            ProvidedIo::new(ours),
            strict(),
            Some(&connections),
        ));
        let cut = connections.clone();
        let cut = task(async move { cut_all(&cut).await });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            peer.send(TEXT, b"x0").await;
            peer.bytes_to_end().await;
        });
        match served.join().unwrap() {
            Ok(closure) => assert!(!closure.is_clean(), "{closure:?}"),
            Err(error) => assert!(matches!(error, UpgradeError::Cut), "{error:?}"),
        }
        cut.join().unwrap();
        assert!(connections.is_empty());
        peer.join().unwrap();
    });
}

/// The acceptance is said to be sent, or the place taken away, whichever comes first.
#[test]
fn cut_while_it_opens() {
    check("cut_while_it_opens", || {
        let connections = Connections::new();
        let (ours, theirs) = wire(NARROW);
        let (io, release) = ProvidedIo::held(ours);
        let served = busy(accepting(io, strict(), Some(&connections)));
        task(async move { release.release() });
        let cut = connections.clone();
        let cut = task(async move { cut_all(&cut).await });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            peer.bytes_to_end().await;
        });
        if let Err(error) = served.join().unwrap() {
            assert!(matches!(error, UpgradeError::Cut), "{error:?}");
        }
        cut.join().unwrap();
        assert!(connections.is_empty());
        peer.join().unwrap();
    });
}

#[test]
fn closed_while_it_opens() {
    check("closed_while_it_opens", || {
        let connections = Connections::new();
        let (ours, theirs) = wire(NARROW);
        let (io, release) = ProvidedIo::held(ours);
        let accepting = accepting(io, strict(), Some(&connections));
        task(async move { release.release() });
        assert_closes_from_outside(accepting, &connections, theirs);
    });
}

/// A drain ends when both connections have, and finds each place free and each handler gone.
#[test]
fn drain_of_two() {
    check("drain_of_two", || {
        let connections = Connections::new();
        let both = [(); 2].map(|()| {
            let (ours, theirs) = wire(NARROW);
            let served = busy(accepting(
                ProvidedIo::new(ours),
                strict(),
                Some(&connections),
            ));
            (served, task(until_closed(Peer::new(theirs), 1001)))
        });
        let drain = Drain::new()
            .accept_for(Duration::ZERO)
            .spread(Duration::ZERO);
        let drained = connections.drain(drain);
        let drained = task(drained).join().unwrap();
        assert_eq!((drained.clean, drained.cut, drained.running), (2, 0, 0));
        assert!(connections.is_empty());
        for (served, peer) in both {
            assert_clean(served);
            peer.join().unwrap();
        }
    });
}

/// A socket without a supervisor that waits learns that it is closed from outside, and says so to
/// its peer.
#[test]
fn unsupervised_closed_from_outside() {
    check("unsupervised_closed_from_outside", || {
        let connections = Connections::new();
        let (ours, theirs) = wire(NARROW);
        let accepting = accepting(ProvidedIo::new(ours), strict(), Some(&connections));
        let id = accepting.id().unwrap();
        let served = task(async move {
            let (mut send, mut recv) = accepting.socket().await.unwrap().split();
            task(async move { send.closed().await });
            while let Some(message) = recv.recv().await {
                message.unwrap();
            }
        });
        let closing = connections.clone();
        task(async move {
            assert!(closing.close(id, CloseFrame::new(4000, "")).unwrap());
        });
        let peer = task(until_closed(Peer::new(theirs), 4000));
        served.join().unwrap();
        peer.join().unwrap();
        assert!(connections.is_empty());
    });
}
