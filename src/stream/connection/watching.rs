//! What is watched while a connection is open: that the peer lives, that its messages and our
//! output get on, and how long the connection lasts.
//!
//! Nothing here costs anything per message. Deadlines are put off without the timer, and what
//! began without a deadline gets one when the connection waits.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::{
    backlog,
    conn::Conn,
    deadlines::Deadline,
    item::Item,
    liveness::{self, Noted},
};
use crate::{
    config::Config,
    message::CloseFrame,
    protocol::Loss,
    wire::{ProtocolError, close_code},
};

/// A busy connection is looked at so many times in an interval.
const LOOKS: u32 = 8;

/// No time that is set is shorter.
const SHORTEST: Duration = Duration::from_millis(1);

/// Who looks so long after a deadline was away in between, and the transport may hold what was to
/// come.
const AWAY: Duration = Duration::from_secs(1);

/// What is waited for until something closes, beside the end of the connection's lifetime.
const WATCHED: [Deadline; 5] = [
    Deadline::Ping,
    Deadline::Pong,
    Deadline::Message,
    Deadline::Write,
    Deadline::Lag,
];

/// What happens, and how long it may take to happen again.
impl<T> Conn<T> {
    /// Bytes have come, and it is to be known when.
    #[cold]
    pub(super) fn note_heard(&mut self) {
        match self.deadlines_mut().liveness_mut().note_read() {
            Noted::Now => {
                let was_pinged = self.deadlines().is_set(Deadline::Pong);
                self.await_bytes(Instant::now());
                // Who polls the deadlines knows of a lifetime, nobody else.
                if was_pinged
                    && self.tasks().is_supervised()
                    && self.protocol().config().max_lifetime.is_none()
                {
                    self.deadlines_mut().put_off_timer();
                }
            }
            Noted::Busy => {
                let look = (self.interval() / LOOKS).max(SHORTEST);
                self.deadlines_mut().set(Deadline::Ping, look);
            }
        }
    }

    /// Output waits, or did until now; so many bytes of it were written.
    #[cold]
    pub(super) fn note_output(&mut self, written: usize) {
        if self.closing().is_some() {
            return;
        }
        let waited = self.deadlines().is_set(Deadline::Write);
        if self.is_flushed() {
            self.deadlines_mut().stop([Deadline::Write]);
        } else if written > 0 || !waited {
            let timeout = self.protocol().config().write_timeout;
            let timeout = timeout.map_or(Duration::MAX, |timeout| timeout.max(SHORTEST));
            self.deadlines_mut().set(Deadline::Write, timeout);
        }
        if waited && written > 0 && self.deadlines().is_set(Deadline::Pong) {
            // There is room again, so the peer reads. It is still to come to our ping.
            self.await_pong(Instant::now());
        }
    }

    /// Whether a pong answers a ping that the user did not send, and is not to be received.
    pub(super) fn take_pong(&mut self, item: &Item) -> bool {
        let Some(data) = item.as_pong() else {
            return false;
        };
        let clock = self.deadlines().clock();
        let Some(at) = liveness::answered(clock, data) else {
            return false;
        };
        let took = self.deadlines_mut().liveness_mut().take_answer(clock, at);
        // What took longer waited for us.
        if let Some(took) = took.filter(|took| *took <= self.timeout()) {
            self.seen_mut().note_rtt(took);
        }
        true
    }

    /// There is no room for what comes: it waits in the transport.
    pub(super) fn pause_reading(&mut self) {
        self.inbox_mut().reading_mut().pause();
    }

    /// Whether nothing can be heard, since what comes waits in the transport. That is over when the
    /// handler waits for a message.
    fn is_deaf(&mut self) -> bool {
        self.inbox().reading().is_paused() && !self.budget_mut().recv_is_parked()
    }

    /// Whether [`watch`](Self::watch) is to be called whenever the connection waits, not only when
    /// its timer has ended.
    pub(super) const fn is_always_watched(config: &Config) -> bool {
        config.message_timeout.is_some()
    }

    /// The connection waits: what began has its deadline from now on.
    pub(super) fn watch(&mut self) {
        let is_off = self.protocol().config().keep_alive.is_off();
        let is_pinged = self.deadlines().is_set(Deadline::Pong);
        if !is_off && !is_pinged && !self.deadlines().is_set(Deadline::Ping) {
            self.await_bytes(Instant::now());
        }
        if let Some(timeout) = self.protocol().config().message_timeout {
            self.watch_message(timeout.max(SHORTEST));
        }
    }

    fn watch_message(&mut self, timeout: Duration) {
        let is_other = self.inbox_mut().take_arrival();
        if self.is_deaf() || !self.inbox().is_amid_message(self.protocol()) {
            self.deadlines_mut().stop([Deadline::Message]);
        } else if is_other || !self.deadlines().is_set(Deadline::Message) {
            self.deadlines_mut().set(Deadline::Message, timeout);
        }
    }

    /// Something closes, which has deadlines of its own.
    pub(super) fn end_watching(&mut self) {
        self.deadlines_mut().stop(WATCHED);
        self.deadlines_mut().liveness_mut().stop();
    }

    /// The peer is pinged unless something comes.
    fn await_bytes(&mut self, now: Instant) {
        let after = self.interval().saturating_add(self.lateness());
        self.deadlines_mut().set_from(now, Deadline::Ping, after);
    }

    /// A ping was sent, or the peer reads what is before it. It needs time for that, too.
    fn await_pong(&mut self, now: Instant) {
        let moment = self.deadlines().clock().moment(now);
        let unread = self.output_mut().unread_by_peer(moment);
        let patience = if self.is_flushed() {
            backlog::patience(self.timeout(), unread, backlog::SLOWEST)
        } else {
            backlog::patience_of_output(self.timeout(), unread, backlog::SLOWEST)
        };
        let patience = patience.saturating_sub(self.lateness());
        self.deadlines_mut().set_from(now, Deadline::Pong, patience);
    }

    /// When the connection has lived long enough, if that is limited and nothing closes.
    pub(super) fn end_of_life(&self) -> Option<Instant> {
        let limit = self.protocol().config().max_lifetime?.max(SHORTEST);
        let share = self.deadlines().liveness().share(limit);
        let opened = self.deadlines().clock().opened();
        let end = opened.checked_add(limit.saturating_sub(share));
        end.filter(|_| self.is_undisturbed())
    }

    fn interval(&self) -> Duration {
        let keep_alive = self.protocol().config().keep_alive;
        keep_alive.get_interval().max(SHORTEST)
    }

    fn timeout(&self) -> Duration {
        let keep_alive = self.protocol().config().keep_alive;
        keep_alive.get_timeout().max(SHORTEST)
    }

    /// By how much our pings are late, so that those of many connections do not leave together.
    fn lateness(&self) -> Duration {
        let time = self.interval().min(self.timeout());
        self.deadlines().liveness().share(time)
    }
}

/// What is done when it took too long.
impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// A deadline has passed while nothing closes.
    pub(super) fn act_on(&mut self, passed: Deadline) {
        match passed {
            Deadline::Ping if self.deadlines().liveness().is_busy() => {
                self.seen_mut().hasten();
                self.deadlines_mut().liveness_mut().begin_notes();
                self.await_bytes(Instant::now());
            }
            Deadline::Ping => self.ping(),
            Deadline::Pong => self.give_up_peer(),
            Deadline::Message => self.fail_message(),
            Deadline::Write => self.give_up_writing(),
            Deadline::Lag => {
                // It is set again by whoever is still behind.
                self.deadlines_mut().stop([Deadline::Lag]);
                self.forward();
            }
            Deadline::Lifetime => self.go_away(),
            _ => {}
        }
    }

    fn ping(&mut self) {
        self.seen_mut().hasten();
        let now = Instant::now();
        let is_deaf = self.is_deaf();
        if is_deaf && !self.is_flushed() {
            // What waits to be written serves as well.
            return self.await_bytes(now);
        }
        let clock = self.deadlines().clock();
        let ping = self.deadlines_mut().liveness_mut().ping(clock, now);
        // An open connection takes it.
        let _ = self.protocol_mut().ping(&ping);
        if is_deaf {
            // Nothing can be heard. But a transport that is dead fails in the end.
            self.await_bytes(now);
            return self.flush_or_lose();
        }
        self.deadlines_mut().liveness_mut().begin_notes();
        self.flush_or_lose();
        if !self.is_down() {
            self.await_pong(now);
        }
    }

    fn give_up_peer(&mut self) {
        if self.is_deaf() {
            self.await_bytes(Instant::now());
        } else if self.deadlines().is_overdue(Deadline::Pong, AWAY) {
            // The whole program may have stood still: who brings the bytes has his turn first.
            self.deadlines_mut().set(Deadline::Pong, AWAY);
        } else {
            self.lose(Item::Lost(Loss::NoPong));
        }
    }

    fn fail_message(&mut self) {
        if !self.tasks().is_supervised() && self.deadlines().is_overdue(Deadline::Message, AWAY) {
            return self.deadlines_mut().stop([Deadline::Message]);
        }
        let (inbox, protocol) = self.decoding();
        inbox.stop(protocol);
        // At once, whatever the user has still to receive.
        let end = Item::Decoded(Err(ProtocolError::MessageTimeout));
        self.take_effect(&end);
        if !self.inbox().reading().is_discarding() {
            self.inbox_mut().push(end);
        }
        self.flush_or_lose();
    }

    fn give_up_writing(&mut self) {
        // Nobody may have tried since.
        let at = self.deadlines().at(Deadline::Write);
        self.flush_or_lose();
        if self.deadlines().at(Deadline::Write) == at {
            self.lose(Item::Lost(Loss::WriteStalled));
        }
    }

    fn go_away(&mut self) {
        let frame = CloseFrame::new(close_code::AWAY, "going away");
        // It is valid, so this cannot fail.
        let _ = self.start_close(Some(frame));
        self.tasks_mut().wake_everyone();
        self.flush_or_lose();
    }
}
