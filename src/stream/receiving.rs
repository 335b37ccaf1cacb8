//! From the input to the user.

use std::{
    mem,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Error,
    ahead::ReadAhead,
    conn::{Caller, Conn, Reading},
    coop::wake_later,
    driving::Receiving,
    item::{End, Item},
    turn,
};
use crate::{
    message::Message,
    protocol::{Batch, Want},
    wire::ProtocolError,
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
            Item::Decoded(decoded) => self.protocol.deliver(decoded),
            // It is not the last.
            Item::Compressed(_) => {}
            Item::Io(_) | Item::Lost => self.protocol.handle_end_of_input(),
        }
        self.wake_everyone();
    }

    /// Whether only what the transport brings can be received next.
    fn awaits_bytes(&self) -> bool {
        self.ahead.is_empty()
            && self.protocol.needs_more(&self.input)
            && matches!(self.end, End::Open)
            && !self.is_discarding()
    }

    /// The next message, if nothing stands before it and it is plain; small ones behind it go
    /// to `batch`.
    #[inline]
    fn next_plain(&mut self, batch: &mut Batch, caller: Caller) -> Option<Message> {
        let is_next = self.ahead.is_empty()
            && !self.protocol.is_inflating()
            && !self.is_discarding()
            && matches!(self.end, End::Open | End::Transport(_));
        if !is_next {
            return None;
        }
        // This one, which counts already, and those that the turn has left.
        let most = match caller {
            Caller::Handler => self.turn.messages_left() + 1,
            Caller::Owner | Caller::Elsewhere => Batch::MAX_LEN,
        };
        let Some(filled) = self.protocol.decode_batch(&mut self.input, most) else {
            return self.protocol.decode_plain(&mut self.input);
        };
        // The user need not come here for each of them.
        *batch = filled;
        let message = batch.pop();
        self.batched = batch.len();
        if caller == Caller::Handler {
            self.turn.take_messages(self.batched);
        }
        message
    }

    fn next_item(&mut self) -> Option<Item> {
        self.protocol.work().begin();
        if !self.protocol.is_inflating()
            && let Some(item) = self.ahead.pop()
        {
            self.put_off_deadline();
            return self.inflated(item);
        }
        if let Some(decoded) = self.protocol.decode(&mut self.input) {
            let item = self.received(decoded);
            if self.protocol.receives_compressed() && self.ahead.is_empty() {
                self.inflate_ahead(&item);
                if !self.is_supervised() {
                    // The user may not come back soon for a message that has begun behind them.
                    self.protocol.release();
                }
            }
            return Some(item);
        }
        if self.protocol.has_stopped(&self.input) {
            return None;
        }
        self.end.take_transport()
    }

    /// The first item that waited, inflated if it came compressed; `None` if that has stopped.
    fn inflated(&mut self, item: Item) -> Option<Item> {
        let Item::Compressed(message) = item else {
            return Some(item);
        };
        let decoded = self.protocol.inflate(message)?;
        Some(self.received(decoded))
    }

    fn received(&mut self, decoded: Result<Message, ProtocolError>) -> Item {
        if decoded.is_err() {
            // 7.1.7: what came behind it is not interpreted.
            self.ahead = ReadAhead::default();
            self.input.clear();
        }
        Item::Decoded(decoded)
    }

    /// Decodes small messages that stand behind `first`, so that inflating takes turns with
    /// what the user does less often: either finds the processor's caches as it left them.
    fn inflate_ahead(&mut self, first: &Item) {
        let mut len = first.payload_len();
        let mut goes_on = first.is_message();
        for _ in 1..Batch::MAX_LEN {
            if !goes_on || len >= INFLATED_AHEAD || self.protocol.work().is_dear() {
                return;
            }
            let decoded = self.protocol.decode_ahead(&mut self.input, Want::Short);
            let Some(item) = decoded.map(Item::from) else {
                return;
            };
            len += item.payload_len();
            goes_on = matches!(&item, Item::Decoded(_)) && item.is_message();
            self.ahead.push(item);
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Receives the next message; `None` when all has been received. `batch`, which is used up,
    /// takes messages that follow.
    ///
    /// Inlined, unlike what it leads to: plain messages need little of it, and are moved once less.
    #[inline]
    pub(super) fn poll_recv<E: From<Error>>(
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
        let next = match self.next_plain(batch, caller) {
            Some(message) => {
                self.resume(caller);
                Poll::Ready(Some(Ok(message)))
            }
            None => self.poll_next(cx, batch, caller).map_err(E::from),
        };
        if next.is_ready() {
            match budget {
                Some(budget) => {
                    budget.made_progress();
                    self.charge_for_dear(cx);
                }
                None => self.note_received(batch),
            }
        }
        next
    }

    /// Before another round of reading and decoding for the same message.
    fn poll_round(&mut self, cx: &mut Context<'_>, caller: Caller, rounds: usize) -> Poll<()> {
        if caller == Caller::Handler {
            return if self.turn.pace.may_go_on() {
                Poll::Ready(())
            } else {
                self.end_turn(cx)
            };
        }
        if rounds > ROUNDS {
            // Also where tokio does not limit the task.
            wake_later(cx);
            return Poll::Pending;
        }
        ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
        Poll::Ready(())
    }

    /// Without a turn of the handler's it is tokio's budget that bounds what a task does: a
    /// message that took long counts for several.
    #[inline]
    fn charge_for_dear(&mut self, cx: &mut Context<'_>) {
        if self.protocol.work().is_dear() {
            self.protocol.work().begin();
            for _ in 0..DEAR {
                let Poll::Ready(budget) = tokio::task::coop::poll_proceed(cx) else {
                    return;
                };
                budget.made_progress();
            }
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

    #[inline(never)]
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Batch,
        caller: Caller,
    ) -> Poll<Option<Result<Message, Error>>> {
        if self.reading == Reading::Overrun {
            self.reading = Reading::Discarding;
            return Poll::Ready(Some(Err(Error::Overrun)));
        }
        let mut rounds = 0;
        loop {
            rounds += 1;
            if rounds > 1 {
                ready!(self.poll_round(cx, caller, rounds));
            }
            match self.end {
                End::Held(_) => return self.poll_hand_over(cx, caller),
                End::Done => return self.poll_done(cx, caller),
                _ if self.is_discarding() => return self.poll_done(cx, caller),
                End::Open | End::Transport(_) => {}
            }
            if let Some(item) = self.next_item() {
                if item.is_last() {
                    self.take_effect(&item);
                    self.end = End::Held(Box::new(item));
                    continue;
                }
                self.resume(caller);
                if caller == Caller::Owner && item.is_ping() {
                    // Not only when a read waits: there may always be more to read.
                    self.send_pong();
                }
                if self.protocol.work().is_dear() {
                    self.turn.pace.expect_look();
                }
                return Poll::Ready(Some(item.into_result()));
            }
            if self.protocol.has_stopped(&self.input) {
                continue;
            }
            if caller == Caller::Elsewhere {
                self.resume(caller);
                self.park_recv(caller, cx.waker());
                return Poll::Pending;
            }
            if self.poll_fill().is_ready() {
                if let Some(message) = self.next_plain(batch, caller) {
                    return Poll::Ready(Some(Ok(message)));
                }
                continue;
            }
            self.park_recv(caller, cx.waker());
            // For an owner, a wake between the read and the parking woke nobody.
            if caller == Caller::Owner && (self.poll_fill().is_ready() || self.finish_turn()) {
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
