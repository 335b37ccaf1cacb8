//! A connection that handles and a supervisor share.

use std::{
    mem,
    sync::{Arc, PoisonError, atomic::Ordering},
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    conn::Conn,
    item::Item,
    outgoing::Outgoing,
    tasks::Caller,
    turn::{self, Outer},
};
use crate::{
    connections::Work,
    observe::Span,
    protocol::{Batch, Closure, Compress, Loss},
    sync::{AtomicBool, Mutex, MutexGuard},
    wire::close_code::CloseCode,
};

/// The lock is uncontended as long as the socket stays in its handler's task.
pub(crate) struct Shared<T> {
    conn: Mutex<Conn<T>>,
    /// Whether somebody else had the lock since the handler opened its send buffer: what they queued
    /// comes before what it sends next, if it knows of that. Written under the lock.
    visited: AtomicBool,
    span: Span,
}

impl<T> Shared<T> {
    /// One that nobody looks at.
    #[cfg(test)]
    pub(crate) fn new(conn: Conn<T>) -> Arc<Self> {
        Self::watched(conn, None)
    }

    /// One that is shown by `span`, if there is one.
    pub(crate) fn watched(mut conn: Conn<T>, span: Option<Span>) -> Arc<Self> {
        if let Some(span) = &span {
            conn.seen_mut().open();
            span.opened();
        }
        Arc::new(Self {
            conn: Mutex::new(conn),
            visited: AtomicBool::new(false),
            span: span.unwrap_or(Span::none()),
        })
    }

    /// What shows it.
    pub(crate) const fn span(&self) -> &Span {
        &self.span
    }

    /// Runs `f` under the lock, then wakes whom it made ready, outside of the lock.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Conn<T>) -> R) -> R {
        let rescue = Rescue(self);
        let mut conn = self.lock();
        let caller = if !conn.tasks().is_supervised() {
            conn.tasks_mut().wake_waiters_by_io();
            conn.tell_news();
            Caller::Unsupervised
        } else if self.is_handlers_turn() {
            conn.take_sent();
            Caller::Handler
        } else {
            self.visited.store(true, Ordering::Relaxed);
            Caller::Elsewhere
        };
        conn.tasks_mut().enter(caller);
        let result = f(&mut conn);
        if conn.tasks().has_aftermath() {
            self.finish(conn);
        }
        mem::forget(rescue);
        result
    }

    /// Does what is to be done once the lock is free.
    #[inline(never)]
    fn finish(&self, mut conn: MutexGuard<'_, Conn<T>>) {
        let news = conn.take_news();
        let aftermath = conn.take_aftermath();
        drop(conn);
        aftermath();
        if let Some(news) = news {
            news.tell(&self.span);
        }
    }

    /// Queues a message that the handler sends in its turn if that needs nothing else, as is
    /// usual; takes it then.
    #[inline]
    pub(crate) fn send_small<M: Outgoing>(
        &self,
        message: &mut Option<M>,
        compress: Compress,
    ) -> bool {
        if !self.is_handlers_turn() {
            return false;
        }
        // Relaxed: whoever has the handler know of a visit orders memory too.
        let is_alone = !self.visited.load(Ordering::Relaxed);
        let queued = message.as_ref().is_some_and(|message| {
            (is_alone && turn::push(message)) || self.open_buffer(message, compress)
        });
        if queued {
            *message = None;
        }
        queued
    }

    /// The same under the lock; opens the send buffer for those that follow.
    #[inline(never)]
    fn open_buffer<M: Outgoing>(&self, message: &M, compress: Compress) -> bool {
        let mut conn = self.lock_in_turn();
        self.visited.store(false, Ordering::Relaxed);
        conn.send_small(message, compress)
    }

    /// Whether the caller is the handler, in its supervisor's task.
    pub(crate) fn is_handlers_turn(&self) -> bool {
        turn::is_of(self.id())
    }

    /// For the handler in its turn, for what wakes nobody.
    fn lock_in_turn(&self) -> MutexGuard<'_, Conn<T>> {
        let mut conn = self.lock();
        conn.tasks_mut().enter(Caller::Handler);
        conn
    }

    fn lock(&self) -> MutexGuard<'_, Conn<T>> {
        let conn = self.conn.lock();
        conn.unwrap_or_else(|poisoned| self.lose_after_panic(poisoned.into_inner()))
    }

    /// Of foreign code the transport runs under the lock, wakers are cloned, and payloads that were
    /// written are dropped. One of them has panicked, and left half done what others may wait for.
    #[cold]
    fn lose_after_panic<'a>(
        &'a self,
        mut conn: MutexGuard<'a, Conn<T>>,
    ) -> MutexGuard<'a, Conn<T>> {
        self.conn.clear_poison();
        if !conn.is_down() {
            conn.lose(Item::Lost(Loss::Cut));
        }
        conn
    }

    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Shared<T> {
    /// Whether the handler goes on with its batch in this turn. It leaves its send buffer open.
    pub(crate) fn poll_go_on(&self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<()> {
        self.lock_in_turn().poll_go_on(cx, batch)
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let conn = self.conn.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(news) = conn.last_news() {
            news.tell(&self.span);
        }
    }
}

/// Is dropped only if somebody panics under the lock: tells those who wait in other tasks.
struct Rescue<'a, T>(&'a Shared<T>);

impl<T> Drop for Rescue<'_, T> {
    fn drop(&mut self) {
        let conn = self.0.lock();
        if conn.tasks().has_aftermath() {
            self.0.finish(conn);
        }
    }
}

/// For the supervisor.
impl<T: AsyncRead + AsyncWrite + Unpin> Shared<T> {
    /// The handler's turn, which runs in `poll`.
    pub(crate) fn handler_turn<R>(&self, poll: impl FnOnce() -> R) -> R {
        /// Also after a panic.
        struct End<'a, T> {
            shared: &'a Shared<T>,
            outer: Outer,
        }

        impl<T> Drop for End<'_, T> {
            fn drop(&mut self) {
                if turn::has_sent() {
                    self.shared.lock_in_turn().take_sent();
                }
                turn::end(&mut self.outer);
            }
        }

        let _end = End {
            shared: self,
            outer: turn::begin(self.id()),
        };
        poll()
    }

    /// A poll of the supervisor's task begins.
    pub(crate) fn begin_turn(&self, waker: &Waker) {
        let stale = self.lock().begin_turn(waker);
        drop(stale);
    }

    /// The supervisor's own turn, after the handler's. Ready when the transport is gone.
    pub(crate) fn poll_supervise(&self) -> Poll<()> {
        self.with(Conn::poll_supervise)
    }

    /// The handler has ended. The peer is told `code`, unless it closes already.
    pub(crate) fn close_for_handler(&self, code: CloseCode) {
        self.with(|conn| conn.close_for_handler(code));
    }

    /// The supervisor ends; who still waits learns it. A drain waits for what this returns.
    #[must_use]
    pub(crate) fn end_work(&self) -> Option<Work> {
        self.with(|conn| {
            conn.lose(Item::Lost(Loss::Cut));
            conn.member_mut().end_work()
        })
    }

    /// How the connection ended. `Lost` if it has not.
    pub(crate) fn closure(&self) -> Closure {
        self.lock().closure().unwrap_or(Closure::Lost(Loss::Cut))
    }
}
