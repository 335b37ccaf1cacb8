//! A topic against a model that keeps everything.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
    time::Duration,
};

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof, proptest},
};

use super::{Cursor, Lag, Patience, Progress, Subscribe, SubscriberId, Topic, TopicConfig};
use crate::message::PreparedMessage;

/// So few keys that the newest of each always have room.
const KEYS: u8 = 3;
const NEVER: Duration = Duration::MAX;

#[derive(Clone, Debug)]
enum Step {
    /// With a key, a length, and maybe by a subscriber.
    Publish(Option<u8>, usize, Option<usize>),
    Join(Lag),
    Leave(usize),
    /// Up to so many bytes.
    Take(usize, usize),
    /// It has no room.
    Wait(usize),
}

fn lag() -> impl Strategy<Value = Lag> {
    prop_oneof![
        Just(Lag::Skip),
        Just(Lag::Latest),
        (0..20_usize).prop_map(|messages| Lag::Close {
            messages,
            time: NEVER
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let key = proptest::option::of(0..KEYS);
    let from = proptest::option::of(any::<usize>());
    prop_oneof![
        6 => (key, 0..9_usize, from).prop_map(|(key, len, from)| Step::Publish(key, len, from)),
        1 => lag().prop_map(Step::Join),
        1 => any::<usize>().prop_map(Step::Leave),
        4 => (any::<usize>(), 1..60_usize).prop_map(|(who, most)| Step::Take(who, most)),
        1 => any::<usize>().prop_map(Step::Wait),
    ]
}

/// How often a subscriber was woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A subscriber, and what the model knows of it.
struct Subscriber {
    cursor: Cursor,
    bell: Arc<Bell>,
    lag: Lag,
    /// The first that it was to get, and the next.
    first: usize,
    next: usize,
    got: usize,
    own: usize,
    /// It has taken all, so the next message must wake it, once.
    waits_since: Option<usize>,
    /// It is behind, and is woken when this is published.
    alarm: Option<usize>,
}

struct Published {
    key: Option<u8>,
    len: usize,
    from: Option<SubscriberId>,
}

struct Model {
    topic: Topic,
    capacity: usize,
    max_bytes: usize,
    published: Vec<Published>,
    front: usize,
    subscribers: Vec<Subscriber>,
    skipped: u64,
}

impl Model {
    fn new(capacity: usize, max_bytes: usize) -> Self {
        let config = TopicConfig::new().capacity(capacity).max_bytes(max_bytes);
        Self {
            topic: Topic::with_config(config),
            capacity,
            max_bytes,
            published: Vec::new(),
            front: 0,
            subscribers: Vec::new(),
            skipped: 0,
        }
    }

    fn end(&self) -> usize {
        self.published.len()
    }

    fn do_step(&mut self, step: &Step) {
        match *step {
            Step::Publish(key, len, from) => self.publish(key, len, from),
            Step::Join(lag) => self.join(lag),
            Step::Leave(who) => {
                if let Some(who) = self.pick(who) {
                    drop(self.subscribers.swap_remove(who));
                }
            }
            Step::Take(who, most) => {
                if let Some(who) = self.pick(who) {
                    self.take(who, most);
                }
            }
            Step::Wait(who) => {
                if let Some(who) = self.pick(who) {
                    self.wait(who);
                }
            }
        }
        self.drop_read();
        assert_eq!(self.topic.subscribers(), self.subscribers.len());
        assert_eq!(self.topic.stats().published, self.end() as u64);
        assert_eq!(self.topic.stats().skipped, self.skipped);
        let held = self.topic.stats().held_messages;
        let kept = held - (self.end() - self.front);
        assert!(kept <= usize::from(KEYS) + 1, "{kept}");
        if self.front == self.end() {
            assert_eq!(held, 0);
        }
    }

    fn pick(&self, who: usize) -> Option<usize> {
        let count = self.subscribers.len();
        (count > 0).then(|| who % count)
    }

    fn publish(&mut self, key: Option<u8>, len: usize, from: Option<usize>) {
        let from = from.and_then(|who| self.pick(who));
        let from = from.map(|who| self.subscribers[who].cursor.id());
        let number = self.end();
        let message = format!("{number:<len$}");
        let len = message.len();
        match (key, from) {
            (Some(key), _) => self.topic.publish_keyed(u64::from(key), message),
            (None, Some(from)) => self.topic.publish_from(from, message),
            (None, None) => self.topic.publish(message),
        }
        self.published.push(Published {
            key,
            len,
            from: from.filter(|_| key.is_none()),
        });
        self.drop_read();
        while self.end() - self.front > self.capacity
            || (self.bytes() > self.max_bytes && self.end() - self.front > 1)
        {
            self.front += 1;
        }
        let front = self.front;
        for subscriber in &mut self.subscribers {
            let rings = subscriber.bell.0.swap(0, Ordering::Relaxed);
            let is_lapped = subscriber.next < front;
            let is_alarmed = subscriber
                .alarm
                .take_if(|alarm| is_lapped || *alarm <= number);
            let was_waiting = subscriber.waits_since.take();
            let due = usize::from(was_waiting.is_some()) + usize::from(is_alarmed.is_some());
            assert_eq!(rings, due);
        }
    }

    fn bytes(&self) -> usize {
        let held = self.published[self.front..].iter();
        held.map(|published| published.len).sum()
    }

    /// What all have read is not held.
    fn drop_read(&mut self) {
        let next = self.subscribers.iter().map(|subscriber| subscriber.next);
        self.front = self.front.max(next.min().unwrap_or(self.end()));
    }

    fn join(&mut self, lag: Lag) {
        let bell = Arc::new(Bell::default());
        let wanted = Subscribe::new().lag(lag);
        let waker = Waker::from(bell.clone());
        let cursor = self.topic.cursor(SubscriberId::next(), wanted, &waker);
        assert!(cursor.is_up_to_date());
        self.subscribers.push(Subscriber {
            cursor,
            bell,
            lag,
            first: self.end(),
            next: self.end(),
            got: 0,
            own: 0,
            waits_since: Some(self.end()),
            alarm: None,
        });
    }

    /// Whether none of the same kind came later.
    fn is_newest(&self, number: usize) -> bool {
        let later = &self.published[number + 1..];
        let key = self.published[number].key;
        later.iter().all(|published| published.key != key)
    }

    fn take(&mut self, who: usize, most: usize) {
        let (end, front) = (self.end(), self.front);
        let (lag, from) = {
            let subscriber = &self.subscribers[who];
            assert_eq!(subscriber.cursor.is_up_to_date(), subscriber.next == end);
            (subscriber.lag, subscriber.next)
        };
        let waker = Waker::from(self.subscribers[who].bell.clone());
        let mut taken = self.subscribers[who].cursor.take(&waker, most);
        if from < front && matches!(lag, Lag::Close { .. }) {
            assert_eq!(taken.state(), Progress::TooSlow);
            drop(self.subscribers.swap_remove(who));
            return;
        }
        let is_wanted = |number: &usize| !lag.is_latest() || self.is_newest(*number);
        let begin = if lag.is_latest() {
            from
        } else {
            from.max(front)
        };
        let mut wanted = (begin..end).filter(is_wanted);
        let (mut bytes, mut next, mut got, mut own) = (0, from, Vec::new(), 0);
        while got.len() < 16 && bytes < most {
            let Some(number) = wanted.next() else {
                next = end;
                break;
            };
            next = number + 1;
            if self.published[number].from == Some(self.subscribers[who].cursor.id()) {
                own += 1;
            } else {
                bytes += self.published[number].len;
                got.push(number);
            }
        }
        let skipped = next - from - got.len() - own;
        assert_eq!(taken.skipped(), skipped as u64);
        let texts: Vec<_> = taken
            .messages()
            .map(|message| number_of(&message))
            .collect();
        assert_eq!(texts, got);
        let state = if next == end {
            Progress::UpToDate
        } else {
            Progress::Behind
        };
        assert_eq!(taken.state(), state);
        self.skipped += skipped as u64;
        let subscriber = &mut self.subscribers[who];
        subscriber.next = next;
        subscriber.got += got.len();
        subscriber.own += own;
        subscriber.alarm = None;
        if next == end {
            subscriber.waits_since.get_or_insert(end);
        }
        let all = subscriber.got + subscriber.own;
        let skipped = (subscriber.next - subscriber.first - all) as u64;
        assert_eq!(subscriber.cursor.skipped(), skipped);
    }

    fn wait(&mut self, who: usize) {
        let (end, front) = (self.end(), self.front);
        let subscriber = &mut self.subscribers[who];
        let waker = Waker::from(subscriber.bell.clone());
        let patience = subscriber.cursor.wait_behind(&waker);
        let behind = end - subscriber.next;
        let expected = match subscriber.lag {
            Lag::Close { messages, .. } if behind > 0 => {
                let most = messages.min(self.capacity);
                if subscriber.next < front || behind > most {
                    Patience::Over
                } else {
                    subscriber.alarm = Some(subscriber.next + most);
                    Patience::Endless
                }
            }
            _ => Patience::Endless,
        };
        match patience {
            Patience::Over => {
                assert_eq!(expected, Patience::Over);
                drop(self.subscribers.swap_remove(who));
            }
            // So late that it is never.
            Patience::Until(_) | Patience::Endless => assert_eq!(expected, Patience::Endless),
        }
    }
}

fn number_of(message: &PreparedMessage) -> usize {
    let text = std::str::from_utf8(message.data()).unwrap();
    text.trim().parse().unwrap()
}

proptest! {
    #![proptest_config(crate::randomised::cases(500))]

    /// Each subscriber takes what its policy allows, in order and once, and is woken once for what
    /// comes; what is held is what the slowest has not read, and no more than the ring.
    #[test]
    fn topic_is_as_its_model(
        capacity in 4..20_usize,
        max_bytes in 40..100_usize,
        steps in vec(step(), 1..200),
    ) {
        let mut model = Model::new(capacity, max_bytes);
        for step in &steps {
            model.do_step(step);
        }
    }
}

/// A topic that nobody listens to holds nothing, and one whose listeners are gone neither.
#[test]
fn topic_without_subscribers_holds_nothing() {
    let topic = Topic::new();
    topic.publish("nobody");
    assert_eq!(topic.stats().held_messages, 0);
    let stream = topic.stream();
    topic.publish("somebody");
    assert_eq!(topic.stats().held_messages, 1);
    drop(stream);
    let stats = topic.stats();
    assert_eq!((stats.held_messages, stats.held_bytes), (0, 0));
    assert_eq!(stats.published, 2);
}

/// An empty message is one, and does not take others with it.
#[tokio::test]
async fn stream_has_one_message_at_a_time() {
    let topic = Topic::new();
    let mut stream = topic.stream();
    for message in ["", "", "a", "", "b"] {
        topic.publish(message);
    }
    for message in ["", "", "a", "", "b"] {
        assert_eq!(stream.recv().await.unwrap().data(), message.as_bytes());
    }
    assert_eq!(stream.skipped(), 0);
}
