//! Topics: who publishes, who is subscribed, and who is behind.

use std::time::Duration;

use shuttle::{sync::mpsc, thread};
use tower_websock::{Lag, Subscribe, Topic, TopicConfig, TopicStream, WebSocket};

use crate::{
    checking::check,
    server::{assert_clean, serve, strict},
    wire::{NARROW, Peer, assert_in_order, task, wire},
};

/// Publishes so many texts with its name.
fn publish(topic: Topic, name: char, count: usize) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for number in 0..count {
            topic.publish(format!("{name}{number}"));
        }
    })
}

fn text(message: &tower_websock::PreparedMessage) -> String {
    String::from_utf8(message.data().to_vec()).unwrap()
}

/// Takes texts from a stream until there are so many, with those that it was told to have missed.
async fn take(stream: &mut TopicStream, count: u64) -> Vec<String> {
    let mut texts = Vec::new();
    while (texts.len() as u64) + stream.skipped() < count {
        texts.push(text(&stream.recv().await.unwrap()));
    }
    texts
}

/// Two streams get what two threads publish: everything, in one order.
#[test]
fn streams_of_two_publishers() {
    check("streams_of_two_publishers", || {
        let topic = Topic::new();
        let streams = [(); 2].map(|()| {
            let mut stream = topic.stream();
            task(async move { take(&mut stream, 4).await })
        });
        for name in ['a', 'b'] {
            publish(topic.clone(), name, 2);
        }
        let [one, other] = streams.map(|stream| stream.join().unwrap());
        assert_eq!(one, other);
        assert_in_order(&one, 'a', 2);
        assert_in_order(&one, 'b', 2);
        assert_eq!((topic.subscribers(), topic.stats().held_messages), (0, 0));
    });
}

/// A ring of one: what a stream gets and what it missed is all that was published.
#[test]
fn stream_that_is_behind() {
    check("stream_that_is_behind", || {
        let topic = Topic::with_config(TopicConfig::new().capacity(1));
        let mut stream = topic.stream();
        let took = task(async move { take(&mut stream, 4).await });
        let publishers = ['a', 'b'].map(|name| publish(topic.clone(), name, 2));
        let took = took.join().unwrap();
        for publisher in publishers {
            publisher.join().unwrap();
        }
        let stats = topic.stats();
        assert_eq!(took.len() as u64 + stats.skipped, 4);
        assert_eq!(stats.held_messages, 0);
    });
}

/// The newest of each key comes, whatever else does.
#[test]
fn stream_of_the_latest() {
    check("stream_of_the_latest", || {
        let topic = Topic::with_config(TopicConfig::new().capacity(1).lag(Lag::Latest));
        let mut stream = topic.stream();
        let took = task(async move {
            let mut texts = Vec::new();
            while !["a1", "b1"]
                .iter()
                .all(|last| texts.iter().any(|text| text == last))
            {
                texts.push(text(&stream.recv().await.unwrap()));
            }
            texts
        });
        for name in ["a", "b"] {
            let topic = topic.clone();
            thread::spawn(move || {
                topic.publish_keyed(name, format!("{name}0"));
                topic.publish_keyed(name, format!("{name}1"));
            });
        }
        let texts = took.join().unwrap();
        for name in ['a', 'b'] {
            let own = texts.iter().filter(|text| text.starts_with(name));
            assert!(own.is_sorted(), "{texts:?}");
        }
    });
}

/// A socket is sent all that is published while its handler waits for messages, and a stream in the
/// same order.
#[test]
fn socket_beside_a_stream() {
    check("socket_beside_a_stream", || {
        let (ours, theirs) = wire(NARROW);
        let topic = Topic::new();
        let mut stream = topic.stream();
        let streamed = task(async move { take(&mut stream, 4).await });
        let room = topic.clone();
        let served = serve(ours, strict(), async move |mut socket: WebSocket| {
            let _member = socket.subscribe(&room);
            for name in ['a', 'b'] {
                publish(room.clone(), name, 2);
            }
            while socket.recv().await.is_some() {}
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            let texts = peer.texts(4).await;
            peer.close_and_end().await;
            texts
        });
        assert_clean(served);
        assert_eq!(peer.join().unwrap(), streamed.join().unwrap());
        assert_eq!(topic.subscribers(), 0);
    });
}

/// A subscription that is dropped while something is published: what came before that is sent, in
/// order, and nothing is left behind in the topic.
#[test]
fn socket_that_unsubscribes() {
    check("socket_that_unsubscribes", || {
        let (ours, theirs) = wire(NARROW);
        let topic = Topic::new();
        let room = topic.clone();
        let served = serve(ours, strict(), async move |mut socket: WebSocket| {
            let member = socket.subscribe(&room);
            let leave = thread::spawn(move || drop(member));
            publish(room.clone(), 'a', 3);
            socket.send("h".into()).await.unwrap();
            while socket.recv().await.is_some() {}
            leave.join().unwrap();
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            assert_eq!(peer.frame().await.unwrap().1, b"h");
            peer.close(1000).await;
            let (texts, code) = peer.texts_to_close().await;
            assert_in_order(&texts, 'a', texts.len());
            assert_eq!((code, peer.frame().await), (Some(1000), None));
        });
        assert_clean(served);
        peer.join().unwrap();
        assert_eq!((topic.subscribers(), topic.stats().held_messages), (0, 0));
    });
}

/// A socket that may not miss anything gets everything, or as much as it could take and a Close.
#[test]
fn socket_that_is_too_slow() {
    check("socket_that_is_too_slow", || {
        let (ours, theirs) = wire(NARROW);
        let topic = Topic::with_config(TopicConfig::new().capacity(2));
        let room = topic.clone();
        let served = serve(ours, strict(), async move |mut socket: WebSocket| {
            let lag = Lag::Close {
                messages: 1,
                time: Duration::from_secs(1),
            };
            let _member = socket.subscribe_with(&room, Subscribe::new().lag(lag));
            publish(room.clone(), 'a', 4);
            while socket.recv().await.is_some() {}
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            let mut texts = Vec::new();
            while texts.len() < 4 {
                match peer.frame().await.unwrap() {
                    (crate::wire::TEXT, text) => texts.push(String::from_utf8(text).unwrap()),
                    (crate::wire::CLOSE, body) => {
                        assert_eq!(body[..2], 1013_u16.to_be_bytes());
                        peer.answer_and_end(1013).await;
                        assert_in_order(&texts, 'a', texts.len());
                        return true;
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert_in_order(&texts, 'a', 4);
            peer.close_and_end().await;
            false
        });
        assert_clean(served);
        let was_closed = peer.join().unwrap();
        assert_eq!(topic.stats().closed, u64::from(was_closed));
        assert_eq!(topic.subscribers(), 0);
    });
}

/// Streams come and go while something is published: none hears of what it did not ask for, and none
/// is left.
#[test]
fn streams_come_and_go() {
    check("streams_come_and_go", || {
        let topic = Topic::new();
        let (give, take) = mpsc::channel();
        let publisher = publish(topic.clone(), 'a', 3);
        let mut first = topic.stream();
        let leaving = thread::spawn(move || {
            let stream = take.recv().unwrap();
            drop::<TopicStream>(stream);
        });
        give.send(topic.stream()).unwrap();
        let mut later = topic.stream();
        topic.publish("end");
        for stream in [&mut first, &mut later] {
            let texts = shuttle::future::block_on(async {
                let mut texts = Vec::new();
                loop {
                    let next = text(&stream.recv().await.unwrap());
                    if next == "end" {
                        return texts;
                    }
                    texts.push(next);
                }
            });
            assert!(texts.is_sorted(), "{texts:?}");
        }
        drop((first, later));
        publisher.join().unwrap();
        leaving.join().unwrap();
        assert_eq!((topic.subscribers(), topic.stats().held_messages), (0, 0));
    });
}
