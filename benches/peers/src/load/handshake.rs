//! The opening handshake, by hand.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::Peer;
use crate::{
    Error,
    scenario::{Extension, Takeover},
};

/// The key of RFC 6455, section 1.3, and the answer to it.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const REQUEST: &str = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// How long a reply may take before the server counts as stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Opens a connection and upgrades it.
pub(crate) fn open(addr: SocketAddr, peer: Peer, offer: Extension) -> Result<TcpStream, Error> {
    let mut stream = connect(addr)?;
    request(&mut stream, offer)?;
    response(&mut stream, peer, offer)?;
    Ok(stream)
}

/// The same, whatever of compression the server agrees to, as long as it does to some where it
/// was offered.
pub(crate) fn open_any(addr: SocketAddr, peer: Peer, offer: Extension) -> Result<TcpStream, Error> {
    let mut stream = connect(addr)?;
    request(&mut stream, offer)?;
    let head = head(&mut stream, peer, offer)?;
    if peer == Peer::WebSocket && offer != Extension::None {
        deflate(&head)?;
    }
    Ok(stream)
}

pub(super) fn connect(addr: SocketAddr) -> Result<TcpStream, Error> {
    let stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

pub(super) fn request(stream: &mut TcpStream, offer: Extension) -> Result<(), Error> {
    stream.write_all(text(offer).as_bytes())?;
    Ok(())
}

/// Reads the 101, and nothing after it.
pub(super) fn response(stream: &mut TcpStream, peer: Peer, offer: Extension) -> Result<(), Error> {
    let head = head(stream, peer, offer)?;
    match (peer, offer) {
        (Peer::WebSocket, Extension::Deflate(takeover)) => agreed(&head, takeover),
        _ => Ok(()),
    }
}

/// What accepts the request. The reference echoes the request instead.
fn head(stream: &mut TcpStream, peer: Peer, offer: Extension) -> Result<String, Error> {
    let mut head = [0; 1024];
    let mut len = 0;
    while !head[..len].ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut head[len..])?;
        if read == 0 {
            return Err("the server closed during the handshake".into());
        }
        len += read;
    }
    let head = std::str::from_utf8(&head[..len])?;
    let good = match peer {
        Peer::Raw => head == text(offer),
        Peer::WebSocket => head.starts_with("HTTP/1.1 101 ") && head.contains(ACCEPT),
    };
    if !good {
        return Err(format!("not the expected answer: {head:?}").into());
    }
    Ok(head.to_owned())
}

fn text(offer: Extension) -> String {
    // RFC 7692, 7.1.2.2: without client_max_window_bits no answer bounds our window.
    let offer = match offer {
        Extension::None => return format!("{REQUEST}\r\n"),
        Extension::Deflate(Takeover::Kept) => "",
        Extension::Deflate(Takeover::Reset) => {
            "; client_no_context_takeover; server_no_context_takeover"
        }
    };
    format!("{REQUEST}Sec-WebSocket-Extensions: permessage-deflate{offer}\r\n\r\n")
}

/// Whether the server compresses as the scenario says. Its window is its own choice.
fn agreed(head: &str, takeover: Takeover) -> Result<(), Error> {
    let parameters = deflate(head)?;
    let mut tokens = parameters.split(';').map(str::trim);
    let reset = tokens.any(|token| token == "server_no_context_takeover");
    if reset != (takeover == Takeover::Reset) {
        return Err(format!("the server agreed to something else: {parameters}").into());
    }
    Ok(())
}

/// The parameters of permessage-deflate that the server agreed to.
fn deflate(head: &str) -> Result<&str, Error> {
    let extensions = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let found = name.eq_ignore_ascii_case("sec-websocket-extensions");
        found.then_some(value.trim())
    });
    let parameters = extensions.and_then(|value| value.strip_prefix("permessage-deflate"));
    Ok(parameters.ok_or("the server did not agree to permessage-deflate")?)
}
