//! Subscribers whose peers do not read, under each policy.

use std::time::Duration;

use tokio::{task::yield_now, time::Instant};
use tower_websock::{Lag, PreparedMessage, TopicConfig};

use super::*;

const NEVER: Duration = Duration::MAX;

/// Publishes the numbers from 0 on, and lets all take what they can after each.
async fn publish(topic: &Topic, count: usize) {
    for number in 0..count {
        topic.publish(format!("{number:03}"));
        yield_now().await;
        yield_now().await;
    }
}

/// The numbers that `member` gets, up to `last`.
async fn numbers(member: &mut Member, last: usize) -> Vec<usize> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let (_, message) = member.peer.read().await.unwrap();
        numbers.push(String::from_utf8(message).unwrap().parse().unwrap());
    }
    numbers
}

/// How many come one behind the other from the first on.
fn unbroken(numbers: &[usize]) -> usize {
    let pairs = numbers.iter().enumerate();
    pairs.take_while(|(index, number)| index == *number).count()
}

async fn stats_of(mut member: Member) -> Stats {
    close_by_peer(member.peer, member.task).await;
    member.stats.recv().await.unwrap()
}

/// Skip: what has left the ring is left out, in one place, and counted exactly; others get all.
#[tokio::test(start_paused = true)]
async fn skipping_leaves_out_the_oldest() {
    let topic = Topic::with_config(TopicConfig::new().capacity(10));
    let mut wedged = member(little(), &topic, Subscribe::new()).await;
    let mut other = member(little(), &topic, Subscribe::new()).await;
    let reading = tokio::spawn(async move { (numbers(&mut other, 999).await, other) });
    publish(&topic, 1000).await;
    assert_eq!(topic.stats().held_messages, 10);

    let (all, other) = reading.await.unwrap();
    assert_eq!(unbroken(&all), 1000);
    assert_eq!(stats_of(other).await.skipped, 0);

    let got = numbers(&mut wedged, 999).await;
    let before = unbroken(&got);
    let after: Vec<_> = (990..1000).collect();
    assert_eq!(got[before..], after, "{got:?}");
    let skipped = 990 - before as u64;
    assert_eq!(topic.stats().skipped, skipped);
    assert_eq!(stats_of(wedged).await.skipped, skipped);
    assert_eq!(topic.stats().held_messages, 0);
}

/// The ring is bounded by bytes, too, and what is left out can be told in its place.
#[tokio::test(start_paused = true)]
async fn peer_is_told_how_many_were_left_out() {
    let topic = Topic::with_config(TopicConfig::new().max_bytes(30));
    let telling = Subscribe::new().notice(|skipped| Some(format!("-{skipped}")));
    let mut wedged = member(little(), &topic, telling).await;
    publish(&topic, 500).await;
    assert_eq!(topic.stats().held_bytes, 30);
    let mut next = 0;
    let mut told = 0;
    while next < 500 {
        let (_, message) = wedged.peer.read().await.unwrap();
        let message = String::from_utf8(message).unwrap();
        if let Some(skipped) = message.strip_prefix('-') {
            let skipped: usize = skipped.parse().unwrap();
            next += skipped;
            told += skipped;
        } else {
            assert_eq!(message.parse(), Ok(next));
            next += 1;
        }
    }
    assert!(told > 300);
    assert_eq!(stats_of(wedged).await.skipped, told as u64);
}

/// Latest: what was overtaken is left out, of each kind by itself, though it has left the ring.
#[tokio::test(start_paused = true)]
async fn latest_is_the_newest_of_each_key() {
    let topic = Topic::with_config(TopicConfig::new().capacity(10).lag(Lag::Latest));
    let mut wedged = member(little(), &topic, Subscribe::new()).await;
    publish(&topic, 500).await;
    for round in 0..20 {
        topic.publish_keyed("a", format!("{}", 1000 + round));
        topic.publish_keyed(7, format!("{}", 2000 + round));
    }
    for round in 0..100 {
        topic.publish_keyed("c", format!("{}", 3000 + round));
        yield_now().await;
    }
    let got = numbers(&mut wedged, 3099).await;
    let before = unbroken(&got);
    assert_eq!(got[before..], [499, 1019, 2019, 3099], "{got:?}");
    let published = topic.stats().published;
    let skipped = published - got.len() as u64;
    assert_eq!(stats_of(wedged).await.skipped, skipped);
    assert_eq!(topic.stats().held_messages, 0);
}

/// Close: at the message that is too many, with 1013, behind everything that was taken.
#[tokio::test(start_paused = true)]
async fn closing_comes_after_so_many_messages() {
    for most in [0, 1, 20, usize::MAX] {
        let topic = Topic::with_config(TopicConfig::new().capacity(100));
        let strict = Subscribe::new().lag(Lag::Close {
            messages: most,
            time: NEVER,
        });
        let mut wedged = member(little(), &topic, strict).await;
        let mut other = member(little(), &topic, Subscribe::new()).await;
        let mut published = 0;
        while topic.stats().closed == 0 {
            topic.publish(format!("{published:03}"));
            other
                .peer
                .expect(TEXT, format!("{published:03}").as_bytes())
                .await;
            published += 1;
            yield_now().await;
        }
        let taken = published - most.min(100) - 1;
        let got = numbers(&mut wedged, taken - 1).await;
        assert_eq!(unbroken(&got), taken);
        wedged.peer.expect_close(1013).await;
        assert_eq!(topic.subscribers(), 1);
        wedged.peer.send(&close_frame(1013)).await;
        assert!(end_of(wedged.peer, wedged.task).await.is_clean());
        close_by_peer(other.peer, other.task).await;
    }
}

/// Close: after so long, though nothing is published any more.
#[tokio::test(start_paused = true)]
async fn closing_comes_after_so_long() {
    let topic = Topic::new();
    let time = Duration::from_secs(3);
    let messages = usize::MAX;
    let strict = Subscribe::new().lag(Lag::Close { messages, time });
    let mut wedged = member(little(), &topic, strict).await;
    let begin = Instant::now();
    publish(&topic, 200).await;
    assert_eq!(begin.elapsed(), Duration::ZERO);
    while topic.stats().closed == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(begin.elapsed() < Duration::from_secs(4));
    }
    assert!(begin.elapsed() >= time);
    let mut got = 0;
    loop {
        let (first, message) = wedged.peer.read().await.unwrap();
        if first == CLOSE {
            assert_eq!(message[..2], 1013_u16.to_be_bytes());
            break;
        }
        assert_eq!(message, format!("{got:03}").as_bytes());
        got += 1;
    }
    assert!((1..200).contains(&got));
    wedged.peer.send(&close_frame(1013)).await;
    assert!(end_of(wedged.peer, wedged.task).await.is_clean());
}

/// Close: also by the ring if that is full of bytes before it is of messages.
#[tokio::test(start_paused = true)]
async fn closing_comes_when_the_ring_is_full_of_bytes() {
    let messages = usize::MAX;
    let lag = Lag::Close {
        messages,
        time: NEVER,
    };
    let topic = Topic::with_config(TopicConfig::new().max_bytes(3 * 20).lag(lag));
    let mut wedged = member(little(), &topic, Subscribe::new()).await;
    let mut published = 0;
    while topic.stats().closed == 0 {
        topic.publish(format!("{published:03}"));
        published += 1;
        yield_now().await;
        yield_now().await;
    }
    let taken = published - 20 - 1;
    let got = numbers(&mut wedged, taken - 1).await;
    assert_eq!(unbroken(&got), taken);
    wedged.peer.expect_close(1013).await;
    wedged.peer.send(&close_frame(1013)).await;
    assert!(end_of(wedged.peer, wedged.task).await.is_clean());
}

/// Whoever unsubscribes while it is behind is not closed for that later, and goes on.
#[tokio::test(start_paused = true)]
async fn unsubscribing_ends_the_time_of_being_behind() {
    let topic = Topic::new();
    let (client, server) = tokio::io::duplex(LITTLE);
    let room = topic.clone();
    let task = supervise(server, little(), async move |mut socket: WebSocket| {
        let time = Duration::from_secs(3);
        let messages = usize::MAX;
        let strict = Subscribe::new().lag(Lag::Close { messages, time });
        let subscription = socket.subscribe_with(&room, strict);
        while let Some(Ok(message)) = socket.recv().await {
            if message.is_data() {
                break;
            }
        }
        drop(subscription);
        while let Some(Ok(_)) = socket.recv().await {}
    });
    while topic.subscribers() == 0 {
        yield_now().await;
    }
    publish(&topic, 200).await;
    let mut peer = Peer::new(client);
    peer.send(&frame(TEXT, b"leave")).await;
    while topic.subscribers() > 0 {
        yield_now().await;
    }
    tokio::time::sleep(Duration::from_secs(20)).await;
    let mut got = 0;
    peer.send(&close_frame(1000)).await;
    loop {
        let (first, message) = peer.read().await.unwrap();
        if first == CLOSE {
            assert_eq!(message, 1000_u16.to_be_bytes());
            break;
        }
        got += 1;
    }
    assert!((1..200).contains(&got), "{got}");
    assert!(end_of(peer, task).await.is_clean());
}

/// A topic that always has more leaves room to those who send from other tasks.
#[tokio::test(start_paused = true)]
async fn senders_are_not_kept_waiting_by_a_topic() {
    let topic = Topic::new();
    let (client, server) = tokio::io::duplex(LITTLE);
    let room = topic.clone();
    let task = supervise(server, little(), async move |mut socket: WebSocket| {
        let sender = socket.sender();
        tokio::spawn(async move {
            for number in 0..20 {
                sender
                    .send(format!("own {number:0100}").into())
                    .await
                    .unwrap();
            }
        });
        socket.subscribe(&room).forever();
        while let Some(Ok(_)) = socket.recv().await {}
    });
    while topic.subscribers() == 0 {
        yield_now().await;
    }
    let mut peer = Peer::new(client);
    let (mut own, mut published) = (0, 0);
    while own < 20 {
        for _ in 0..100 {
            topic.publish("published");
        }
        let (_, message) = peer.read().await.unwrap();
        if message.starts_with(b"own") {
            own += 1;
        }
        published += 1;
        assert!(published < 5000, "{own}");
    }
    close_by_peer_amid(peer, task).await;
}

/// As a stream: whoever does not poll is behind.
#[tokio::test(start_paused = true)]
async fn streams_have_the_same_policies() {
    let topic = Topic::with_config(TopicConfig::new().capacity(4));
    let mut skipping = topic.stream();
    let mut latest = topic.stream_with(Subscribe::new().lag(Lag::Latest));
    let messages = 5;
    let strict = Lag::Close {
        messages,
        time: NEVER,
    };
    let mut strict = topic.stream_with(Subscribe::new().lag(strict));
    for number in 0..10 {
        topic.publish(format!("{number}"));
    }
    let data = |message: Option<PreparedMessage>| message.map(|message| message.data().to_vec());
    assert_eq!(data(skipping.recv().await), Some(b"6".to_vec()));
    assert_eq!(skipping.skipped(), 6);
    assert_eq!(data(latest.recv().await), Some(b"9".to_vec()));
    assert_eq!(latest.skipped(), 9);
    assert_eq!(data(strict.recv().await), None);
    assert_eq!(topic.subscribers(), 2);
    assert_eq!(topic.stats().closed, 1);
}

/// The peer closes while more comes.
async fn close_by_peer_amid(mut peer: Peer<DuplexStream>, task: JoinHandle<Closure>) {
    peer.send(&close_frame(1000)).await;
    while peer.read().await.unwrap().0 != CLOSE {}
    assert!(end_of(peer, task).await.is_clean());
}
