//! One end, and what it does.

use std::{
    collections::VecDeque,
    future::Future,
    mem,
    pin::pin,
    task::{Context, Poll, Waker},
};

use tower_websock::{
    CloseFrame, Error, Message, PreparedMessage, RecvHalf, SendHalf, Sender, TrySendError,
    WebSocket,
};

use super::Turn;
use crate::targets::choices::Choices;

pub struct End {
    face: Face,
    sender: Sender,
    /// Bytes of a message at most: a transport that takes little takes long.
    longest: usize,
    /// What was given to `send`, and whether that said that it was sent.
    sent: Vec<(Message, bool)>,
    received: Vec<Message>,
    has_ended: bool,
    /// It was told to close, and to drop what still comes.
    discards: bool,
}

enum Face {
    Whole(WebSocket),
    Halves(SendHalf, RecvHalf),
    /// Being split.
    Neither,
}

/// How long an end waits.
#[derive(Clone, Copy)]
struct Patience<'a> {
    /// So many polls; then it gives up.
    polls: usize,
    waker: &'a Waker,
}

fn poll<F: Future>(future: F, patience: Patience<'_>) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(patience.waker);
    (0..patience.polls).find_map(|_| match future.as_mut().poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

fn at_once(result: Result<(), TrySendError>) -> Option<Result<(), Error>> {
    match result {
        Ok(()) => Some(Ok(())),
        Err(TrySendError::Invalid(error)) => Some(Err(error)),
        Err(_) => None,
    }
}

impl End {
    pub fn new(socket: WebSocket, capacity: usize) -> Self {
        Self {
            sender: socket.sender(),
            face: Face::Whole(socket),
            longest: 20 * capacity,
            sent: Vec::new(),
            received: Vec::new(),
            has_ended: false,
            discards: false,
        }
    }

    pub const fn has_ended(&self) -> bool {
        self.has_ended
    }

    pub fn turn(&mut self, turn: &Turn, waker: &Waker) {
        match turn {
            Turn::Step(bytes) => self.step(&mut Choices::new(bytes), waker),
            Turn::WindUp => self.wind_up(Patience { polls: 1, waker }),
        }
    }

    fn wind_up(&mut self, once: Patience<'_>) {
        match poll(self.sender.send(Message::Close(None)), once) {
            Some(Ok(()) | Err(Error::Closed)) | None => {}
            Some(Err(error)) => panic!("{error}"),
        }
        self.receive(once);
    }

    fn step(&mut self, choices: &mut Choices<'_>, waker: &Waker) {
        let polls = 1 + choices.below(3);
        let times = Patience { polls, waker };
        match choices.below(16) {
            0..7 => self.send(choices, times),
            7..14 => self.receive(times),
            14 => {
                let _ = match (&mut self.face, choices.below(2)) {
                    (Face::Whole(socket), 0) => poll(socket.flush(), times),
                    (Face::Halves(socket, _), 0) => poll(socket.flush(), times),
                    _ => poll(self.sender.flush(), times),
                };
            }
            _ if choices.seldom(4) => self.close(choices, times),
            _ if choices.below(2) == 0 => self.split(),
            _ => {}
        }
    }

    fn split(&mut self) {
        self.face = match mem::replace(&mut self.face, Face::Neither) {
            Face::Whole(socket) => {
                let (send, recv) = socket.split();
                assert!(send.is_pair_of(&recv));
                Face::Halves(send, recv)
            }
            other => other,
        };
    }

    /// Unless it discards, what still comes is received.
    fn close(&mut self, choices: &mut Choices<'_>, times: Patience<'_>) {
        let frame = choices.one_of(&[None, Some(1000), Some(4999)]);
        let frame = frame.map(|code| CloseFrame::new(code, "bye"));
        match (&mut self.face, choices.below(4)) {
            (Face::Whole(socket), 0) => {
                self.discards = true;
                let _ = poll(socket.close(frame), times);
            }
            (Face::Whole(socket), 1) => {
                let _ = poll(socket.send(Message::Close(frame)), times);
            }
            (Face::Halves(socket, _), 0 | 1) => socket.start_close(frame).unwrap(),
            _ => self.sender.start_close(frame).unwrap(),
        }
    }

    fn send(&mut self, choices: &mut Choices<'_>, times: Patience<'_>) {
        let message = self.message(choices);
        let given = message.clone();
        let prepared = PreparedMessage::try_from(message.clone());
        let sent = match (&mut self.face, choices.below(12), prepared) {
            (Face::Whole(socket), 0, Ok(prepared)) => poll(socket.send_prepared(&prepared), times),
            (Face::Whole(socket), 1, Ok(prepared)) => at_once(socket.try_send_prepared(&prepared)),
            (Face::Whole(socket), 0..4, _) => poll(socket.send(given), times),
            (Face::Whole(socket), 4, _) => poll(socket.send_uncompressed(given), times),
            (Face::Whole(socket), 5, _) => at_once(socket.try_send(given)),
            (Face::Whole(socket), 6..8, _) => poll(socket.feed(given), times),
            (Face::Halves(half, _), 0, Ok(prepared)) => poll(half.send_prepared(&prepared), times),
            (Face::Halves(half, _), 1, _) => poll(half.clone().send(given), times),
            (Face::Halves(half, _), 2..4, _) => poll(half.send(given), times),
            (Face::Halves(half, _), 4, _) => poll(half.send_uncompressed(given), times),
            (Face::Halves(half, _), 5, _) => at_once(half.try_send(given)),
            (Face::Halves(half, _), 6..8, _) => poll(half.feed(given), times),
            (_, 8, Ok(prepared)) => poll(self.sender.send_prepared(&prepared), times),
            (_, 9, _) => at_once(self.sender.try_send(given)),
            _ => poll(self.sender.send(given), times),
        };
        match sent {
            Some(Err(Error::Closed)) | None => self.sent.push((message, false)),
            Some(Ok(())) => self.sent.push((message, true)),
            Some(Err(error)) => panic!("{error}"),
        }
    }

    /// One that no other is like.
    fn message(&self, choices: &mut Choices<'_>) -> Message {
        let number = self.sent.len();
        let len = if choices.seldom(16) {
            choices.one_of(&[5000, 70_000]).min(self.longest)
        } else {
            choices.one_of(&[0, 1, 130])
        };
        match choices.below(8) {
            0 => Message::Ping(number.to_be_bytes().to_vec().into()),
            1..4 => Message::binary([&number.to_be_bytes()[..], &vec![7; len]].concat()),
            _ => Message::text(format!("{number}{}", "\u{e4}".repeat(len / 2))),
        }
    }

    fn receive(&mut self, times: Patience<'_>) {
        let received = match &mut self.face {
            Face::Whole(socket) => poll(socket.recv(), times),
            Face::Halves(_, half) => poll(half.recv(), times),
            Face::Neither => unreachable!("it is split"),
        };
        match received {
            Some(Some(Ok(message))) => {
                assert!(!self.has_ended, "{message:?} came after the end");
                self.received.push(message);
            }
            Some(Some(Err(error))) => panic!("{error}"),
            Some(None) => self.has_ended = true,
            None => {}
        }
    }

    /// Of what the other end sent, and in its order, all that was sent for sure.
    pub fn check(&self, other: &Self) {
        // Our pongs, which answer the pings.
        let mut received: VecDeque<_> = self
            .received
            .iter()
            .filter(|m| !matches!(m, Message::Pong(_) | Message::Close(_)))
            .collect();
        for (message, is_sent) in &other.sent {
            if received.front() == Some(&message) {
                received.pop_front();
            } else {
                // Of many pings that wait, the last ones are kept.
                let is_needed = *is_sent && !message.is_ping() && !self.discards;
                assert!(!is_needed, "{message:?} is lost");
            }
        }
        assert!(received.is_empty(), "out of order or twice: {received:?}");
        let closes = self.received.iter().filter(|message| message.is_close());
        if !self.discards {
            assert_eq!(closes.count(), 1);
            assert!(self.received.last().is_some_and(Message::is_close));
        }
        let closure = match &self.face {
            Face::Whole(socket) => socket.closure(),
            Face::Halves(socket, _) => socket.closure(),
            Face::Neither => unreachable!("it is split"),
        };
        assert!(closure.is_some_and(|closure| closure.is_clean()));
    }
}
