//! What a peer sends: lengths, opcodes, fragments, text (RFC 6455, sections 5 and 10.4).

pub(crate) mod fragments;
pub(crate) mod headers;
pub(crate) mod lengths;
pub(crate) mod unread;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_websock::{Config, Error, ProtocolError, WebSocket};

use crate::alloc::peak_of;
use crate::tools::*;

/// Limits so high that only what arrives can matter.
fn unlimited() -> Config {
    Config::new()
        .max_message_size(1 << 62)
        .max_frame_size(1 << 62)
        .max_fragments(usize::MAX)
}

/// What receiving holds at most until it waits for more.
async fn peak_of_waiting<T>(socket: &mut WebSocket<T>) -> isize
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let (received, peak) = peak_of(async {
        tokio::select! {
            biased;
            received = socket.recv() => Some(received),
            () = settle() => None,
        }
    })
    .await;
    assert!(received.is_none(), "{received:?}");
    peak
}

/// What is made of bytes at once: the error that they are, or nothing; and the peak meanwhile.
fn verdict(side: Side, config: &Config, bytes: &[u8]) -> (Option<ProtocolError>, isize) {
    let mut socket = side.open(Script::new(bytes, &[], 0), config);
    let (received, peak) = paused(peak_of(async { socket.recv().now_or_never() }));
    match received {
        None => (None, peak),
        Some(Some(Err(Error::Protocol(error)))) => (Some(error), peak),
        Some(other) => panic!("{other:?}"),
    }
}
