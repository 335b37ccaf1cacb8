//! Messages are published, with and without keys, to streams and sockets that come and go, and are
//! slow as they like. Each gets what its policy allows: in order, and nothing twice.

mod model;
mod socket;

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tower_websock::{Lag, PreparedMessage, Subscribe, Topic, TopicConfig, TopicStream};

use self::{
    model::{Model, Published, Read, Reader},
    socket::Socket,
};
use super::{choices::Choices, enter, tasks::Flag};

/// So many subscribers at most.
const MOST: usize = 6;

pub fn run(input: &[u8]) {
    let _runtime = enter();
    let mut choices = Choices::new(input);
    let lag = lag(&mut choices);
    let capacity = choices.one_of(&[1, 2, 3, 5, 20]);
    let max_bytes = choices.one_of(&[usize::MAX, usize::MAX, 8, 40]);
    let config = TopicConfig::new()
        .capacity(capacity)
        .max_bytes(max_bytes)
        .lag(lag);
    let mut run = Run {
        topic: Topic::with_config(config),
        lag,
        model: Model {
            all: Vec::new(),
            capacity,
            max_bytes,
            front: 0,
        },
        streams: Vec::new(),
        sockets: Vec::new(),
        subscribers: 0,
        closed: 0,
    };
    while !choices.are_over() {
        run.step(&mut choices);
        run.check();
    }
    for stream in &mut run.streams {
        while stream.is_open() && stream.look(&run.model) != Read::Nothing {}
    }
    for socket in &mut run.sockets {
        socket.finish(&run.model);
    }
}

struct Run {
    topic: Topic,
    lag: Lag,
    model: Model,
    streams: Vec<Stream>,
    sockets: Vec<Socket>,
    /// All that there were.
    subscribers: usize,
    /// Streams that were too slow.
    closed: u64,
}

impl Run {
    fn step(&mut self, choices: &mut Choices<'_>) {
        match choices.below(16) {
            0 | 1 if self.streams.len() + self.sockets.len() < MOST => self.subscribe(choices),
            2 if !self.streams.is_empty() && choices.below(4) == 0 => {
                let at = choices.below(self.streams.len());
                self.streams.swap_remove(at);
            }
            3..9 => self.publish(choices),
            9..14 if !self.streams.is_empty() => {
                let at = choices.below(self.streams.len());
                let stream = &mut self.streams[at];
                if stream.is_open() && stream.look(&self.model) == Read::End {
                    self.closed += 1;
                }
            }
            _ if !self.sockets.is_empty() => {
                let at = choices.below(self.sockets.len());
                self.sockets[at].turn(&self.model);
            }
            _ => {}
        }
    }

    fn subscribe(&mut self, choices: &mut Choices<'_>) {
        let own = (choices.below(2) == 0).then(|| lag(choices));
        self.subscribers += 1;
        let reader = Reader {
            number: self.subscribers,
            lag: own.unwrap_or(self.lag),
            only_even: choices.below(4) == 0,
            next: self.model.all.len(),
            skipped: 0,
        };
        let mut wanted = Subscribe::new();
        if let Some(lag) = own {
            wanted = wanted.lag(lag);
        }
        if reader.only_even {
            wanted = wanted.filter(|message| number_of(message.data()).is_multiple_of(2));
        }
        if choices.below(3) > 0 {
            self.streams
                .push(Stream::new(self.topic.stream_with(wanted), reader));
        } else {
            self.sockets
                .push(Socket::new(choices, &self.topic, wanted, reader));
        }
    }

    fn publish(&mut self, choices: &mut Choices<'_>) {
        let number = self.model.all.len();
        let mut data = u32::try_from(number).unwrap().to_be_bytes().to_vec();
        data.resize(4 + choices.one_of(&[0, 0, 1, 30]), b'x');
        let len = data.len();
        let message = PreparedMessage::binary(data);
        let (mut kind, mut from) = (0, None);
        match choices.below(8) {
            0..4 => self.topic.publish(message),
            4 if !self.sockets.is_empty() => {
                let at = choices.below(self.sockets.len());
                from = Some(self.sockets[at].publish_from(&self.topic, message));
            }
            _ => {
                kind = 1 + choices.below(model::KINDS - 1);
                self.topic.publish_keyed(kind as u64, message);
            }
        }
        self.model.publish(Published { kind, len, from });
        for stream in &mut self.streams {
            stream.check_woken();
        }
    }

    fn check(&self) {
        let stats = self.topic.stats();
        assert_eq!(stats.published, self.model.all.len() as u64);
        let open = self.streams.iter().filter(|stream| stream.is_open());
        if self.sockets.is_empty() {
            assert_eq!(stats.subscribers, open.clone().count());
            assert_eq!(stats.closed, self.closed);
            if open
                .clone()
                .all(|stream| stream.reader.next == self.model.all.len())
            {
                assert_eq!((stats.held_messages, stats.held_bytes), (0, 0));
            }
        }
        assert!(stats.held_messages <= 2 * self.model.capacity, "{stats:?}");
    }
}

fn lag(choices: &mut Choices<'_>) -> Lag {
    match choices.below(6) {
        0 | 1 => Lag::Skip,
        2 | 3 => Lag::Latest,
        _ => Lag::Close {
            messages: choices.one_of(&[0, 2, usize::MAX]),
            time: choices.one_of(&[Duration::MAX, Duration::MAX, Duration::ZERO]),
        },
    }
}

fn number_of(data: &[u8]) -> usize {
    u32::from_be_bytes(data[..4].try_into().unwrap()) as usize
}

struct Stream {
    inner: Option<TopicStream>,
    reader: Reader,
    flag: Arc<Flag>,
    waits: bool,
}

impl Stream {
    fn new(stream: TopicStream, reader: Reader) -> Self {
        Self {
            inner: Some(stream),
            reader,
            flag: Flag::new(),
            waits: false,
        }
    }

    const fn is_open(&self) -> bool {
        self.inner.is_some()
    }

    fn look(&mut self, model: &Model) -> Read {
        let stream = self.inner.as_mut().expect("it is open");
        let waker = Waker::from(self.flag.clone());
        self.flag.take();
        let found = pin!(stream.recv()).poll(&mut Context::from_waker(&waker));
        let found = match found {
            Poll::Ready(Some(message)) => Read::Message(number_of(message.data())),
            Poll::Ready(None) => Read::End,
            Poll::Pending => Read::Nothing,
        };
        model.read(&mut self.reader, found);
        if self.reader.lag != Lag::Latest {
            assert_eq!(stream.skipped(), self.reader.skipped, "{:?}", self.reader);
        }
        self.waits = found == Read::Nothing;
        if found == Read::End {
            self.inner = None;
        }
        found
    }

    fn check_woken(&mut self) {
        if self.waits {
            assert!(self.flag.take(), "asleep: {:?}", self.reader);
            self.waits = false;
        }
    }
}
