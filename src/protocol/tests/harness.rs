//! An endpoint, and the peer that it faces.

use bytes::BytesMut;

pub(super) use super::{doors::*, frame::*};
use crate::{
    config::Config,
    message::{CloseFrame, Message},
    protocol::{Closure, Initiator, Phase, Protocol, SendError},
    wire::{ProtocolError, Role},
};

/// A peer that faces the endpoint under test.
pub(super) struct Peer {
    /// The endpoint under test.
    pub(super) protocol: Protocol,
    /// What has arrived at the endpoint and was not consumed.
    pub(super) input: BytesMut,
    /// What the endpoint's user got since the last look.
    events: Vec<Event>,
    /// What the endpoint wrote and no look has decoded.
    wire: Vec<u8>,
}

impl Peer {
    /// Faces an endpoint of this role with the default limits.
    pub(super) fn facing(role: Role) -> Self {
        Self::facing_with(role, &Config::new())
    }

    pub(super) fn facing_with(role: Role, config: &Config) -> Self {
        Self::of(protocol(role, config))
    }

    /// Faces this endpoint.
    pub(super) fn of(protocol: Protocol) -> Self {
        Self {
            protocol,
            input: BytesMut::new(),
            events: Vec::new(),
            wire: Vec::new(),
        }
    }

    /// The side that the peer plays.
    pub(super) fn side(&self) -> Role {
        opposite(self.protocol.role())
    }

    /// The frame's bytes as this peer sends it.
    pub(super) fn encode(&self, frame: &Frame) -> Vec<u8> {
        frame.encode(self.side())
    }

    /// The endpoint receives a frame and its user takes what comes of it.
    pub(super) fn receive(&mut self, frame: &Frame) {
        let bytes = self.encode(frame);
        self.receive_bytes(&bytes);
    }

    /// The endpoint receives bytes and its user takes what comes of them.
    pub(super) fn receive_bytes(&mut self, bytes: &[u8]) {
        self.arrive(bytes);
        // No event without a byte: an endpoint that repeats itself ends here.
        let most = self.events.len() + self.input.len();
        while self.take().is_some() {
            assert!(
                self.events.len() <= most,
                "endless {:?}",
                self.events.last()
            );
        }
    }

    /// The endpoint receives frames in one piece and its user takes what comes of them.
    pub(super) fn receive_together(&mut self, frames: &[Frame]) {
        let bytes: Vec<u8> = frames.iter().flat_map(|frame| self.encode(frame)).collect();
        self.receive_bytes(&bytes);
    }

    /// The endpoint receives bytes one by one until its user gets something; how many it took.
    pub(super) fn drip(&mut self, bytes: &[u8]) -> Option<usize> {
        for (i, byte) in bytes.iter().enumerate() {
            self.arrive(&[*byte]);
            if self.take().is_some() {
                return Some(i + 1);
            }
        }
        None
    }

    /// Bytes arrive that nobody decodes yet.
    pub(super) fn arrive(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// Decodes the next message without handing it to the user.
    pub(super) fn decode(&mut self) -> Option<Event> {
        self.protocol.decode(&mut self.input)
    }

    /// Decodes the next message and hands it to the user.
    pub(super) fn take(&mut self) -> Option<()> {
        let event = self.decode()?;
        self.protocol.deliver(&event);
        self.events.push(event);
        Some(())
    }

    /// What the endpoint's user got since the last look.
    pub(super) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Writes out what the endpoint has queued; the frames since the last look.
    pub(super) fn sent(&mut self) -> Vec<Frame> {
        let frames = self.sent_with_keys().into_iter();
        frames.map(|(frame, _)| frame).collect()
    }

    /// As [`sent`](Self::sent), each frame with its mask.
    pub(super) fn sent_with_keys(&mut self) -> Vec<(Frame, Option<[u8; 4]>)> {
        if self.protocol.queued() == 0 && self.wire.is_empty() {
            assert_eq!(peek(&self.protocol, 1, usize::MAX), [0; 0]);
            return Vec::new();
        }
        self.wire.extend(drain(&mut self.protocol, 8, usize::MAX));
        let frames = take_frames(&mut self.wire, self.protocol.role());
        assert_eq!(self.wire, [0; 0], "rest of a frame");
        frames
    }

    /// The endpoint writes at most this many bytes.
    pub(super) fn write(&mut self, most: usize) {
        let bytes = peek(&self.protocol, 8, most);
        self.protocol.advance(bytes.len());
        self.wire.extend(bytes);
    }

    /// Since the last look the user got exactly these, and no error.
    #[track_caller]
    pub(super) fn assert_received(&mut self, messages: &[Message]) {
        let expected: Vec<Event> = messages.iter().cloned().map(Ok).collect();
        assert_eq!(self.events(), expected);
    }

    /// Since the last look exactly these frames were sent.
    #[track_caller]
    pub(super) fn assert_sent(&mut self, frames: &[Frame]) {
        assert_eq!(self.sent(), frames);
    }

    /// Messages still go both ways, and nothing happened that was not looked at.
    #[track_caller]
    pub(super) fn assert_open(&mut self) {
        self.assert_received(&[]);
        self.assert_sent(&[]);
        assert_eq!(self.protocol.phase(), &Phase::Open);
    }

    /// The last thing that the user got is this error, the last thing sent the Close that
    /// belongs to it, and the connection is dead.
    #[track_caller]
    pub(super) fn assert_failed(&mut self, error: ProtocolError) {
        assert_eq!(self.events(), [Err(error)]);
        let code = code_of(error);
        match &self.sent()[..] {
            [frame] => assert_close(frame, code),
            frames => panic!("{error:?} was answered with {frames:?}"),
        }
        assert_eq!(self.protocol.phase(), &Phase::ended(Closure::Failed(error)));
        self.assert_dead();
    }

    /// The closing handshake is done; the first Close of the peer said `frame`.
    #[track_caller]
    pub(super) fn assert_closed(&mut self, initiator: Initiator, frame: Option<CloseFrame>) {
        let Phase::Ended(closure) = self.protocol.phase().clone() else {
            panic!("it is open");
        };
        match *closure {
            Closure::Clean {
                initiator: who,
                frame: said,
                ..
            } => assert_eq!((who, said), (initiator, frame)),
            other => panic!("{other:?}"),
        }
        self.assert_dead();
    }

    /// Nothing that comes has an effect, and nothing can be sent.
    #[track_caller]
    pub(super) fn assert_dead(&mut self) {
        let phase = self.protocol.phase().clone();
        let frames = [
            text("late"),
            continuation("late").more(),
            ping("late"),
            close(1001, ""),
            text(b"\xFF"),
            Frame::new(0xF, "").rsv(7),
        ];
        for frame in &frames {
            self.receive(frame);
            self.assert_received(&[]);
            self.assert_sent(&[]);
            assert_eq!(self.input.len(), 0, "kept what nobody will read");
        }
        for message in [Message::text("late"), Message::Ping("late".into())] {
            assert_eq!(self.protocol.send(message), Err(SendError::Closed));
        }
        assert_eq!(self.protocol.close(None), Ok(()));
        self.assert_sent(&[]);
        assert_eq!(self.protocol.phase(), &phase);
    }
}

/// A client and a server that read what the other writes.
pub(super) struct Pair {
    ends: [Peer; 2],
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with(&Config::new())
    }

    pub(super) fn with(config: &Config) -> Self {
        Self::of(ROLES.map(|role| Peer::facing_with(role, config)))
    }

    /// Of these endpoints, the client first.
    pub(super) const fn of(ends: [Peer; 2]) -> Self {
        Self { ends }
    }

    /// The end that plays this role.
    pub(super) fn end(&mut self, role: Role) -> &mut Peer {
        &mut self.ends[Self::index(role)]
    }

    /// How the end that plays this role ended.
    pub(super) fn closure(&self, role: Role) -> Option<&Closure> {
        match self.ends[Self::index(role)].protocol.phase() {
            Phase::Ended(closure) => Some(closure),
            Phase::Open | Phase::CloseSent => None,
        }
    }

    /// Takes at most `most` bytes from this end to the other; returns how many.
    pub(super) fn carry(&mut self, from: Role, most: usize) -> usize {
        let end = self.end(from);
        let bytes = peek(&end.protocol, 4, most);
        end.protocol.advance(bytes.len());
        self.end(opposite(from)).receive_bytes(&bytes);
        bytes.len()
    }

    /// Takes bytes both ways until there are none; returns how many.
    pub(super) fn pump(&mut self) -> usize {
        let mut total = 0;
        loop {
            let carried = ROLES.map(|role| self.carry(role, usize::MAX));
            if carried == [0, 0] {
                return total;
            }
            total += carried.iter().sum::<usize>();
        }
    }

    fn index(role: Role) -> usize {
        usize::from(role == Role::Server)
    }
}

/// 7.4.1: the code that belongs to a violation, as this test suite reads the RFC.
pub(super) fn code_of(error: ProtocolError) -> u16 {
    match error {
        ProtocolError::InvalidUtf8 | ProtocolError::InvalidDeflate => 1007,
        ProtocolError::FrameTooBig { .. }
        | ProtocolError::MessageTooBig { .. }
        | ProtocolError::CompressedTooBig { .. }
        | ProtocolError::TooManyFragments { .. } => 1009,
        ProtocolError::MessageTimeout => 1008,
        _ => 1002,
    }
}

/// The frame is a lawful Close with this code and some reason.
#[track_caller]
pub(super) fn assert_close(frame: &Frame, code: u16) {
    assert_eq!(frame.first_byte(), 0x88, "{frame:?}");
    assert!(frame.payload.len() <= 125, "{frame:?}");
    let (sent, reason) = frame.payload.split_first_chunk().expect("a code");
    assert_eq!(u16::from_be_bytes(*sent), code);
    let reason = std::str::from_utf8(reason).expect("5.5.1: the reason is UTF-8");
    assert_ne!(reason, "", "7.1.6: a reason helps to find the cause");
}

/// The end of a connection that was closed in order: what the peer's Close said, and ours.
pub(super) fn clean(
    initiator: Initiator,
    frame: Option<CloseFrame>,
    sent: Option<CloseFrame>,
) -> Closure {
    Closure::Clean {
        initiator,
        frame,
        sent,
    }
}
