//! What our compressor writes, two other decoders read, within the window that was agreed on. What
//! another compressor writes, in frames and pieces as they come, whole or damaged, we read as flate2
//! does.

#[path = "../../../../src/deflate/codec/tests/reference.rs"]
mod reference;

use std::fmt::Write;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};
use tower_websock::{Config, Error, KeepAlive, Message, PreparedMessage, WebSocket};

use self::reference::Reference;
use super::{
    choices::Choices,
    enter,
    extensions::{self, Params},
    fields,
    frames::Inflated,
    io::{Peer, Transport},
    made, sockets,
    tasks::block_on,
    wire::frames,
};

/// How one end compresses.
#[derive(Clone, Copy, Debug)]
struct Side {
    bits: u8,
    is_reset: bool,
}

struct Ours {
    socket: WebSocket,
    peer: Peer,
    is_server: bool,
    side: Side,
    theirs: Side,
}

pub fn run(input: &[u8]) {
    let _runtime = enter();
    let mut choices = Choices::new(input);
    let mut ours = connect(&mut choices);
    let mut material = Material::default();
    if choices.below(2) == 0 {
        send(&mut choices, &mut ours, &mut material);
    } else {
        receive(&mut choices, &mut ours, &mut material);
    }
}

fn connect(choices: &mut Choices<'_>) -> Ours {
    let deflate = extensions::config(choices)
        .level(1 + choices.byte() % 9)
        .memory_level(1 + choices.byte() % 9)
        .min_size(choices.one_of(&[0, 0, 10, 32]));
    let config = Config::new()
        .keep_alive(KeepAlive::OFF)
        .deflate(deflate.clone());
    let server = deflate.get_server_max_window_bits().unwrap_or(12);
    let client = deflate.get_client_max_window_bits().unwrap_or(12);
    let asked = choices.one_of(&[
        "permessage-deflate",
        "permessage-deflate; server_max_window_bits=9",
        "permessage-deflate; client_max_window_bits; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits=15; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits=10",
    ]);
    let (transport, peer) = Transport::open(made::steps(choices), made::steps(choices));
    let is_server = choices.below(2) == 0;
    let mut agreed = Params::default();
    let socket = if is_server {
        let (socket, answer) = sockets::server(transport, config, Some(asked));
        agreed = params(&answer.expect("it was offered"));
        socket
    } else {
        sockets::client(transport, config, |offer| {
            agreed = params(offer.expect("it is on"));
            // 7.1.2.2: without a value in an answer, or none.
            agreed.client_bits = agreed.client_bits.map(|bits| Some(bits.unwrap_or(11)));
            if choices.below(2) == 0 {
                agreed.client_bits = None;
            }
            Some(answer(agreed))
        })
    };
    let of = |bits: Option<u8>, is_reset| Side {
        bits: bits.unwrap_or(15),
        is_reset,
    };
    let servers = of(agreed.server_bits, agreed.server_reset);
    let clients = of(agreed.client_bits.flatten(), agreed.client_reset);
    // Our own settings hold for our own end.
    let own = |side: Side, bits, is_reset| Side {
        bits: side.bits.min(bits),
        is_reset: side.is_reset || is_reset,
    };
    let (side, theirs) = if is_server {
        (
            own(servers, server, deflate.get_server_no_context_takeover()),
            clients,
        )
    } else {
        (
            own(clients, client, deflate.get_client_no_context_takeover()),
            servers,
        )
    };
    Ours {
        socket,
        peer,
        is_server,
        side,
        theirs,
    }
}

fn params(list: &str) -> Params {
    let all = fields::extensions(&[list.as_bytes()]).expect("well-formed");
    Params::of(&all[0]).expect("valid")
}

fn answer(params: Params) -> String {
    let mut answer = "permessage-deflate".to_owned();
    if params.server_reset {
        answer += "; server_no_context_takeover";
    }
    if params.client_reset {
        answer += "; client_no_context_takeover";
    }
    if let Some(bits) = params.server_bits {
        write!(answer, "; server_max_window_bits={bits}").unwrap();
    }
    if let Some(Some(bits)) = params.client_bits {
        write!(answer, "; client_max_window_bits={bits}").unwrap();
    }
    answer
}

/// What messages are made of: they repeat themselves and each other.
#[derive(Default)]
struct Material {
    all: Vec<u8>,
}

impl Material {
    fn message(&mut self, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut data = Vec::new();
        for _ in 0..choices.below(4) {
            match choices.below(8) {
                0..3 => {
                    let most = choices.below(40);
                    data.extend(choices.bytes(most));
                }
                3 => data.resize(data.len() + choices.below(300), choices.byte()),
                4 => data.extend(b"{\"id\": 1, \"name\": \"a\", \"price\": 12.5}"),
                5 if choices.seldom(64) => {
                    // As long as a window, and not alike.
                    let mut state = u32::from(choices.byte());
                    data.extend((0..20_000).map(|_| {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        state.to_be_bytes()[0]
                    }));
                }
                _ => {
                    let from = choices.below(self.all.len() + 1);
                    let len = choices.below(300).min(self.all.len() - from);
                    data.extend(&self.all[from..from + len]);
                }
            }
        }
        self.all.extend(&data);
        data
    }
}

/// RFC 7692, 7.2.1: what we send.
fn send(choices: &mut Choices<'_>, ours: &mut Ours, material: &mut Material) {
    let mut sent = Vec::new();
    for _ in 0..=choices.below(8) {
        let data: Bytes = material.message(choices).into();
        let message = Message::Binary(data.clone());
        let result = match choices.below(4) {
            0 => block_on(ours.socket.feed(message)),
            1 if choices.below(4) == 0 => block_on(ours.socket.send_uncompressed(message)),
            2 => block_on(
                ours.socket
                    .send_prepared(&PreparedMessage::binary(data.clone())),
            ),
            _ => block_on(ours.socket.send(message)),
        };
        result.unwrap();
        sent.push(data);
    }
    block_on(ours.socket.flush()).unwrap();
    let frames = frames(&ours.peer.written(), !ours.is_server);
    assert_eq!(frames.len(), sent.len());
    let (mut inflated, mut reference) = (Inflated::default(), Reference::default());
    for ((first, payload), data) in frames.iter().zip(&sent) {
        if *first == 0x82 {
            assert_eq!(payload, data);
            continue;
        }
        assert_eq!(*first, 0xC2);
        if ours.side.is_reset {
            (inflated, reference) = (Inflated::default(), Reference::default());
        }
        assert_eq!(inflated.next(payload, 1 << 20).as_deref(), Some(&data[..]));
        assert_eq!(reference.inflate(payload), data[..]);
        assert!(reference.farthest <= 1 << ours.side.bits, "{:?}", ours.side);
    }
}

/// RFC 7692, 7.2.2: what we receive.
fn receive(choices: &mut Choices<'_>, ours: &mut Ours, material: &mut Material) {
    let mut deflater = Deflater::new(choices, ours.theirs);
    let mut inflated = Inflated::default();
    let mut expected = Vec::new();
    let mut is_damaged = false;
    let mut bytes = Vec::new();
    for _ in 0..=choices.below(8) {
        let data = material.message(choices);
        let mut payload = deflater.message(choices, &data);
        if choices.seldom(12) && !payload.is_empty() {
            let at = choices.below(payload.len());
            payload[at] ^= choices.byte();
            is_damaged = true;
        }
        if ours.theirs.is_reset {
            inflated = Inflated::default();
        }
        push(choices, &mut bytes, &payload, ours.is_server);
        match inflated.next(&payload, 1 << 20) {
            Some(found) => {
                assert!(is_damaged || found == data);
                expected.push(found);
            }
            None => break,
        }
        if is_damaged {
            break;
        }
    }
    ours.peer.feed(&bytes);
    ours.peer.end();
    for data in expected {
        match block_on(ours.socket.recv()) {
            Some(Ok(Message::Binary(found))) => assert!(found == data, "another message"),
            // What was damaged may refer to what lies before the window.
            Some(Err(Error::Protocol(error))) if is_damaged && ours.theirs.bits < 15 => {
                assert_eq!(error.close_code(), 1007);
                return;
            }
            other => panic!("{other:?}, damaged: {is_damaged}, {bytes:02x?}"),
        }
    }
    match block_on(ours.socket.recv()) {
        Some(Err(Error::Protocol(error))) if is_damaged => {
            assert!(matches!(error.close_code(), 1007 | 1009), "{error}");
        }
        // To us it may be whole that to flate2 is not.
        Some(Ok(Message::Binary(_))) if is_damaged => {}
        Some(Err(Error::Lost(_))) => {}
        other => panic!("{other:?}"),
    }
}

struct Deflater {
    compress: Compress,
    side: Side,
    /// Bytes in its window.
    len: usize,
}

impl Deflater {
    fn new(choices: &mut Choices<'_>, side: Side) -> Self {
        let level = Compression::new(u32::from(choices.byte() % 10));
        Self {
            compress: Compress::new(level, false),
            side,
            len: 0,
        }
    }

    fn message(&mut self, choices: &mut Choices<'_>, data: &[u8]) -> Vec<u8> {
        // flate2's window has 15 bits, so it must not have seen more than there is room for.
        let window = 1 << self.side.bits;
        let is_small = window < 1 << 15;
        if self.side.is_reset || (is_small && self.len + data.len() > window) {
            self.compress.reset();
            self.len = 0;
        }
        let (mut stored, mut payload) = (None, Vec::with_capacity(2 * data.len() + 1024));
        let deflater = if is_small && data.len() > window {
            stored.insert(Compress::new(Compression::none(), false))
        } else {
            self.len += data.len();
            &mut self.compress
        };
        let cut = if choices.below(2) == 0 {
            0
        } else {
            choices.below(data.len() + 1)
        };
        let (begin, end) = data.split_at(cut);
        if !begin.is_empty() {
            let all = [
                FlushCompress::None,
                FlushCompress::Sync,
                FlushCompress::Full,
            ];
            compress(deflater, begin, &mut payload, choices.one_of(&all));
        }
        let cut = payload.len();
        compress(deflater, end, &mut payload, FlushCompress::Sync);
        if payload.len() == cut {
            // 7.2.3.6: there was nothing to flush.
            payload.push(0);
        } else {
            assert!(payload.ends_with(&[0, 0, 0xFF, 0xFF]));
            payload.truncate(payload.len() - 4);
        }
        payload
    }
}

fn compress(deflater: &mut Compress, data: &[u8], payload: &mut Vec<u8>, flush: FlushCompress) {
    let begin = deflater.total_in();
    deflater.compress_vec(data, payload, flush).unwrap();
    assert_eq!(deflater.total_in() - begin, data.len() as u64);
    assert!(payload.len() < payload.capacity());
}

/// A compressed binary message in some frames.
fn push(choices: &mut Choices<'_>, bytes: &mut Vec<u8>, mut payload: &[u8], masked: bool) {
    let mut first = 0x42;
    loop {
        let len = if choices.below(2) == 0 {
            payload.len()
        } else {
            choices.below(payload.len() + 1)
        };
        let (part, rest) = payload.split_at(len);
        payload = rest;
        let mask_bit = if masked { 0x80 } else { 0 };
        bytes.push(first | if rest.is_empty() { 0x80 } else { 0 });
        first = 0;
        match u16::try_from(len) {
            Ok(len @ ..126) => bytes.push(mask_bit | u8::try_from(len).expect("it is short")),
            Ok(len) => {
                bytes.push(mask_bit | 126);
                bytes.extend(len.to_be_bytes());
            }
            Err(_) => {
                bytes.push(mask_bit | 127);
                bytes.extend((len as u64).to_be_bytes());
            }
        }
        // A mask of zeros leaves it as it is.
        bytes.extend(&[0; 4][..if masked { 4 } else { 0 }]);
        bytes.extend(part);
        if rest.is_empty() {
            return;
        }
    }
}
