//! Connections that open, upgrade, close and end: the reference ends without a Close.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use super::{Peer, handshake, window::close_frame};
use crate::{Error, options::Options, process::Process, scenario::Extension};

/// Connections that are open at the same time.
const AT_ONCE: usize = 16;

/// The first byte of a Close frame.
const CLOSE: u8 = 0x88;

#[derive(Clone, Copy, Debug)]
pub struct Connects {
    /// CPU time of the server per connection, in microseconds.
    pub cpu_micros: f64,
    pub per_second: f64,
    /// The part of the connections on which the server answered Close with Close and then
    /// ended the stream.
    pub clean: f64,
}

/// Opens and closes connections, before those that are measured.
pub fn warm_up(process: &Process, peer: Peer, options: &Options) -> Result<Peer, Error> {
    let [warm_up, _] = options.times();
    run(process, peer, warm_up)?;
    Ok(peer)
}

/// Opens and closes connections, for a slice of the time.
pub fn connects(process: &Process, peer: Peer, options: &Options) -> Result<Connects, Error> {
    let cpu = process.cpu_time()?;
    let began = Instant::now();
    let (connections, clean) = run(process, peer, options.slice())?;
    let elapsed = began.elapsed();
    // What a server still does after its last byte counts as well.
    std::thread::sleep(Duration::from_millis(20));
    let cpu = process.cpu_time()? - cpu;

    let connections = connections as f64;
    Ok(Connects {
        cpu_micros: cpu.as_secs_f64() * 1e6 / connections,
        per_second: connections / elapsed.as_secs_f64(),
        clean: clean as f64 / connections,
    })
}

/// How many connections there were in `time`, and how many of them ended cleanly.
fn run(process: &Process, peer: Peer, time: Duration) -> Result<(usize, usize), Error> {
    let offer = Extension::None;
    let close = close_frame();
    let (mut connections, mut clean) = (0, 0);
    let began = Instant::now();
    while began.elapsed() < time {
        let mut streams = Vec::with_capacity(AT_ONCE);
        for _ in 0..AT_ONCE {
            let mut stream = handshake::connect(process.addr())?;
            handshake::request(&mut stream, offer)?;
            streams.push(stream);
        }
        for stream in &mut streams {
            handshake::response(stream, peer, offer)?;
            match peer {
                Peer::WebSocket => stream.write_all(&close)?,
                Peer::Raw => stream.shutdown(Shutdown::Write)?,
            }
        }
        for stream in &mut streams {
            clean += usize::from(ends_cleanly(stream, peer));
        }
        connections += AT_ONCE;
    }
    Ok((connections, clean))
}

fn ends_cleanly(stream: &mut TcpStream, peer: Peer) -> bool {
    let mut rest = Vec::new();
    // A server that does not end the stream within this time is ended by us.
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let ended = stream.read_to_end(&mut rest).is_ok();
    match peer {
        Peer::WebSocket => ended && rest.first() == Some(&CLOSE),
        Peer::Raw => ended && rest.is_empty(),
    }
}
