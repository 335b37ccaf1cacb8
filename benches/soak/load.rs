//! The load: connections of every kind, and the books of what they saw.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use h2::client::SendRequest;
use tokio::{
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tokio_rustls::TlsConnector;

use crate::{
    kinds::{KINDS, Kind, Script, address, index_of},
    options::Mode,
    scripts::{self, Texts},
    wire,
};

/// What a busy machine may add to the life of a connection.
const PATIENCE: Duration = Duration::from_secs(180);
/// Streams of one HTTP/2 connection, at a time and in all.
const STREAMS: usize = 100;
/// Connections that are about to open, of those that stay.
const AT_ONCE: usize = 50;

pub(crate) struct Load {
    pub(crate) mode: Mode,
    pub(crate) tls: Option<TlsConnector>,
    pub(crate) texts: Texts,
    server: SocketAddr,
    books: Mutex<Books>,
    latencies: Mutex<Vec<Duration>>,
    /// The newest that is shared by those that come and go, and by those that stay, and how many
    /// streams it has had.
    carriers: [tokio::sync::Mutex<Option<(Carrier, usize)>>; 2],
    next: AtomicU64,
    random: Mutex<u64>,
    /// Clients that come and go, and those that stay.
    running: [AtomicUsize; 2],
    /// What carries streams of theirs.
    carrying: [AtomicUsize; 2],
    /// Of those that stay, how many have opened or ended.
    opened: AtomicUsize,
}

/// By the index of a kind.
#[derive(Clone, Default)]
pub(crate) struct Books {
    pub(crate) begun: BTreeMap<usize, u64>,
    pub(crate) seen: BTreeMap<(usize, String), u64>,
}

/// An HTTP/2 connection of the load.
#[derive(Clone)]
pub(crate) struct Carrier {
    requests: SendRequest<Bytes>,
    driver: Arc<JoinHandle<()>>,
}

impl Carrier {
    pub(crate) async fn new(tcp: TcpStream) -> Result<Self, String> {
        let (requests, driver) = wire::carrier(tcp)
            .await
            .map_err(|error| error.to_string())?;
        Ok(Self {
            requests,
            driver: Arc::new(driver),
        })
    }

    pub(crate) fn requests(&self) -> SendRequest<Bytes> {
        self.requests.clone()
    }

    /// Drops its transport.
    pub(crate) async fn abort(self) {
        self.driver.abort();
        while !self.driver.is_finished() {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Load {
    pub(crate) fn new(
        mode: Mode,
        server: SocketAddr,
        tls: Option<TlsConnector>,
        seed: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            mode,
            tls,
            texts: Texts::new(mode),
            server,
            books: Mutex::default(),
            latencies: Mutex::default(),
            carriers: Default::default(),
            next: AtomicU64::new(0),
            random: Mutex::new(seed.wrapping_mul(2).wrapping_add(1)),
            running: Default::default(),
            carrying: Default::default(),
            opened: AtomicUsize::new(0),
        })
    }

    /// Some of each kind, to warm up what threads keep.
    pub(crate) async fn rehearse(self: &Arc<Self>) {
        for (index, kind) in self.kinds() {
            if !kind.stays() && kind.life < 10 && kind.share > 0 {
                (0..3).for_each(|_| self.start(index));
            }
        }
        let echo = index_of(Script::Close(Some(1000)));
        let count = if self.mode == Mode::Compressed {
            // A thread comes to keep 32 compressors as connections move between threads.
            2000
        } else {
            100
        };
        for n in 0..count {
            self.start(echo);
            if n % 20 == 19 {
                sleep(Duration::from_millis(10)).await;
            }
        }
        self.finish().await;
    }

    /// Opens those that stay.
    pub(crate) async fn open(self: &Arc<Self>, connections: usize) {
        for n in 0..connections {
            while n >= AT_ONCE + self.opened.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(1)).await;
            }
            let script = match n % 100 {
                2 => Script::Pings,
                n if n % 10 == 0 => Script::Busy,
                n if n % 10 == 1 => Script::Subscriber,
                _ => Script::Idle,
            };
            self.start(index_of(script));
        }
        while self.opened.load(Ordering::Relaxed) < connections {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// So many come and go a second, for so long.
    pub(crate) async fn churn(self: Arc<Self>, rate: u32, time: Duration) {
        let end = Instant::now() + time;
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while Instant::now() < end {
            ticks.tick().await;
            let left = end.saturating_duration_since(Instant::now()).as_secs();
            let fits = |kind: &Kind| kind.life <= left;
            let all: u32 = self
                .kinds()
                .filter(|(_, kind)| fits(kind))
                .map(|(_, kind)| kind.share)
                .sum();
            let Some(mut chosen) = self.random().checked_rem(u64::from(all)) else {
                continue;
            };
            for (index, kind) in self.kinds().filter(|(_, kind)| fits(kind)) {
                let share = u64::from(kind.share);
                if chosen < share {
                    self.start(index);
                    break;
                }
                chosen -= share;
            }
        }
    }

    /// Waits for all that come and go, each of which has a time; whether they have gone.
    pub(crate) async fn finish(&self) -> bool {
        timeout(2 * PATIENCE, self.finish_those(0)).await.is_ok()
    }

    /// Waits for those that stay, which the server has told to go; whether they have gone.
    pub(crate) async fn finish_all(&self) -> bool {
        timeout(PATIENCE, self.finish_those(1)).await.is_ok()
    }

    async fn finish_those(&self, stay: usize) {
        let wait = async |count: &AtomicUsize| {
            while count.load(Ordering::Relaxed) > 0 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        wait(&self.running[stay]).await;
        *self.carriers[stay].lock().await = None;
        wait(&self.carrying[stay]).await;
    }

    pub(crate) fn books(&self) -> Books {
        self.books.lock().unwrap().clone()
    }

    /// The latencies since this was asked last.
    pub(crate) fn latencies(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.latencies.lock().unwrap())
    }

    pub(crate) async fn tcp(
        &self,
        kind: usize,
        n: u64,
        is_small: bool,
    ) -> Result<TcpStream, String> {
        let tcp = wire::tcp(address(kind, n), self.server, is_small).await;
        tcp.map_err(|error| format!("cannot connect: {error}"))
    }

    /// A connection has begun, of which the server must know.
    pub(crate) fn begun(&self, kind: usize) {
        let mut books = self.books.lock().unwrap();
        *books.begun.entry(kind).or_default() += 1;
    }

    /// One of those that stay is open.
    pub(crate) fn stays(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn latency(&self, latency: Duration) {
        self.latencies.lock().unwrap().push(latency);
    }

    /// Bytes that are no frame, no request and no record of TLS.
    pub(crate) fn garbage(&self) -> Vec<u8> {
        let random = (0..8).flat_map(|_| self.random().to_be_bytes());
        std::iter::once(0xFF).chain(random).collect()
    }

    /// A transport with room for one more stream.
    pub(crate) async fn carrier(self: &Arc<Self>, stays: bool) -> Result<Carrier, String> {
        let mut carrier = self.carriers[usize::from(stays)].lock().await;
        if let Some((carrier, streams)) = &mut *carrier {
            if *streams < STREAMS {
                *streams += 1;
                return Ok(carrier.clone());
            }
        }
        let kind = index_of(Script::Shared);
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let tcp = self.tcp(kind, n, false).await?;
        self.begun(kind);
        let new = Carrier::new(tcp).await?;
        self.carrying[usize::from(stays)].fetch_add(1, Ordering::Relaxed);
        let (load, driver) = (self.clone(), new.driver.clone());
        tokio::spawn(async move {
            while !driver.is_finished() {
                sleep(Duration::from_millis(50)).await;
            }
            load.seen(kind, String::from("left"));
            load.carrying[usize::from(stays)].fetch_sub(1, Ordering::Relaxed);
        });
        *carrier = Some((new.clone(), 1));
        Ok(new)
    }

    fn kinds(&self) -> impl Iterator<Item = (usize, &'static Kind)> + use<> {
        let mode = self.mode;
        let all = KINDS.iter().enumerate();
        all.filter(move |(_, kind)| kind.is_in(mode))
    }

    fn start(self: &Arc<Self>, index: usize) {
        let kind = &KINDS[index];
        let stays = usize::from(kind.stays());
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        self.running[stays].fetch_add(1, Ordering::Relaxed);
        let load = self.clone();
        tokio::spawn(async move {
            let script = AssertUnwindSafe(scripts::run(&load, index, n)).catch_unwind();
            let script = script.map(|seen| seen.unwrap_or_else(|_| Err(String::from("panicked"))));
            let seen = if kind.stays() {
                script.await
            } else {
                let life = Duration::from_secs(kind.life) + PATIENCE;
                let stuck = |_| Err(String::from("stuck"));
                timeout(life, script).await.unwrap_or_else(stuck)
            };
            if let (Err(_), true) = (&seen, kind.stays()) {
                // Nobody waits for it.
                load.stays();
            }
            load.seen(
                index,
                seen.unwrap_or_else(|error| format!("error: {error}")),
            );
            load.running[stays].fetch_sub(1, Ordering::Relaxed);
        });
    }

    fn seen(&self, kind: usize, what: String) {
        let mut books = self.books.lock().unwrap();
        *books.seen.entry((kind, what)).or_default() += 1;
    }

    /// Xorshift.
    fn random(&self) -> u64 {
        let mut state = self.random.lock().unwrap();
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }
}
