//! The start of a frame against a model of sections 5.1, 5.2, 5.4, 5.5 and 10.4.
//!
//! The model was written from the RFC, before `wire::header` was read. It judges every
//! prefix of a frame: a prefix is wrong if no lawful frame begins with it. So the first
//! wrong prefix is the earliest byte at which an endpoint can know.

use super::harness::{Frame, Peer, binary, opposite, take_frame, text};
use crate::{
    config::Config,
    message::{CloseFrame, Message},
    wire::{ProtocolError, Role},
};

/// What the first bytes of a frame come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Lawful so far.
    Undecided,
    /// A whole frame.
    Complete(Frame),
    /// No lawful frame begins so; any of these violations may be named.
    Wrong(Vec<ProtocolError>),
}

/// What an endpoint knows when a frame begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    /// The side that receives.
    role: Role,
    /// A fragmented message is under way.
    pub(super) in_message: bool,
    /// Bytes of it so far.
    pub(super) received: u64,
    pub(super) max_frame: u64,
    pub(super) max_message: u64,
}

impl Model {
    pub(super) fn verdict(&self, prefix: &[u8]) -> Verdict {
        let wrong = self.judge(prefix);
        if !wrong.is_empty() {
            return Verdict::Wrong(wrong);
        }
        match take_frame(prefix, opposite(self.role)) {
            Some((frame, _, len)) if len == prefix.len() => Verdict::Complete(frame),
            _ => Verdict::Undecided,
        }
    }

    /// The violations that this prefix proves.
    pub(super) fn judge(&self, prefix: &[u8]) -> Vec<ProtocolError> {
        let mut wrong = Vec::new();
        let Some((&first, rest)) = prefix.split_first() else {
            return wrong;
        };
        let opcode = first & 0x0F;
        // 5.2: "MUST be 0 unless an extension is negotiated".
        if first & 0x70 != 0 {
            wrong.push(ProtocolError::ReservedBits);
        }
        match opcode {
            // 5.4: a continuation continues something.
            0x0 if !self.in_message => wrong.push(ProtocolError::UnexpectedContinuation),
            // 5.4: fragments of one message are not interleaved with another's.
            0x1 | 0x2 if self.in_message => wrong.push(ProtocolError::ExpectedContinuation),
            // 5.5: control frames "MUST NOT be fragmented".
            0x8..=0xA if first & 0x80 == 0 => wrong.push(ProtocolError::FragmentedControl),
            0x0..=0x2 | 0x8..=0xA => {}
            // 5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail_".
            _ => wrong.push(ProtocolError::ReservedOpcode(opcode)),
        }
        let Some((&second, rest)) = rest.split_first().filter(|_| wrong.is_empty()) else {
            return wrong;
        };
        // 5.1: the server closes on an unmasked frame, the client on a masked one.
        match (self.role, second & 0x80 != 0) {
            (Role::Server, false) => wrong.push(ProtocolError::UnmaskedFrame),
            (Role::Client, true) => wrong.push(ProtocolError::MaskedFrame),
            _ => {}
        }
        let form = second & 0x7F;
        if opcode >= 0x8 {
            // 5.5: "MUST have a payload length of 125 bytes or less".
            if form > 125 {
                wrong.push(ProtocolError::ControlTooLong);
            }
            // 5.5.1: if there is a body, the first two bytes are the code.
            if opcode == 0x8 && form == 1 {
                wrong.push(ProtocolError::CloseTooShort);
            }
        } else if wrong.is_empty() {
            wrong.extend(self.judge_length(form, rest));
        }
        wrong
    }

    /// Judges the length of a data frame of which `rest` came after the second byte.
    pub(super) fn judge_length(&self, form: u8, rest: &[u8]) -> Vec<ProtocolError> {
        // 5.2: the minimal number of bytes; the most significant bit is 0.
        let (low, high, width) = match form {
            126 => (126, 0xFFFF, 2),
            127 => (0x1_0000, i64::MAX as u64, 8),
            len => (u64::from(len), u64::from(len), 0),
        };
        // What the bytes that have come leave possible.
        let (mut least, mut most) = (0, 0);
        for i in 0..width {
            let byte = rest.get(i).copied();
            least = least << 8 | u64::from(byte.unwrap_or(0x00));
            most = most << 8 | u64::from(byte.unwrap_or(0xFF));
        }
        if width == 0 {
            (least, most) = (low, high);
        }
        if most < low {
            return vec![ProtocolError::LengthNotMinimal];
        }
        if least > high {
            return vec![ProtocolError::LengthOutOfRange];
        }
        // 10.4: the limits; all that is known of the length is that it is lawful.
        let size = least.max(low);
        let total = u128::from(self.received) + u128::from(size);
        let mut wrong = Vec::new();
        if size > self.max_frame {
            wrong.push(ProtocolError::FrameTooBig {
                size,
                max: self.max_frame as usize,
            });
        }
        if total > u128::from(self.max_message) {
            wrong.push(ProtocolError::MessageTooBig {
                size: total as u64,
                max: self.max_message as usize,
            });
        }
        wrong
    }
}

/// Where an endpoint stands when a frame begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Idle,
    InText,
    InBinary,
    /// Our Close was sent; the peer's may come behind data.
    CloseSent,
    CloseSentInText,
}

impl Stand {
    pub(super) const LIVE: [Stand; 5] = [
        Stand::Idle,
        Stand::InText,
        Stand::InBinary,
        Stand::CloseSent,
        Stand::CloseSentInText,
    ];

    /// An endpoint that stands here, and what led there forgotten.
    pub(super) fn reach(self, role: Role, config: &Config) -> Peer {
        let mut peer = Peer::facing_with(role, config);
        if self.sent_close() {
            peer.protocol.close(None).expect("a Close without a code");
        }
        match self.opcode() {
            Some(0x1) => peer.receive(&text("a").more()),
            Some(_) => peer.receive(&binary("a").more()),
            None => {}
        }
        peer.events();
        peer.sent();
        peer
    }

    pub(super) fn sent_close(self) -> bool {
        matches!(self, Stand::CloseSent | Stand::CloseSentInText)
    }

    /// The opcode of the message of which "a" has come.
    pub(super) fn opcode(self) -> Option<u8> {
        match self {
            Stand::InText | Stand::CloseSentInText => Some(0x1),
            Stand::InBinary => Some(0x2),
            Stand::Idle | Stand::CloseSent => None,
        }
    }

    /// What a receiver knows here under the default limits.
    pub(super) fn model(self, role: Role) -> Model {
        Model {
            role,
            in_message: self.opcode().is_some(),
            received: u64::from(self.opcode().is_some()),
            max_frame: u64::MAX,
            max_message: 1 << 20,
        }
    }

    /// What a whole frame yields here: a message, unless it is a fragment, and an answer.
    pub(super) fn outcome(self, frame: &Frame) -> (Option<Message>, Option<Frame>) {
        let payload = frame.payload.clone();
        let begun: &[u8] = if self.opcode().is_some() { b"a" } else { b"" };
        match (frame.opcode, self.opcode().unwrap_or(frame.opcode)) {
            (0x8, _) => {
                let body = payload
                    .split_first_chunk()
                    .map(|(code, reason)| CloseFrame {
                        code: u16::from_be_bytes(*code),
                        reason: String::from_utf8_lossy(reason).into_owned().into(),
                    });
                // 5.5.1: the answer echoes the code; no second Close.
                let echo = Frame::new(0x8, payload.get(..2).unwrap_or_default());
                let answer = Some(echo).filter(|_| !self.sent_close());
                (Some(Message::Close(body)), answer)
            }
            // 5.5.2: the answer has the same data, also behind our Close.
            (0x9, _) => {
                let answer = Frame::new(0xA, &payload);
                (Some(Message::Ping(payload.into())), Some(answer))
            }
            // 5.5.3: no answer is expected.
            (0xA, _) => (Some(Message::Pong(payload.into())), None),
            _ if !frame.fin => (None, None),
            (_, 0x1) => {
                let text = String::from_utf8([begun, &payload].concat()).expect("ASCII");
                (Some(Message::text(text)), None)
            }
            _ => {
                let data = [begun, &payload].concat();
                (Some(Message::binary(data)), None)
            }
        }
    }
}
