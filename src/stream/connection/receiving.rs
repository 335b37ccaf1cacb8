//! From the input to the user.

use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    conn::Conn,
    inbox::{Next, ReadTo},
    item::Item,
    tasks::Caller,
};
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
        let could_send = self.can_send();
        match item {
            Item::Decoded(decoded) => self.protocol_mut().handle(Event::Taken(decoded)),
            // They are not the last.
            Item::Compressed(_) | Item::Overrun => {}
            Item::Io(_) | Item::Lost(_) => {
                self.protocol_mut().handle(Event::InputEnded(item.loss()));
            }
        }
        if could_send {
            self.end_waiting_for_user();
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
            self.put_off_answer();
        }
        let (inbox, protocol) = self.decoding();
        match inbox.next(protocol, came) {
            // The user did not send what it answers.
            Next::Item(item, _) if self.take_pong(&item) => Next::Stopped,
            Next::Item(item, _) if item.is_last() => {
                self.take_effect(&item);
                self.inbox_mut().hold(item);
                Next::Held
            }
            next => {
                if let Next::Item(_, Cost::Dear) = next {
                    self.budget_mut().expect_look();
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
            came => self.poll_next(cx, batch, came).map_err(E::from),
        };
        if next.is_ready() {
            budget.made_progress();
        }
        next
    }

    /// The same for a message that is not plain, or not there yet.
    #[inline(never)]
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Batch,
        mut came: Option<(Received, Cost)>,
    ) -> Poll<Option<Result<Message, Error>>> {
        let caller = self.tasks().caller();
        let mut rounds = 1;
        loop {
            match self.next(came) {
                Next::Item(item, cost) => {
                    if caller == Caller::Unsupervised && item.is_ping() {
                        // Not only when a read waits: there may always be more to read.
                        self.send_pong();
                    }
                    if caller != Caller::Handler {
                        self.have_reading_resumed();
                        charge(cx, cost);
                    }
                    return Poll::Ready(Some(item.into_result()));
                }
                Next::Held => {
                    ready!(self.poll_answered(cx));
                    return Poll::Ready(self.inbox_mut().take_held());
                }
                Next::Nothing => {
                    if caller == Caller::Unsupervised {
                        // A socket without a supervisor now ends its transport.
                        self.tasks_mut().park_recv(cx.waker());
                        ready!(self.poll_drive_close());
                    }
                    return Poll::Ready(None);
                }
                Next::Stopped => {}
                Next::Bytes => {
                    ready!(self.poll_bytes(cx));
                    came = self.receive_again(batch);
                    if has_come(came.as_ref()) {
                        continue;
                    }
                }
            }
            rounds += 1;
            ready!(self.poll_round(cx, rounds));
            came = self.receive_again(batch);
        }
    }

    fn receive_again(&mut self, batch: &mut Batch) -> Option<(Received, Cost)> {
        match self.tasks().caller() {
            Caller::Handler => self.receive_in_turn(batch),
            Caller::Unsupervised | Caller::Elsewhere => self.receive(batch, Batch::MAX_LEN),
        }
    }

    /// Waits until our answer to the last item is on the wire.
    fn poll_answered(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let caller = self.tasks().caller();
        if caller != Caller::Elsewhere {
            self.flush_or_lose();
        }
        if self.is_flushed() {
            return Poll::Ready(());
        }
        self.park_recv(cx);
        match caller {
            Caller::Unsupervised => {
                self.release();
                self.poll_closing()
            }
            Caller::Handler => Poll::Pending,
            Caller::Elsewhere => {
                self.tasks_mut().wake_supervisor();
                Poll::Pending
            }
        }
    }

    /// Waits until the transport has brought something.
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let caller = self.tasks().caller();
        if caller == Caller::Elsewhere {
            self.have_reading_resumed();
        } else if self.poll_fill(ReadTo::Message).is_ready() {
            return Poll::Ready(());
        }
        self.park_recv(cx);
        // A wake between the read and the parking woke nobody.
        if caller == Caller::Unsupervised
            && (self.poll_fill(ReadTo::Message).is_ready() || self.brings_end())
        {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Before another round of reading and decoding for the same message.
    fn poll_round(&mut self, cx: &mut Context<'_>, rounds: usize) -> Poll<()> {
        if self.tasks().caller() == Caller::Handler {
            if self.budget_mut().spend_step() {
                return Poll::Ready(());
            }
            return self.end_turn(cx);
        }
        if rounds > ROUNDS {
            // Also where tokio does not limit the task.
            wake_later(cx);
            return Poll::Pending;
        }
        ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
        Poll::Ready(())
    }

    /// The caller waits for a message.
    pub(super) fn park_recv(&mut self, cx: &mut Context<'_>) {
        if self.tasks().caller() == Caller::Handler {
            self.budget_mut().park_recv();
        }
        self.tasks_mut().park_recv(cx.waker());
    }

    /// There is room again for whoever reads ahead.
    #[inline]
    fn have_reading_resumed(&mut self) {
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
const fn has_come(came: Option<&(Received, Cost)>) -> bool {
    !matches!(
        came,
        None | Some((Received::Stopped | Received::NeedsMore, _))
    )
}

/// Without a turn of the handler's it is tokio's budget that bounds what a task does: a
/// message that took long counts for several.
fn charge(cx: &mut Context<'_>, cost: Cost) {
    let more = if cost == Cost::Dear { DEAR } else { 0 };
    for _ in 0..more {
        let Poll::Ready(budget) = tokio::task::coop::poll_proceed(cx) else {
            return;
        };
        budget.made_progress();
    }
}
