//! The transport in which something goes wrong.
//!
//! It holds back what it has taken until it is flushed. If its owner is our connection, what was not
//! flushed is lost when it is shut down: stricter than the contract of `AsyncWrite`, so that a flush
//! that is left out is seen.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::{
    fault::{Asked, Class, Fault, Kind, Op},
    panics::AS_TOLD,
    pipe::End,
};

/// So much is held back at most.
const HELD: usize = 16 * 1024;

/// For this time a transport that is not ready is not.
const LATER: Duration = Duration::from_millis(1);

pub(crate) struct Faulty {
    end: End,
    owner: Owner,
    held: Vec<u8>,
    sleep: Option<Pin<Box<Sleep>>>,
    record: Record,
}

/// Who uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Connection,
    Hyper,
}

/// What was asked for, and what happened.
#[derive(Clone)]
pub(crate) struct Record(Arc<Mutex<State>>);

struct State {
    fault: Option<Fault>,
    asked: Vec<Asked>,
    /// More is a spin.
    most: usize,
    /// What it says that may not be used any more.
    over: Over,
    misuse: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    Reads,
    All,
}

impl Record {
    /// `most` operations are allowed.
    pub(crate) fn new(fault: Option<Fault>, most: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            fault,
            asked: Vec::new(),
            most,
            over: Over::Nothing,
            misuse: None,
        })))
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    /// How it was used wrongly, if it was.
    pub(crate) fn misuse(&self) -> Option<String> {
        self.lock().misuse.clone()
    }

    /// What is to go wrong with an operation that begins.
    fn begin(&self, op: Op) -> Option<Kind> {
        let mut state = self.lock();
        let at = state.asked.len();
        let is_over = match state.over {
            Over::Nothing => false,
            Over::Reads => op == Op::Read,
            Over::All => true,
        };
        if is_over && state.misuse.is_none() {
            state.misuse = Some(format!("{op:?} after the end"));
        }
        if at >= state.most {
            state.misuse = Some(format!("more than {at} operations"));
            drop(state);
            panic!("{AS_TOLD}: it spins");
        }
        state.asked.push(Asked {
            op,
            is_ready: false,
        });
        let fault = state.fault.filter(|fault| fault.at == at);
        fault.map(|fault| fault.kind)
    }

    fn end(&self) {
        if let Some(last) = self.lock().asked.last_mut() {
            last.is_ready = true;
        }
    }

    fn finish(&self, over: Over) {
        self.lock().over = over;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is left to do when something went wrong.
enum Next<T> {
    Done(Poll<io::Result<T>>),
    /// With this much at most, and to be lied about so.
    Bytes(usize, Option<Kind>),
}

impl Faulty {
    pub(crate) const fn new(end: End, owner: Owner, record: Record) -> Self {
        Self {
            end,
            owner,
            held: Vec::new(),
            sleep: None,
            record,
        }
    }

    /// `nothing` is what an operation yields that comes to the end.
    fn begin<T>(&mut self, op: Op, cx: &mut Context<'_>, nothing: T) -> Next<T> {
        let Some(kind) = self.record.begin(op) else {
            return Next::Bytes(usize::MAX, None);
        };
        if kind.class() == Class::Fatal && self.owner == Owner::Connection {
            let is_read = kind == Kind::End && op == Op::Read;
            self.record
                .finish(if is_read { Over::Reads } else { Over::All });
        }
        if let Some(error) = kind.error() {
            return Next::Done(Poll::Ready(Err(error.into())));
        }
        Next::Done(match kind {
            Kind::Short => return Next::Bytes(1, None),
            Kind::Less | Kind::More => return Next::Bytes(usize::MAX, Some(kind)),
            Kind::End => Poll::Ready(Ok(nothing)),
            Kind::Soon => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Kind::Later => {
                let mut timer = Box::pin(sleep(LATER));
                let polled = std::pin::pin!(tokio::task::unconstrained(&mut timer)).poll(cx);
                self.sleep = Some(timer);
                assert!(polled.is_pending());
                Poll::Pending
            }
            _ => panic!("{AS_TOLD}: the transport"),
        })
    }

    fn poll_put(
        &mut self,
        cx: &mut Context<'_>,
        op: Op,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let (most, lie) = match self.begin(op, cx, 0) {
            Next::Done(done) => return done,
            Next::Bytes(most, lie) => (most, lie),
        };
        if self.held.len() >= HELD {
            ready!(self.poll_flush_held(cx));
        }
        let given: usize = slices.iter().map(|slice| slice.len()).sum();
        let len = (HELD - self.held.len()).min(most).min(given);
        let mut left = len;
        for slice in slices {
            let taken = left.min(slice.len());
            self.held.extend_from_slice(&slice[..taken]);
            left -= taken;
        }
        self.record.end();
        Poll::Ready(Ok(match lie {
            Some(Kind::Less) if len > 1 => len - 1,
            Some(Kind::More) => {
                if len == given {
                    // More than it was given: it is told on the spot.
                    self.record.finish(Over::All);
                }
                len + 1
            }
            _ => len,
        }))
    }

    fn poll_flush_held(&mut self, cx: &Context<'_>) -> Poll<()> {
        while !self.held.is_empty() {
            let len = ready!(self.end.poll_put(cx, &self.held));
            self.held.drain(..len);
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Faulty {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (most, lie) = match self.begin(Op::Read, cx, ()) {
            Next::Done(done) => return done,
            Next::Bytes(most, lie) => (most, lie),
        };
        let room = buf.remaining();
        let mut bytes = ready!(self.end.poll_take(cx, room.min(most)));
        match lie {
            Some(Kind::Less) if bytes.len() > 1 => _ = bytes.pop(),
            Some(Kind::More) if bytes.len() < room => bytes.push(0),
            _ => {}
        }
        buf.put_slice(&bytes);
        self.record.end();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Faulty {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_put(cx, Op::Write, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_put(cx, Op::WriteVectored, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.owner == Owner::Connection
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Next::Done(done) = self.begin(Op::Flush, cx, ()) {
            return done;
        }
        ready!(self.poll_flush_held(cx));
        self.record.end();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Next::Done(done) = self.begin(Op::Shutdown, cx, ()) {
            return done;
        }
        if self.owner == Owner::Hyper {
            ready!(self.poll_flush_held(cx));
        }
        self.held.clear();
        self.end.shut();
        self.record.end();
        Poll::Ready(Ok(()))
    }
}
