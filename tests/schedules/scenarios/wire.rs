//! A transport in memory, made of the checker's locks, and a peer that knows frames.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    io,
    pin::Pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use shuttle::{sync::Mutex, thread};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

pub(crate) const TEXT: u8 = 0x81;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8A;

/// Room for all that is ever under way.
pub(crate) const WIDE: usize = 4096;

/// Room for a message or two.
pub(crate) const NARROW: usize = 8;

/// A task: a thread that polls the future, and sleeps until it is woken.
pub(crate) fn task<F>(future: F) -> thread::JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    // Of one type for each output.
    let future: Pin<Box<dyn Future<Output = F::Output> + Send>> = Box::pin(future);
    thread::spawn(|| shuttle::future::block_on(future))
}

/// Polls a future once, in the caller's task.
pub(crate) async fn poll_once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// One end of a transport. Dropped, it ends both directions.
pub(crate) struct End {
    incoming: Arc<Direction>,
    outgoing: Arc<Direction>,
}

struct Direction(Mutex<State>);

/// Knows what an end has taken to be sent.
pub(crate) struct Taken(Arc<Direction>);

struct State {
    bytes: VecDeque<u8>,
    /// All that was ever written.
    taken: Vec<u8>,
    capacity: usize,
    /// Nobody will write any more.
    ended: bool,
    /// Nobody will read any more.
    unread: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Both ends of a transport that holds so many bytes in each direction.
pub(crate) fn wire(capacity: usize) -> (End, End) {
    let direction = || {
        Arc::new(Direction(Mutex::new(State {
            bytes: VecDeque::new(),
            taken: Vec::new(),
            capacity,
            ended: false,
            unread: false,
            reader: None,
            writer: None,
        })))
    };
    let (one, other) = (direction(), direction());
    let end = |incoming: &Arc<Direction>, outgoing: &Arc<Direction>| End {
        incoming: incoming.clone(),
        outgoing: outgoing.clone(),
    };
    (end(&one, &other), end(&other, &one))
}

impl End {
    pub(crate) fn taken(&self) -> Taken {
        Taken(self.outgoing.clone())
    }
}

impl Taken {
    /// Whether these bytes are among what was taken.
    pub(crate) fn has(&self, bytes: &[u8]) -> bool {
        let state = self.0.0.lock().unwrap();
        state.taken.windows(bytes.len()).any(|taken| taken == bytes)
    }
}

impl Direction {
    /// Changes it, then wakes whom that concerns: outside of the lock.
    fn change<R>(&self, change: impl FnOnce(&mut State) -> (R, Option<Waker>)) -> R {
        let (result, waker) = {
            // Also while a task that failed is dropped.
            let state = self.0.lock();
            change(&mut state.unwrap_or_else(PoisonError::into_inner))
        };
        if let Some(waker) = waker {
            // Others may have their turn in between.
            thread::sleep(Duration::ZERO);
            waker.wake();
        }
        result
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.incoming.change(|state| {
            if state.bytes.is_empty() && !state.ended {
                state.reader = Some(cx.waker().clone());
                return (Poll::Pending, None);
            }
            let len = state.bytes.len().min(buf.remaining());
            state
                .bytes
                .drain(..len)
                .for_each(|byte| buf.put_slice(&[byte]));
            (Poll::Ready(Ok(())), state.writer.take())
        })
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.change(|state| {
            if state.unread || state.ended {
                return (Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())), None);
            }
            let len = bytes.len().min(state.capacity - state.bytes.len());
            if len == 0 {
                state.writer = Some(cx.waker().clone());
                return (Poll::Pending, None);
            }
            state.bytes.extend(&bytes[..len]);
            state.taken.extend(&bytes[..len]);
            (Poll::Ready(Ok(len)), state.reader.take())
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.change(|state| {
            state.ended = true;
            (Poll::Ready(Ok(())), state.reader.take())
        })
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.outgoing.change(|state| {
            state.ended = true;
            ((), state.reader.take())
        });
        self.incoming.change(|state| {
            state.unread = true;
            ((), state.writer.take())
        });
    }
}

/// A client that sends and reads frame by frame.
pub(crate) struct Peer {
    end: End,
    input: Vec<u8>,
}

pub(crate) type Frame = (u8, Vec<u8>);

impl Peer {
    pub(crate) fn new(end: End) -> Self {
        Self {
            end,
            input: Vec::new(),
        }
    }

    /// Sends a frame with a short payload. Its mask changes nothing.
    pub(crate) async fn send(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![
            first,
            0x80 | u8::try_from(payload.len()).unwrap(),
            0,
            0,
            0,
            0,
        ];
        frame.extend(payload);
        self.write(&frame).await;
    }

    /// Sends bytes, unless nobody reads them any more.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let _ = self.end.write_all(bytes).await;
    }

    /// Sends a Close with this code.
    pub(crate) async fn close(&mut self, code: u16) {
        self.send(CLOSE, &code.to_be_bytes()).await;
    }

    /// The next frame, whose payload is short; `None` at the end.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let [first, len, rest @ ..] = &self.input[..] {
                assert!(*len < 126, "no short frame: {:?}", self.input);
                if let Some(payload) = rest.get(..usize::from(*len)) {
                    let frame = (*first, payload.to_vec());
                    self.input.drain(..2 + frame.1.len());
                    return Some(frame);
                }
            }
            if self.read().await == 0 {
                assert!(self.input.is_empty(), "torn frame: {:?}", self.input);
                return None;
            }
        }
    }

    /// Reads up to and with the end of a head of HTTP/1.1.
    pub(crate) async fn head(&mut self) -> String {
        loop {
            let end = self.input.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head = self.input.drain(..end + 4).collect();
                return String::from_utf8(head).unwrap();
            }
            assert!(self.read().await > 0, "no head: {:?}", self.input);
        }
    }

    async fn read(&mut self) -> usize {
        self.end.read_buf(&mut self.input).await.unwrap()
    }

    /// So many texts, and nothing else.
    pub(crate) async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        while texts.len() < count {
            let (first, payload) = self.frame().await.expect("the end instead of a text");
            assert_eq!(first, TEXT, "{payload:?}");
            texts.push(String::from_utf8(payload).unwrap());
        }
        texts
    }

    /// All texts up to the server's Close, and its code; `None` if the transport ended without.
    pub(crate) async fn texts_to_close(&mut self) -> (Vec<String>, Option<u16>) {
        let mut texts = Vec::new();
        loop {
            match self.frame().await {
                Some((TEXT, payload)) => texts.push(String::from_utf8(payload).unwrap()),
                Some((CLOSE, payload)) => return (texts, Some(code_of(&payload))),
                Some((PONG, _)) => {}
                Some(other) => panic!("{other:?}"),
                None => return (texts, None),
            }
        }
    }

    /// Reads bytes up to the end, whatever they are.
    pub(crate) async fn bytes_to_end(&mut self) -> Vec<u8> {
        while self.read().await > 0 {}
        std::mem::take(&mut self.input)
    }

    /// Sends a Close (1000), reads the answer to it and the end.
    pub(crate) async fn close_and_end(mut self) {
        self.close(1000).await;
        assert_eq!(self.frame().await, Some((CLOSE, vec![3, 0xE8])));
        assert_eq!(self.frame().await, None);
    }

    /// Answers a Close with this code, and reads the end.
    pub(crate) async fn answer_and_end(mut self, code: u16) {
        self.close(code).await;
        assert_eq!(self.frame().await, None);
    }
}

fn code_of(payload: &[u8]) -> u16 {
    u16::from_be_bytes(*payload.first_chunk().expect("a Close with a code"))
}

/// Whether the texts of one sender, which begin with its name, are numbered from 0 on, up to
/// `count` of them.
pub(crate) fn assert_in_order(texts: &[String], name: char, count: usize) {
    let own = texts.iter().filter(|text| text.starts_with(name));
    let expected = (0..count).map(|number| format!("{name}{number}"));
    assert!(own.eq(&expected.collect::<Vec<_>>()), "{name}: {texts:?}");
}
