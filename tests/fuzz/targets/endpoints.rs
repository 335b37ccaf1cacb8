//! A client and a server of ours talk over a transport that takes little at a time. Either sends,
//! receives, gives up waiting, and closes at any time. What was sent arrives, once and in order.

use std::{
    collections::VecDeque,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use tokio::io::{DuplexStream, duplex};
use tower_websock::{Config, Error, KeepAlive, Message, WebSocket};

use super::{choices::Choices, enter};

/// So many steps at most until both close.
const STEPS: usize = 200;

pub fn run(input: &[u8]) {
    let _runtime = enter();
    let mut choices = Choices::new(input);
    let capacity = choices.one_of(&[7, 100, 5000, 70_000]);
    let config = Config::new()
        .keep_alive(KeepAlive::OFF)
        .write_high_water(choices.one_of(&[1, 40, 64 * 1024]));
    let (client, server) = duplex(capacity);
    let mut ends = [
        End::new(WebSocket::client(client, &config), capacity),
        End::new(WebSocket::server(server, &config), capacity),
    ];
    for _ in 0..STEPS {
        if choices.are_over() {
            break;
        }
        let end = choices.below(2);
        ends[end].step(&mut choices);
    }
    finish(&mut ends);
    let [client, server] = &ends;
    client.check(server);
    server.check(client);
}

struct End {
    socket: WebSocket<DuplexStream>,
    /// Bytes of a message at most: a transport that takes little takes long.
    longest: usize,
    /// What was given to `send`, and whether that said that it was sent.
    sent: Vec<(Message, bool)>,
    received: Vec<Message>,
    has_ended: bool,
}

/// Polls a future so often, then gives it up.
fn poll<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match future.as_mut().poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

impl End {
    const fn new(socket: WebSocket<DuplexStream>, capacity: usize) -> Self {
        Self {
            socket,
            longest: 20 * capacity,
            sent: Vec::new(),
            received: Vec::new(),
            has_ended: false,
        }
    }

    fn step(&mut self, choices: &mut Choices<'_>) {
        let times = 1 + choices.below(3);
        match choices.below(16) {
            0..6 => self.send(choices, times),
            6..13 => {
                self.receive(times);
            }
            13 => {
                let _ = poll(self.socket.flush(), times);
            }
            14 => {
                let message = self.message(choices);
                let is_sent = self.socket.try_send(message.clone()).is_ok();
                self.sent.push((message, is_sent));
            }
            // What still comes is received.
            _ if choices.seldom(8) => {
                let _ = poll(self.socket.send(Message::Close(None)), times);
            }
            _ => {}
        }
    }

    fn send(&mut self, choices: &mut Choices<'_>, times: usize) {
        let message = self.message(choices);
        let sent = if choices.below(2) == 0 {
            poll(self.socket.send(message.clone()), times)
        } else {
            poll(self.socket.feed(message.clone()), times)
        };
        self.sent.push((message, matches!(sent, Some(Ok(())))));
    }

    /// One that no other is like.
    fn message(&self, choices: &mut Choices<'_>) -> Message {
        let number = self.sent.len();
        let len = choices.one_of(&[0, 1, 130, 5000, 70_000]).min(self.longest);
        match choices.below(8) {
            0 => Message::Ping(number.to_be_bytes().to_vec().into()),
            1..4 => Message::binary([&number.to_be_bytes()[..], &vec![7; len]].concat()),
            _ => Message::text(format!("{number}{}", "\u{e4}".repeat(len / 2))),
        }
    }

    /// Returns whether anything came of it.
    fn receive(&mut self, times: usize) -> bool {
        match poll(self.socket.recv(), times) {
            Some(Some(Ok(message))) => {
                assert!(!self.has_ended, "{message:?} came after the end");
                self.received.push(message);
            }
            Some(Some(Err(error))) => panic!("{error}"),
            Some(None) => self.has_ended = true,
            None => return false,
        }
        true
    }

    /// Of what the other end sent, and in its order, all that was sent for sure.
    fn check(&self, other: &Self) {
        let (last, received) = self.received.split_last().expect("a Close");
        assert!(last.is_close(), "{last:?}");
        // Our pongs, which answer the pings.
        let mut received: VecDeque<_> = received
            .iter()
            .filter(|m| !matches!(m, Message::Pong(_)))
            .collect();
        for (message, is_sent) in &other.sent {
            if received.front() == Some(&message) {
                received.pop_front();
            } else {
                assert!(!is_sent, "{message:?} is lost");
            }
        }
        assert!(received.is_empty(), "out of order or twice: {received:?}");
        assert!(
            self.socket
                .closure()
                .is_some_and(|closure| closure.is_clean())
        );
    }
}

/// Both close, and receive what is left.
fn finish(ends: &mut [End; 2]) {
    for _ in 0..1_000_000 {
        let mut is_over = true;
        for end in &mut *ends {
            match poll(end.socket.send(Message::Close(None)), 1) {
                Some(Ok(()) | Err(Error::Closed)) | None => {}
                Some(Err(error)) => panic!("{error}"),
            }
            end.receive(1);
            is_over &= end.has_ended;
        }
        if is_over {
            return;
        }
    }
    panic!("they hang");
}
