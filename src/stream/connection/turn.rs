//! The turn of a handler: one poll of it by its supervisor.
//!
//! Several small messages that are sent in a turn need the lock of their connection once. With
//! the first, the send buffer of the thread is opened, and those that follow are put there. It goes
//! to the connection before the handler does anything else with it, or sends on after somebody
//! else was there, and at the end of the turn at the latest. Until then nothing is written, since
//! only the handler and its supervisor write.

use std::{
    cell::{Cell, RefCell},
    mem,
};

use super::outgoing::Outgoing;
use crate::{protocol::SendBuffer, sync::thread_local};

thread_local! {
    /// The connection whose handler has its turn on this thread.
    static HANDLER_OF: Cell<usize> = const { Cell::new(0) };
    /// What that handler has sent, and its connection has not got yet.
    static SENT: RefCell<SendBuffer> = const { RefCell::new(SendBuffer::CLOSED) };
}

/// What it was before a turn began: polls nest, since a handler may run another one.
pub(super) struct Outer {
    handler_of: usize,
    sent: Option<SendBuffer>,
}

/// The turn of the handler of this connection begins.
pub(super) fn begin(id: usize) -> Outer {
    Outer {
        handler_of: HANDLER_OF.with(|of| of.replace(id)),
        sent: with_sent(|sent| {
            sent.is_open()
                .then(|| mem::replace(sent, SendBuffer::CLOSED))
        })
        .flatten(),
    }
}

/// It ends. What was sent has been taken.
pub(super) fn end(outer: &mut Outer) {
    HANDLER_OF.with(|of| of.set(outer.handler_of));
    with_sent(|sent| match outer.sent.take() {
        Some(outer) => *sent = outer,
        None => sent.close(),
    });
}

/// Whether this is the turn of the handler of this connection.
#[inline]
pub(super) fn is_of(id: usize) -> bool {
    HANDLER_OF.with(Cell::get) == id
}

/// Puts a message into the buffer if that is open and the message is small.
#[inline]
pub(super) fn push<M: Outgoing>(message: &M) -> bool {
    with_sent(|sent| message.push(sent)).unwrap_or(false)
}

/// Whether there is something to take.
pub(super) fn has_sent() -> bool {
    with_sent(|sent| !sent.is_empty()).unwrap_or(false)
}

/// Has `f` see to the buffer; `None` if there is none any more.
#[inline]
pub(super) fn with_sent<R>(f: impl FnOnce(&mut SendBuffer) -> R) -> Option<R> {
    // The thread may be at its end.
    SENT.try_with(|sent| f(&mut sent.borrow_mut())).ok()
}
