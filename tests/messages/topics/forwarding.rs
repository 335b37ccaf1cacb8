//! What is published is forwarded, whatever the handler does.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::{
    sync::mpsc,
    task::yield_now,
    time::{sleep, timeout},
};
use tower_websock::{
    Config, Error, Message, PreparedMessage, Subscribe, Topic, TopicStream, WebSocket,
};

use super::*;

/// All of one topic, in order, to all: to a handler that receives, and to one that waits for
/// something else.
#[tokio::test(start_paused = true)]
async fn all_get_everything_in_order() {
    let topic = Topic::new();
    let (told, mut subscribed) = mpsc::unbounded_channel();
    let mut peers = Vec::new();
    for receives in [true, false] {
        let (topic, told) = (topic.clone(), told.clone());
        peers.push(pair(async move |mut socket: WebSocket| {
            let _subscription = socket.subscribe(&topic);
            told.send(()).unwrap();
            if !receives {
                let sender = socket.sender();
                sender.closed().await;
            }
            while let Some(Ok(_)) = socket.recv().await {}
        }));
        subscribed.recv().await.unwrap();
    }
    assert_eq!(topic.subscribers(), 2);
    for number in 0..500 {
        topic.publish(format!("{number}"));
        if number % 7 == 0 {
            yield_now().await;
        }
    }
    for (mut peer, task) in peers {
        for number in 0..500 {
            peer.expect(TEXT, number.to_string().as_bytes()).await;
        }
        close_by_peer(peer, task).await;
    }
    assert_eq!(topic.subscribers(), 0);
    assert_eq!(topic.stats().held_messages, 0);
    assert_eq!(topic.stats().published, 500);
}

/// A handler's own message goes before what its topics have, and nothing comes after the
/// subscription was dropped, or before it was made.
#[tokio::test(start_paused = true)]
async fn subscription_begins_and_ends() {
    let topic = Topic::new();
    topic.publish("early");
    let of_handler = topic.clone();
    let (mut peer, task) = pair(async move |mut socket: WebSocket| {
        let subscription = socket.subscribe(&of_handler);
        of_handler.publish("published");
        socket.send("sent".into()).await?;
        sleep(Duration::from_secs(1)).await;
        drop(subscription);
        of_handler.publish("late");
        assert_eq!(of_handler.subscribers(), 0);
        socket.send("end".into()).await?;
        while socket.recv().await.transpose()?.is_some() {}
        Ok::<_, Error>(())
    });
    peer.expect(TEXT, b"sent").await;
    peer.expect(TEXT, b"published").await;
    peer.expect(TEXT, b"end").await;
    close_by_peer(peer, task).await;
}

/// A subscriber does not get what it published itself, nor what its filter leaves out; `forever`
/// lasts until the socket closes.
#[tokio::test(start_paused = true)]
async fn own_messages_and_unwanted_ones_are_left_out() {
    let topic = Topic::new();
    let room = topic.clone();
    let (mut peer, task) = pair(async move |mut socket: WebSocket| {
        let subscription = socket.subscribe(&room);
        let short = Subscribe::new().filter(|message| message.len() < 4);
        socket.subscribe_with(&room, short).forever();
        while let Some(Ok(message)) = socket.recv().await {
            if let Ok(message) = PreparedMessage::try_from(message) {
                room.publish_from(&subscription, message);
            }
        }
    });
    peer.send(&frame(0x81, b"own")).await;
    peer.expect(TEXT, b"own").await;
    topic.publish("long one");
    topic.publish("two");
    peer.expect(TEXT, b"long one").await;
    peer.expect(TEXT, b"two").await;
    peer.expect(TEXT, b"two").await;
    assert_eq!(topic.stats().skipped, 0);
    close_by_peer(peer, task).await;
    assert_eq!(topic.subscribers(), 0);
}

/// Several topics of a socket: each in order, and one of which there is always more does not keep
/// the others waiting.
#[tokio::test(start_paused = true)]
async fn topics_take_turns() {
    let topics = [Topic::new(), Topic::new(), Topic::new()];
    let subscribed = topics.clone();
    let (client, server) = tokio::io::duplex(LITTLE);
    let task = supervise(server, little(), async move |mut socket: WebSocket| {
        for topic in &subscribed {
            socket.subscribe(topic).forever();
        }
        while let Some(Ok(_)) = socket.recv().await {}
    });
    while topics[2].subscribers() == 0 {
        yield_now().await;
    }
    for number in 0..200 {
        for (which, topic) in topics.iter().enumerate() {
            topic.publish(format!("{which} {number}"));
        }
    }
    let mut peer = Peer::new(client);
    let mut next = [0; 3];
    for _ in 0..600 {
        let (_, message) = peer.read().await.unwrap();
        let message = String::from_utf8(message).unwrap();
        let (which, number) = message.split_once(' ').unwrap();
        let which: usize = which.parse().unwrap();
        assert_eq!(number.parse(), Ok(next[which]));
        next[which] += 1;
        let (least, most) = (next.iter().min(), next.iter().max());
        assert!(*most.unwrap() <= 48 + 2 * least.unwrap(), "{next:?}");
    }
    close_by_peer(peer, task).await;
}

/// A socket without a supervisor forwards while it receives, and a stream gives the messages to its
/// owner.
#[tokio::test(start_paused = true)]
async fn sockets_without_a_supervisor_get_the_same() {
    let topic = Topic::new();
    let (client, server) = tokio::io::duplex(1 << 16);
    let mut socket = WebSocket::server(server, &Config::new());
    let _subscription = socket.subscribe(&topic);
    let mut stream: TopicStream = topic.stream();
    let receiving = tokio::spawn(async move { socket.recv().await });
    let mut peer = Peer::new(client);
    for number in 0..20 {
        yield_now().await;
        topic.publish(format!("{number}"));
        peer.expect(TEXT, format!("{number}").as_bytes()).await;
        let streamed = stream.next().await.unwrap();
        assert_eq!(streamed.data(), format!("{number}").as_bytes());
    }
    let more = timeout(Duration::from_secs(1), stream.recv());
    assert!(more.await.is_err(), "there is no more");
    peer.send(&frame(0x81, b"hello")).await;
    let received = receiving.await.unwrap().unwrap().unwrap();
    assert_eq!(received, Message::text("hello"));
}

/// A filter that panics ends the connection with 1011, not the others'.
#[tokio::test(start_paused = true)]
async fn filter_that_panics_ends_its_connection() {
    let topic = Topic::new();
    let broken = Subscribe::new().filter(|message| panic!("no {message:?}"));
    let mut broken = member(Config::new(), &topic, broken).await;
    let mut other = member(Config::new(), &topic, Subscribe::new()).await;
    topic.publish("hello");
    broken.peer.expect_close(1011).await;
    broken.peer.send(&close_frame(1011)).await;
    assert!(end_of(broken.peer, broken.task).await.is_clean());
    other.peer.expect(TEXT, b"hello").await;
    close_by_peer(other.peer, other.task).await;
}
