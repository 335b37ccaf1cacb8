//! What happens before a WebSocket is open: requests that fail, halves of them, and none.

use std::{sync::Arc, time::Duration};

use bytes::BytesMut;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    kinds::{Begin, CarrierEnd, KINDS, Script, path},
    load::{Carrier, Load},
    opening::{head, left, on_stream, response, secured, text, transport},
    options::Mode,
    peer::Peer,
    wire::{self, Wire},
};

pub(crate) async fn refused(load: &Arc<Load>, kind: usize, n: u64) -> Result<String, String> {
    if load.mode == Mode::Http2 {
        let carrier = load.carrier(false).await?;
        load.begun(kind);
        let answer = wire::stream(carrier.requests(), &path(kind), false).await;
        return match answer.map_err(text)? {
            Ok(_) => Err(String::from("was not refused")),
            Err(status) => Ok(status.as_u16().to_string()),
        };
    }
    let tcp = transport(load, kind, n).await?;
    let mut wire = secured(load, tcp).await?;
    let head = head(load, kind).replace("Sec-WebSocket-Version: 13\r\n", "");
    wire.write(head.as_bytes()).await.map_err(text)?;
    let (status, _) = response(&mut wire).await?;
    wire.end().await.map_err(text)?;
    Ok(status)
}

pub(crate) async fn leaves(load: &Arc<Load>, kind: usize, n: u64) -> Result<String, String> {
    if load.mode == Mode::Http2 {
        let carrier = load.carrier(false).await?;
        load.begun(kind);
        let path = path(kind);
        let opening = wire::stream(carrier.requests(), &path, true);
        // The request is on its way after the first poll, and dropping it resets the stream.
        let _ = timeout(Duration::from_millis(1), opening).await;
        return Ok(left());
    }
    let tcp = transport(load, kind, n).await?;
    let mut wire = secured(load, tcp).await?;
    wire.write(head(load, kind).as_bytes())
        .await
        .map_err(text)?;
    wire.reset();
    Ok(left())
}

/// Before any request.
pub(crate) async fn without_request(
    load: &Arc<Load>,
    kind: usize,
    n: u64,
    begin: Begin,
) -> Result<String, String> {
    let tcp = transport(load, kind, n).await?;
    let mut wire = match begin {
        // Half a request is a secret, too.
        Begin::Half => secured(load, tcp).await?,
        Begin::Nothing | Begin::Garbage => Wire::Tcp(tcp),
    };
    let bytes = match (begin, load.mode) {
        (Begin::Nothing, _) => Vec::new(),
        (Begin::Garbage, _) => load.garbage(),
        (Begin::Half, Mode::Http2) => b"PRI * HTTP/2.0\r\n\r\nSM".to_vec(),
        (Begin::Half, _) => head(load, kind).as_bytes()[..60].to_vec(),
    };
    wire.write(&bytes).await.map_err(text)?;
    if let Script::Begins(_) = KINDS[kind].script {
        sleep(Duration::from_millis(500 + n % 1000)).await;
        if n % 2 == 0 {
            wire.reset();
        }
        return Ok(left());
    }
    Ok(Peer::new(wire, BytesMut::new()).drain().await)
}

/// One WebSocket on an HTTP/2 connection that it has for itself.
pub(crate) async fn on_its_own(
    load: &Arc<Load>,
    kind: usize,
    n: u64,
    end: CarrierEnd,
) -> Result<String, String> {
    let tcp = transport(load, kind, n).await?;
    let tcp = tcp.into_std().map_err(text)?;
    let other = tcp.try_clone().map_err(text)?;
    let tcp = TcpStream::from_std(tcp).map_err(text)?;
    let other = TcpStream::from_std(other).map_err(text)?;
    let carrier = Carrier::new(tcp).await?;
    let mut peer = on_stream(&carrier, kind).await?;
    let small = &load.texts.small;
    peer.echo(&small.0, &small.1).await?;
    // Its driver closes the other descriptor.
    carrier.abort().await;
    match end {
        CarrierEnd::Reset => wire::reset(&other),
        CarrierEnd::End => {}
    }
    Ok(left())
}
