//! Sockets that do nothing.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread::sleep,
    time::Duration,
};

use super::{Peer, handshake, window::Window};
use crate::{
    Error,
    process::Process,
    scenario::{Content, Echo, Extension},
};

pub const SOCKETS: usize = 5000;

/// Time for a server to end the tasks and free the buffers of the handshakes.
pub(super) const SETTLE: Duration = Duration::from_millis(200);

pub(super) const HELLO: Echo = Echo {
    size: 32,
    content: Content::Binary,
    fragments: 1,
    connections: SOCKETS,
    in_flight: 1,
    extension: Extension::None,
};

/// Private memory of the server per socket, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    pub after_upgrade: f64,
    pub after_echo: f64,
}

pub fn idle(process: &Process, peer: Peer) -> Result<Idle, Error> {
    let window = Window::new(&HELLO, peer, 0)?;
    // One connection first, so that what is made once is not counted.
    let mut warm = handshake::open(process.addr(), peer, HELLO.extension)?;
    exchange(&mut warm, &window)?;
    let before = process.private_bytes()?;

    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        sockets.push(handshake::open(process.addr(), peer, HELLO.extension)?);
    }
    sleep(SETTLE);
    let upgraded = process.private_bytes()?;
    for socket in &mut sockets {
        exchange(socket, &window)?;
    }
    sleep(SETTLE);
    let echoed = process.private_bytes()?;

    let each = |now: u64| (now as f64 - before as f64) / SOCKETS as f64;
    Ok(Idle {
        after_upgrade: each(upgraded),
        after_echo: each(echoed),
    })
}

fn exchange(socket: &mut TcpStream, window: &Window) -> Result<(), Error> {
    socket.write_all(&window.sent)?;
    let mut reply = vec![0; window.expected.len()];
    socket.read_exact(&mut reply)?;
    if reply != window.expected {
        return Err("wrong reply".into());
    }
    Ok(())
}
