//! What has come and was not received: bytes, messages that were read ahead, and the end.

use std::{
    io, mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

use super::{item::Item, read_ahead::ReadAhead, reading::Reading};
use crate::{
    message::Message,
    protocol::{Batch, Cost, Loss, Protocol, Received, Want},
    stream::{
        error::Error,
        transport::{Overflow, Profile, Sharing, again::again, buffers},
    },
};

/// The protocol decodes it: what it holds of a message that is not complete belongs here, too.
#[derive(Debug)]
pub(super) struct Inbox {
    /// Bytes that were read and not decoded.
    input: BytesMut,
    /// The transport has reported its end.
    input_ended: bool,
    /// Messages that were decoded before the user took them, which stand before the input.
    read_ahead: ReadAhead,
    /// What follows them. Boxed, as nothing is known of it for most of a connection's life.
    end: Option<Box<End>>,
    reading: Reading,
    /// How many messages the user took last in one go, and may not have come to yet.
    batched: u8,
    /// A message has come to its end since it was asked last.
    arrived: bool,
    sharing: Sharing,
}

#[derive(Debug)]
enum End {
    /// The transport yields nothing more.
    Transport(Item),
    /// The last item was taken; it is handed over once our answer to it is written.
    Held(Item),
    /// The last item was handed over.
    Done,
}

/// Where a read may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadTo {
    /// To the message under way, past the input, if a large payload is what comes next.
    Message,
    /// To the input only, whose bytes are counted.
    Input,
}

/// What the user receives next.
#[derive(Debug)]
pub(super) enum Next {
    /// It is there.
    Item(Item, Cost),
    /// The last item, once our answer to it is on the wire.
    Held,
    /// All was handed over, or is thrown away.
    Nothing,
    /// Not found out yet: others may have their turn first.
    Stopped,
    /// Only what the transport brings.
    Bytes,
}

impl Inbox {
    pub(super) fn new(profile: Profile) -> Self {
        Self {
            input: BytesMut::new(),
            input_ended: false,
            read_ahead: ReadAhead::default(),
            end: None,
            reading: Reading::default(),
            batched: 0,
            arrived: false,
            sharing: Sharing::of(profile),
        }
    }
}

/// From the transport.
impl Inbox {
    /// Reads once. What was read before must have been decoded as far as it can be.
    #[inline]
    pub(super) fn poll_read<T: AsyncRead + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
        protocol: &mut Protocol,
        to: ReadTo,
    ) -> Poll<io::Result<usize>> {
        let input = &mut self.input;
        if input.is_empty() && to == ReadTo::Message {
            if let Some(mut payload) = protocol.direct() {
                let read = again(|| poll_read_buf(Pin::new(&mut *io), cx, &mut payload));
                let read = ready!(read);
                self.sharing.note_read(*read.as_ref().unwrap_or(&0));
                return Poll::Ready(read);
            }
        }
        buffers::prepare(input);
        let read = ready!(again(|| poll_read_buf(Pin::new(&mut *io), cx, input)));
        self.sharing.note_read(*read.as_ref().unwrap_or(&0));
        Poll::Ready(read)
    }

    /// Whether the transport has reported its end.
    #[inline]
    pub(super) const fn input_has_ended(&self) -> bool {
        self.input_ended
    }

    /// It has. Returns whether that is news for who waits.
    pub(super) fn note_input_end(&mut self) -> bool {
        self.input_ended = true;
        self.note_loss(Item::Lost(Loss::Ended))
    }

    /// Nothing more comes from the transport; `why`, if nothing else has ended the stream. Returns
    /// whether that is so.
    pub(super) fn note_loss(&mut self, why: Item) -> bool {
        let is_open = self.end.is_none();
        if is_open {
            self.end = Some(Box::new(End::Transport(why)));
        }
        is_open
    }

    /// Drops what was read.
    pub(super) fn clear_input(&mut self) {
        self.input.clear();
    }

    /// Gives back what memory an idle connection does not need.
    pub(super) fn release(&mut self) {
        buffers::release(&mut self.input);
    }

    /// Whether the transport shares its connection with others.
    pub(super) const fn is_multiplexed(&self) -> bool {
        self.sharing.is_multiplexed()
    }

    /// What to do with a transport for whose bytes there is no room.
    pub(super) fn overflow(&self) -> Overflow {
        self.sharing.overflow(self.input.len())
    }
}

/// To the user.
impl Inbox {
    /// Whether messages are wanted.
    #[inline]
    pub(super) const fn reading(&self) -> &Reading {
        &self.reading
    }

    #[inline]
    pub(super) const fn reading_mut(&mut self) -> &mut Reading {
        &mut self.reading
    }

    /// The user asks for a message.
    #[inline]
    pub(super) const fn begin_receipt(&mut self) {
        self.batched = 0;
        self.reading.note_receipt();
    }

    /// Whether only what the transport brings can be received next.
    #[inline]
    pub(super) fn awaits_bytes(&self, protocol: &Protocol) -> bool {
        self.read_ahead.is_empty()
            && protocol.incoming().needs_more(&self.input)
            && self.end.is_none()
            && !self.reading.is_discarding()
    }

    /// What comes next of the input, unless something stands before it; small messages behind it,
    /// `most` with it, go to `batch`.
    #[inline]
    pub(super) fn receive(
        &mut self,
        protocol: &mut Protocol,
        batch: &mut Batch,
        most: usize,
    ) -> Option<(Received, Cost)> {
        let is_next = self.read_ahead.is_empty()
            && !self.reading.is_discarding()
            && matches!(self.end.as_deref(), None | Some(End::Transport(_)));
        if !is_next {
            return None;
        }
        let want = Want::Now {
            batch: &mut *batch,
            most,
        };
        let received = protocol.receive(&mut self.input, want);
        self.arrived |= is_arrival(&received.0, protocol);
        if !batch.is_empty() {
            // The user need not come here for each of them.
            self.batched = u8::try_from(batch.len()).unwrap_or(u8::MAX);
        }
        Some(received)
    }

    /// What is next for the user: what `came` of the input, or what stands before that. An item
    /// that is the last is to be [held](Self::hold).
    pub(super) fn next(&mut self, protocol: &mut Protocol, came: Option<(Received, Cost)>) -> Next {
        if self.reading.take_overrun() {
            return Next::Item(Item::Overrun, Cost::Usual);
        }
        if self.is_held() {
            return Next::Held;
        }
        if self.is_at_end() || self.reading.is_discarding() {
            return Next::Nothing;
        }
        let (received, cost) = match came {
            Some(came) => came,
            None => match self.read_ahead.pop() {
                Some(Item::Compressed(message)) => {
                    protocol.receive(&mut self.input, Want::Held(message))
                }
                Some(item) => return Next::Item(item, Cost::Usual),
                None => (Received::NeedsMore, Cost::Usual),
            },
        };
        match received {
            Received::NeedsMore => match self.take_transport_end() {
                Some(end) => Next::Item(end, Cost::Usual),
                None => Next::Bytes,
            },
            Received::Stopped => Next::Stopped,
            Received::Compressed(message) => {
                self.read_ahead.put_back(Item::Compressed(message));
                Next::Stopped
            }
            Received::Failed(error) => {
                // 7.1.7: what came behind it is not interpreted.
                self.read_ahead = ReadAhead::default();
                Next::Item(Item::Decoded(Err(error)), cost)
            }
            Received::Data(message) | Received::Control(message) => {
                Next::Item(Item::Decoded(Ok(message)), cost)
            }
        }
    }

    /// Whether there are bytes that were not decoded.
    #[inline]
    pub(super) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// Messages that the user took last in one go, and may not have come to yet.
    #[inline]
    pub(super) fn batched(&self) -> usize {
        usize::from(self.batched)
    }

    /// The last item is held back until our answer to it is on the wire.
    pub(super) fn hold(&mut self, item: Item) {
        self.end = Some(Box::new(End::Held(item)));
    }

    pub(super) fn is_held(&self) -> bool {
        matches!(self.end.as_deref(), Some(End::Held(_)))
    }

    /// The last item that was held, for the user.
    pub(super) fn take_held(&mut self) -> Option<Result<Message, Error>> {
        self.finish().map(Item::into_result)
    }

    /// Whether nothing is handed over any more.
    pub(super) fn is_done(&self) -> bool {
        self.is_at_end() || self.reading.is_discarding_for_good()
    }

    fn is_at_end(&self) -> bool {
        matches!(self.end.as_deref(), Some(End::Done))
    }

    fn finish(&mut self) -> Option<Item> {
        match mem::replace(self.end.as_deref_mut()?, End::Done) {
            End::Transport(item) | End::Held(item) => Some(item),
            End::Done => None,
        }
    }
}

/// While nobody receives.
impl Inbox {
    /// What comes next of the input, to wait.
    pub(super) fn receive_ahead(&mut self, protocol: &mut Protocol) -> (Received, Cost) {
        let received = protocol.receive(&mut self.input, Want::Ahead);
        self.arrived |= is_arrival(&received.0, protocol);
        received
    }

    /// Whether there is room for more, beside `partial_len` bytes of a message under way.
    pub(super) fn has_room(&self, partial_len: usize) -> bool {
        self.reading.is_discarding() || self.read_ahead.has_room(partial_len)
    }

    pub(super) fn push(&mut self, item: Item) {
        self.read_ahead.push(item);
    }

    pub(super) fn pop(&mut self) -> Option<Item> {
        self.read_ahead.pop()
    }

    /// Whether there are items that wait.
    pub(super) const fn has_read_ahead(&self) -> bool {
        !self.read_ahead.is_empty()
    }

    /// Whether the end is known that the user has not come to yet.
    #[inline]
    pub(super) fn end_is_known(&self) -> bool {
        self.has_transport_end() || self.read_ahead.end().is_some()
    }

    /// What the end is that the user has not come to: the transport's if there is no other.
    pub(super) fn known_end(&self) -> Item {
        match self.read_ahead.end() {
            Some(Item::Decoded(decoded)) => Item::Decoded(decoded.clone()),
            _ => Item::Lost(Loss::Ended),
        }
    }

    /// Whether the user has come as far as that what waits is all that stands before a Close or an
    /// error. What it took in one go may still be before it.
    pub(super) fn end_is_near(&self) -> bool {
        self.read_ahead.end().is_some() && self.batched == 0
    }

    /// Whether the end has come that no message stands before, of a user who never receives: there
    /// is nothing that it could still answer.
    pub(super) fn end_is_for_nobody(&self) -> bool {
        self.reading.is_for_nobody() && self.end_is_known() && !self.read_ahead.has_message()
    }

    /// The transport's end, if that is what comes next.
    pub(super) fn take_transport_end(&mut self) -> Option<Item> {
        self.has_transport_end().then(|| self.finish())?
    }

    fn has_transport_end(&self) -> bool {
        matches!(self.end.as_deref(), Some(End::Transport(_)))
    }

    /// Whether the peer is in the middle of a message.
    pub(super) fn is_amid_message(&self, protocol: &Protocol) -> bool {
        self.has_input() || protocol.incoming().is_in_message()
    }

    /// Whether a message has come to its end since it was asked last: one that is under way now is
    /// another one than was then.
    pub(super) const fn take_arrival(&mut self) -> bool {
        mem::replace(&mut self.arrived, false)
    }

    /// Interprets nothing more of what comes.
    pub(super) fn stop(&mut self, protocol: &mut Protocol) {
        protocol.stop_receiving(&mut self.input);
    }
}

/// Whether a message has come as a whole, and not a control frame within one.
#[inline]
fn is_arrival(received: &Received, protocol: &Protocol) -> bool {
    match received {
        Received::Data(_) | Received::Compressed(_) => true,
        Received::Control(_) => !protocol.incoming().is_in_message(),
        Received::Failed(_) | Received::Stopped | Received::NeedsMore => false,
    }
}
