//! Who attacks, over TCP: each in a thread of its own.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use crate::{
    attack::{Attack, Flood, Leaves, Means},
    streams,
    support::handshake_head,
};

/// What is not taken in this time is tried again, if the attack still goes on.
const PATIENCE: Duration = Duration::from_millis(100);
pub(crate) const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

/// What the attackers of an attack share.
pub(crate) struct Target {
    pub(crate) addr: SocketAddr,
    /// What they have sent.
    pub(crate) sent: AtomicU64,
    pub(crate) stop: AtomicBool,
}

impl Target {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Sends what the server takes; whether all of it was sent.
    fn send(&self, io: &mut TcpStream, mut bytes: &[u8]) -> io::Result<bool> {
        while !bytes.is_empty() && !self.is_stopped() {
            match io.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.count(written);
                    bytes = &bytes[written..];
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(bytes.is_empty())
    }
}

/// Attacks until it is stopped.
pub(crate) fn run(target: &Target, attack: &Attack) {
    while !target.is_stopped() {
        // What the server closes is attacked again.
        let _ = match &attack.means {
            Means::Flood(flood) => self::flood(target, flood),
            Means::Crowd {
                connections,
                first,
                then,
            } => crowd(target, *connections, first, then),
            Means::Visits { sent, leaves } => visit(target, sent, *leaves),
            Means::Streams(attack) => streams::run(target, attack),
        };
    }
}

pub(crate) fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let io = TcpStream::connect(addr)?;
    io.set_nodelay(true)?;
    io.set_write_timeout(Some(PATIENCE))?;
    Ok(io)
}

/// Shakes hands.
pub(crate) fn open(addr: SocketAddr, path: &str, lines: &str) -> io::Result<TcpStream> {
    let mut io = connect(addr)?;
    io.write_all(handshake_head(path, lines).as_bytes())?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        io.read_exact(&mut byte)?;
        head.extend(byte);
    }
    assert!(
        head.starts_with(b"HTTP/1.1 101 "),
        "{}",
        head.escape_ascii()
    );
    Ok(io)
}

fn flood(target: &Target, flood: &Flood) -> io::Result<()> {
    let mut io = match flood.path {
        Some(path) => {
            let offer = if flood.compresses { OFFER } else { "" };
            open(target.addr, path, offer)?
        }
        None => connect(target.addr)?,
    };
    let reader = flood.reads.then(|| {
        let mut input = io.try_clone()?;
        Ok::<_, io::Error>(thread::spawn(move || {
            let mut room = vec![0; 1 << 18];
            while input.read(&mut room).is_ok_and(|read| read > 0) {}
        }))
    });
    let mut sent = target.send(&mut io, &flood.first);
    while matches!(sent, Ok(true)) {
        sent = target.send(&mut io, &flood.then);
    }
    let _ = io.shutdown(Shutdown::Both);
    if let Some(reader) = reader {
        let _ = reader?.join();
    }
    sent.map(drop)
}

fn crowd(target: &Target, connections: usize, first: &[u8], then: &[u8]) -> io::Result<()> {
    let mut ios = Vec::new();
    for _ in 0..connections {
        let mut io = connect(target.addr)?;
        target.send(&mut io, first)?;
        ios.push(io);
    }
    let mut bytes = then.iter().cycle();
    while !target.is_stopped() {
        if let Some(&byte) = bytes.next() {
            for io in &mut ios {
                target.send(io, &[byte])?;
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn visit(target: &Target, sent: &[u8], leaves: Leaves) -> io::Result<()> {
    let mut io = connect(target.addr)?;
    io.set_read_timeout(Some(Duration::from_secs(1)))?;
    // The server may have closed before all is sent.
    let _ = target.send(&mut io, sent);
    match leaves {
        Leaves::Last => {
            let mut room = vec![0; 1 << 16];
            while io.read(&mut room)? > 0 {}
        }
        // What is dropped with something unread is reset.
        Leaves::ByReset => drop(io.peek(&mut [0])?),
    }
    Ok(())
}
