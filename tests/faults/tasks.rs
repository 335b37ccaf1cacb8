//! The tasks of an end.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
};

use tokio::spawn;
use tower_websock::{Connections, Message, Role, SendHalf, Sender, Topic};

use crate::{log::Side, panics::AS_TOLD, pipe::Pipe, support::http2::Io};

/// What surrounds an end.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) side: Arc<Side>,
    pub(crate) role: Role,
    pub(crate) is_supervised: bool,
    /// Raw bytes go there, out of this end of it.
    pub(crate) pipe: Pipe,
    pub(crate) out: usize,
    pub(crate) topic: Topic,
    pub(crate) connections: Connections,
    /// Polls of all tasks of this end: more is a spin.
    pub(crate) most_polls: usize,
}

/// What a task sends with.
pub(crate) enum Handle<T> {
    Sender(Sender<T>),
    Half(SendHalf<T>),
}

/// Another task sends so many messages of so many bytes.
pub(crate) fn spawn_sender<T: Io>(
    around: &Surroundings,
    by: usize,
    (count, len): (usize, usize),
    mut handle: Handle<T>,
) {
    let (side, most) = (around.side.clone(), around.most_polls);
    let is_supervised = around.is_supervised;
    spawn(counted(side.clone(), most, async move {
        for number in 0..count {
            let message = Message::binary(payload(by, number, len));
            let before = side.log().queued();
            let place = side.log().attempt(by, message.clone());
            let sent = match &mut handle {
                Handle::Sender(sender) => sender.send(message).await,
                Handle::Half(half) => half.send(message).await,
            };
            side.log().note_sent(place, &before, sent, is_supervised);
        }
    }));
}

/// A payload of exactly `len` bytes, unlike any other if it is not very short.
pub(crate) fn payload(by: usize, number: usize, len: usize) -> Vec<u8> {
    let fill = b"the quick brown fox jumps over the lazy dog, ".repeat(len / 40);
    let name = format!("{by}.{number}; ").into_bytes();
    let mut payload = [name, fill].concat();
    payload.resize(len, b'.');
    payload
}

/// Counts the polls of a task, which are bounded.
pub(crate) async fn counted<F: Future>(side: Arc<Side>, most: usize, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(move |cx| {
        let mut log = side.log();
        log.polls.0 += 1;
        if log.polls.0 > most {
            log.wrong.push(format!("more than {most} polls"));
            drop(log);
            panic!("{AS_TOLD}: it spins");
        }
        drop(log);
        future.as_mut().poll(cx)
    })
    .await
}
