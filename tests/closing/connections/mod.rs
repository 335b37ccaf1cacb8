//! Connections that belong to a [`Connections`]: their places, their ends, and the end of all.

mod close;
mod drain;
mod places;

use std::{future::Future, time::Duration};

use tokio::{
    io::{DuplexStream, duplex},
    task::JoinHandle,
};
use tower_websock::{
    Accepting, CloseFrame, Closure, Config, ConnectionKey, Connections, Outcome, ProvidedIo,
    Rejection, UpgradeError, WebSocket, WebSocketUpgrade, close_code,
};

use crate::support::*;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A request in memory, which is accepted if there is a place for it.
fn admit(
    connections: &Connections,
    key: Option<ConnectionKey>,
) -> Result<(Peer<DuplexStream>, Accepting), Rejection> {
    let (client, server) = duplex(1 << 16);
    let (mut parts, ()) = handshake().into_parts();
    parts.extensions.insert(ProvidedIo::new(server));
    let mut upgrade = WebSocketUpgrade::from_parts(&mut parts)?.connections(connections);
    if let Some(key) = key {
        upgrade = upgrade.connection_key(key);
    }
    let (_, accepting) = upgrade.config(Config::new()).accept::<()>()?;
    Ok((Peer::new(client), accepting))
}

type Task = JoinHandle<Result<Closure, UpgradeError>>;

/// A connection with a supervised handler.
fn open<H, F>(connections: &Connections, handler: H) -> (Peer<DuplexStream>, Task)
where
    H: FnOnce(WebSocket) -> F + Send + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    let (peer, accepting) = admit(connections, None).unwrap();
    (peer, tokio::spawn(accepting.supervise(handler)))
}

/// Runs what is ready to run.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn thrown_out() -> CloseFrame {
    CloseFrame::new(close_code::POLICY, "thrown out")
}

/// A peer that answers a Close with the same code until the end; its code.
async fn answer(mut peer: Peer<DuplexStream>) -> Option<u16> {
    let mut code = None;
    while let Some((first, payload)) = peer.read().await {
        if first == CLOSE {
            let sent = u16::from_be_bytes(*payload.first_chunk().unwrap());
            code = Some(sent);
            peer.send(&close_frame(sent)).await;
        }
    }
    code
}
