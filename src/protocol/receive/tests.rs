//! The ways through decoding, each by itself.

use bytes::BytesMut;

use super::{Batch, Inflate, Received, Receiver, Task, frames::Short};
use crate::{config::Config, message::Message};

impl Receiver {
    pub(in crate::protocol) fn decode_plain(
        &mut self,
        input: &mut BytesMut,
        limits: &Config,
    ) -> Option<Message> {
        match self.frames.decode_short(input, 1, limits) {
            Short::Message(message) => Some(message),
            _ => None,
        }
    }

    pub(in crate::protocol) fn decode_batch(
        &mut self,
        input: &mut BytesMut,
        most: usize,
        limits: &Config,
    ) -> Option<Batch> {
        let before = input.clone();
        match self.frames.decode_short(input, most, limits) {
            Short::Batch(batch) => return Some(batch),
            // One by itself is no batch.
            Short::Message(_) => *input = before,
            Short::Header(..) | Short::Nothing => {}
        }
        None
    }

    pub(in crate::protocol) fn decode_long(
        &mut self,
        input: &mut BytesMut,
        limits: &Config,
    ) -> Received {
        self.step(input, Task::Decode(None, Inflate::Now), limits).0
    }
}
