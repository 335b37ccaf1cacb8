//! Runtimes, transports that do what an attack needs, and a counter of polls.

use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    runtime::Builder,
};

use tower_websock::{Config, WebSocket};

use crate::{
    alloc::peak_of,
    report::Amount,
    support::{self, cpu::cpu_time},
};

pub(crate) const KIB: isize = 1024;

/// What the thread keeps for reading, and what a connection has beside what is measured.
pub(crate) const READ_BUFFER: isize = 72 * KIB;

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// Runs on this thread, in time that passes only while everybody waits.
pub(crate) fn paused<T>(future: impl Future<Output = T>) -> T {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(future)
}

/// Runs on this thread, in the time of the clock.
pub(crate) fn live<T>(future: impl Future<Output = T>) -> T {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}

/// Lets every task that is ready run.
pub(crate) async fn settle() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

/// Tasks that have not ended.
pub(crate) fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// Counts the polls of a future.
pub(crate) async fn counting<T>(polls: Arc<AtomicUsize>, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|cx| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(cx)
    })
    .await
}

/// How much more of the processor's time four times as much may take: a rule that is quadratic takes
/// 16 times as much. The requirement for twice as much is 2.5.
pub(crate) const FOURFOLD: Amount = Amount::Ratio(2.5 * 2.5);

/// The ratio of the processor's time for four times as much to that for once, and the time for once:
/// the least of some runs, since the machine does other things, too.
pub(crate) fn growth(mut run: impl FnMut(usize)) -> (Amount, Duration) {
    let mut timed = |times| {
        let begin = cpu_time();
        run(times);
        cpu_time().saturating_sub(begin)
    };
    let (mut once, mut fourfold, mut ratio) = (Duration::MAX, Duration::MAX, Amount::Ratio(0.0));
    for round in 0..40 {
        once = once.min(timed(1));
        fourfold = fourfold.min(timed(4));
        ratio = Amount::Ratio(fourfold.as_secs_f64() / once.as_secs_f64());
        if round >= 1 && ratio < Amount::Ratio(5.0) {
            break;
        }
    }
    (ratio, once)
}

/// A peer that sends a pattern again and again, then nothing, and takes what it gets or
/// takes nothing. It holds no memory of its own.
pub(crate) struct Script {
    intro: Vec<u8>,
    pattern: Vec<u8>,
    repeat: usize,
    outro: Vec<u8>,
    sent: usize,
    takes: bool,
    /// Every read yields one pattern, not as much as there is room for.
    pub(crate) trickles: bool,
}

impl Script {
    pub(crate) fn new(intro: &[u8], pattern: &[u8], repeat: usize) -> Self {
        Self {
            intro: intro.to_vec(),
            pattern: pattern.to_vec(),
            repeat,
            outro: Vec::new(),
            sent: 0,
            takes: true,
            trickles: false,
        }
    }

    /// What comes after the last pattern.
    pub(crate) fn end_with(&mut self, bytes: &[u8]) {
        self.outro = bytes.to_vec();
    }

    pub(crate) fn takes_nothing(mut self) -> Self {
        self.takes = false;
        self
    }
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let patterns = self.intro.len() + self.pattern.len() * self.repeat;
        let end = patterns + self.outro.len();
        if self.sent == end {
            return Poll::Pending;
        }
        while buf.remaining() > 0 && self.sent < end {
            let piece = match self.sent.checked_sub(self.intro.len()) {
                None => &self.intro[self.sent..],
                Some(_) if self.sent >= patterns => &self.outro[self.sent - patterns..],
                Some(at) => &self.pattern[at % self.pattern.len()..],
            };
            let len = piece.len().min(buf.remaining());
            buf.put_slice(&piece[..len]);
            self.sent += len;
            if self.trickles {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.takes {
            Poll::Ready(Ok(buf.len()))
        } else {
            Poll::Pending
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Which side is attacked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Side {
    Server,
    #[cfg(feature = "client")]
    Client,
}

pub(crate) const SIDES: &[Side] = &[
    Side::Server,
    #[cfg(feature = "client")]
    Side::Client,
];

impl Side {
    /// A socket of this side, without a supervisor.
    pub(crate) fn open(self, io: Script, config: &Config) -> WebSocket<Script> {
        match self {
            Side::Server => WebSocket::server(io, config),
            #[cfg(feature = "client")]
            Side::Client => WebSocket::client(io, config),
        }
    }

    /// The header of a frame that comes to this side, with the key of the mask if it has one.
    pub(crate) fn header(self, first: u8, len: u64) -> Vec<u8> {
        let mut header = support::header(first, len);
        match self {
            Side::Server => header.extend([0; 4]),
            #[cfg(feature = "client")]
            Side::Client => header[1] &= 0x7F,
        }
        header
    }

    /// A frame that comes to this side.
    pub(crate) fn frame(self, first: u8, payload: &[u8]) -> Vec<u8> {
        [&self.header(first, payload.len() as u64), payload].concat()
    }
}

/// The most that a supervised connection holds until nothing moves any more.
pub(crate) async fn peak_of_handler<H, F>(script: Script, handler: H) -> isize
where
    H: FnOnce(WebSocket) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (tasks, peak) = peak_of(async {
        let tasks = [support::supervise(script, Config::new(), handler)];
        settle().await;
        tasks
    })
    .await;
    for task in tasks {
        task.abort();
    }
    peak
}
