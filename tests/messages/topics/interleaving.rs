//! Everything at once, on several threads: publishing, subscribing, unsubscribing, closing, peers
//! that are slow or gone, and what handlers send themselves.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{io::DuplexStream, task::yield_now, time::timeout};
use tower_websock::{Error, Lag, SubscriberId, Subscription, TopicConfig};

use super::*;

const TOPICS: usize = 3;
const SOCKETS: usize = 8;
const PUBLISHERS: usize = 3;
const PUBLISHED: usize = 400;
const STEPS: usize = 200;
const CASES: u64 = 12;

/// Numbers that look random: the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % most as u64).unwrap()
    }
}

/// A topic whose messages are numbered, in the order in which they are published.
struct Numbered {
    topic: Topic,
    which: usize,
    next: Mutex<usize>,
}

impl Numbered {
    fn publish(&self, from: Option<SubscriberId>) -> usize {
        let mut next = self.next.lock().unwrap();
        let message = format!("topic {} {}", self.which, *next);
        match from {
            Some(from) => self.topic.publish_from(from, message),
            None => self.topic.publish(message),
        }
        *next += 1;
        *next - 1
    }
}

fn policy(dice: &mut Dice) -> Lag {
    match dice.below(3) {
        0 => Lag::Skip,
        1 => Lag::Latest,
        _ => Lag::Close {
            messages: 100 + dice.below(1000),
            time: Duration::MAX,
        },
    }
}

/// What a handler tells its peer of its subscription, before and after.
async fn subscribe(
    socket: &mut WebSocket,
    topic: &Numbered,
    lag: Lag,
) -> Result<Subscription, Error> {
    let which = topic.which;
    let kind = match lag {
        Lag::Skip => "skip",
        Lag::Latest => "latest",
        _ => "close",
    };
    socket.send(format!("begin {which} {kind}").into()).await?;
    Ok(socket.subscribe_with(&topic.topic, Subscribe::new().lag(lag)))
}

async fn unsubscribe(
    socket: &mut WebSocket,
    topic: &Numbered,
    subscription: Subscription,
) -> Result<(), Error> {
    let skipped = subscription.skipped();
    let which = topic.which;
    // What was forwarded stands before it.
    drop(subscription);
    socket.send(format!("end {which} {skipped}").into()).await
}

async fn handle(
    mut socket: WebSocket,
    topics: Arc<[Numbered; TOPICS]>,
    seed: u64,
) -> Result<(), Error> {
    let mut dice = Dice(seed);
    let mut subscriptions = [const { None }; TOPICS];
    for own in 0..STEPS {
        let which = dice.below(TOPICS);
        let topic = &topics[which];
        match (dice.below(8), &mut subscriptions[which]) {
            (0 | 1, subscription @ None) => {
                let lag = policy(&mut dice);
                *subscription = Some(subscribe(&mut socket, topic, lag).await?);
            }
            (0, subscription) => {
                if let Some(subscription) = subscription.take() {
                    unsubscribe(&mut socket, topic, subscription).await?;
                }
            }
            (2, Some(subscription)) => {
                let number = topic.publish(Some((&*subscription).into()));
                socket.send(format!("mine {which} {number}").into()).await?;
            }
            (3, _) => {
                let _ = timeout(Duration::from_micros(50), socket.recv()).await;
            }
            _ => yield_now().await,
        }
        socket.send(format!("own {own}").into()).await?;
    }
    for (topic, subscription) in topics.iter().zip(subscriptions) {
        if let Some(subscription) = subscription {
            unsubscribe(&mut socket, topic, subscription).await?;
        }
    }
    Ok(())
}

/// One topic, as a peer sees it.
#[derive(Default)]
struct Seen {
    next: usize,
    kind: String,
    /// Since the subscription began: its first message, what was missing, what the handler published.
    first: Option<usize>,
    missing: HashSet<usize>,
    mine: HashSet<usize>,
}

impl Seen {
    fn begin(&mut self, kind: &str) {
        *self = Self {
            next: self.next,
            kind: kind.to_owned(),
            ..Self::default()
        };
    }

    fn message(&mut self, number: usize) {
        assert!(number >= self.next, "{number} came after {}", self.next);
        if self.first.is_some() {
            self.missing.extend(self.next..number);
        }
        self.first.get_or_insert(number);
        self.next = number + 1;
    }

    fn end(&self, skipped: usize) {
        let first = self.first.unwrap_or(usize::MAX);
        for number in &self.mine {
            assert!(*number < first || self.missing.contains(number) || *number >= self.next);
        }
        let others = self.missing.difference(&self.mine).count();
        if self.kind == "close" {
            assert_eq!((others, skipped), (0, 0));
        }
        assert!(others <= skipped, "{others} {skipped} {}", self.kind);
    }
}

/// Reads until the end; returns how many messages came of topics.
async fn watch(mut peer: Peer<DuplexStream>, mut dice: Dice) -> usize {
    let mut topics: [Seen; TOPICS] = Default::default();
    let (mut own, mut count) = (0, 0);
    let patience = 1 + dice.below(40);
    let leaves_after = dice.below(4000);
    while let Some((first, message)) = peer.read().await {
        if first == CLOSE {
            let code = u16::from_be_bytes([message[0], message[1]]);
            assert!(matches!(code, 1000 | 1013), "{code}");
            peer.send(&close_frame(code)).await;
            break;
        }
        let message = String::from_utf8(message).unwrap();
        let words: Vec<_> = message.split(' ').collect();
        let number = |at: usize| words[at].parse::<usize>().unwrap();
        match words[0] {
            "own" => {
                assert_eq!(number(1), own);
                own += 1;
            }
            "begin" => topics[number(1)].begin(words[2]),
            "topic" => {
                topics[number(1)].message(number(2));
                count += 1;
            }
            "mine" => drop(topics[number(1)].mine.insert(number(2))),
            "end" => topics[number(1)].end(number(2)),
            _ => panic!("{message}"),
        }
        if dice.below(patience) == 0 {
            yield_now().await;
        }
        if count > leaves_after {
            // Without a word.
            return count;
        }
    }
    count
}

async fn run(seed: u64) -> usize {
    let mut dice = Dice(seed);
    let topics = std::array::from_fn(|which| Numbered {
        topic: Topic::with_config(TopicConfig::new().capacity(4 + dice.below(60))),
        which,
        next: Mutex::new(0),
    });
    let topics = Arc::new(topics);
    let mut watching = Vec::new();
    for _ in 0..SOCKETS {
        let (client, server) = tokio::io::duplex(64 + dice.below(2000));
        let config = Config::new().write_high_water(1 + dice.below(2000));
        let topics = topics.clone();
        let seed = dice.below(usize::MAX) as u64;
        let task = supervise(server, config, move |socket| handle(socket, topics, seed));
        let dice = Dice(dice.below(usize::MAX) as u64);
        watching.push((tokio::spawn(watch(Peer::new(client), dice)), task));
    }
    let publishing: Vec<_> = (0..PUBLISHERS)
        .map(|_| {
            let topics = topics.clone();
            let mut dice = Dice(dice.below(usize::MAX) as u64);
            tokio::spawn(async move {
                for _ in 0..PUBLISHED {
                    topics[dice.below(TOPICS)].publish(None);
                    if dice.below(5) == 0 {
                        yield_now().await;
                    }
                }
            })
        })
        .collect();
    for publisher in publishing {
        publisher.await.unwrap();
    }
    let mut count = 0;
    for (watcher, task) in watching {
        count += watcher.await.unwrap();
        task.await.unwrap();
    }
    for numbered in &*topics {
        let stats = numbered.topic.stats();
        assert_eq!((stats.subscribers, stats.held_messages), (0, 0));
    }
    count
}

/// Each subscriber gets a part of what was published, in order, nothing twice, as much as its policy
/// allows; what is left out is counted; a handler's own messages all arrive.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn any_interleaving_is_in_order() {
    let seed = RandomState::new().hash_one(());
    let mut count = 0;
    for case in 0..CASES {
        let seed = seed.wrapping_add(case);
        println!("seed {seed}");
        let all = timeout(Duration::from_secs(60), run(seed));
        count += all.await.expect("no end");
    }
    assert!(count > 1000, "{count}");
}
