//! A subscriber that is a socket, whose peer reads what it is sent in pieces.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use tower_websock::{
    Config, KeepAlive, Lag, PreparedMessage, Subscribe, Subscription, Topic, WebSocket,
};

use super::{
    model::{Model, Reader},
    number_of,
};
use crate::targets::{
    choices::Choices,
    io::{Peer, Transport},
    made,
    tasks::Flag,
    wire::frames,
};

/// Looks until it has nothing to do, at most.
const MANY: usize = 10_000;

pub struct Socket {
    inner: WebSocket<Transport>,
    subscription: Subscription<Transport>,
    peer: Peer,
    reader: Reader,
    /// Where it began.
    begin: usize,
    received: Vec<usize>,
}

impl Socket {
    pub fn new(
        choices: &mut Choices<'_>,
        topic: &Topic,
        wanted: Subscribe,
        reader: Reader,
    ) -> Self {
        let (transport, peer) = Transport::open(Vec::new(), made::steps(choices));
        let config = Config::new()
            .keep_alive(KeepAlive::OFF)
            .write_high_water(choices.one_of(&[1, 20, 64 * 1024]));
        let socket = WebSocket::server(transport, &config);
        let wanted = wanted.notice(|skipped| Some(format!("{skipped}")));
        let subscription = socket.subscribe_with(topic, wanted);
        Self {
            begin: reader.next,
            inner: socket,
            subscription,
            peer,
            reader,
            received: Vec::new(),
        }
    }

    pub fn publish_from(&self, topic: &Topic, message: PreparedMessage) -> usize {
        topic.publish_from(&self.subscription, message);
        self.reader.number
    }

    /// It has its turn.
    pub fn turn(&mut self, model: &Model) {
        let mut cx = Context::from_waker(Waker::noop());
        let found = pin!(self.inner.recv()).poll(&mut cx);
        assert!(found.is_pending(), "{found:?}");
        self.check(model);
    }

    /// What was written: in order, nothing twice, and of what is left out it is told.
    fn check(&mut self, model: &Model) -> bool {
        let (mut received, mut told, mut is_closed) = (Vec::new(), 0, false);
        for (first, payload) in frames(&self.peer.written(), false) {
            assert!(!is_closed, "something behind a Close");
            match first {
                0x81 => told += String::from_utf8(payload).unwrap().parse::<u64>().unwrap(),
                0x82 => received.push(number_of(&payload)),
                // RFC 6455, 7.4: try again later.
                0x88 => {
                    assert_eq!(payload[..2], 1013_u16.to_be_bytes());
                    is_closed = true;
                }
                other => panic!("a frame that begins with {other:#x}"),
            }
        }
        assert!(
            received.is_sorted_by(|one, other| one < other),
            "{received:?}"
        );
        for &number in &received {
            assert!(number >= self.begin && model.is_for(&self.reader, number));
        }
        match self.reader.lag {
            Lag::Skip => assert!(told <= self.subscription.skipped(), "{told} are told of"),
            _ => assert_eq!(told, 0),
        }
        assert!(
            !is_closed || matches!(self.reader.lag, Lag::Close { .. }),
            "{:?}",
            self.reader
        );
        self.received = received;
        is_closed
    }

    /// It takes all there is.
    pub fn finish(&mut self, model: &Model) {
        let flag = Flag::new();
        let waker = Waker::from(flag.clone());
        for _ in 0..MANY {
            if !flag.take() {
                break;
            }
            let found = pin!(self.inner.recv()).poll(&mut Context::from_waker(&waker));
            assert!(matches!(found, Poll::Pending), "{found:?}");
        }
        let is_closed = self.check(model);
        let mut expected = (self.begin..model.all.len())
            .filter(|&number| model.is_for(&self.reader, number))
            .collect::<Vec<_>>();
        match self.reader.lag {
            // A beginning.
            Lag::Close { .. } if is_closed => expected.truncate(self.received.len()),
            Lag::Close { .. } => {}
            // What is held still, at least.
            lag => expected.retain(|&number| {
                self.received.contains(&number)
                    || ((number >= model.front || (lag == Lag::Latest && model.keeps_newest()))
                        && (lag != Lag::Latest || model.is_newest(number)))
            }),
        }
        assert_eq!(self.received, expected, "{:?}", self.reader);
        if let (true, Lag::Close { messages, time }) = (is_closed, self.reader.lag) {
            let all = &model.all[self.begin..];
            let bytes: usize = all.iter().map(|one| one.len).sum();
            let is_never = all.len() <= messages.min(model.capacity) && bytes <= model.max_bytes;
            assert!(
                !(is_never && time > std::time::Duration::ZERO),
                "{:?}",
                self.reader
            );
        }
    }
}
