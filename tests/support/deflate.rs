//! A client that compresses messages, with another implementation of DEFLATE than ours.

use std::fmt::Write;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use http::HeaderValue;
use tokio::io::{DuplexStream, duplex};
use tower::ServiceExt;
use tower_websock::{Config, Handler, ProvidedIo, WebSocketService};

use super::{BINARY, Peer, TEXT, handshake};

const EXTENSIONS: &str = "sec-websocket-extensions";

/// RFC 7692, 6: the bit that says that a message is compressed.
pub const RSV1: u8 = 0x40;
pub const COMPRESSED_TEXT: u8 = TEXT | RSV1;
pub const COMPRESSED_BINARY: u8 = BINARY | RSV1;

/// What browsers send.
pub const BROWSER: &str = "permessage-deflate; client_max_window_bits";

/// 7.2.1: what a sender leaves out.
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// Compresses messages in the context of those before, in a window of 15 bits.
pub struct Deflater(Compress);

impl Deflater {
    pub fn new() -> Self {
        Self(Compress::new(Compression::default(), false))
    }

    /// The payload of a message.
    pub fn message(&mut self, data: &[u8]) -> Vec<u8> {
        if data.is_empty() {
            // 7.2.3.6.
            return vec![0x00];
        }
        let mut payload = Vec::with_capacity(data.len() + data.len() / 8 + 100);
        let begin = self.0.total_in();
        let flush = FlushCompress::Sync;
        let status = self.0.compress_vec(data, &mut payload, flush).unwrap();
        assert_eq!(status, Status::Ok);
        assert_eq!(self.0.total_in() - begin, data.len() as u64);
        assert!(payload.ends_with(&TAIL) && payload.len() < payload.capacity());
        payload.truncate(payload.len() - TAIL.len());
        payload
    }
}

/// Decompresses messages in the context of those before.
pub struct Inflater(Decompress);

impl Inflater {
    pub fn new() -> Self {
        Self(Decompress::new(false))
    }

    /// What a payload stands for.
    pub fn message(&mut self, payload: &[u8]) -> Vec<u8> {
        let payload = [payload, &TAIL].concat();
        let (mut taken, mut data) = (0, Vec::new());
        while taken < payload.len() || data.len() == data.capacity() {
            data.reserve(16 * 1024);
            let (begin, flush) = (self.0.total_in(), FlushDecompress::Sync);
            let rest = &payload[taken..];
            let status = self.0.decompress_vec(rest, &mut data, flush).unwrap();
            taken += (self.0.total_in() - begin) as usize;
            if status == Status::BufError {
                assert_eq!(taken, payload.len());
                break;
            }
        }
        data
    }
}

/// The payload of a message that refers to none before.
pub fn deflated(data: &[u8]) -> Vec<u8> {
    Deflater::new().message(data)
}

/// Text like that of an API, no two lines of which are equal; `len` bytes.
pub fn json(len: usize) -> Vec<u8> {
    let (mut text, mut state) = (String::new(), 1_u32);
    while text.len() < len {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (id, price) = (state >> 8, state >> 20);
        writeln!(text, "{{\"id\": {id}, \"price\": {price}}}").unwrap();
    }
    text.truncate(len);
    text.into_bytes()
}

/// Shakes hands with a tower service over a pipe that holds `room` bytes in each direction;
/// returns the client's end and the answer to `offer`, the value of `Sec-WebSocket-Extensions`.
pub async fn connect<Args: 'static>(
    handler: impl Handler<Args>,
    config: &Config,
    offer: Option<&'static str>,
    room: usize,
) -> (Peer<DuplexStream>, Option<String>) {
    let (client, server) = duplex(room);
    let mut request = handshake();
    request.extensions_mut().insert(ProvidedIo::new(server));
    if let Some(offer) = offer {
        let offer = HeaderValue::from_static(offer);
        request.headers_mut().insert(EXTENSIONS, offer);
    }
    let service = WebSocketService::new(handler).config(config.clone());
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 101);
    let answer = response.headers().get(EXTENSIONS);
    let answer = answer.map(|answer| answer.to_str().unwrap().to_owned());
    (Peer::new(client), answer)
}
