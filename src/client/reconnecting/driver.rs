//! What is done when it is polled.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_sink::Sink;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::coop::poll_proceed,
    time::{Sleep, sleep},
};

use super::{
    cause::Cause,
    event::{Event, Stopped},
    link::{Change, Link},
    news::News,
    send_error::SendError,
    unsent::Unsent,
    wakers::{Side, Wakers},
};
use crate::{
    Error,
    message::{CloseFrame, InvalidClose, Message},
    protocol::{Closure, Loss},
    stream::WebSocket,
};

/// How long a sink waits while nobody receives what must be received first.
const PATIENCE: Duration = Duration::from_secs(30);

/// All that there is behind the socket.
pub(super) struct Driver<T> {
    link: Link<T>,
    news: News,
    unsent: Unsent,
    closing: Closing,
    closure: Option<Closure>,
    /// Until a sink's patience ends.
    patience: Option<Pin<Box<Sleep>>>,
    wakers: Arc<Wakers>,
    /// Wakes all of these.
    waker: Waker,
}

/// Whether this side has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    No,
    Ours,
}

/// What a call that sends does while something of an earlier connection waits to be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It fails, and gives its message back: its task may be the one that receives.
    Fails,
    /// It waits for a time, and tells once if messages were lost: a sink cannot give any back.
    Waits,
}

/// What a connection brings that has not ended, or how it has.
enum Came {
    Message(Message),
    End(Cause),
    /// The connection that this side closes has ended, with its transport.
    Closed,
}

impl<T: AsyncRead + AsyncWrite + Unpin + 'static> Driver<T> {
    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Event, Stopped>>> {
        self.wakers.register(Side::Receiver, cx.waker());
        // It may take longer than to connect again.
        let _ = self.link.poll_old(cx);
        loop {
            if let Some(event) = self.news.next(&mut self.unsent) {
                // What senders wait for.
                self.patience = None;
                self.wakers.wake_all();
                return Poll::Ready(Some(event));
            }
            if self.link.is_over() {
                ready!(self.link.poll_old(cx));
                return Poll::Ready(None);
            }
            if self.link.socket().is_none() {
                ready!(self.poll_connect());
                continue;
            }
            let came = self.poll_came(cx);
            if self.unsent.is_in_flight() && self.is_sure() && self.has_handed_over() {
                // While a receiver waits, what is queued leaves.
                self.unsent.note_flushed();
            }
            match ready!(came) {
                Came::Message(message) => {
                    return Poll::Ready(Some(Ok(Event::Message(message))));
                }
                Came::End(cause) => self.note_end(cause),
                Came::Closed => self.finish_close(),
            }
        }
    }

    /// Waits until a message can be sent, on an open connection.
    pub(super) fn poll_room(
        &mut self,
        cx: &mut Context<'_>,
        patience: Patience,
    ) -> Poll<Result<(), SendError>> {
        self.wakers.register(Side::Sender, cx.waker());
        loop {
            if self.link.is_over() || self.closing == Closing::Ours {
                return Poll::Ready(Err(SendError::Stopped(None)));
            }
            if self.unsent.has_lost() || self.news.has_messages() {
                // Not before those. Nor is another connection opened, or more would wait.
                match patience {
                    // A loop that does nothing but try again must not hold up its thread.
                    Patience::Fails => ready!(poll_proceed(cx)).made_progress(),
                    Patience::Waits if self.unsent.has_lost() && self.unsent.tell() => {}
                    Patience::Waits => ready!(self.poll_patience(cx)),
                }
                return Poll::Ready(Err(if self.unsent.has_lost() {
                    SendError::Lost(None)
                } else {
                    SendError::ReceiveFirst(None)
                }));
            }
            if self.unsent.is_full() {
                ready!(self.poll_flushed(cx))?;
            }
            let Some(socket) = self.link.socket_mut() else {
                ready!(self.poll_connect());
                continue;
            };
            if ready!(Pin::new(socket).poll_ready(cx)).is_ok() && self.is_sure() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_end(Self::is_full_of_news));
        }
    }

    /// Perhaps nobody receives at all.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = &mut self.patience;
        let timer = patience.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        ready!(timer.as_mut().poll(cx));
        *patience = None;
        Poll::Ready(())
    }

    /// Queues a message on the open connection, after [`poll_room`](Self::poll_room).
    pub(super) fn start(&mut self, message: Message) -> Result<(), SendError> {
        let Some(socket) = self.link.socket_mut() else {
            return Err(SendError::Lost(Some(message)));
        };
        match Pin::new(socket).start_send(message.clone()) {
            Ok(()) if message.is_close() => self.closing = Closing::Ours,
            Ok(()) => self.unsent.push(message),
            Err(Error::Closed) => return Err(SendError::Lost(Some(message))),
            Err(error) => return Err(SendError::Invalid(error)),
        }
        Ok(())
    }

    /// Waits until the transport has all that was sent.
    pub(super) fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.wakers.register(Side::Sender, cx.waker());
        loop {
            self.check_lost()?;
            let Some(socket) = self.link.socket_mut() else {
                return Poll::Ready(Ok(()));
            };
            if ready!(Pin::new(socket).poll_flush(cx)).is_err() {
                // There is no transport: what was read ahead is all that comes.
                ready!(self.poll_end(|_| false));
                continue;
            }
            if !self.is_sure() {
                ready!(self.poll_end(Self::is_full_of_news));
                // The end is certain, even if it waits behind messages.
                self.unsent.note_lost();
                return Poll::Ready(self.check_lost());
            }
            if self.has_handed_over() {
                self.unsent.note_flushed();
                return Poll::Ready(Ok(()));
            }
            // Else a pong was queued meanwhile, and a transport of several layers may hold back
            // what came before it.
        }
    }

    /// The sink closes: what was sent leaves, and a Close.
    pub(super) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.begin_close();
        if let Some(socket) = self.link.socket_mut() {
            // If that fails, so did what was sent before.
            let _ = ready!(Pin::new(socket).poll_close(cx));
            self.settle();
        }
        if self.unsent.has_lost() && self.unsent.tell() {
            return Poll::Ready(Err(SendError::Lost(None)));
        }
        Poll::Ready(Ok(()))
    }

    /// Closes, and waits for the end.
    pub(super) async fn close(
        &mut self,
        frame: Option<CloseFrame>,
    ) -> Result<Option<Closure>, InvalidClose> {
        if let Some(frame) = &frame {
            frame.check_sendable()?;
        }
        self.begin_close();
        self.news.forget();
        if let Some(socket) = self.link.socket_mut() {
            socket.close(frame).await?;
            self.finish_close();
        }
        Ok(self.closure.clone())
    }

    /// Whoever sends has seen that the connection ends. Why is known behind what came before that,
    /// and waits to be received from now on. Stops there if `is_enough`.
    fn poll_end(&mut self, is_enough: impl Fn(&Self) -> bool) -> Poll<()> {
        while self.link.socket().is_some() && !is_enough(self) {
            // Not only the task that polls now: another one may wait to receive.
            let waker = self.waker.clone();
            match ready!(self.poll_came(&mut Context::from_waker(&waker))) {
                // 5.5.2: it is answered. Kept, one would hold up the next connection.
                Came::Message(Message::Ping(_) | Message::Pong(_)) => {}
                Came::Message(message) => {
                    self.news.note_message(message);
                    self.wakers.wake_all();
                }
                Came::End(cause) => self.note_end(cause),
                Came::Closed => self.finish_close(),
            }
        }
        Poll::Ready(())
    }

    /// What comes next of the connection, which must be open.
    fn poll_came(&mut self, cx: &mut Context<'_>) -> Poll<Came> {
        loop {
            let Some(socket) = self.link.socket_mut() else {
                return Poll::Ready(Came::Closed);
            };
            let item = ready!(Pin::new(socket).poll_next(cx));
            let came = match (item, self.closing) {
                (Some(Ok(Message::Close(frame))), Closing::No) => Came::End(Cause::Closed(frame)),
                (Some(Err(error)), Closing::No) => Came::End(Cause::Broken(error)),
                (None, Closing::No) => Came::End(Cause::Broken(Error::Lost(Loss::Cut))),
                // `None` follows, once the transport has ended.
                (Some(Ok(Message::Close(_)) | Err(_)), Closing::Ours) => continue,
                (None, Closing::Ours) => Came::Closed,
                (Some(Ok(message)), _) => Came::Message(message),
            };
            return Poll::Ready(came);
        }
    }

    /// Whichever task polls, both are woken.
    fn poll_connect(&mut self) -> Poll<()> {
        let change = ready!(
            self.link
                .poll_connect(&mut Context::from_waker(&self.waker))
        );
        self.note(change);
        Poll::Ready(())
    }
}

impl<T> Driver<T> {
    pub(super) fn new(link: Link<T>, max_unflushed: usize) -> Self {
        let wakers = Arc::new(Wakers::default());
        Self {
            link,
            news: News::default(),
            unsent: Unsent::new(max_unflushed),
            closing: Closing::No,
            closure: None,
            patience: None,
            waker: Waker::from(wakers.clone()),
            wakers,
        }
    }

    /// The open connection.
    pub(super) const fn socket(&self) -> Option<&WebSocket<T>> {
        self.link.socket()
    }

    /// Whether a connection is open, and all that was before it is received.
    pub(super) fn is_open(&self) -> bool {
        let is_alive = self.socket().is_some_and(|socket| !socket.is_closed());
        is_alive && self.closing == Closing::No && self.news.is_empty()
    }

    /// Whether nothing comes any more.
    pub(super) fn is_done(&self) -> bool {
        self.link.is_over() && self.news.is_empty()
    }

    /// Hands back what was lost.
    pub(super) fn take_unsent(&mut self) -> Vec<Message> {
        self.patience = None;
        self.wakers.wake_all();
        self.unsent.take()
    }

    /// Hands back what was sent last, which was lost.
    pub(super) fn take_last_unsent(&mut self) -> Option<Message> {
        self.unsent.take_last()
    }

    /// This side wants no connection any more.
    pub(super) fn begin_close(&mut self) {
        if self.closing == Closing::Ours || self.link.is_over() {
            return;
        }
        self.closing = Closing::Ours;
        if self.link.socket().is_none() {
            self.end_work();
        }
        self.wakers.wake_all();
    }

    /// The connection has ended that this side closes.
    fn finish_close(&mut self) {
        self.closure = self.link.socket().and_then(WebSocket::closure);
        self.settle();
        self.end_work();
    }

    fn end_work(&mut self) {
        self.news.keep_messages();
        self.link.close();
        self.wakers.wake_all();
    }

    fn note_end(&mut self, cause: Cause) {
        // Also what our transport has, if the server closed before it read it.
        self.unsent.note_lost();
        let change = self.link.note_end(cause);
        self.note(change);
    }

    fn note(&mut self, change: Change) {
        self.news.note(change);
        self.wakers.wake_all();
    }

    /// Nothing more is sent: what is in flight has left, or is lost.
    fn settle(&mut self) {
        if self.has_handed_over() {
            self.unsent.note_flushed();
        } else {
            self.unsent.note_lost();
        }
    }

    /// Whether nothing waits to be handed back.
    fn check_lost(&mut self) -> Result<(), SendError> {
        if self.unsent.has_lost() {
            self.unsent.tell();
            return Err(SendError::Lost(None));
        }
        Ok(())
    }

    fn has_handed_over(&self) -> bool {
        let socket = self.link.socket();
        socket.is_some_and(WebSocket::has_handed_over)
    }

    /// Whether what the transport has may arrive. 5.5.1: a server that has sent its Close need not
    /// read any more.
    fn is_sure(&self) -> bool {
        let socket = self.link.socket();
        self.closing == Closing::Ours || socket.is_some_and(|socket| !socket.is_ending())
    }

    fn is_full_of_news(&self) -> bool {
        self.news.is_full()
    }
}
