//! From the input to the user.

use std::{
    mem,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    conn::{Caller, Conn, Reading},
    item::{End, Item},
    read_ahead::ReadAhead,
    turn,
    unsupervised::Receiving,
};
use crate::{
    message::Message,
    protocol::{Batch, Cost, Event, Received, Want},
    stream::{Error, transport::coop::wake_later},
};

/// Rounds of reading and decoding for one message in one go.
const ROUNDS: usize = 64;

/// What a message that took long costs more than another.
const DEAR: usize = 15;

/// So many bytes of messages, what is compressed among them, are decoded in one go.
const INFLATED_AHEAD: usize = 16 * 1024;

impl<T> Conn<T> {
    /// Reading ahead goes on if it had stopped for want of room.
    fn resume(&mut self, caller: Caller) {
        if self.reading == Reading::Paused {
            match caller {
                Caller::Owner => {
                    self.reading = Reading::Ahead;
                    self.set_quiet(false);
                }
                Caller::Handler => {}
                Caller::Elsewhere => self.wake_supervisor(),
            }
        }
    }

    /// The only place where what was received changes what the connection does.
    pub(super) fn take_effect(&mut self, item: &Item) {
        if !item.is_last() {
            return;
        }
        self.note_end();
        match item {
            Item::Decoded(decoded) => self.protocol.handle(Event::Taken(decoded)),
            // It is not the last.
            Item::Compressed(_) => {}
            Item::Io(_) | Item::Lost => self.protocol.handle(Event::InputEnded),
        }
        self.wake_everyone();
    }

    /// Whether only what the transport brings can be received next.
    fn awaits_bytes(&self) -> bool {
        self.ahead.is_empty()
            && self.protocol.incoming().needs_more(&self.input)
            && matches!(self.end, End::Open)
            && !self.is_discarding()
    }

    /// Whether what the input holds comes next.
    #[inline]
    fn is_input_next(&self) -> bool {
        self.ahead.is_empty()
            && !self.is_discarding()
            && matches!(self.end, End::Open | End::Transport(_))
    }

    /// What comes next of the input; small messages behind it go to `batch`.
    #[inline]
    fn receive(&mut self, batch: &mut Batch, caller: Caller) -> (Received, Cost) {
        // This one, which counts already, and those that the turn has left.
        let most = match caller {
            Caller::Handler => self.turn.messages_left() + 1,
            Caller::Owner | Caller::Elsewhere => Batch::MAX_LEN,
        };
        let want = Want::Now {
            batch: &mut *batch,
            most,
        };
        let received = self.protocol.receive(&mut self.input, want);
        if !batch.is_empty() {
            // The user need not come here for each of them.
            self.batched = batch.len();
            if caller == Caller::Handler {
                self.turn.take_messages(self.batched);
            }
        }
        received
    }

    /// The first of what waits, or else what comes next of the input.
    fn next(&mut self, batch: &mut Batch, caller: Caller) -> Next {
        let Some(first) = self.ahead.pop() else {
            let received = self.receive(batch, caller);
            return self.take_in(received);
        };
        self.put_off_deadline();
        match first {
            Item::Compressed(message) => {
                let received = (self.protocol).receive(&mut self.input, Want::Held(message));
                self.take_in(received)
            }
            item => Next::Item(item, Cost::Usual),
        }
    }

    fn take_in(&mut self, (received, mut cost): (Received, Cost)) -> Next {
        let is_inflated = matches!(received, Received::Inflated(_));
        match received {
            Received::NeedsMore => {
                return match self.end.take_transport() {
                    Some(end) => Next::Item(end, Cost::Usual),
                    None => Next::NeedsMore,
                };
            }
            // 7.1.7: what came behind it is not interpreted.
            Received::Failed(_) => self.ahead = ReadAhead::default(),
            Received::Compressed(message) => {
                self.ahead.put_back(Item::Compressed(message));
                return Next::Stopped;
            }
            _ => {}
        }
        let Some(item) = Item::of(received) else {
            return Next::Stopped;
        };
        if is_inflated && self.ahead.is_empty() {
            cost = self.inflate_ahead(&item, cost);
            if !self.is_supervised() {
                // The user may not come back soon for a message that has begun behind them.
                self.protocol.release();
            }
        }
        Next::Item(item, cost)
    }

    /// Decodes small messages that stand behind `first`, so that inflating takes turns with
    /// what the user does less often: either finds the processor's caches as it left them.
    fn inflate_ahead(&mut self, first: &Item, mut cost: Cost) -> Cost {
        let mut len = first.payload_len();
        for _ in 1..Batch::MAX_LEN {
            if len >= INFLATED_AHEAD || cost == Cost::Dear {
                break;
            }
            let received;
            (received, cost) = self.protocol.receive(&mut self.input, Want::Behind);
            let goes_on = matches!(received, Received::Data(_) | Received::Inflated(_));
            let Some(item) = Item::of(received) else {
                break;
            };
            len += item.payload_len();
            self.ahead.push(item);
            if !goes_on {
                break;
            }
        }
        cost
    }
}

/// What the user gets next.
enum Next {
    Item(Item, Cost),
    /// Not found out yet: others may have their turn first.
    Stopped,
    /// Nothing as long as no more bytes come.
    NeedsMore,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Receives the next message; `None` when all has been received. `batch`, which is used up,
    /// takes messages that follow.
    ///
    /// Inlined, unlike what it leads to: plain messages need little of it, and are moved once less.
    #[inline]
    pub(in crate::stream) fn poll_recv<E: From<Error>>(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Batch,
        caller: Caller,
    ) -> Poll<Option<Result<Message, E>>> {
        self.batched = 0;
        self.receiving = Receiving::Lately;
        let budget = if caller == Caller::Handler {
            if !self.turn.may_receive() {
                return self.end_turn(cx);
            }
            if self.awaits_bytes() && self.poll_fill().is_pending() {
                self.turn.pace.note_parked();
                self.park_recv(caller, cx.waker());
                return Poll::Pending;
            }
            if !self.turn.pace.may_receive() {
                return self.end_turn(cx);
            }
            None
        } else {
            if self.owes_pong() {
                self.send_pong();
            }
            Some(ready!(tokio::task::coop::poll_proceed(cx)))
        };
        let came = self.is_input_next().then(|| self.receive(batch, caller));
        let next = match came {
            Some((Received::Data(message), Cost::Usual)) => {
                self.resume(caller);
                Poll::Ready(Some(Ok(message)))
            }
            came => self.poll_next(cx, batch, caller, came).map_err(E::from),
        };
        if next.is_ready() {
            match budget {
                Some(budget) => budget.made_progress(),
                None => self.note_received(batch),
            }
        }
        next
    }

    /// Before another round of reading and decoding for the same message.
    fn poll_round(&mut self, cx: &mut Context<'_>, caller: Caller, rounds: &mut usize) -> Poll<()> {
        *rounds += 1;
        if caller == Caller::Handler {
            return if self.turn.pace.may_go_on() {
                Poll::Ready(())
            } else {
                self.end_turn(cx)
            };
        }
        if *rounds > ROUNDS {
            // Also where tokio does not limit the task.
            wake_later(cx);
            return Poll::Pending;
        }
        ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
        Poll::Ready(())
    }

    /// Without a turn of the handler's it is tokio's budget that bounds what a task does: a
    /// message that took long counts for several.
    fn charge_for_dear(cx: &mut Context<'_>) {
        for _ in 0..DEAR {
            let Poll::Ready(budget) = tokio::task::coop::poll_proceed(cx) else {
                return;
            };
            budget.made_progress();
        }
    }

    #[inline]
    fn note_received(&mut self, batch: &mut Batch) {
        let more = !batch.is_empty();
        self.turn.note_received(more || !self.input.is_empty());
        if more {
            // The user takes these without asking.
            batch.allow(self.turn.pace.take_receives());
        }
    }

    /// The handler waits for its next turn.
    fn end_turn<R>(&mut self, cx: &mut Context<'_>) -> Poll<R> {
        self.turn.recv_parked = true;
        wake_later(cx);
        if !cx.waker().will_wake(&self.io_waker) {
            // Another task's may be that of nobody.
            self.wake_later();
        }
        Poll::Pending
    }

    /// Whether the handler goes on with its batch, of which it has taken what it was allowed.
    pub(super) fn poll_go_on(&mut self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<()> {
        let pace = &mut self.turn.pace;
        if !pace.may_receive() {
            return self.end_turn(cx);
        }
        if !pace.is_running() {
            pace.start();
        }
        batch.allow(1 + pace.take_receives());
        turn::with_sent(|sent| sent.allow(pace.sends()));
        Poll::Ready(())
    }

    /// The same for what needs more than to be received. `came` is what was.
    #[inline(never)]
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Batch,
        caller: Caller,
        mut came: Option<(Received, Cost)>,
    ) -> Poll<Option<Result<Message, Error>>> {
        if self.reading == Reading::Overrun {
            self.reading = Reading::Discarding;
            return Poll::Ready(Some(Err(Error::Overrun)));
        }
        let mut rounds = 1;
        loop {
            match self.end {
                End::Held(_) => return self.poll_hand_over(cx, caller),
                End::Done => return self.poll_done(cx, caller),
                _ if self.is_discarding() => return self.poll_done(cx, caller),
                End::Open | End::Transport(_) => {}
            }
            let next = match came.take() {
                Some(came) => self.take_in(came),
                None => self.next(batch, caller),
            };
            match next {
                Next::Item(item, _) if item.is_last() => {
                    self.take_effect(&item);
                    self.end = End::Held(Box::new(item));
                    continue;
                }
                Next::Item(item, cost) => {
                    self.resume(caller);
                    if caller == Caller::Owner && item.is_ping() {
                        // Not only when a read waits: there may always be more to read.
                        self.send_pong();
                    }
                    if cost == Cost::Dear {
                        self.turn.pace.expect_look();
                        if caller != Caller::Handler {
                            Self::charge_for_dear(cx);
                        }
                    }
                    return Poll::Ready(Some(item.into_result()));
                }
                Next::Stopped => {
                    ready!(self.poll_round(cx, caller, &mut rounds));
                    continue;
                }
                Next::NeedsMore => {}
            }
            if caller == Caller::Elsewhere {
                self.resume(caller);
                self.park_recv(caller, cx.waker());
                return Poll::Pending;
            }
            if self.poll_fill().is_ready() {
                came = self.is_input_next().then(|| self.receive(batch, caller));
                // What has come is not left for later.
                if let None | Some((Received::Stopped | Received::NeedsMore, _)) = came {
                    ready!(self.poll_round(cx, caller, &mut rounds));
                }
                continue;
            }
            self.park_recv(caller, cx.waker());
            // For an owner, a wake between the read and the parking woke nobody.
            if caller == Caller::Owner && (self.poll_fill().is_ready() || self.finish_turn()) {
                ready!(self.poll_round(cx, caller, &mut rounds));
                continue;
            }
            return Poll::Pending;
        }
    }

    /// Has the answer to a ping leave, if nobody else will.
    fn send_pong(&mut self) {
        self.flush_or_lose();
        self.set_owes_pong(!self.is_flushed());
    }

    /// A socket without a supervisor is about to wait. Returns whether that brought the end.
    fn finish_turn(&mut self) -> bool {
        // Before a read waits, what is queued leaves: pongs must not wait for the user.
        self.flush_or_lose();
        let _ = self.poll_closing();
        if !self.has_end_ahead() {
            self.release();
        }
        self.has_end_ahead()
    }

    /// Hands the last item over as soon as the answer to it is on the wire.
    fn poll_hand_over(
        &mut self,
        cx: &mut Context<'_>,
        caller: Caller,
    ) -> Poll<Option<Result<Message, Error>>> {
        if caller != Caller::Elsewhere {
            self.flush_or_lose();
        }
        if !self.is_flushed() {
            if caller == Caller::Elsewhere {
                self.wake_supervisor();
            }
            self.park_recv(caller, cx.waker());
            if caller != Caller::Owner {
                return Poll::Pending;
            }
            self.release();
            ready!(self.poll_closing());
        }
        match mem::replace(&mut self.end, End::Done) {
            End::Held(item) => Poll::Ready(Some(item.into_result())),
            _ => Poll::Ready(None),
        }
    }

    /// All was handed over. A socket without a supervisor now ends its transport.
    fn poll_done(
        &mut self,
        cx: &mut Context<'_>,
        caller: Caller,
    ) -> Poll<Option<Result<Message, Error>>> {
        if caller == Caller::Owner {
            self.park_recv(caller, cx.waker());
            ready!(self.poll_drive_close());
        }
        Poll::Ready(None)
    }
}
