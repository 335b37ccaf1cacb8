//! An endpoint through the doors that tests use.

use std::io::IoSlice;

use bytes::BytesMut;

use crate::{
    config::Config,
    deflate::DeflateParams,
    message::Message,
    protocol::{
        self, Batch, Compress, Compressed, Loss, MaskKeys, Protocol, Received, SendBuffer,
        SendError, Want,
    },
    wire::{ProtocolError, Role},
};

pub(super) const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// What `decode` returned.
pub(super) type Event = Result<Message, ProtocolError>;

/// Keys that all differ, and that a test can foretell.
pub(super) struct CountedKeys(u32);

impl CountedKeys {
    pub(super) fn new() -> Self {
        Self(0)
    }
}

impl MaskKeys for CountedKeys {
    fn next_key(&mut self) -> [u8; 4] {
        self.0 += 1;
        // An odd factor permutes the numbers below 2^32.
        self.0.wrapping_mul(0x9E37_79B1).to_be_bytes()
    }
}

pub(super) fn protocol(role: Role, config: &Config) -> Protocol {
    protocol_with(role, config, None)
}

/// An endpoint that has agreed on compression.
pub(super) fn protocol_with(
    role: Role,
    config: &Config,
    deflate: Option<DeflateParams>,
) -> Protocol {
    let keys: Option<Box<dyn MaskKeys>> = match role {
        Role::Client => Some(Box::new(CountedKeys::new())),
        Role::Server => None,
    };
    Protocol::new(config.clone().into(), deflate, keys)
}

/// The doors as tests use them.
impl Protocol {
    /// Takes the next message out of `input`; goes on until there is one.
    pub(super) fn decode(&mut self, input: &mut BytesMut) -> Option<Event> {
        let mut held = None;
        loop {
            match self.step(input, held.take()) {
                Step::Event(event) => return Some(event),
                Step::Stopped(rest) => held = rest,
                Step::NeedsMore => return None,
            }
        }
    }

    /// The same for one step. What that has left of a message that is inflated is handed back.
    pub(super) fn step(&mut self, input: &mut BytesMut, held: Option<Compressed>) -> Step {
        let mut batch = Batch::default();
        let want = held.map_or(
            Want::Now {
                batch: &mut batch,
                most: 1,
            },
            Want::Held,
        );
        match self.receive(input, want).0 {
            Received::Data(message) | Received::Control(message) => Step::Event(Ok(message)),
            Received::Failed(error) => Step::Event(Err(error)),
            Received::Compressed(rest) => Step::Stopped(Some(rest)),
            Received::Stopped => Step::Stopped(None),
            Received::NeedsMore => Step::NeedsMore,
        }
    }

    /// Inflates all of a message that was held as it came.
    #[cfg(feature = "deflate")]
    pub(super) fn inflate(&mut self, held: Compressed) -> Option<Event> {
        let mut held = Some(held);
        loop {
            match self.step(&mut BytesMut::new(), held.take()) {
                Step::Event(event) => return Some(event),
                Step::Stopped(rest) => held = rest,
                Step::NeedsMore => return None,
            }
        }
    }

    pub(super) fn deliver(&mut self, decoded: &Event) {
        self.handle(protocol::Event::Taken(decoded));
    }

    pub(super) fn partial_len(&self) -> usize {
        self.incoming().partial_len()
    }

    pub(super) const fn role(&self) -> Role {
        self.incoming().role()
    }

    /// Queues a message, compressed if that was agreed on.
    pub(super) fn send(&mut self, message: Message) -> Result<(), SendError> {
        self.send_with(message, Compress::IfAgreed)
    }

    /// Queues a small message by itself.
    pub(super) fn send_short(&mut self, message: &Message, compress: Compress) -> bool {
        let mut buffer = SendBuffer::CLOSED;
        self.send_small(message, compress, &mut buffer, 0)
    }

    pub(super) fn queued(&self) -> usize {
        self.outgoing().len()
    }

    pub(super) fn is_congested(&self) -> bool {
        self.outgoing().is_congested(self.config())
    }

    pub(super) fn advance(&mut self, written: usize) {
        self.handle(protocol::Event::Written(written));
    }

    pub(super) fn discard_outgoing(&mut self) {
        let event = if self.queued() > 0 {
            protocol::Event::OutputLost(Loss::Ended)
        } else {
            protocol::Event::OutputEnded
        };
        self.handle(event);
    }
}

/// What a step of decoding has come to.
#[derive(Debug)]
pub(super) enum Step {
    Event(Event),
    /// With what is left of a message that is inflated.
    Stopped(Option<Compressed>),
    NeedsMore,
}

/// Writes out everything that is queued, at most `step` bytes a time, through `slots` slices.
pub(super) fn drain(protocol: &mut Protocol, slots: usize, step: usize) -> Vec<u8> {
    let mut written = Vec::new();
    loop {
        let bytes = peek(protocol, slots, step);
        if bytes.is_empty() {
            assert_eq!(protocol.queued(), 0, "queued and not offered");
            return written;
        }
        protocol.advance(bytes.len());
        written.extend(bytes);
    }
}

/// The first bytes that a write through `slots` slices would take, `most` at most.
pub(super) fn peek(protocol: &Protocol, slots: usize, most: usize) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); 16];
    let filled = protocol.outgoing().slices(&mut slices[..slots]);
    let mut bytes = Vec::new();
    for slice in &slices[..filled] {
        let room = most - bytes.len();
        bytes.extend_from_slice(&slice[..slice.len().min(room)]);
    }
    assert!(bytes.len() <= protocol.queued(), "offered and not queued");
    bytes
}
