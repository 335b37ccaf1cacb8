//! How a client's connection opens: TCP, then TLS, then the handshake.

use std::{io, sync::Arc};

use bytes::BytesMut;
use tokio::net::TcpStream;

use crate::{
    kinds::{KINDS, Script, path},
    load::{Carrier, Load},
    options::Mode,
    peer::Peer,
    support::{deflate::BROWSER, handshake_head},
    tls,
    wire::{self, Wire},
};

/// What went wrong.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn text(error: io::Error) -> String {
    error.to_string()
}

/// What a client sees that does not wait for the end.
pub(crate) fn left() -> String {
    String::from("left")
}

pub(crate) async fn transport(load: &Load, kind: usize, n: u64) -> Result<TcpStream, String> {
    let is_small = matches!(KINDS[kind].script, Script::Slow | Script::Wedged);
    let tcp = load.tcp(kind, n, is_small).await?;
    load.begun(kind);
    Ok(tcp)
}

/// Connects with TLS, if that is the mode.
pub(crate) async fn secured(load: &Load, tcp: TcpStream) -> Result<Wire, String> {
    match &load.tls {
        None => Ok(Wire::Tcp(tcp)),
        Some(tls) => {
            let host = tls::HOST.try_into().expect("a name");
            let tls = tls.connect(host, tcp).await.map_err(text)?;
            Ok(Wire::Tls(Box::new(tls)))
        }
    }
}

pub(crate) fn head(load: &Load, kind: usize) -> String {
    let extensions = if load.mode == Mode::Compressed {
        format!("Sec-WebSocket-Extensions: {BROWSER}\r\n")
    } else {
        String::new()
    };
    handshake_head(&path(kind), &extensions)
}

/// A connection that is open.
pub(crate) async fn open(load: &Arc<Load>, kind: usize, n: u64) -> Result<Peer, String> {
    if load.mode == Mode::Http2 {
        let carrier = load.carrier(KINDS[kind].stays()).await?;
        load.begun(kind);
        return on_stream(&carrier, kind).await;
    }
    let tcp = transport(load, kind, n).await?;
    let mut wire = secured(load, tcp).await?;
    wire.write(head(load, kind).as_bytes())
        .await
        .map_err(text)?;
    let (status, rest) = response(&mut wire).await?;
    if status != "101" {
        return Err(format!("refused with {status}"));
    }
    Ok(Peer::new(wire, rest))
}

pub(crate) async fn on_stream(carrier: &Carrier, kind: usize) -> Result<Peer, String> {
    let stream = wire::stream(carrier.requests(), &path(kind), true).await;
    match stream.map_err(text)? {
        Ok(stream) => Ok(Peer::new(Wire::Stream(stream), BytesMut::new())),
        Err(status) => Err(format!("refused with {}", status.as_u16())),
    }
}

/// The status of a response, and what follows its head.
pub(crate) async fn response(wire: &mut Wire) -> Result<(String, BytesMut), String> {
    let mut input = BytesMut::with_capacity(512);
    loop {
        if let Some(end) = input.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = input.split_to(end + 4);
            let status = head.get(9..12).unwrap_or_default();
            return Ok((String::from_utf8_lossy(status).into_owned(), input));
        }
        if wire.read(&mut input, 4096).await.map_err(text)? == 0 {
            return Err(String::from("no response"));
        }
    }
}
