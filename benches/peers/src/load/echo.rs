//! Messages and their echoes: every byte that comes back is compared.

use std::{
    io::{ErrorKind, Read, Write},
    rc::Rc,
    thread::sleep,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use super::{
    Peer,
    deflate::Replies,
    handshake::{self, PATIENCE},
    window::Window,
};
use crate::{
    Error,
    options::{Options, Waiting},
    process::Process,
    scenario::{Echo, Extension},
    stats::percentile,
};

/// What one measurement of an echo scenario found.
#[derive(Clone, Copy, Debug)]
pub struct Echoed {
    /// CPU time of the server per message, in microseconds.
    pub cpu_micros: f64,
    pub messages_per_second: f64,
    /// From the write of a connection's window to its last reply, in microseconds.
    pub p50_micros: f64,
    pub p99_micros: f64,
    /// Median payload of a reply on the wire.
    pub reply_bytes: f64,
}

impl Echoed {
    /// Of windows of `in_flight` messages, which took `latencies` in nanoseconds.
    pub(super) fn new(
        cpu: Duration,
        elapsed: Duration,
        latencies: &mut [u64],
        in_flight: usize,
        reply_bytes: f64,
    ) -> Self {
        let messages = (latencies.len() * in_flight) as f64;
        Self {
            cpu_micros: cpu.as_secs_f64() * 1e6 / messages,
            messages_per_second: messages / elapsed.as_secs_f64(),
            p50_micros: percentile(latencies, 50) as f64 / 1e3,
            p99_micros: percentile(latencies, 99) as f64 / 1e3,
            reply_bytes,
        }
    }
}

/// Time for the server to fall asleep, for the kernel accounts for what has run when it stops.
pub(super) const SETTLE: Duration = Duration::from_millis(1);

/// Connects to a server and warms it up.
pub fn load(
    process: &Process,
    scenario: &Echo,
    peer: Peer,
    options: &Options,
) -> Result<Client, Error> {
    let [warm_up, _] = options.times();
    let mut client = Client::connect(process, scenario, peer, options.waiting())?;
    client.run(warm_up)?;
    Ok(client)
}

/// Loads a server and measures it, for a slice of the time.
pub fn echo(process: &Process, client: &mut Client, options: &Options) -> Result<Echoed, Error> {
    client.latencies.clear();
    client.sizes.clear();
    let cpu = process.cpu_time()?;
    let elapsed = client.run(options.slice())?;
    sleep(SETTLE);
    let cpu = process.cpu_time()? - cpu;

    let reply_bytes = client.reply_bytes();
    Ok(Echoed::new(
        cpu,
        elapsed,
        &mut client.latencies,
        client.in_flight,
        reply_bytes,
    ))
}

struct Connection {
    stream: TcpStream,
    /// Where replies are compressed.
    replies: Option<Replies>,
    windows: Rc<[Window]>,
    /// Which of them is under way.
    turn: usize,
    /// Bytes of the window that are written, and bytes of the replies that are read.
    written: usize,
    read: usize,
    started: Instant,
}

/// The connections to a server, and what they send.
pub struct Client {
    poll: Poll,
    waiting: Waiting,
    windows: Rc<[Window]>,
    /// Messages of a window.
    in_flight: usize,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    /// Of each finished window, in nanoseconds.
    latencies: Vec<u64>,
    /// Of replies' payloads, in bytes.
    sizes: Vec<u64>,
}

impl Client {
    fn connect(
        process: &Process,
        scenario: &Echo,
        peer: Peer,
        waiting: Waiting,
    ) -> Result<Self, Error> {
        let poll = Poll::new()?;
        let windows: Rc<[_]> = Window::all(scenario, peer)?.into();
        let mut connections = Vec::new();
        for index in 0..scenario.connections {
            let stream = handshake::open(process.addr(), peer, scenario.extension)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let interest = Interest::READABLE | Interest::WRITABLE;
            let registry = poll.registry();
            registry.register(&mut stream, Token(index), interest)?;
            let replies = match (peer, scenario.extension) {
                (Peer::WebSocket, Extension::Deflate(takeover)) => {
                    Some(Replies::new(takeover, scenario.size))
                }
                _ => None,
            };
            connections.push(Connection {
                stream,
                replies,
                windows: windows.clone(),
                turn: 0,
                written: 0,
                read: 0,
                started: Instant::now(),
            });
        }
        Ok(Self {
            poll,
            waiting,
            windows,
            in_flight: scenario.in_flight,
            connections,
            buffer: vec![0; 256 << 10],
            latencies: Vec::with_capacity(1 << 16),
            sizes: Vec::with_capacity(1 << 16),
        })
    }

    /// Keeps every connection busy for `time`, and then waits for the last replies.
    fn run(&mut self, time: Duration) -> Result<Duration, Error> {
        let began = Instant::now();
        let mut busy = self.connections.len();
        for connection in &mut self.connections {
            connection.start()?;
        }
        let mut events = Events::with_capacity(256);
        while busy > 0 {
            self.wait(&mut events)?;
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                connection.write()?;
                if !connection.receive(&mut self.buffer, &mut self.sizes)? {
                    continue;
                }
                let latency = connection.started.elapsed().as_nanos();
                self.latencies.push(u64::try_from(latency)?);
                if began.elapsed() < time {
                    connection.start()?;
                } else {
                    busy -= 1;
                }
            }
        }
        Ok(began.elapsed())
    }

    fn wait(&mut self, events: &mut Events) -> Result<(), Error> {
        let timeout = match self.waiting {
            Waiting::Busy => Duration::ZERO,
            Waiting::Sleeping => PATIENCE,
        };
        let began = Instant::now();
        loop {
            self.poll.poll(events, Some(timeout))?;
            if !events.is_empty() {
                return Ok(());
            }
            if began.elapsed() >= PATIENCE {
                return Err("replies are missing".into());
            }
        }
    }

    /// Median payload of a reply: as it came, or as it was sent where no other can come.
    fn reply_bytes(&mut self) -> f64 {
        if self.sizes.is_empty() {
            let sent = self.windows.iter().flat_map(|window| &window.sizes);
            self.sizes.extend(sent);
        }
        percentile(&mut self.sizes, 50) as f64
    }
}

impl Connection {
    fn start(&mut self) -> Result<(), Error> {
        self.turn = (self.turn + 1) % self.windows.len();
        self.written = 0;
        self.read = 0;
        self.started = Instant::now();
        self.write()
    }

    fn write(&mut self) -> Result<(), Error> {
        let sent = &self.windows[self.turn].sent;
        while self.written < sent.len() {
            match self.stream.write(&sent[self.written..]) {
                Ok(len) => self.written += len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads what there is; says whether this was the last reply of the window.
    fn receive(&mut self, buffer: &mut [u8], sizes: &mut Vec<u64>) -> Result<bool, Error> {
        let expected = &self.windows[self.turn].expected;
        while self.read < expected.len() {
            let len = match self.stream.read(buffer) {
                Ok(0) => return Err("the server closed".into()),
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            match &mut self.replies {
                None => compare(expected, &mut self.read, &buffer[..len])?,
                Some(replies) => replies.receive(&buffer[..len], |message, size| {
                    sizes.push(size as u64);
                    compare(expected, &mut self.read, message)
                })?,
            }
            if self.read == expected.len() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What comes after the `read` bytes that were compared before.
pub(super) fn compare(expected: &[u8], read: &mut usize, bytes: &[u8]) -> Result<(), Error> {
    if expected.get(*read..*read + bytes.len()) != Some(bytes) {
        return Err(format!("wrong reply after {read} bytes").into());
    }
    *read += bytes.len();
    Ok(())
}
