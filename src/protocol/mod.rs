//! The connection as a pure state machine: bytes in, messages and bytes out.
//!
//! No IO, no clock, no randomness. The owner puts what it reads into a buffer and calls
//! [`Protocol::receive`]; it queues messages with [`Protocol::send_with`], and writes what
//! [`Protocol::outgoing`] holds. It reports to [`Protocol::handle`] what the user has taken, what
//! was written, and the end of the transport. Here are the phases of a connection and the answers
//! to pings; [`receive`] and [`send`] do the rest.

mod loss;
mod phase;
mod receive;
mod send;
mod tally;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::{Bytes, BytesMut, buf::Limit};

pub use self::{
    loss::Loss,
    phase::{Closure, Initiator},
};
pub(crate) use self::{
    phase::Phase,
    receive::{Batch, Compressed, Cost, Received, Want},
    send::{Compress, MaskKeys, SendBuffer},
    tally::Tally,
};
use self::{
    receive::{Frames, Receiver, Task},
    send::Outbox,
};
use crate::{
    config::Config,
    deflate::DeflateParams,
    message::{CloseFrame, InvalidClose, Message, PreparedMessage},
    wire::{MAX_CONTROL_PAYLOAD, OpCode, ProtocolError, Role},
};

/// One end of a WebSocket connection after the handshake.
pub(crate) struct Protocol {
    receiver: Receiver,
    outbox: Outbox,
    /// The newest ping that could not be answered yet for want of room.
    pong: Option<Box<Bytes>>,
    phase: Phase,
    /// What our Close said, once it is sent.
    closing: Option<Box<CloseFrame>>,
    /// Whether the reason of our Close may be too long.
    cuts_reasons: bool,
    config: Arc<Config>,
}

/// What has happened to what the protocol handed out, or to its transport.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    /// The user takes what was received: a Close is answered, an error fails the connection.
    Taken(&'a Result<Message, ProtocolError>),
    /// So many bytes of what [waits](Protocol::outgoing) have left.
    Written(usize),
    /// The transport ended: without a Close frame, unless the closing handshake was done.
    InputEnded(Loss),
    /// The transport takes nothing any more. All up to our Close had left.
    OutputEnded,
    /// The same, and our Close had not left: it was not written, or not flushed.
    OutputLost(Loss),
}

impl Protocol {
    /// One end after the handshake: the client's with `keys`, which must be unpredictable (RFC
    /// 6455, section 10.3), else the server's. `deflate` is what was agreed on about compression.
    pub(crate) fn new(
        config: Arc<Config>,
        deflate: Option<DeflateParams>,
        keys: Option<Box<dyn MaskKeys>>,
    ) -> Self {
        let role = match &keys {
            Some(_) => Role::Client,
            None => Role::Server,
        };
        Self {
            receiver: Receiver::new(role, deflate),
            outbox: Outbox::new(role, deflate, keys),
            pong: None,
            phase: Phase::Open,
            closing: None,
            cuts_reasons: false,
            config,
        }
    }

    /// From now on, a reason that is too long for a Close (5.5) is cut instead of refused.
    #[cfg(feature = "axum")]
    pub(crate) const fn cut_reasons(&mut self) {
        self.cuts_reasons = true;
    }

    /// Takes what is wanted of what has come, most of the time out of `input`; says what that
    /// cost, too.
    ///
    /// It does not matter how the bytes are cut into pieces. A ping is answered here. A Close and
    /// an error change nothing until they are [taken](Event::Taken), so that answers to what came
    /// before can still be queued. After either, everything that comes is discarded.
    #[inline]
    pub(crate) fn receive(&mut self, input: &mut BytesMut, want: Want<'_>) -> (Received, Cost) {
        match self.receiver.receive(input, want, &self.config) {
            Ok(message) => (Received::Data(message), Cost::Usual),
            Err(task) => self.receive_step(input, task),
        }
    }

    #[inline(never)]
    fn receive_step(&mut self, input: &mut BytesMut, task: Task) -> (Received, Cost) {
        let received = self.receiver.step(input, task, &self.config);
        if let (Received::Control(Message::Ping(data)), _) = &received {
            self.answer_ping(data);
        }
        received
    }

    /// Where to read next in place of the input, at most so much as the buffer says; `None`
    /// if into the input, as is usual. The input must have been received, and what is read there
    /// is with the next call.
    #[inline]
    pub(crate) fn direct(&mut self) -> Option<Limit<&mut Vec<u8>>> {
        match self.phase {
            Phase::Ended(_) => None,
            Phase::Open | Phase::CloseSent => self.receiver.direct(&self.config),
        }
    }

    /// Interprets nothing more of what comes, and drops the `input`. What was held as it came can
    /// still be inflated.
    pub(crate) fn stop_receiving(&mut self, input: &mut BytesMut) {
        self.receiver.stop(input);
    }

    /// Something has happened.
    #[inline]
    pub(crate) fn handle(&mut self, event: Event<'_>) {
        match event {
            Event::Taken(Ok(Message::Close(frame))) => self.handle_close(frame.as_ref()),
            Event::Taken(Ok(_)) => {}
            Event::Taken(Err(error)) => self.fail(*error),
            Event::Written(count) => self.handle_written(count),
            Event::InputEnded(why) => self.handle_end_of_input(why),
            Event::OutputEnded => self.handle_end_of_output(),
            Event::OutputLost(why) => self.handle_loss_of_output(why),
        }
    }

    /// Queues a message. Nothing is done if a second Close is sent (5.5.1).
    #[inline]
    pub(crate) fn send_with(
        &mut self,
        message: Message,
        compress: Compress,
    ) -> Result<(), SendError> {
        let (opcode, data) = match message {
            Message::Text(text) => (OpCode::Text, text.into()),
            Message::Binary(data) => (OpCode::Binary, data),
            Message::Ping(data) => return self.ping(&data),
            Message::Pong(data) => return self.send_control(OpCode::Pong, &data),
            Message::Close(frame) => {
                return self.close(frame.as_ref()).map_err(SendError::InvalidClose);
            }
        };
        self.check_open()?;
        self.outbox.send_data(opcode, data, compress, &self.config);
        Ok(())
    }

    /// Queues a message that was prepared, as [`send_with`](Self::send_with) does another one.
    pub(crate) fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), SendError> {
        self.check_open()?;
        self.outbox.send_prepared(message, &self.config);
        Ok(())
    }

    /// Queues a message that is sent as it is and costs nothing but a copy, as most are, and lets
    /// `buffer` take up to `most` small ones that follow; `false`, and nothing is done, if
    /// [`send_with`](Self::send_with) has to see to it, or it must wait.
    #[inline]
    pub(crate) fn send_small(
        &mut self,
        message: &Message,
        compress: Compress,
        buffer: &mut SendBuffer,
        most: usize,
    ) -> bool {
        let is_queued = matches!(self.phase, Phase::Open)
            && self.outbox.send_small(message, compress, &self.config);
        if is_queued && SendBuffer::suits(message.len()) {
            self.open(buffer, most);
        }
        is_queued
    }

    /// The same for one that was prepared.
    pub(crate) fn send_small_prepared(
        &mut self,
        message: &PreparedMessage,
        buffer: &mut SendBuffer,
        most: usize,
    ) -> bool {
        let is_queued = matches!(self.phase, Phase::Open)
            && self.outbox.send_small_prepared(message, &self.config);
        if is_queued && SendBuffer::suits(message.len()) {
            self.open(buffer, most);
        }
        is_queued
    }

    /// Queues what `buffer` took, before what was queued since it was opened. Since then nothing has
    /// left. So no data follows a Close (5.5.1). Returns how many bytes stand before others now
    /// that were queued sooner.
    pub(crate) fn take(&mut self, buffer: &SendBuffer) -> usize {
        self.outbox.take(buffer)
    }

    /// Gives back the memory of the write buffer if it is empty, and that of a message
    /// under way as far as it is not used.
    pub(crate) fn release(&mut self) {
        self.receiver.release();
        self.outbox.release();
    }

    /// What is received: whether more is needed, how much is held.
    pub(crate) const fn incoming(&self) -> &Frames {
        self.receiver.frames()
    }

    /// What waits to be written.
    pub(crate) const fn outgoing(&self) -> &Outbox {
        &self.outbox
    }

    /// How far closing has come.
    pub(crate) const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Limits and deadlines.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    fn open(&self, buffer: &mut SendBuffer, messages: usize) {
        if matches!(self.phase, Phase::Open) {
            self.outbox.open(buffer, messages, &self.config);
        }
    }

    /// Queues a ping (5.5.2).
    pub(crate) fn ping(&mut self, data: &[u8]) -> Result<(), SendError> {
        self.send_control(OpCode::Ping, data)
    }

    fn send_control(&mut self, opcode: OpCode, data: &[u8]) -> Result<(), SendError> {
        self.check_open()?;
        // 5.5: control frames carry at most 125 bytes.
        if data.len() > MAX_CONTROL_PAYLOAD {
            return Err(SendError::ControlTooLong(data.len()));
        }
        self.outbox.send_control(opcode, data);
        Ok(())
    }

    /// Starts the closing handshake. Does nothing if a Close was sent already (5.5.1).
    fn close(&mut self, frame: Option<&CloseFrame>) -> Result<(), InvalidClose> {
        let cut = frame.filter(|_| self.cuts_reasons).cloned();
        let cut = cut.map(|frame| CloseFrame::new(frame.code, frame.reason));
        let frame = cut.as_ref().or(frame);
        if let Some(frame) = frame {
            frame.check_sendable()?;
        }
        if matches!(self.phase, Phase::Open) {
            self.outbox.send_close(frame);
            self.phase = Phase::CloseSent;
            self.closing = frame.cloned().map(Box::new);
        }
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
        if self.outbox.is_congested(&self.config) {
            self.pong = Some(Box::new(data.clone()));
        } else {
            self.outbox.send_control(OpCode::Pong, data);
        }
    }

    fn handle_written(&mut self, count: usize) {
        self.outbox.advance(count);
        if let Some(data) = self.pong.take() {
            self.answer_ping(&data);
        }
    }

    fn handle_end_of_input(&mut self, why: Loss) {
        if !matches!(self.phase, Phase::Ended(_)) {
            self.phase = Phase::lost(why);
        }
    }

    fn handle_loss_of_output(&mut self, why: Loss) {
        let is_clean = matches!(&self.phase, Phase::Ended(closure) if closure.is_clean());
        if is_clean {
            // 7.1.4: the closing handshake needs our Close, too.
            self.phase = Phase::lost(why);
        }
        self.handle_end_of_output();
    }

    fn handle_end_of_output(&mut self) {
        self.pong = None;
        self.outbox.discard();
    }

    fn handle_close(&mut self, frame: Option<&CloseFrame>) {
        self.pong = None;
        let (initiator, sent) = match self.phase {
            Phase::Open => {
                // 5.5.1: the answer echoes the code.
                let answer = frame.map(|frame| CloseFrame::new(frame.code, ""));
                self.outbox.send_close(answer.as_ref());
                (Initiator::Remote, answer)
            }
            // 5.5.1: no second Close.
            Phase::CloseSent => (Initiator::Local, self.closing.take().map(|frame| *frame)),
            Phase::Ended(_) => return,
        };
        // 7.1.5: the first Close received tells code and reason.
        self.phase = Phase::ended(Closure::Clean {
            initiator,
            frame: frame.cloned(),
            sent,
        });
    }

    /// 7.1.7: send a Close with the code, then interpret nothing more.
    fn fail(&mut self, error: ProtocolError) {
        self.pong = None;
        match self.phase {
            Phase::Open => {
                self.outbox.send_close(Some(&CloseFrame::failing(error)));
            }
            Phase::CloseSent => {}
            Phase::Ended(_) => return,
        }
        self.phase = Phase::ended(Closure::Failed(error));
    }
}

/// Why a message was not queued. Nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    Closed,
    ControlTooLong(usize),
    InvalidClose(InvalidClose),
}
