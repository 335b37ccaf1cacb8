//! Many messages while futures are dropped at random, as by `select!`, at both ends.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    runtime::Builder,
    task::{LocalSet, yield_now},
    time::{sleep, timeout},
};
use tower_websock::{Message, PreparedMessage, RecvHalf, SendHalf, Sender, Topic, WebSocket};

use crate::{
    choices::Random,
    session::{House, MINUTE, Place, Scale},
};

/// Messages that the sessions have in all, unless `CANCEL_MESSAGES` says otherwise.
const MESSAGES: u64 = 100_000;

/// Messages of one session.
const IN_SESSION: u64 = 20_000;

/// A topic has room for more.
const PUBLISHED: usize = 200;

/// Milliseconds without a message after which one end closes.
const QUIET: usize = 100;

/// Who sends: each has numbers of its own, in whose order its messages arrive.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
enum Source {
    Half,
    Sender,
    Topic,
}

const SOURCES: usize = 3;

/// What was given to be sent by one end and has not arrived, and whether it was sent for sure.
type Given = [VecDeque<(u64, bool)>; SOURCES];

/// What both ends know of each other.
#[derive(Default)]
struct Session {
    given: [RefCell<Given>; 2],
    /// Ends that send no more.
    done: Cell<usize>,
    received: Cell<u64>,
    dropped: Cell<u64>,
}

/// What a race ended with.
enum Won {
    Received(Option<Message>),
    Sent(Source),
    Ticked,
}

/// Tells how to repeat what panicked.
struct Failed(u64);

impl Drop for Failed {
    fn drop(&mut self) {
        let Self(seed) = self;
        println!(
            "to repeat: CANCEL_SEED={seed} CANCEL_MESSAGES={IN_SESSION} cargo test \
             --all-features --test cancellation selected -- --nocapture"
        );
    }
}

/// What is sent is received, once and in order, whatever else is selected.
#[test]
fn messages_are_selected_at_random() {
    let number = |variable, default| {
        std::env::var(variable).map_or(default, |number| number.parse().expect(variable))
    };
    let (first, messages) = (
        number("CANCEL_SEED", 0),
        number("CANCEL_MESSAGES", MESSAGES),
    );
    let begin = Instant::now();
    let (mut received, mut dropped) = (0, 0);
    for seed in first..first + messages.div_ceil(IN_SESSION) {
        let failed = Failed(seed);
        let session = one(seed);
        received += session.received.get();
        dropped += session.dropped.get();
        std::mem::forget(failed);
    }
    println!(
        "{received} messages received, {dropped} calls dropped, in {:.1?}",
        begin.elapsed()
    );
    assert!(received >= messages, "only {received} messages");
    assert!(dropped >= messages / 2, "only {dropped} calls were dropped");
}

fn one(seed: u64) -> Rc<Session> {
    let houses = [House::Server, House::Handler, House::Elsewhere];
    let scales = [Scale::Small, Scale::Large, Scale::Deflated];
    let place = Place {
        house: houses[(seed % 3) as usize],
        scale: scales[(seed / 3 % 3) as usize],
    };
    let session = Rc::new(Session::default());
    let ends = [0, 1].map(|at| {
        let session = session.clone();
        let random = Random::new(2 * seed + at as u64);
        move |socket| End::new(socket, at, session, random).run()
    });
    let [under, other] = ends;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let local = LocalSet::new();
    let done = runtime.block_on(local.run_until(async {
        let talking = place.between(under, other);
        timeout(MINUTE, talking).await
    }));
    assert!(done.is_ok(), "it hangs");
    for given in &session.given {
        for given in &*given.borrow() {
            let lost = given.iter().find(|(_, is_sent)| *is_sent);
            assert!(lost.is_none(), "{lost:?} is lost");
        }
    }
    session
}

struct End {
    send: SendHalf,
    recv: RecvHalf,
    sender: Sender,
    topic: Topic,
    /// Which of the two it is.
    at: usize,
    session: Rc<Session>,
    random: Random,
    next: [u64; SOURCES],
    sent: u64,
}

impl End {
    fn new(socket: WebSocket, at: usize, session: Rc<Session>, random: Random) -> Self {
        let topic = Topic::new();
        socket.subscribe(&topic).forever();
        let (send, recv) = socket.split();
        Self {
            sender: send.sender(),
            send,
            recv,
            topic,
            at,
            session,
            random,
            next: [0; SOURCES],
            sent: 0,
        }
    }

    async fn run(mut self) {
        while self.sent < IN_SESSION / 2 {
            if self.random.below(8) == 0 {
                self.publish();
            }
            assert!(self.race().await, "it ends");
        }
        self.session.done.set(self.session.done.get() + 1);
        // Time passes only when nothing moves any more.
        let mut quiet = 0;
        loop {
            tokio::select! {
                biased;
                item = self.recv.recv() => match item {
                    Some(message) => self.note_received(message.unwrap()),
                    None => break,
                },
                () = sleep(Duration::from_millis(1)) => {
                    quiet += usize::from(self.session.done.get() == 2);
                    if self.at == 0 && quiet == QUIET {
                        self.send.start_close(None).unwrap();
                    }
                }
            }
        }
    }

    /// Of some calls, whichever is ready first; the others are dropped. Returns whether more may
    /// come.
    async fn race(&mut self) -> bool {
        let kind = self.random.below(7);
        let ours = self.give(Source::Half, false);
        let theirs = self.give(Source::Sender, false);
        let (won, others) = self.select(kind, &ours, &theirs).await;
        let dropped = &self.session.dropped;
        dropped.set(dropped.get() + others);
        match won {
            Won::Received(Some(message)) => self.note_received(message),
            Won::Received(None) => return false,
            Won::Sent(source) => self.note_sent(source),
            Won::Ticked => {}
        }
        true
    }

    /// Returns who has won, and how many have lost.
    async fn select(&mut self, kind: usize, ours: &Message, theirs: &Message) -> (Won, u64) {
        let Self {
            send,
            recv,
            sender,
            random,
            ..
        } = self;
        let ticks = random.below(3);
        let mut received = pin!(async {
            let item = if kind % 2 == 0 {
                recv.recv().await
            } else {
                recv.next().await
            };
            Won::Received(item.map(Result::unwrap))
        });
        let mut sent = pin!(async {
            let message = ours.clone();
            match kind {
                0 => send.feed(message).await.unwrap(),
                1 => send.send_timeout(message, MINUTE).await.unwrap(),
                2 => SinkExt::send(send, message).await.unwrap(),
                3 => {
                    let message = PreparedMessage::binary(message.into_data());
                    send.send_prepared(&message).await.unwrap();
                }
                4 => send.send_uncompressed(message).await.unwrap(),
                _ => send.send(message).await.unwrap(),
            }
            Won::Sent(Source::Half)
        });
        let mut beside = pin!(async {
            let message = theirs.clone();
            match kind {
                0 => sender.send_timeout(message, MINUTE).await.unwrap(),
                _ => sender.send(message).await.unwrap(),
            }
            Won::Sent(Source::Sender)
        });
        let mut ticked = pin!(async {
            for _ in 0..ticks {
                yield_now().await;
            }
            Won::Ticked
        });
        let (received, sent): (Racer<'_>, Racer<'_>) = (received.as_mut(), sent.as_mut());
        let (beside, ticked): (Racer<'_>, Racer<'_>) = (beside.as_mut(), ticked.as_mut());
        // Whoever neither receives nor ticks might wait for one that does the same.
        let mut racers = match random.below(6) {
            0 => vec![received, sent],
            1 => vec![received, beside],
            2 => vec![sent, beside, ticked],
            3 => vec![received, ticked],
            _ => vec![received, sent, beside, ticked],
        };
        for last in (1..racers.len()).rev() {
            racers.swap(last, random.below(last + 1));
        }
        let others = racers.len() as u64 - 1;
        let won = poll_fn(|cx| {
            let mut polled = racers.iter_mut().map(|racer| racer.as_mut().poll(cx));
            polled.find(Poll::is_ready).unwrap_or(Poll::Pending)
        })
        .await;
        (won, others)
    }

    fn publish(&mut self) {
        let waiting = self.session.given[self.at].borrow()[Source::Topic as usize].len();
        if waiting < PUBLISHED {
            let message = self.give(Source::Topic, true);
            self.topic.publish(message.into_data());
            self.sent += 1;
        }
    }

    /// The next message, whose bytes all tell its number. It may arrive while its call goes on.
    fn give(&mut self, source: Source, is_sent: bool) -> Message {
        let number = self.next[source as usize];
        self.next[source as usize] += 1;
        let given = &mut self.session.given[self.at].borrow_mut()[source as usize];
        given.push_back((number, is_sent));
        let len = match self.random.below(64) {
            0 => 5_000,
            1..8 => 200,
            _ => 20,
        };
        let mut data = vec![number as u8; 9 + self.random.below(len)];
        data[0] = source as u8;
        data[1..9].copy_from_slice(&number.to_be_bytes());
        Message::binary(data)
    }

    /// The last message of this source was sent for sure.
    fn note_sent(&mut self, source: Source) {
        self.sent += 1;
        let last = self.next[source as usize] - 1;
        let given = &mut self.session.given[self.at].borrow_mut()[source as usize];
        if let Some((_, is_sent)) = given.back_mut().filter(|(number, _)| *number == last) {
            *is_sent = true;
        }
    }

    fn note_received(&mut self, message: Message) {
        if message.is_close() {
            return;
        }
        let data = message.into_data();
        let (source, number) = (
            data[0],
            u64::from_be_bytes(*data[1..].first_chunk().unwrap()),
        );
        assert!(data[9..].iter().all(|byte| *byte == number as u8), "torn");
        let given = &mut self.session.given[1 - self.at].borrow_mut()[usize::from(source)];
        loop {
            let next = given.pop_front();
            let (next, is_sent) = next.unwrap_or_else(|| panic!("{number} is doubled"));
            if next == number {
                break;
            }
            assert!(next < number, "{number} comes twice, or too late");
            assert!(!is_sent, "{next} of {source} is lost");
        }
        self.session.received.set(self.session.received.get() + 1);
    }
}

type Racer<'a> = Pin<&'a mut dyn Future<Output = Won>>;
