//! Plays a script with a socket.

use std::{future::Future, pin::Pin, sync::MutexGuard, time::Duration};

use futures_util::{SinkExt, stream};
use tokio::{
    spawn,
    task::yield_now,
    time::{sleep, timeout},
};
use tower_websock::{
    CloseFrame, Error, Message, PreparedMessage, RecvHalf, SendHalf, SendTimeoutError,
    Subscription, TrySendError, WebSocket,
};

use crate::{
    acts::Act,
    log::{Log, Promise, TOPIC},
    panics::AS_TOLD,
    support::http2::Io,
    tasks::{Handle, Surroundings, counted, payload, spawn_sender},
    wire,
};

/// So long a message is waited for. It is longer than what anything takes that goes on.
const PATIENCE: Duration = Duration::from_secs(100);

/// What a handler fails with.
pub(crate) const FAILURE: &str = "as told: the handler";

/// An end, and what it still has of its socket.
pub(crate) struct Player<T: Io> {
    socket: Socket<T>,
    subscriptions: Vec<Subscription<T>>,
    around: Surroundings,
}

enum Socket<T: Io> {
    Whole(WebSocket<T>),
    Halves(Option<SendHalf<T>>, Option<RecvHalf<T>>),
}

/// Calls a method of what can send, if there is something.
macro_rules! sending {
    ($socket:expr, $half:ident => $call:expr) => {
        match $socket {
            Socket::Whole($half) => Some($call),
            Socket::Halves(Some($half), _) => Some($call),
            Socket::Halves(None, _) => None,
        }
    };
}

/// Plays with a socket; yields what the handler returns.
pub(crate) fn play<T: Io>(
    socket: WebSocket<T>,
    acts: &'static [Act],
    around: Surroundings,
) -> Playing {
    let player = Player {
        socket: Socket::Whole(socket),
        subscriptions: Vec::new(),
        around,
    };
    player.play(acts)
}

type Playing = Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>>;

impl<T: Io> Player<T> {
    fn play(mut self, acts: &'static [Act]) -> Playing {
        let side = self.around.side.clone();
        let most = self.around.most_polls;
        Box::pin(counted(side, most, async move {
            for (at, act) in acts.iter().enumerate() {
                match *act {
                    Act::GiveAway => {
                        spawn(self.play(&acts[at + 1..]));
                        return Ok(());
                    }
                    Act::Fail => return Err(FAILURE),
                    Act::Panic => panic!("{AS_TOLD}: the handler"),
                    act => self.act(act).await,
                }
            }
            Ok(())
        }))
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.around.side.log()
    }

    #[allow(clippy::too_many_lines, reason = "an arm for each act")]
    async fn act(&mut self, act: Act) {
        match act {
            Act::Text(len) => {
                let message = self.next_text(len);
                self.send(message).await;
            }
            Act::Binary(len) => {
                let message = self.next_binary(len);
                self.send(message).await;
            }
            Act::Uncompressed(len) => {
                let message = self.next_binary(len);
                let (place, before) = self.attempt(message.clone());
                let sent =
                    sending!(&mut self.socket, half => half.send_uncompressed(message).await);
                self.note_sent(place, &before, sent);
            }
            Act::Prepared(len) => {
                let message = self.next_binary(len);
                let (place, before) = self.attempt(message.clone());
                let prepared = PreparedMessage::binary(message.into_data());
                let sent = sending!(&mut self.socket, half => half.send_prepared(&prepared).await);
                self.note_sent(place, &before, sent);
            }
            Act::Feed(len) => {
                let message = self.next_binary(len);
                let (place, _) = self.attempt(message.clone());
                let fed = sending!(&mut self.socket, half => half.feed(message).await);
                self.note_queued(place, fed.is_some_and(|fed| fed.is_ok()));
            }
            Act::Try(len) => self.try_send(len).await,
            Act::Within(len) => {
                let message = self.next_binary(len);
                let (place, _) = self.attempt(message.clone());
                let wait = Duration::from_secs(100);
                let sent =
                    sending!(&mut self.socket, half => half.send_timeout(message, wait).await);
                match sent {
                    Some(Ok(())) => self.note_queued(place, true),
                    Some(Err(SendTimeoutError::Invalid(error))) => panic!("{error}"),
                    _ => self.log().promise(&[place], Promise::GivenBack),
                }
            }
            Act::Flush => {
                let before = self.log().queued();
                let flushed = sending!(&mut self.socket, half => half.flush().await);
                if matches!(flushed, Some(Ok(()))) {
                    self.log().promise(&before, Promise::HandedOver);
                }
            }
            Act::Sink(count, len) => self.feed_sink(count, len).await,
            Act::Ping => self.send_unnoted(Message::Ping("?".into())).await,
            Act::Pong => self.send_unnoted(Message::Pong("!".into())).await,
            Act::Fragments(count, len) => {
                let message = self.next_binary(len);
                let (place, _) = self.attempt(message.clone());
                self.note_queued(place, true);
                let bytes = wire::fragments(self.around.role, count, &message.into_data());
                self.around.pipe.inject(self.around.out, &bytes);
            }
            Act::Recv(count) => {
                for _ in 0..count {
                    if self.recv_data().await.is_none() {
                        break;
                    }
                }
            }
            Act::Echo(count) => {
                for _ in 0..count {
                    match self.recv_data().await {
                        Some(message) => self.send(message).await,
                        None => break,
                    }
                }
            }
            Act::Rest => while self.recv().await.is_some() {},
            Act::UntilClosed => _ = sending!(&mut self.socket, half => half.closed().await),
            Act::SendClose(code) => {
                let frame = CloseFrame::new(code, "bye");
                self.send_unnoted(Message::Close(Some(frame))).await;
            }
            Act::Close(code) => self.close(code.map(|code| CloseFrame::new(code, ""))).await,
            Act::Outside(code) => {
                for connection in self.around.connections.iter() {
                    let frame = CloseFrame::new(code, "");
                    let closed = self.around.connections.close(connection.id(), frame);
                    closed.expect("it can be sent");
                }
            }
            Act::Split => self.split(),
            Act::DropSend => {
                if let Socket::Halves(send, _) = &mut self.socket {
                    *send = None;
                }
            }
            Act::DropRecv => {
                self.log().is_deaf = true;
                if let Socket::Halves(_, recv) = &mut self.socket {
                    *recv = None;
                }
            }
            Act::Senders(tasks, count, len) => {
                for by in 1..=tasks {
                    let sender = sending!(&self.socket, half => half.sender()).expect("a half");
                    spawn_sender(&self.around, by, (count, len), Handle::Sender(sender));
                }
            }
            Act::Clones(tasks, count, len) => {
                for by in 1..=tasks {
                    let Socket::Halves(Some(half), _) = &self.socket else {
                        panic!("there is no half to clone");
                    };
                    spawn_sender(&self.around, by, (count, len), Handle::Half(half.clone()));
                }
            }
            Act::Subscribe => {
                let topic = &self.around.topic;
                let subscription = sending!(&self.socket, half => half.subscribe(topic));
                self.subscriptions.extend(subscription);
            }
            Act::Publish(count, len) => {
                for _ in 0..count {
                    let message = self.next_of(TOPIC, len);
                    self.log().attempt(TOPIC, Message::binary(message.clone()));
                    self.around.topic.publish(PreparedMessage::binary(message));
                }
            }
            Act::Raw(bytes) => {
                let bytes = bytes(self.around.role);
                self.around.pipe.inject(self.around.out, &bytes);
            }
            Act::Sleep(millis) => sleep(Duration::from_millis(millis)).await,
            Act::GiveAway | Act::Fail | Act::Panic => unreachable!("see `play`"),
        }
    }

    fn next_of(&self, by: usize, len: usize) -> Vec<u8> {
        payload(by, self.log().count(by), len)
    }

    fn next_binary(&self, len: usize) -> Message {
        Message::binary(self.next_of(0, len))
    }

    fn next_text(&self, len: usize) -> Message {
        let text = String::from_utf8(self.next_of(0, len)).expect("it is ASCII");
        // Two characters of three bytes each in place of as many bytes.
        let text = match len {
            16.. => format!("{}\u{20ac}\u{20ac}{}", &text[..8], &text[14..]),
            _ => text,
        };
        Message::text(text)
    }

    /// A message is to be sent: its place, and those of what is queued before it.
    fn attempt(&self, message: Message) -> (usize, Vec<usize>) {
        let mut log = self.log();
        let before = log.queued();
        (log.attempt(0, message), before)
    }

    fn note_queued(&self, place: usize, is_queued: bool) {
        if is_queued {
            self.log().promise(&[place], Promise::Queued);
        }
    }

    fn note_sent(&self, place: usize, before: &[usize], sent: Option<Result<(), Error>>) {
        let mut log = self.log();
        match sent {
            Some(sent) => log.note_sent(place, before, sent, self.around.is_supervised),
            None => log.promise(&[place], Promise::GivenBack),
        }
    }

    async fn send(&mut self, message: Message) {
        let (place, before) = self.attempt(message.clone());
        let sent = sending!(&mut self.socket, half => half.send(message).await);
        self.note_sent(place, &before, sent);
    }

    /// What does not count as a message.
    async fn send_unnoted(&mut self, message: Message) {
        let sent = sending!(&mut self.socket, half => half.send(message).await);
        if let Some(Err(error)) = sent {
            assert!(matches!(error, Error::Closed), "{error}");
        }
    }

    async fn try_send(&mut self, len: usize) {
        let mut message = self.next_binary(len);
        let (place, _) = self.attempt(message.clone());
        loop {
            let tried = sending!(&self.socket, half => half.try_send(message));
            match tried {
                Some(Ok(())) => return self.note_queued(place, true),
                Some(Err(TrySendError::Full(back))) => {
                    message = back;
                    // Without a supervisor nobody else makes room.
                    let _ = sending!(&mut self.socket, half => half.flush().await);
                    yield_now().await;
                }
                Some(Err(TrySendError::Closed(_))) | None => {
                    return self.log().promise(&[place], Promise::GivenBack);
                }
                Some(Err(error)) => panic!("{error}"),
            }
        }
    }

    async fn feed_sink(&mut self, count: usize, len: usize) {
        let messages: Vec<_> = (0..count)
            .map(|_| {
                let message = self.next_binary(len);
                self.attempt(message.clone());
                message
            })
            .collect();
        let first = self.log().sent.len() - count;
        let mut items = stream::iter(messages.into_iter().map(Ok));
        let sent = sending!(&mut self.socket, half => half.send_all(&mut items).await);
        if matches!(sent, Some(Ok(()))) {
            let places: Vec<_> = (first..first + count).collect();
            self.log().promise(&places, Promise::HandedOver);
        }
    }

    /// The next item; `None` once there is none.
    async fn recv(&mut self) -> Option<Option<Message>> {
        let item = match &mut self.socket {
            Socket::Whole(socket) => socket.recv().await,
            Socket::Halves(_, Some(half)) => half.recv().await,
            Socket::Halves(_, None) => return None,
        };
        let is_none = item.is_none();
        let message = item.as_ref().and_then(|item| item.as_ref().ok()).cloned();
        self.log().receive(item);
        (!is_none).then_some(message)
    }

    /// The next message, unless none comes for long: who was to send it may have panicked.
    async fn recv_data(&mut self) -> Option<Message> {
        loop {
            match timeout(PATIENCE, self.recv()).await.ok()?? {
                Some(message) if message.is_data() => return Some(message),
                _ => {}
            }
        }
    }

    async fn close(&mut self, frame: Option<CloseFrame>) {
        match &mut self.socket {
            Socket::Whole(socket) => {
                self.around.side.log().is_deaf = true;
                let closure = socket.close(frame).await.expect("it can be sent");
                let mut log = self.around.side.log();
                if socket.closure().as_ref() != Some(&closure) {
                    let other = socket.closure();
                    log.wrong
                        .push(format!("close says {closure}, and closure {other:?}"));
                }
                log.is_over = true;
            }
            Socket::Halves(Some(half), _) => half.start_close(frame).expect("it can be sent"),
            Socket::Halves(None, _) => {}
        }
    }

    fn split(&mut self) {
        let whole = std::mem::replace(&mut self.socket, Socket::Halves(None, None));
        if let Socket::Whole(socket) = whole {
            let (send, recv) = socket.split();
            self.socket = Socket::Halves(Some(send), Some(recv));
        }
    }
}

impl<T: Io> Drop for Player<T> {
    /// Whatever ends it: it sees no more.
    fn drop(&mut self) {
        let closure = match &self.socket {
            Socket::Whole(socket) => socket.closure(),
            Socket::Halves(Some(half), _) => half.closure(),
            Socket::Halves(None, _) => None,
        };
        let mut log = self.around.side.log();
        log.is_deaf |= !log.is_over;
        log.closure = log.closure.take().or(closure);
    }
}
