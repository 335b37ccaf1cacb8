//! Two or three threads that meet once, in all schedules that there are.

use std::time::Duration;

use shuttle::{future::block_on, thread};
use tower_websock::{CloseFrame, Connections, Drain, ProvidedIo, Topic};

use crate::{
    checking::check_all,
    server::{accepting, config, unsupervised},
    wire::{CLOSE, Peer, WIDE, task, wire},
};

#[test]
fn one_publishes_and_one_receives() {
    check_all("one_publishes_and_one_receives", || {
        let topic = Topic::new();
        let mut stream = topic.stream();
        let publisher = thread::spawn(move || topic.publish("a"));
        assert_eq!(block_on(stream.recv()).unwrap().data(), b"a");
        publisher.join().unwrap();
    });
}

#[test]
fn two_publish_and_one_receives() {
    check_all("two_publish_and_one_receives", || {
        let topic = Topic::new();
        let mut stream = topic.stream();
        for text in ["a", "b"] {
            let topic = topic.clone();
            thread::spawn(move || topic.publish(text));
        }
        let mut texts = [(); 2].map(|()| block_on(stream.recv()).unwrap().data()[0]);
        texts.sort_unstable();
        assert_eq!(texts, *b"ab");
    });
}

#[test]
fn acceptance_is_released_while_it_is_awaited() {
    check_all("acceptance_is_released_while_it_is_awaited", || {
        let (io, release) = ProvidedIo::held(wire(WIDE).0);
        let accepting = accepting(io, config(), None);
        thread::spawn(move || release.release());
        assert!(block_on(accepting.socket()).is_ok());
    });
}

#[test]
fn place_is_given_back_while_a_drain_waits() {
    check_all("place_is_given_back_while_a_drain_waits", || {
        let connections = Connections::new();
        let io = ProvidedIo::new(wire(WIDE).0);
        let accepting = accepting(io, config(), Some(&connections));
        thread::spawn(move || drop(accepting));
        let drained = connections.drain(Drain::new().deadline(Duration::ZERO));
        assert_eq!(block_on(drained).cut, 0);
        assert!(connections.is_empty());
    });
}

#[test]
fn close_is_sent_while_the_end_is_awaited() {
    check_all("close_is_sent_while_the_end_is_awaited", || {
        let (ours, _theirs) = wire(WIDE);
        let mut socket = unsupervised(ours, config());
        let sender = socket.sender();
        thread::spawn(move || sender.start_close(CloseFrame::new(1000, "")).unwrap());
        block_on(socket.closed());
        assert!(socket.is_closed());
    });
}

#[test]
fn message_is_sent_while_one_is_awaited() {
    check_all("message_is_sent_while_one_is_awaited", || {
        let (ours, theirs) = wire(WIDE);
        let mut peer = Peer::new(theirs);
        block_on(peer.send(CLOSE, &[]));
        let mut socket = unsupervised(ours, config());
        let sender = socket.sender();
        let sent = task(async move { sender.send("a".into()).await.is_ok() });
        assert!(block_on(socket.recv()).is_some());
        drop(socket);
        let sent = sent.join().unwrap();
        let expected: &[u8] = if sent { b"\x81\x01a\x88\0" } else { b"\x88\0" };
        assert_eq!(block_on(peer.bytes_to_end()), expected);
    });
}
