//! The connection as a pure state machine: bytes in, messages and bytes out.
//!
//! No IO, no clock, no randomness. The owner puts what it reads into a buffer and calls
//! [`Protocol::decode`]; it applies what that returned with [`Protocol::deliver`] when the
//! user takes it; it writes what [`Protocol::outgoing`] holds and reports it to
//! [`Protocol::advance`].

mod phase;
mod receive;
mod send;
#[cfg(test)]
mod tests;

use std::{io::IoSlice, sync::Arc};

use bytes::{Bytes, BytesMut, buf::Limit};

pub use self::phase::{Closure, Initiator};
pub(crate) use self::{
    phase::Phase,
    receive::{Batch, Compressed, Received, Want, Work},
    send::{Bundle, MaskKeys},
};
use self::{
    receive::Receiver,
    send::{Kind, Outbox, data_of},
};
use crate::{
    config::Config,
    deflate::{DeflateParams, Deflation},
    message::{CloseFrame, InvalidClose, Message},
    wire::{MAX_CONTROL_PAYLOAD, OpCode, ProtocolError, Role},
};

/// One end of a WebSocket connection after the handshake.
pub(crate) struct Protocol {
    receiver: Receiver,
    outbox: Outbox,
    deflation: Deflation,
    /// The newest ping that could not be answered yet for want of room.
    pong: Option<Box<Bytes>>,
    phase: Phase,
    config: Arc<Config>,
}

impl Protocol {
    /// The server's end. `deflate` is what was agreed on about compression.
    pub(crate) fn server(config: Arc<Config>, deflate: Option<DeflateParams>) -> Self {
        Self::new(Role::Server, config, deflate, None)
    }

    /// The client's end. `keys` must be unpredictable (RFC 6455, section 10.3).
    #[cfg(any(feature = "client", test))]
    pub(crate) fn client(
        config: Arc<Config>,
        deflate: Option<DeflateParams>,
        keys: Box<dyn MaskKeys>,
    ) -> Self {
        Self::new(Role::Client, config, deflate, Some(keys))
    }

    fn new(
        role: Role,
        config: Arc<Config>,
        deflate: Option<DeflateParams>,
        keys: Option<Box<dyn MaskKeys>>,
    ) -> Self {
        Self {
            receiver: Receiver::new(role, deflate),
            outbox: Outbox::new(keys),
            deflation: Deflation::new(role, deflate),
            pong: None,
            phase: Phase::Open,
            config,
        }
    }

    /// Takes the next message out of `input`; `None` if more bytes are needed, or if it has
    /// [stopped](Self::has_stopped).
    ///
    /// All state is kept here, so it does not matter how the bytes are cut into pieces.
    /// A ping is answered here. A Close and an error change nothing until they are
    /// [delivered](Self::deliver), so that answers to what came before can still be queued.
    /// After either, everything that comes is discarded.
    #[inline]
    pub(crate) fn decode(
        &mut self,
        input: &mut BytesMut,
    ) -> Option<Result<Message, ProtocolError>> {
        if self.needs_more(input) {
            return None;
        }
        self.decode_next(input)
    }

    /// What [`decode`](Self::decode) may do in one go; without a limit unless it is begun.
    pub(crate) const fn work(&mut self) -> &mut Work {
        self.receiver.work()
    }

    /// Whether [`decode`](Self::decode) found no message because its work was done: it goes on
    /// when it is called again.
    pub(crate) fn has_stopped(&mut self, input: &[u8]) -> bool {
        self.work().is_done() && !self.needs_more(input)
    }

    /// Whether nothing can come of `input`, for it is empty.
    #[inline]
    pub(crate) fn needs_more(&self, input: &[u8]) -> bool {
        self.receiver.needs_more(input)
    }

    #[inline(never)]
    fn decode_next(&mut self, input: &mut BytesMut) -> Option<Result<Message, ProtocolError>> {
        if !self.is_inflating() {
            match self.decode_as(input, Want::Message)? {
                Ok(Received::Message(message)) => return Some(Ok(message)),
                Ok(Received::Compressed(message)) => self.receiver.begin_inflating(message),
                Err(error) => return Some(Err(error)),
            }
        }
        self.receiver.go_on_inflating(&self.config)
    }

    /// The same for messages of which the user may take none yet: compressed ones stay as they
    /// came unless they are wanted otherwise, and are [inflated](Self::inflate) then.
    #[inline]
    pub(crate) fn decode_ahead(
        &mut self,
        input: &mut BytesMut,
        want: Want,
    ) -> Option<Result<Received, ProtocolError>> {
        if self.needs_more(input) {
            return None;
        }
        self.decode_as(input, want)
    }

    #[inline(never)]
    fn decode_as(
        &mut self,
        input: &mut BytesMut,
        want: Want,
    ) -> Option<Result<Received, ProtocolError>> {
        if let Some(message) = self.decode_plain(input) {
            return Some(Ok(Received::Message(message)));
        }
        let decoded = self.receiver.decode(input, want, &self.config).transpose();
        if let Some(Ok(Received::Message(Message::Ping(data)))) = &decoded {
            self.answer_ping(data);
        }
        decoded
    }

    /// Inflates the first of the messages that are held as they came. After an error, nothing
    /// that was decoded behind it counts.
    ///
    /// `None` if it has [stopped](Self::has_stopped): [`decode`](Self::decode) goes on.
    pub(crate) fn inflate(
        &mut self,
        message: Compressed,
    ) -> Option<Result<Message, ProtocolError>> {
        self.receiver.begin_inflating(message);
        self.receiver.go_on_inflating(&self.config)
    }

    /// Whether [`decode`](Self::decode) goes on with a message that is being inflated.
    #[inline]
    pub(crate) const fn is_inflating(&self) -> bool {
        self.receiver.is_inflating()
    }

    /// Nobody will receive what is being inflated, nor what follows.
    pub(crate) fn stop_inflating(&mut self) {
        self.receiver.stop_inflating();
    }

    /// Takes the next message out of `input` if that is a plain one, as most are.
    ///
    /// `None` says nothing: [`decode`](Self::decode) tells.
    #[inline]
    pub(crate) fn decode_plain(&mut self, input: &mut BytesMut) -> Option<Message> {
        self.receiver.decode_plain(input, &self.config)
    }

    /// Takes small plain messages out of `input`, at most `most`.
    ///
    /// `None` says nothing: [`decode`](Self::decode) tells.
    #[inline]
    pub(crate) fn decode_batch(&mut self, input: &mut BytesMut, most: usize) -> Option<Batch> {
        self.receiver.decode_batch(input, most, &self.config)
    }

    /// Where to read next in place of the input, at most so much as the buffer says; `None`
    /// if into the input, as is usual. The input must have been decoded.
    #[inline]
    pub(crate) fn direct(&mut self) -> Option<Limit<&mut Vec<u8>>> {
        match self.phase {
            Phase::Ended(_) => None,
            Phase::Open | Phase::CloseSent => self.receiver.direct(&self.config),
        }
    }

    /// `count` bytes were read to where [`direct`](Self::direct) said.
    pub(crate) fn take_direct(&mut self, count: usize) {
        self.receiver.take_direct(count);
    }

    /// The user takes what [`decode`](Self::decode) returned: a Close is answered, an
    /// error fails the connection.
    pub(crate) fn deliver(&mut self, decoded: &Result<Message, ProtocolError>) {
        match decoded {
            Ok(Message::Close(frame)) => self.handle_close(frame.as_ref()),
            Ok(_) => {}
            Err(error) => self.fail(*error),
        }
    }

    /// The transport ended: without a Close frame, unless the closing handshake was done.
    pub(crate) fn handle_end_of_input(&mut self) {
        if !matches!(self.phase, Phase::Ended(_)) {
            self.end(Closure::Lost);
        }
    }

    /// Queues a message.
    #[inline]
    pub(crate) fn send_with(
        &mut self,
        message: Message,
        compress: Compress,
    ) -> Result<(), SendError> {
        match message {
            Message::Text(text) => self.send_data(OpCode::Text, text.into(), compress),
            Message::Binary(data) => self.send_data(OpCode::Binary, data, compress),
            Message::Ping(data) => self.send_control(OpCode::Ping, &data),
            Message::Pong(data) => self.send_control(OpCode::Pong, &data),
            Message::Close(frame) => self.close(frame.as_ref()).map_err(SendError::InvalidClose),
        }
    }

    /// Queues a message that is sent as it is and costs nothing but a copy, as most are; `false`,
    /// and nothing is done, if [`send_with`](Self::send_with) has to see to it, or must wait.
    #[inline]
    pub(crate) fn send_small(&mut self, message: &Message, compress: Compress) -> bool {
        let Some((opcode, data)) = data_of(message) else {
            return false;
        };
        matches!(self.phase, Phase::Open)
            && (compress == Compress::Never || !self.deflation.is_agreed())
            && !self.is_congested()
            && self.outbox.push_small(opcode, data)
    }

    /// Lets `bundle` take as many small messages that follow all that is queued, if nothing has to
    /// be looked at for them.
    pub(crate) fn open(&self, bundle: &mut Bundle, messages: usize) {
        let is_plain = self.role() == Role::Server && !self.deflation.is_agreed();
        if is_plain && matches!(self.phase, Phase::Open) {
            let room = self.config.write_high_water.saturating_sub(self.queued());
            bundle.open(self.outbox.end(), messages, room);
        }
    }

    /// Queues what `bundle` took, before what was queued since it was opened, of which nothing
    /// has left. So no data follows a Close (5.5.1).
    pub(crate) fn take(&mut self, bundle: &Bundle) {
        self.outbox.insert(bundle.at, bundle.frames());
    }

    /// Starts the closing handshake. Does nothing if a Close was sent already (5.5.1).
    pub(crate) fn close(&mut self, frame: Option<&CloseFrame>) -> Result<(), InvalidClose> {
        if let Some(frame) = frame {
            frame.check_sendable()?;
        }
        if matches!(self.phase, Phase::Open) {
            self.outbox.push_close(frame);
            self.phase = Phase::CloseSent;
        }
        Ok(())
    }

    /// The bytes to write, in order; returns how many of `slices` were filled.
    pub(crate) fn outgoing<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.outbox.slices(slices)
    }

    /// The same if it lies in one place.
    pub(crate) fn outgoing_in_one(&self) -> Option<&[u8]> {
        self.outbox.as_slice()
    }

    /// `written` bytes of [`outgoing`](Self::outgoing) have left.
    pub(crate) fn advance(&mut self, written: usize) {
        self.outbox.advance(written);
        if let Some(data) = self.pong.take() {
            self.answer_ping(&data);
        }
    }

    /// The transport is gone, and with it what was not written.
    pub(crate) fn discard_outgoing(&mut self) {
        let is_clean = matches!(&self.phase, Phase::Ended(closure) if closure.is_clean());
        if is_clean && self.outbox.len() > 0 {
            // 7.1.4: the closing handshake needs our Close, too.
            self.end(Closure::Lost);
        }
        self.pong = None;
        self.outbox.discard();
    }

    /// Gives back the memory of the write buffer if it is empty, and that of a message
    /// under way as far as it is not used.
    pub(crate) fn release(&mut self) {
        self.receiver.release();
        self.outbox.release();
    }

    /// Bytes that wait to be written.
    pub(crate) fn queued(&self) -> usize {
        self.outbox.len()
    }

    /// Whether so much is queued that senders should wait.
    pub(crate) fn is_congested(&self) -> bool {
        self.outbox.len() >= self.config.write_high_water
    }

    /// Bytes held of a message that is not complete.
    pub(crate) fn partial_len(&self) -> usize {
        self.receiver.partial_len()
    }

    /// Whether messages may come compressed.
    pub(crate) const fn receives_compressed(&self) -> bool {
        self.receiver.receives_compressed()
    }

    /// How far closing has come.
    pub(crate) const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Limits and deadlines.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The side that this endpoint plays.
    pub(crate) const fn role(&self) -> Role {
        self.receiver.role()
    }

    #[inline]
    fn send_data(
        &mut self,
        opcode: OpCode,
        data: Bytes,
        compress: Compress,
    ) -> Result<(), SendError> {
        self.check_open()?;
        let compressed = match compress {
            Compress::IfAgreed => self.deflation.compress(&data, self.config.deflate.as_ref()),
            Compress::Never => None,
        };
        match compressed {
            Some(compressed) => self.outbox.push(Kind::compressed(opcode), compressed),
            None => self.outbox.push(Kind::plain(opcode), data),
        }
        Ok(())
    }

    fn send_control(&mut self, opcode: OpCode, data: &[u8]) -> Result<(), SendError> {
        self.check_open()?;
        // 5.5: control frames carry at most 125 bytes.
        if data.len() > MAX_CONTROL_PAYLOAD {
            return Err(SendError::ControlTooLong(data.len()));
        }
        self.outbox.push_control(opcode, data);
        Ok(())
    }

    /// 5.5.1: the application sends nothing after a Close frame.
    fn check_open(&self) -> Result<(), SendError> {
        match self.phase {
            Phase::Open => Ok(()),
            _ => Err(SendError::Closed),
        }
    }

    /// 5.5.2: a pong answers unless a Close was received. 5.5.3: if pongs pile up, only
    /// the newest ping is answered.
    fn answer_ping(&mut self, data: &Bytes) {
        if matches!(self.phase, Phase::Ended(_)) {
            return;
        }
        if self.is_congested() {
            self.pong = Some(Box::new(data.clone()));
        } else {
            self.outbox.push_control(OpCode::Pong, data);
        }
    }

    fn handle_close(&mut self, frame: Option<&CloseFrame>) {
        self.pong = None;
        let initiator = match self.phase {
            Phase::Open => {
                // 5.5.1: the answer echoes the code.
                let answer = frame.map(|frame| CloseFrame::new(frame.code, ""));
                self.outbox.push_close(answer.as_ref());
                Initiator::Remote
            }
            // 5.5.1: no second Close.
            Phase::CloseSent => Initiator::Local,
            Phase::Ended(_) => return,
        };
        // 7.1.5: the first Close received tells code and reason.
        self.end(Closure::Clean {
            initiator,
            frame: frame.cloned(),
        });
    }

    /// 7.1.7: send a Close with the code, then interpret nothing more.
    fn fail(&mut self, error: ProtocolError) {
        self.pong = None;
        match self.phase {
            Phase::Open => {
                let frame = CloseFrame::new(error.close_code(), error.to_string());
                self.outbox.push_close(Some(&frame));
            }
            Phase::CloseSent => {}
            Phase::Ended(_) => return,
        }
        self.end(Closure::Failed(error));
    }

    fn end(&mut self, closure: Closure) {
        self.phase = Phase::Ended(closure);
    }
}

/// Whether a message is to be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compress {
    /// If the peer takes it and the configuration finds it worth while.
    IfAgreed,
    Never,
}

/// Why a message was not queued. Nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    Closed,
    ControlTooLong(usize),
    InvalidClose(InvalidClose),
}
