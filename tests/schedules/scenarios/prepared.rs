//! A message that many connections send.

use tower_websock::{DeflateConfig, PreparedMessage, ProvidedIo};

use crate::{
    checking::check,
    server::{accept, config, request},
    wire::{Peer, WIDE, task, wire},
};

/// What a connection sends that agreed on this extension: a Close behind it.
async fn sent(message: PreparedMessage, extension: &'static str) -> Vec<u8> {
    let (ours, theirs) = wire(WIDE);
    let deflate = DeflateConfig::new().min_size(0);
    let request = request().header("sec-websocket-extensions", extension);
    let config = config().deflate(deflate);
    let accepting = accept(request, ProvidedIo::new(ours), config, None);
    let mut socket = accepting.socket().await.unwrap();
    socket.send_prepared(&message).await.unwrap();
    drop(socket);
    Peer::new(theirs).bytes_to_end().await
}

/// Threads that are the first to compress a message, two of them in the same way, wait for each
/// other: all send the same form.
#[test]
fn compressed_first_by_three_at_once() {
    check("compressed_first_by_three_at_once", || {
        let message = PreparedMessage::text("abcdefgh".repeat(64));
        let sent = [
            "permessage-deflate",
            "permessage-deflate",
            "permessage-deflate; server_max_window_bits=9",
        ]
        .map(|extension| task(sent(message.clone(), extension)));
        let [one, two, small] = sent.map(|sent| sent.join().unwrap());
        assert_eq!(one, two);
        for frame in [one, small] {
            // 5.2 and RFC 7692 6: FIN, RSV1, text; some bytes of the 512.
            assert_eq!(frame[0], 0xC1);
            assert!(frame.len() < 60, "{frame:?}");
        }
    });
}
