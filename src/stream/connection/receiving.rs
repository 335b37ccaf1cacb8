//! From the input to the user.

use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{conn::Conn, inbox::Next, item::Item, tasks::Caller};
use crate::{
    message::Message,
    protocol::{Batch, Cost, Event, Received},
    stream::{error::Error, transport::coop::wake_later},
};

/// Rounds of reading and decoding for one message in one go.
const ROUNDS: usize = 64;

/// What a message that took long costs more than another.
const DEAR: usize = 15;

impl<T> Conn<T> {
    /// The only place where what was received changes what the connection does.
    pub(super) fn take_effect(&mut self, item: &Item) {
        if !item.is_last() {
            return;
        }
        let was_sending = self.is_sending();
        match item {
            Item::Decoded(decoded) => self.protocol_mut().handle(Event::Taken(decoded)),
            // They are not the last.
            Item::Compressed(_) | Item::Overrun => {}
            Item::Io(_) | Item::Lost => self.protocol_mut().handle(Event::InputEnded),
        }
        if was_sending {
            // Our answer has deadlines of its own.
            self.end_waiting();
        } else {
            self.note_progress();
        }
        self.tasks_mut().wake_everyone();
    }

    /// What comes next of the input, unless something stands before it; small messages behind it,
    /// `most` with it, go to `batch`.
    #[inline]
    pub(super) fn receive(&mut self, batch: &mut Batch, most: usize) -> Option<(Received, Cost)> {
        let (inbox, protocol) = self.decoding();
        inbox.receive(protocol, batch, most)
    }

    /// What is next for the user: what `came` of the input, or what stands before that.
    pub(super) fn next(&mut self, came: Option<(Received, Cost)>) -> Next {
        if self.inbox().has_read_ahead() {
            self.note_receipt();
        }
        let (inbox, protocol) = self.decoding();
        match inbox.next(protocol, came) {
            Next::Item(item, _) if item.is_last() => {
                self.take_effect(&item);
                self.inbox_mut().hold(item);
                Next::Held
            }
            next => {
                if let Next::Item(_, Cost::Dear) = next {
                    self.budget_mut().pace().expect_look();
                }
                next
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Receives the next message; `None` when all has been received. `batch`, which is used up,
    /// takes messages that follow.
    ///
    /// Inlined, unlike what it leads to: plain messages need little of it, and are moved once less.
    #[inline]
    pub(crate) fn poll_recv<E: From<Error>>(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Batch,
    ) -> Poll<Option<Result<Message, E>>> {
        self.inbox_mut().begin_receipt();
        if self.tasks().caller() == Caller::Handler {
            return self.poll_recv_in_turn(cx, batch);
        }
        if self.tasks().owes_pong() {
            self.send_pong();
        }
        let budget = ready!(tokio::task::coop::poll_proceed(cx));
        let next = match self.receive(batch, Batch::MAX_LEN) {
            Some((Received::Data(message), Cost::Usual)) => {
                self.have_reading_resumed();
                Poll::Ready(Some(Ok(message)))
            }
            came if self.tasks().is_supervised() => {
                self.poll_next_elsewhere(cx, batch, came).map_err(E::from)
            }
            came => self.poll_next_alone(cx, batch, came).map_err(E::from),
        };
        if next.is_ready() {
            budget.made_progress();
        }
        next
    }

    /// There is room again for whoever reads ahead.
    #[inline]
    pub(super) fn have_reading_resumed(&mut self) {
        if !self.inbox().reading().is_paused() {
            return;
        }
        if self.tasks().is_supervised() {
            self.tasks_mut().wake_supervisor();
        } else {
            self.inbox_mut().reading_mut().resume();
            self.tasks().set_quiet(false);
        }
    }
}

/// Whether it must not be left for later.
pub(super) const fn has_come(came: Option<&(Received, Cost)>) -> bool {
    !matches!(
        came,
        None | Some((Received::Stopped | Received::NeedsMore, _))
    )
}

/// Without a turn of the handler's it is tokio's budget that bounds what a task does: a
/// message that took long counts for several.
pub(super) fn charge(cx: &mut Context<'_>, cost: Cost) {
    let more = if cost == Cost::Dear { DEAR } else { 0 };
    for _ in 0..more {
        let Poll::Ready(budget) = tokio::task::coop::poll_proceed(cx) else {
            return;
        };
        budget.made_progress();
    }
}

/// Before another round of reading and decoding for the same message, outside of a handler's turn.
pub(super) fn poll_round(cx: &mut Context<'_>, rounds: usize) -> Poll<()> {
    if rounds > ROUNDS {
        // Also where tokio does not limit the task.
        wake_later(cx);
        return Poll::Pending;
    }
    ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
    Poll::Ready(())
}
