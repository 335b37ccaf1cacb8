//! The transport, the tasks, and the connection between them.

use std::{
    future::Future,
    io,
    mem::ManuallyDrop,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, advance},
};

use crate::{
    config::Config,
    message::Message,
    protocol::{Batch, Closure, Compress, MaskKeys, Protocol},
    stream::{
        connection::{Conn, Shared, Ticket},
        error::Error,
        handle::Handle,
        transport::Profile,
    },
};

pub(super) type Received = Poll<Option<Result<Message, Error>>>;

/// Time without progress, and all that the closing may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
const AT_MOST: Duration = Duration::from_secs(30);

pub(super) const MILLISECOND: Duration = Duration::from_millis(1);

/// As finely as time passes step by step.
pub(super) const STEP: Duration = Duration::from_millis(5);

/// One less than `TIMEOUT`.
pub(super) const ALMOST: Duration = Duration::from_millis(9_999);

pub(super) fn config() -> Config {
    Config::new().close_timeout(TIMEOUT).max_close_time(AT_MOST)
}

/// The peer's end of a transport, and the buffers between.
#[derive(Clone, Default)]
pub(super) struct Wire(Arc<Mutex<State>>);

/// Our end.
pub(super) struct Io(Wire);

#[derive(Default)]
struct State {
    arrived: Vec<u8>,
    ended: bool,
    /// Bytes that writes may still take.
    room: usize,
    written: Vec<u8>,
    is_shut: bool,
    is_dropped: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Wire {
    /// A transport that takes whatever is written.
    pub(super) fn new() -> Self {
        let wire = Self::default();
        wire.take(usize::MAX);
        wire
    }

    /// One that takes nothing yet.
    pub(super) fn full() -> Self {
        Self::default()
    }

    pub(super) fn io(&self) -> Io {
        Io(self.clone())
    }

    /// The peer sends.
    pub(super) fn send(&self, bytes: &[u8]) {
        let mut state = self.state();
        state.arrived.extend_from_slice(bytes);
        let reader = state.reader.take();
        drop(state);
        reader.into_iter().for_each(Waker::wake);
    }

    /// The peer ends its side.
    pub(super) fn end(&self) {
        self.state().ended = true;
        self.send(&[]);
    }

    /// The transport has room for so many bytes more.
    pub(super) fn take(&self, bytes: usize) {
        let mut state = self.state();
        state.room = state.room.saturating_add(bytes);
        let writer = state.writer.take();
        drop(state);
        writer.into_iter().for_each(Waker::wake);
    }

    /// What was written since it was asked last.
    pub(super) fn written(&self) -> Vec<u8> {
        std::mem::take(&mut self.state().written)
    }

    /// Bytes that were not read.
    pub(super) fn unread(&self) -> usize {
        self.state().arrived.len()
    }

    /// Whether our side was ended.
    pub(super) fn is_shut(&self) -> bool {
        self.state().is_shut
    }

    /// Whether our side was dropped.
    pub(super) fn is_dropped(&self) -> bool {
        self.state().is_dropped
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        if state.arrived.is_empty() && !state.ended {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let len = state.arrived.len().min(buf.remaining());
        buf.put_slice(&state.arrived[..len]);
        state.arrived.drain(..len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.state();
        let len = bytes.len().min(state.room);
        if len == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.room -= len;
        state.written.extend_from_slice(&bytes[..len]);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.state().is_shut = true;
        Poll::Ready(Ok(()))
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        self.0.state().is_dropped = true;
    }
}

/// A task: counts how often it was woken.
#[derive(Default)]
pub(super) struct Task(AtomicUsize);

impl Task {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Since it was asked last.
    pub(super) fn wakes(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }

    pub(super) fn poll<R>(self: &Arc<Self>, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
        let waker = Waker::from(self.clone());
        poll(&mut Context::from_waker(&waker))
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A server's connection with its supervisor.
pub(super) struct Supervised {
    pub(super) wire: Wire,
    pub(super) task: Arc<Task>,
    pub(super) handle: Handle<Io>,
    shared: Arc<Shared<Io>>,
    pub(super) batch: Batch,
}

impl Supervised {
    pub(super) fn over(wire: Wire) -> Self {
        Self::with(wire, Profile::CONNECTION)
    }

    pub(super) fn with(wire: Wire, profile: Profile) -> Self {
        Self::set_up(wire, profile, config())
    }

    pub(super) fn configured(wire: Wire, config: Config) -> Self {
        Self::set_up(wire, Profile::CONNECTION, config)
    }

    fn set_up(wire: Wire, profile: Profile, config: Config) -> Self {
        let protocol = Protocol::new(config.into(), None, None);
        let shared = Shared::new(Conn::supervised(wire.io(), protocol, profile));
        Self {
            wire,
            task: Task::new(),
            handle: Handle::first(shared.clone()),
            shared,
            batch: Batch::default(),
        }
    }

    /// A poll of the supervisor's task, in which the handler does `act`. Ready when the transport
    /// is gone.
    pub(super) fn poll_with<R>(
        &mut self,
        act: impl FnOnce(&Handle<Io>, &mut Batch, &mut Context<'_>) -> R,
    ) -> (R, Poll<()>) {
        self.task.wakes();
        let waker = Waker::from(self.task.clone());
        self.shared.begin_turn(&waker);
        let mut cx = Context::from_waker(&waker);
        let (handle, batch) = (&self.handle, &mut self.batch);
        let done = self.shared.handler_turn(|| act(handle, batch, &mut cx));
        (done, self.shared.poll_supervise())
    }

    /// A poll in which the handler does nothing with the connection.
    pub(super) fn poll(&mut self) -> Poll<()> {
        self.poll_with(|_, _, _| ()).1
    }

    /// One in which it receives a message.
    pub(super) fn recv(&mut self) -> Received {
        self.poll_with(|handle, batch, cx| handle.poll_recv(cx, batch))
            .0
    }

    /// One in which it sends a message.
    pub(super) fn send(&mut self, message: Message) -> Result<(), Error> {
        self.poll_with(|handle, _, _| {
            handle.with(|conn| conn.start_send(message, Compress::IfAgreed))
        })
        .0
    }

    pub(super) fn closure(&self) -> Option<Closure> {
        self.handle.with(|conn| conn.closure())
    }

    /// Lets so much time pass. Returns whether the task was woken since it was polled, and polls it
    /// then.
    pub(super) async fn pass(&mut self, time: Duration) -> bool {
        advance(time).await;
        // The timer's wake, and those that are put off until others had their turn.
        tokio::task::yield_now().await;
        let woken = self.task.wakes() > 0;
        if woken {
            let _ = self.poll();
        }
        woken
    }

    /// Lets so much time pass, step by step, and the task run whenever it is woken, in which the
    /// handler does `act`. Returns how long it took until `is_over`, if it was.
    pub(super) async fn live(
        &mut self,
        time: Duration,
        mut act: impl FnMut(&Handle<Io>, &mut Batch, &mut Context<'_>),
        is_over: impl Fn(&Self) -> bool,
    ) -> Option<Duration> {
        let began = Instant::now();
        while began.elapsed() <= time {
            if is_over(self) {
                return Some(began.elapsed());
            }
            advance(STEP).await;
            tokio::task::yield_now().await;
            if self.task.wakes() > 0 {
                let _ = self.poll_with(&mut act);
            }
        }
        None
    }
}

/// A connection that `handle` drives.
pub(super) fn unsupervised(wire: &Wire) -> Handle<Io> {
    let protocol = Protocol::new(config().into(), None, None);
    Handle::first(Shared::new(Conn::unsupervised(wire.io(), protocol)))
}

/// The same for the client's end.
pub(super) fn client(wire: &Wire) -> Handle<Io> {
    client_with(wire, config())
}

pub(super) fn client_with(wire: &Wire, config: Config) -> Handle<Io> {
    let protocol = Protocol::new(config.into(), None, Some(Box::new(NoKeys)));
    Handle::first(Shared::new(Conn::unsupervised(wire.io(), protocol)))
}

/// They change nothing.
struct NoKeys;

impl MaskKeys for NoKeys {
    fn next_key(&mut self) -> [u8; 4] {
        [0; 4]
    }
}

/// Has time pass in the middle of a poll.
pub(super) fn advance_at_once(time: Duration) {
    // It yields only then.
    let _ = pin!(advance(time)).poll(&mut Context::from_waker(Waker::noop()));
}

/// Polls a future that goes on to wait if it is not ready.
pub(super) fn poll<F: Future>(task: &Arc<Task>, future: &mut Pin<&mut F>) -> Poll<F::Output> {
    task.poll(|cx| future.as_mut().poll(cx))
}

/// That of a call which goes on to wait after the poll in which it is made.
pub(super) fn kept_ticket() -> ManuallyDrop<Ticket> {
    ManuallyDrop::new(Ticket::NONE)
}

/// Polls a future, and drops it.
pub(super) fn poll_once<F: Future>(task: &Arc<Task>, future: F) -> Poll<F::Output> {
    task.poll(|cx| pin!(future).poll(cx))
}

/// A frame of the client's, whose key changes nothing.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ ..126 => frame.push(0x80 | len as u8),
        len @ ..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

pub(super) fn binary(len: usize) -> Vec<u8> {
    frame(0x82, &vec![7; len])
}

pub(super) fn ping() -> Vec<u8> {
    frame(0x89, b"?")
}

/// The client's Close, and the server's echo of it.
pub(super) fn close() -> Vec<u8> {
    frame(0x88, &1000_u16.to_be_bytes())
}

pub(super) const ECHOED: [u8; 4] = [0x88, 2, 3, 0xe8];
