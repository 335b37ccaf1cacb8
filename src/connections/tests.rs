use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, SystemTime},
};

use super::{
    control::{Control, Order},
    drain::shuffled,
    registry::Registry,
    seat::{Member, Seat},
    *,
};
use crate::{
    message::CloseFrame,
    observe::{Stats, Traffic},
};

/// What is counted by a key takes memory only while there is a connection of it.
#[test]
fn keys_take_no_memory_once_their_connections_are_gone() {
    let connections = Connections::new().max_per_key(1);
    let seats: Vec<_> = (0..10_000_u64)
        .map(|user| connections.admit(Some(user.into())).unwrap())
        .collect();
    assert!(connections.admit(Some(7_u64.into())).is_err());
    assert!(connections.registry().keys_kept() >= 10_000);
    drop(seats);
    assert!(connections.registry().keys_kept() < 128);
    assert!(connections.is_empty());
    assert_eq!(connections.len_of(7_u64), 0);
}

/// A key is of one kind, and an address stands for whoever has it.
#[test]
fn keys_are_equal_if_they_stand_for_the_same() {
    let ip = |text: &str| ConnectionKey::from(text.parse::<IpAddr>().unwrap());
    assert_eq!(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
    assert_ne!(ip("192.0.2.1"), ip("192.0.2.2"));
    assert_eq!(ip("2001:db8::1"), ip("2001:db8:0:0:ffff::"));
    assert_ne!(ip("2001:db8::1"), ip("2001:db8:0:1::1"));
    assert_eq!(ConnectionKey::from("ann"), String::from("ann").into());
    assert_ne!(ConnectionKey::from("7"), 7.into());
    assert_ne!(ConnectionKey::from("192.0.2.1"), ip("192.0.2.1"));
    for (key, shown) in [
        (ip("192.0.2.1"), "192.0.2.1"),
        (ip("2001:db8::1"), "2001:db8::/64"),
        (7.into(), "7"),
        ("ann".into(), "ann"),
    ] {
        assert_eq!(key.to_string(), shown);
    }
}

/// Each comes in each place about equally often.
#[test]
fn shuffle_prefers_nobody() {
    let connections = Connections::new();
    let seats: Vec<_> = (0..4).map(|_| connections.admit(None).unwrap()).collect();
    let ids: Vec<_> = seats.iter().map(Seat::id).collect();
    let mut orders = HashMap::new();
    for _ in 0..24_000 {
        *orders.entry(shuffled(ids.clone())).or_insert(0) += 1;
    }
    // All 24 orders, of which each is expected 1,000 times, give or take 31.
    assert_eq!(orders.len(), 24);
    assert!(
        orders.values().all(|times| (800..1200).contains(times)),
        "{orders:?}"
    );
    assert!(shuffled(Vec::new()).is_empty());
}

/// A connection, or a task, that looks at the list whenever it is reached.
struct Curious {
    registry: Arc<Registry>,
    reached: AtomicUsize,
    /// Leaves when it is cut.
    member: Mutex<Member>,
}

impl Curious {
    fn of(connections: &Connections) -> Arc<Self> {
        Arc::new(Self {
            registry: connections.registry().clone(),
            reached: AtomicUsize::new(0),
            member: Mutex::default(),
        })
    }

    fn reached(&self) {
        self.registry.len();
        self.reached.fetch_add(1, Ordering::Relaxed);
    }
}

impl Control for Curious {
    fn close(&self, _frame: CloseFrame) {
        self.reached();
    }

    fn cut(&self) {
        self.reached();
        drop(self.member.lock().unwrap().leave());
    }

    fn stats(&self) -> Stats {
        self.reached();
        Stats {
            received: Traffic::default(),
            sent: Traffic::default(),
            last_rtt: None,
            skipped: 0,
            opened_at: SystemTime::UNIX_EPOCH,
            age: Duration::ZERO,
        }
    }
}

impl Wake for Curious {
    fn wake(self: Arc<Self>) {
        self.reached();
    }
}

/// Nobody is reached under the lock, or these would wait for ever.
#[tokio::test]
async fn connections_and_tasks_are_reached_outside_of_the_lock() {
    let connections = Connections::new();
    let registry = connections.registry();
    let connection = Curious::of(&connections);
    let seat = connections.admit(None).unwrap();
    let id = seat.id();
    *connection.member.lock().unwrap() = Member::new(seat);
    let weak = Arc::downgrade(&connection);
    assert!(connection.member.lock().unwrap().open(weak).is_none());
    let frame = CloseFrame::new(1000, "");
    assert!(connections.iter().all(|listed| listed.stats().is_some()));
    assert!(registry.order(id, Order::Close(frame)));
    assert!(registry.order(id, Order::Cut));
    assert_eq!(connection.reached.load(Ordering::Relaxed), 3);
    assert!(connections.is_empty() && !registry.order(id, Order::Cut));

    let task = Curious::of(&connections);
    let waker = Waker::from(task.clone());
    let mut cx = Context::from_waker(&waker);
    let seat = connections.admit(None).unwrap();
    assert_eq!(seat.poll_cut(&mut cx), Poll::Pending);
    assert!(registry.order(seat.id(), Order::Cut));
    assert_eq!(task.reached.load(Ordering::Relaxed), 1);
    assert_eq!(seat.poll_cut(&mut cx), Poll::Ready(()));
    // Once is enough, and a Close comes too late.
    let frame = CloseFrame::new(1000, "");
    assert!(registry.order(seat.id(), Order::Close(frame)));
    assert!(registry.order(seat.id(), Order::Cut));
    assert_eq!(task.reached.load(Ordering::Relaxed), 1);
    assert_eq!(seat.poll_cut(&mut cx), Poll::Ready(()));
}
