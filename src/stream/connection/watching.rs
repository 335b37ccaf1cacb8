//! What is watched while a connection is open: that the peer lives, that its messages and our
//! output get on, and how long the connection lasts.
//!
//! Nothing here costs anything per message. Deadlines are put off without the timer, and what
//! began without a deadline gets one when the connection waits.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    conn::Conn,
    deadlines::Deadline,
    inbox::ReadTo,
    item::Item,
    liveness::{Noted, share},
};
use crate::{
    config::Config,
    message::{CloseFrame, Message},
    protocol::{Compress, Loss},
    wire::{ProtocolError, close_code},
};

/// A busy connection is looked at so many times in an interval.
const LOOKS: u32 = 8;

/// No time that is set is shorter.
const SHORTEST: Duration = Duration::from_millis(1);

/// The timer is set for no longer at once. A connection may live for longer.
const LONGEST: Duration = Duration::from_secs(20 * 24 * 3600);

/// Who looks so much later than a message was to be complete was away in between, and its
/// transport may hold the rest.
const AWAY: Duration = Duration::from_secs(1);

const WATCHED: [Deadline; 5] = [
    Deadline::Ping,
    Deadline::Pong,
    Deadline::Message,
    Deadline::Write,
    Deadline::Lifetime,
];

impl<T> Conn<T> {
    /// Whether this is to be done whenever the connection waits, not only when its timer ends.
    pub(super) const fn is_always_watched(config: &Config) -> bool {
        config.message_timeout.is_some()
    }

    /// How long the peer took for the last answer to a ping that was sent for
    /// [`Config::keep_alive`].
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for the statistics of a connection")
    )]
    pub(crate) fn last_rtt(&self) -> Option<Duration> {
        self.liveness().last_rtt()
    }

    /// Bytes have come, and it is to be known when.
    #[cold]
    pub(super) fn note_heard(&mut self) {
        match self.liveness_mut().note_read() {
            Noted::Now => self.await_bytes(),
            Noted::Busy => {
                let look = self.interval() / LOOKS;
                self.deadlines_mut().set(Deadline::Ping, look.max(SHORTEST));
            }
        }
    }

    /// Bytes were written, or all is flushed now, or output waits.
    #[cold]
    pub(super) fn note_output(&mut self, written: usize) {
        if self.is_flushed() {
            self.deadlines_mut().stop([Deadline::Write]);
        } else if let Some(timeout) = self.protocol().config().write_timeout
            && (written > 0 || !self.deadlines().is_set(Deadline::Write))
        {
            let timeout = timeout.max(SHORTEST);
            self.deadlines_mut().set(Deadline::Write, timeout);
        }
    }

    /// There is no room for what comes: it waits in the transport.
    pub(super) fn pause_reading(&mut self) {
        self.inbox_mut().reading_mut().pause();
        // What a pong takes from now on is not the peer's time.
        self.liveness_mut().forget_ping();
    }

    /// Whether nothing can be heard, since what comes waits in the transport. That is over when the
    /// handler waits for a message.
    fn is_deaf(&mut self) -> bool {
        self.inbox().reading().is_paused() && !self.budget_mut().recv_is_parked()
    }

    /// Whether a pong answers a ping that the user did not send, and is not to be received.
    pub(super) fn take_pong(&mut self, item: &Item) -> bool {
        let clock = self.deadlines().clock();
        item.as_pong()
            .is_some_and(|data| self.liveness_mut().take_pong(clock, data))
    }

    /// The connection waits: what began has its deadline from now on.
    pub(super) fn watch(&mut self) {
        let is_off = self.protocol().config().keep_alive.is_off();
        let is_pinged = self.deadlines().is_set(Deadline::Pong);
        if !is_off && !is_pinged && !self.deadlines().is_set(Deadline::Ping) {
            self.await_bytes();
        }
        if !self.deadlines().is_set(Deadline::Lifetime)
            && let Some(left) = self.lifetime_left()
        {
            self.deadlines_mut()
                .set(Deadline::Lifetime, left.min(LONGEST));
        }
        if let Some(timeout) = self.protocol().config().message_timeout {
            self.watch_message(timeout.max(SHORTEST));
        }
    }

    /// Something closes, which has deadlines of its own.
    pub(super) fn end_watching(&mut self) {
        self.deadlines_mut().stop(WATCHED);
        self.liveness_mut().stop();
    }

    /// The peer is pinged unless something comes.
    fn await_bytes(&mut self) {
        let after = self.interval() + self.lateness();
        self.deadlines_mut().set(Deadline::Ping, after);
    }

    fn watch_message(&mut self, timeout: Duration) {
        let is_other = self.inbox_mut().take_arrival();
        let is_under_way = !self.is_deaf() && self.inbox().is_amid_message(self.protocol());
        if !is_under_way {
            self.deadlines_mut().stop([Deadline::Message]);
        } else if is_other || !self.deadlines().is_set(Deadline::Message) {
            self.deadlines_mut().set(Deadline::Message, timeout);
        }
    }

    /// How long the connection may still live, if that is limited.
    fn lifetime_left(&self) -> Option<Duration> {
        let clock = self.deadlines().clock();
        let limit = self.protocol().config().max_lifetime?.max(SHORTEST);
        Some((limit - share(clock, limit)).saturating_sub(clock.age()))
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
        let clock = self.deadlines().clock();
        share(clock, self.interval().min(self.timeout()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Acts on what took too long while nothing closes.
    pub(super) fn act_on(&mut self, passed: Deadline) {
        match passed {
            Deadline::Ping if self.liveness().is_busy() => {
                self.liveness_mut().begin_notes();
                self.await_bytes();
            }
            Deadline::Ping if self.hears_nothing(Deadline::Ping) => self.ping(),
            Deadline::Pong if self.is_deaf() => self.await_bytes(),
            Deadline::Pong if self.hears_nothing(Deadline::Pong) => {
                self.lose(Item::Lost(Loss::NoPong));
            }
            Deadline::Message => self.fail_message(),
            Deadline::Write => self.give_up_writing(),
            Deadline::Lifetime => self.end_of_life(),
            _ => {}
        }
    }

    /// Looks whether something has come that nobody has read yet.
    fn hears_nothing(&mut self, passed: Deadline) -> bool {
        if self.is_deaf() {
            return true;
        }
        let at = self.deadlines().at(passed);
        if self.poll_fill(ReadTo::Message).is_ready() {
            self.tasks().wake_later();
        }
        self.deadlines().at(passed) == at && self.is_undisturbed()
    }

    fn ping(&mut self) {
        let clock = self.deadlines().clock();
        let payload = self.liveness_mut().ping(clock);
        // An open connection takes a ping.
        let _ = self
            .protocol_mut()
            .send_with(Message::Ping(payload), Compress::Never);
        if self.is_deaf() {
            // Nothing can be heard. But a transport that is dead fails in the end.
            self.liveness_mut().forget_ping();
            self.await_bytes();
        } else {
            let timeout = self.timeout() - self.lateness();
            self.liveness_mut().begin_notes();
            self.deadlines_mut().set(Deadline::Pong, timeout);
        }
        self.flush_or_lose();
    }

    fn fail_message(&mut self) {
        if !self.tasks().is_supervised() && self.deadlines().is_overdue(Deadline::Message, AWAY) {
            self.deadlines_mut().stop([Deadline::Message]);
            return;
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

    fn end_of_life(&mut self) {
        self.deadlines_mut().stop([Deadline::Lifetime]);
        if self.lifetime_left().is_some_and(|left| !left.is_zero()) {
            return;
        }
        // The frame is valid, so this cannot fail.
        let _ = self.start_close(Some(CloseFrame::new(close_code::AWAY, "going away")));
        self.tasks_mut().wake_everyone();
        self.flush_or_lose();
    }
}
