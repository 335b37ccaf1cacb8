//! The sockets of a server, in one thread.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream as BlockingStream},
    process::ChildStdin,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use super::{
    messages::{COUNT, texts},
    reader::{Published, Reader},
    scenario::Scenario,
};
use crate::{
    Error,
    load::{
        Peer,
        handshake::{self, PATIENCE},
    },
    options::Waiting,
};

/// More than what the buffers of both ends take, in bytes on the wire.
const FILLING: u64 = 512 << 10;

/// Four times as much as a burst brings.
const BUFFER: usize = 64 << 10;

struct Socket {
    stream: TcpStream,
    reader: Reader,
    /// Messages that this one still has to receive of those published last.
    missing: usize,
}

/// The sockets of a server, and what has it publish.
pub(super) struct Crowd {
    addr: SocketAddr,
    peer: Peer,
    scenario: Scenario,
    waiting: Waiting,
    publish: ChildStdin,
    published: Published,
    /// Which text comes next.
    next: usize,
    poll: Poll,
    events: Events,
    sockets: Vec<Socket>,
    wedged: Vec<BlockingStream>,
    buffer: Vec<u8>,
    /// Bytes that were read.
    bytes: u64,
}

impl Crowd {
    /// Hands the server the texts.
    pub(super) fn new(
        addr: SocketAddr,
        peer: Peer,
        mut publish: ChildStdin,
        scenario: Scenario,
        waiting: Waiting,
    ) -> Result<Self, Error> {
        let texts = texts();
        publish.write_all(&texts)?;
        Ok(Self {
            addr,
            peer,
            scenario,
            waiting,
            publish,
            published: Published::new(texts, scenario.coding)?,
            next: 0,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            sockets: Vec::with_capacity(scenario.readers()),
            wedged: Vec::with_capacity(scenario.wedged),
            buffer: vec![0; BUFFER],
            bytes: 0,
        })
    }

    /// Connects the wedged sockets, and the first of the others.
    pub(super) fn connect_first(&mut self) -> Result<(), Error> {
        for _ in 0..self.scenario.wedged {
            let stream = self.open()?;
            self.wedged.push(stream);
        }
        self.connect()
    }

    /// Fills the wedged sockets. Nothing to do if there are none.
    pub(super) fn fill(&mut self) -> Result<(), Error> {
        let before = self.bytes;
        while self.scenario.wedged > 0 && self.bytes - before < FILLING {
            self.publish(16)?;
        }
        Ok(())
    }

    /// Connects those that are missing; says how many those were.
    pub(super) fn connect_rest(&mut self) -> Result<usize, Error> {
        let missing = self.scenario.readers() - self.sockets.len();
        (0..missing).try_for_each(|_| self.connect())?;
        Ok(missing)
    }

    /// Has so many messages published at once, and receives them all on each socket; says how
    /// long that took.
    pub(super) fn publish(&mut self, burst: u8) -> Result<Duration, Error> {
        for socket in &mut self.sockets {
            socket.missing = burst.into();
        }
        let began = Instant::now();
        self.publish.write_all(&[burst])?;
        self.next = (self.next + usize::from(burst)) % COUNT;
        self.receive(self.sockets.len() * usize::from(burst))?;
        Ok(began.elapsed())
    }

    /// Bytes that were read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn open(&self) -> Result<BlockingStream, Error> {
        handshake::open_any(self.addr, self.peer, self.scenario.coding.extension())
    }

    fn connect(&mut self) -> Result<(), Error> {
        let stream = self.open()?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        let index = self.sockets.len();
        let registry = self.poll.registry();
        registry.register(&mut stream, Token(index), Interest::READABLE)?;
        self.sockets.push(Socket {
            stream,
            reader: self.published.reader(index, self.next),
            missing: 0,
        });
        Ok(())
    }

    /// Reads until so many messages have come.
    fn receive(&mut self, mut messages: usize) -> Result<(), Error> {
        while messages > 0 {
            wait(&mut self.poll, &mut self.events, self.waiting, messages)?;
            for event in &self.events {
                let socket = &mut self.sockets[event.token().0];
                let bytes = socket.read(&mut self.buffer)?;
                let received = socket.reader.receive(bytes, &self.published)?;
                let missing = socket.missing.checked_sub(received);
                socket.missing = missing.ok_or("more came than was published")?;
                messages -= received;
                self.bytes += bytes.len() as u64;
            }
        }
        Ok(())
    }
}

impl Socket {
    /// Reads once: what comes later is an event of its own.
    fn read<'a>(&mut self, buffer: &'a mut [u8]) -> Result<&'a [u8], Error> {
        match self.stream.read(buffer) {
            Ok(0) => Err("the server closed".into()),
            Ok(len) if len == buffer.len() => Err("more came than a burst".into()),
            Ok(len) => Ok(&buffer[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(&[]),
            Err(error) => Err(error.into()),
        }
    }
}

fn wait(
    poll: &mut Poll,
    events: &mut Events,
    waiting: Waiting,
    missing: usize,
) -> Result<(), Error> {
    let timeout = match waiting {
        Waiting::Busy => Duration::ZERO,
        Waiting::Sleeping => PATIENCE,
    };
    let began = Instant::now();
    loop {
        poll.poll(events, Some(timeout))?;
        if !events.is_empty() {
            return Ok(());
        }
        if began.elapsed() >= PATIENCE {
            return Err(format!("{missing} deliveries are missing").into());
        }
    }
}
