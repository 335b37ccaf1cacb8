//! What compressed messages cost (RFC 7692), through the tower service: memory follows our own
//! limits, and time the bytes that arrive.

pub(crate) mod bombs;
pub(crate) mod floods;
pub(crate) mod held;

use tokio::io::DuplexStream;
use tower_websock::{Config, DeflateConfig, Error, WebSocket};

use crate::support::{deflate::*, *};

/// What the pipe holds in each direction.
const ROOM: usize = 16 * 1024;
/// The same where its own memory would blur what is measured.
const NARROW: usize = 64;

fn compressing() -> Config {
    Config::new().deflate(DeflateConfig::new())
}

/// Receives, and answers nothing.
async fn receive(mut socket: WebSocket) -> Result<(), Error> {
    while let Some(message) = socket.recv().await {
        message?;
    }
    Ok(())
}

/// The client's end of a connection that may compress.
async fn agreed(config: &Config, room: usize) -> Peer<DuplexStream> {
    let (peer, answer) = connect(echo, config, Some(BROWSER), room).await;
    assert!(answer.is_some());
    peer
}

async fn end(mut peer: Peer<DuplexStream>) {
    peer.send(&close_frame(1000)).await;
    peer.expect_close(1000).await;
    peer.expect_end().await;
}

/// Sends a message that is not compressed, is echoed so, and is kept by nobody.
async fn exchange_plain(peer: &mut Peer<DuplexStream>) {
    peer.send(&frame(TEXT, b"hello")).await;
    peer.expect(TEXT, b"hello").await;
}

/// Sends a compressed message and takes the echo.
async fn exchange(peer: &mut Peer<DuplexStream>, payload: &[u8], message: &[u8]) {
    peer.send(&frame(COMPRESSED_BINARY, payload)).await;
    let (first, echoed) = peer.read().await.unwrap();
    assert_eq!(first, COMPRESSED_BINARY);
    assert!(Inflater::new().message(&echoed) == message);
}

/// A message as frames of at most `step` bytes of payload.
fn fragmented(kind: u8, payload: &[u8], step: usize) -> Vec<u8> {
    let pieces = payload.chunks(step);
    let last = pieces.len() - 1;
    let frames = pieces.enumerate().map(|(i, piece)| {
        let opcode = if i == 0 { kind & !0x80 } else { 0x00 };
        frame(if i == last { 0x80 } else { 0x00 } | opcode, piece)
    });
    frames.collect::<Vec<_>>().concat()
}
