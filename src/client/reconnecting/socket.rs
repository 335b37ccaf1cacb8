//! The socket that connects again.

mod streams;

use std::{
    fmt,
    future::{Future, poll_fn},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    driver::{Driver, Patience},
    event::{Event, Stopped},
    link::Link,
    send_error::SendError,
};
use crate::{
    config::Subprotocol,
    message::{CloseFrame, InvalidClose, Message},
    observe::Stats,
    protocol::Closure,
    stream::Upgraded,
};

/// A client that connects again: a [`Stream`](futures_core::Stream) of [`Event`]s and a
/// [`Sink`](futures_sink::Sink) of [`Message`]s.
///
/// [`Builder::reconnecting`](crate::client::Builder::reconnecting) makes one for a URI, and
/// [`over`](Self::over) one over a transport of yours. It connects when it is first polled.
///
/// ```no_run
/// use tower_websock::client::{Builder, reconnecting::Event};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut socket = Builder::new().reconnecting("ws://127.0.0.1:8888/ws").build();
/// while let Some(event) = socket.recv().await {
///     match event? {
///         Event::Open { .. } => {
///             // If this fails, the next event says why, and after `Lost` another `Open` follows.
///             let _ = socket.send("subscribe".into()).await;
///         }
///         Event::Message(message) => println!("{message:?}"),
///         Event::Lost { why, unsent } => println!("{why}; {} to send again", unsent.len()),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # It works while it is polled
///
/// As with a client's [`WebSocket`](crate::WebSocket), there is no task behind it. It connects,
/// waits, answers pings and notices the end only while you await one of its methods, so be in
/// [`recv`](Self::recv) whenever there is nothing else to do. To also send what comes from
/// elsewhere, use one loop:
///
/// ```no_run
/// use std::collections::VecDeque;
///
/// use tokio::sync::mpsc::Receiver;
/// use tower_websock::{
///     Message,
///     client::{Reconnecting, reconnecting::{Event, SendError}},
/// };
///
/// async fn run(mut socket: Reconnecting, mut orders: Receiver<Message>) {
///     let mut again = VecDeque::new();
///     loop {
///         let order = tokio::select! {
///             event = socket.recv() => match event {
///                 Some(Ok(Event::Message(message))) => { println!("{message:?}"); continue }
///                 // These were sent before what may be in `again`.
///                 Some(Ok(Event::Lost { unsent, .. })) => {
///                     again = unsent.into_iter().chain(again).collect();
///                     continue
///                 }
///                 Some(Ok(_)) => continue,
///                 Some(Err(stopped)) => return eprintln!("{stopped}"),
///                 None => return,
///             },
///             Some(order) = async { again.pop_front() }, if socket.is_open() => order,
///             Some(order) = orders.recv(), if socket.is_open() && again.is_empty() => order,
///         };
///         let sent = socket.send(order).await;
///         if let Some(order) = sent.err().and_then(SendError::into_message) {
///             again.push_front(order);
///         }
///     }
/// }
/// ```
///
/// Or split it with `StreamExt::split` of the crate futures-util, and receive in one task and send
/// in another. Each of them then keeps the connection going.
///
/// # What is handed back
///
/// A message that was sent is kept until it is *flushed*: until the transport has all of it, which
/// for TCP is the kernel. That does not mean that the server has it. When a connection ends, the
/// messages that were not flushed are handed back, in the order of sending, by [`Event::Lost`], by
/// [`Stopped`], or by [`take_unsent`](Self::take_unsent), whichever is first. A message that
/// [`send`](Self::send) fails to flush is in its error instead. If the server has closed, whatever
/// was sent since the last flush is handed back, though some of it may have left since.
///
/// So each message is flushed or handed back, and none is lost silently. What is handed back may
/// have arrived all the same, and what was flushed may not have. If it matters, number the messages,
/// have the server acknowledge them, and send again after [`Event::Open`] what was not acknowledged.
///
/// Messages are kept up to [`max_unflushed`](super::ReconnectingBuilder::max_unflushed) bytes and one
/// message; then sending flushes first. Close frames are not kept.
///
/// # While there is no connection
///
/// Sending waits for the next connection, and opens it. It never queues anything meanwhile, so there
/// is no memory to limit. To set up each connection before anything else is sent, send only while
/// [`is_open`](Self::is_open), as the loop above does: it is true from when [`Event::Open`] was
/// received. Or let a connector do it, given to [`over`](Self::over).
///
/// Nothing is sent, and no other connection is opened, until the messages of the last connection
/// are received and those that it did not send are taken back. Until then, [`send`](Self::send) and
/// [`feed`](Self::feed) fail at once, and give their message back. [`SendError::ReceiveFirst`] tells
/// you to receive; [`SendError::Lost`], to receive or to call [`take_unsent`](Self::take_unsent). A
/// `Sink` cannot give a message back. It fails once if messages were lost. Otherwise it waits for
/// the task that receives, and fails after every 30 seconds in which nothing is received.
///
/// So a program that only sends must also receive if the server sends messages. Pings and pongs need
/// not be received: those that still wait when sending notices the end of their connection are
/// dropped.
///
/// # When it connects again
///
/// [`Retry`](super::Retry) says when, and what is final. A
/// [`rule`](super::ReconnectingBuilder::rule) can judge each failure.
pub struct Reconnecting<T = Upgraded> {
    driver: Driver<T>,
}

/// How far [`Reconnecting::send`] has come.
enum Sending {
    Waits(Message),
    Queued(Kind),
}

/// Whether a message is kept until it is flushed.
#[derive(Clone, Copy)]
enum Kind {
    Kept,
    Close,
}

impl<T> Reconnecting<T> {
    pub(super) fn new(link: Link<T>, max_unflushed: usize) -> Self {
        let driver = Driver::new(link, max_unflushed);
        Self { driver }
    }

    /// Takes back what was sent and not flushed on connections that have ended, in the order of
    /// sending: see [what is handed back](Self#what-is-handed-back).
    ///
    /// [`Event::Lost`] and [`Stopped`] have these messages, too, so use this if you do not receive,
    /// or after [`close`](Self::close).
    pub fn take_unsent(&mut self) -> Vec<Message> {
        self.driver.take_unsent()
    }

    /// Whether a connection is open, and everything that was before it is received, with its
    /// [`Event::Open`].
    pub fn is_open(&self) -> bool {
        self.driver.is_open()
    }

    /// The subprotocol that was negotiated for the open connection.
    pub fn subprotocol(&self) -> Option<&Subprotocol> {
        self.driver.socket()?.subprotocol()
    }

    /// What has passed over the open connection: see [`WebSocket::stats`](crate::WebSocket::stats).
    pub fn stats(&self) -> Option<Stats> {
        Some(self.driver.socket()?.stats())
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + 'static> Reconnecting<T> {
    /// Receives the next event; connects if there is no connection.
    ///
    /// After [`Stopped`], and after this side has closed, this returns `None`.
    ///
    /// # Errors
    ///
    /// [`Stopped`] if there will be no other connection.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing, neither an attempt to connect nor a wait, which go on with
    /// the next call.
    pub fn recv(&mut self) -> impl Future<Output = Option<Result<Event, Stopped>>> {
        poll_fn(|cx| self.driver.poll_event(cx))
    }

    /// Sends a message, and waits until it is flushed. If there is no connection, this opens one
    /// first.
    ///
    /// Sending [`Message::Close`] closes for good, as [`close`](Self::close) does. It opens nothing.
    ///
    /// # Errors
    ///
    /// [`SendError::Lost`] if the connection ended before the message was flushed, or messages of an
    /// earlier connection wait to be taken back. [`SendError::ReceiveFirst`] if messages of the last
    /// connection wait to be received. After either, [receive](Self::recv), and send the message
    /// again. [`SendError::Stopped`] if there will be no other connection. All three have the
    /// message. [`SendError::Invalid`] if it must not be sent.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the message is either sent as a whole or not at all. If it is not
    /// flushed, it is handed back when the connection ends.
    pub fn send(&mut self, message: Message) -> impl Future<Output = Result<(), SendError>> {
        let mut sending = Some(Sending::Waits(message));
        poll_fn(move |cx| self.poll_send(cx, &mut sending))
    }

    /// Queues a message without flushing it. Call [`flush`](Self::flush) later; [`recv`](Self::recv)
    /// also writes what is queued.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub fn feed(&mut self, message: Message) -> impl Future<Output = Result<(), SendError>> {
        let mut sending = Some(Sending::Waits(message));
        poll_fn(move |cx| self.poll_queued(cx, &mut sending).map_ok(drop))
    }

    /// Waits until everything that was sent is flushed: handed to the transport.
    ///
    /// If there is no connection, there is nothing to flush, and this opens none.
    ///
    /// # Errors
    ///
    /// [`SendError::Lost`] if the connection ended before, as long as there are messages to take
    /// back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn flush(&mut self) -> impl Future<Output = Result<(), SendError>> {
        poll_fn(|cx| self.driver.poll_flushed(cx))
    }

    /// Closes the connection for good. Yields how it ended, or `None` if none was open.
    ///
    /// What was sent is written first. An attempt to connect is given up. Everything that was not
    /// received is dropped. Messages that could not be flushed are left to
    /// [`take_unsent`](Self::take_unsent). See [`WebSocket::close`](crate::WebSocket::close) for how
    /// long this may take.
    ///
    /// # Errors
    ///
    /// If the frame must not be sent (RFC 6455, section 7.4). Nothing is done in this case.
    ///
    /// # Cancel safety
    ///
    /// The Close frame is queued at the first poll. To wait for the rest, call this again.
    pub fn close(
        &mut self,
        frame: impl Into<Option<CloseFrame>>,
    ) -> impl Future<Output = Result<Option<Closure>, InvalidClose>> {
        self.driver.close(frame.into())
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        sending: &mut Option<Sending>,
    ) -> Poll<Result<(), SendError>> {
        let kind = ready!(self.poll_queued(cx, sending))?;
        let flushed = ready!(self.driver.poll_flushed(cx));
        Poll::Ready(flushed.map_err(|error| match kind {
            // It was sent last.
            Kind::Kept => error.with(self.driver.take_last_unsent()),
            Kind::Close => error,
        }))
    }

    fn poll_queued(
        &mut self,
        cx: &mut Context<'_>,
        sending: &mut Option<Sending>,
    ) -> Poll<Result<Kind, SendError>> {
        let message = match sending.take() {
            Some(Sending::Waits(message)) => message,
            Some(Sending::Queued(kind)) => {
                *sending = Some(Sending::Queued(kind));
                return Poll::Ready(Ok(kind));
            }
            None => return Poll::Ready(Ok(Kind::Close)),
        };
        let kind = if message.is_close() {
            Kind::Close
        } else {
            Kind::Kept
        };
        if let (Message::Close(frame), None) = (&message, self.driver.socket()) {
            let check = frame.as_ref().map_or(Ok(()), CloseFrame::check_sendable);
            if check.is_ok() {
                self.driver.begin_close();
            }
            let done = check.map_err(|error| SendError::Invalid(error.into()));
            return Poll::Ready(done.map(|()| kind));
        }
        match self.driver.poll_room(cx, Patience::Fails) {
            Poll::Pending => {
                *sending = Some(Sending::Waits(message));
                Poll::Pending
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.with(Some(message)))),
            Poll::Ready(Ok(())) => {
                self.driver.start(message)?;
                *sending = Some(Sending::Queued(kind));
                Poll::Ready(Ok(kind))
            }
        }
    }
}

impl<T> fmt::Debug for Reconnecting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnecting")
            .field("socket", &self.driver.socket())
            .finish_non_exhaustive()
    }
}
