//! One client: what the page of the example does, and it counts.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    select,
    sync::watch,
    time::{Instant, interval, sleep},
};
use tower_websock::{Config, KeepAlive, Message, WebSocket, client::Builder};

use crate::{
    jitter,
    record::{Entry, Record},
};

/// Before the first try to connect again, at most, and before any.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// After a refusal.
const REFUSED: Duration = Duration::from_millis(300);
/// Messages that may be on their way.
const WINDOW: usize = 4;
/// A connection of which nothing is heard for twice this is given up.
const SILENCE: Duration = Duration::from_secs(10);
/// Between two looks at whether there is something to publish.
const LOOK: Duration = Duration::from_millis(100);
/// A connection on which nothing is acknowledged for so long is given up.
const ACK: Duration = Duration::from_secs(20);

/// What happens to the servers.
pub(crate) struct Phase {
    pub(crate) name: String,
    /// Nobody publishes any more.
    pub(crate) is_last: bool,
}

impl Phase {
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            is_last: false,
        }
    }
}

pub(crate) struct Client {
    pub(crate) number: usize,
    pub(crate) room: String,
    pub(crate) url: String,
    /// Between two messages that it publishes, on average. `None` if it publishes nothing.
    pub(crate) every: Option<Duration>,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) record: Arc<Mutex<Record>>,
}

/// What it has published and what is not acknowledged.
struct Outbox {
    published: u64,
    /// When each of the last ones was published.
    unacknowledged: VecDeque<Instant>,
    /// How many of them were sent over this connection.
    sent: usize,
    /// Before that, nothing is sent.
    not_before: Instant,
    /// When it was connected, refused, or a message was acknowledged.
    last_answer: Instant,
    next: Instant,
}

impl Client {
    pub(crate) async fn run(self) {
        let keep_alive = KeepAlive::new().interval(SILENCE).timeout(SILENCE);
        let builder = Builder::new().config(Config::new().keep_alive(keep_alive));
        let mut outbox = Outbox::new();
        let mut pause = FIRST_PAUSE;
        loop {
            match builder.connect(&self.address()).await {
                Ok(mut socket) => {
                    self.record().is_open = true;
                    outbox.begin_again();
                    self.talk(&mut socket, &mut outbox).await;
                    let code = socket.closure().map_or(1006, |closure| closure.code());
                    *self.record().closed.entry(code).or_default() += 1;
                    pause = FIRST_PAUSE;
                }
                Err(_) => self.record().failed += 1,
            }
            sleep(jitter::up_to(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn address(&self) -> String {
        let Self {
            url, room, number, ..
        } = self;
        let (millis, count) = self.record().last();
        format!("{url}/rooms/{room}?name=c{number}&client=load-{number}&after={millis}-{count}")
    }

    /// Until the connection ends.
    async fn talk(&self, socket: &mut WebSocket, outbox: &mut Outbox) {
        // It might not have heard that this one is there.
        let last = outbox.acknowledged();
        if last > 0 && self.send(socket, last).await.is_err() {
            return;
        }
        let mut look = interval(LOOK);
        loop {
            select! {
                message = socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.handle(&text, outbox),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
                _ = look.tick() => {
                    let now = Instant::now();
                    if let Some(every) = self.publishes() && now >= outbox.next {
                        outbox.publish(every);
                    }
                    let is_stuck = now > outbox.last_answer + ACK;
                    if is_stuck && !outbox.unacknowledged.is_empty() {
                        return;
                    }
                }
            }
            self.record().published = outbox.published;
            self.record().unacknowledged = outbox.unacknowledged.len();
            while let Some(n) = outbox.next_to_send() {
                if self.send(socket, n).await.is_err() {
                    return;
                }
            }
        }
    }

    async fn send(&self, socket: &mut WebSocket, n: u64) -> Result<(), tower_websock::Error> {
        let post = json!({"n": n, "text": format!("{} {n}", self.number)});
        socket.send(post.to_string().into()).await
    }

    fn handle(&self, text: &str, outbox: &mut Outbox) {
        let news: Value = serde_json::from_str(text).expect("nodes send JSON");
        let mut record = self.record();
        match news["type"].as_str() {
            Some("hello") => _ = record.nodes.insert(news["node"].to_string()),
            Some("message") => {
                let id = news["id"].as_str().and_then(|id| id.split_once('-'));
                let (millis, count) = id.expect("a message has an id");
                let entry = Entry {
                    id: (number(millis), number(count)),
                    text: news["text"].as_str().unwrap_or_default().into(),
                };
                record.came(entry, &self.phase.borrow().name);
            }
            Some("ack") => {
                let n = news["n"].as_u64().unwrap_or_default();
                record.known += usize::from(news["id"].is_null());
                let slowest = outbox.acknowledge(n);
                record.slowest_ack = record.slowest_ack.max(slowest);
            }
            Some("refused") => {
                record.refused += 1;
                // Those that were sent after it are refused as well, and sent again with it.
                if news["n"] == outbox.acknowledged() + 1 {
                    outbox.begin_again();
                    outbox.not_before = Instant::now() + REFUSED;
                }
            }
            Some("gap") => record.gaps += 1,
            _ => {}
        }
    }

    fn publishes(&self) -> Option<Duration> {
        self.every.filter(|_| !self.phase.borrow().is_last)
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().expect("nobody panics")
    }
}

impl Outbox {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            published: 0,
            unacknowledged: VecDeque::new(),
            sent: 0,
            not_before: now,
            last_answer: now,
            next: now,
        }
    }

    /// Sends all that is not acknowledged again.
    fn begin_again(&mut self) {
        self.sent = 0;
        self.last_answer = Instant::now();
    }

    fn publish(&mut self, every: Duration) {
        let now = Instant::now();
        self.published += 1;
        self.unacknowledged.push_back(now);
        self.next = now + jitter::up_to(2 * every);
    }

    /// The number of the next one to be sent.
    fn next_to_send(&mut self) -> Option<u64> {
        let may = self.sent < self.unacknowledged.len().min(WINDOW);
        (may && Instant::now() >= self.not_before).then(|| {
            self.sent += 1;
            self.acknowledged() + self.sent as u64
        })
    }

    fn acknowledged(&self) -> u64 {
        self.published - self.unacknowledged.len() as u64
    }

    /// All up to this one are there. Returns how long the slowest of them took.
    fn acknowledge(&mut self, n: u64) -> Duration {
        self.last_answer = Instant::now();
        let mut slowest = Duration::ZERO;
        while self.acknowledged() < n {
            let Some(since) = self.unacknowledged.pop_front() else {
                break;
            };
            self.sent = self.sent.saturating_sub(1);
            slowest = slowest.max(since.elapsed());
        }
        slowest
    }
}

fn number(text: &str) -> u64 {
    text.parse().expect("an id is two numbers")
}
