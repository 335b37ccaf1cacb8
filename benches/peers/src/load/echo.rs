//! Messages and their echoes: every byte that comes back is compared.

use std::{
    io::{ErrorKind, Read, Write},
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use super::{
    Peer,
    handshake::{self, PATIENCE},
    window::Window,
};
use crate::{Error, process::Process, scenario::Echo, stats::percentile};

/// What one measurement of an echo scenario found.
#[derive(Clone, Copy, Debug)]
pub struct Echoed {
    /// CPU time of the server per message, in microseconds.
    pub cpu_micros: f64,
    pub messages_per_second: f64,
    /// From the write of a connection's window to its last reply, in microseconds.
    pub p50_micros: f64,
    pub p99_micros: f64,
}

/// Loads a server for `warm_up`, and then for `time` while measuring.
pub fn echo(
    process: &Process,
    scenario: &Echo,
    peer: Peer,
    [warm_up, time]: [Duration; 2],
) -> Result<Echoed, Error> {
    let mut client = Client::connect(process, scenario, peer)?;
    client.run(warm_up)?;
    client.latencies.clear();
    let cpu = process.cpu_time()?;
    let elapsed = client.run(time)?;
    let cpu = process.cpu_time()? - cpu;

    let messages = (client.latencies.len() * scenario.in_flight) as f64;
    Ok(Echoed {
        cpu_micros: cpu.as_secs_f64() * 1e6 / messages,
        messages_per_second: messages / elapsed.as_secs_f64(),
        p50_micros: percentile(&mut client.latencies, 50) as f64 / 1e3,
        p99_micros: percentile(&mut client.latencies, 99) as f64 / 1e3,
    })
}

struct Connection {
    stream: TcpStream,
    /// Bytes of the window that are written, and bytes of the replies that are read.
    written: usize,
    read: usize,
    started: Instant,
}

struct Client {
    poll: Poll,
    window: Window,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    /// Of each finished window, in nanoseconds.
    latencies: Vec<u64>,
}

impl Client {
    fn connect(process: &Process, scenario: &Echo, peer: Peer) -> Result<Self, Error> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for index in 0..scenario.connections {
            let stream = handshake::open(process.addr(), peer, scenario.extension)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let interest = Interest::READABLE | Interest::WRITABLE;
            let registry = poll.registry();
            registry.register(&mut stream, Token(index), interest)?;
            connections.push(Connection {
                stream,
                written: 0,
                read: 0,
                started: Instant::now(),
            });
        }
        Ok(Self {
            poll,
            window: Window::new(scenario, peer),
            connections,
            buffer: vec![0; 256 << 10],
            latencies: Vec::with_capacity(1 << 20),
        })
    }

    /// Keeps every connection busy for `time`, and then waits for the last replies.
    fn run(&mut self, time: Duration) -> Result<Duration, Error> {
        let began = Instant::now();
        let mut busy = self.connections.len();
        for connection in &mut self.connections {
            connection.start(&self.window)?;
        }
        let mut events = Events::with_capacity(256);
        while busy > 0 {
            self.poll.poll(&mut events, Some(PATIENCE))?;
            if events.is_empty() {
                return Err("replies are missing".into());
            }
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                connection.write(&self.window)?;
                if !connection.receive(&self.window, &mut self.buffer)? {
                    continue;
                }
                let latency = connection.started.elapsed().as_nanos();
                self.latencies.push(u64::try_from(latency)?);
                if began.elapsed() < time {
                    connection.start(&self.window)?;
                } else {
                    busy -= 1;
                }
            }
        }
        Ok(began.elapsed())
    }
}

impl Connection {
    fn start(&mut self, window: &Window) -> Result<(), Error> {
        self.written = 0;
        self.read = 0;
        self.started = Instant::now();
        self.write(window)
    }

    fn write(&mut self, window: &Window) -> Result<(), Error> {
        while self.written < window.sent.len() {
            match self.stream.write(&window.sent[self.written..]) {
                Ok(len) => self.written += len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads what there is; says whether this was the last reply of the window.
    fn receive(&mut self, window: &Window, buffer: &mut [u8]) -> Result<bool, Error> {
        while self.read < window.expected.len() {
            let len = match self.stream.read(buffer) {
                Ok(0) => return Err("the server closed".into()),
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            let expected = window.expected.get(self.read..self.read + len);
            if expected != Some(&buffer[..len]) {
                return Err(format!("wrong reply after {} bytes", self.read).into());
            }
            self.read += len;
            if self.read == window.expected.len() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
