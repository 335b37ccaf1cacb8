//! One connection, composed of owners.
//!
//! Each owner keeps its fields and their rules to itself. What several of them do together with the
//! transport is in `conn/driving`, all else in the files beside this one: `receiving`, `sending`,
//! `ending`, `unreceived`, `shutdown`, and who drives it all, `supervised` and `unsupervised`.

mod driving;

use std::{
    mem,
    task::{Poll, Waker},
    time::Duration,
};

use super::{
    budget::Budget,
    closing::Closing,
    deadlines::{Deadline, Deadlines},
    feeds::Feeds,
    inbox::Inbox,
    item::Item,
    news::News,
    output::Output,
    seen::Seen,
    tasks::{Driver, Tasks},
};
use crate::{
    connections::Member,
    observe::Stats,
    protocol::{Closure, Event, Loss, Phase, Protocol},
    stream::transport::{Profile, link::Link},
};

pub(crate) struct Conn<T> {
    link: Link<T>,
    protocol: Protocol,
    inbox: Inbox,
    output: Output,
    budget: Budget,
    tasks: Tasks,
    deadlines: Deadlines,
    feeds: Feeds,
    seen: Seen,
    /// From our Close on, or the peer's.
    closing: Option<Box<Closing>>,
    /// Behind the transport, which ends first.
    member: Member,
}

impl<T> Conn<T> {
    /// A connection that whoever uses it drives.
    pub(crate) fn unsupervised(io: T, protocol: Protocol) -> Self {
        // Its transport is read when its user wants to, whatever others on it need.
        Self::new(io, protocol, Driver::Unsupervised, Profile::CONNECTION)
    }

    /// One that a supervisor drives.
    pub(crate) fn supervised(io: T, protocol: Protocol, profile: Profile) -> Self {
        Self::new(io, protocol, Driver::Supervisor, profile)
    }

    fn new(io: T, protocol: Protocol, driver: Driver, profile: Profile) -> Self {
        let config = protocol.config();
        let deadlines = Deadlines::new(Self::is_always_watched(config), config.keep_alive.is_off());
        Self {
            link: Link::Up(io),
            protocol,
            inbox: Inbox::new(profile),
            output: Output::default(),
            budget: Budget::FIRST,
            tasks: Tasks::new(driver),
            deadlines,
            feeds: Feeds::default(),
            seen: Seen::by_nobody(),
            closing: None,
            member: Member::default(),
        }
    }

    /// How the connection ended, if it has.
    pub(crate) fn closure(&self) -> Option<Closure> {
        match self.protocol.phase() {
            Phase::Ended(closure) => Some(Closure::clone(closure)),
            _ => None,
        }
    }

    /// What has passed over it.
    pub(crate) fn stats(&self) -> Stats {
        self.seen.stats(&self.protocol, self.age())
    }

    fn age(&self) -> Duration {
        self.deadlines.clock().opened().elapsed()
    }

    /// So many messages were left out that its topics had.
    pub(super) fn note_skipped(&mut self, messages: u64) {
        self.seen.note_skipped(messages);
    }

    /// If something is to be told to those who look on, it is once the lock is free. A connection
    /// that is lost tells it anyway.
    #[inline]
    pub(super) fn tell_news(&mut self) {
        if self.seen.has_news() {
            self.tasks.expect_aftermath();
        }
    }

    pub(super) fn take_news(&mut self) -> Option<News> {
        if !self.seen.has_news() {
            None
        } else if self.is_down() {
            self.last_news()
        } else {
            Some(self.seen.news(&self.protocol))
        }
    }

    /// The same when there is no connection any more, unless the end was told.
    pub(super) fn last_news(&mut self) -> Option<News> {
        if !self.seen.awaits_end() {
            return None;
        }
        let closure = self.closure().unwrap_or(Closure::Lost(Loss::Cut));
        let age = self.age();
        Some(self.seen.last_news(&self.protocol, age, closure))
    }

    #[inline]
    pub(super) const fn has_ended(&self) -> bool {
        matches!(self.protocol.phase(), Phase::Ended(_))
    }

    /// Whether something can still be sent.
    #[inline]
    pub(crate) const fn can_send(&self) -> bool {
        matches!(self.protocol.phase(), Phase::Open)
    }

    /// Whether nothing has begun to close.
    #[inline]
    pub(crate) fn is_undisturbed(&self) -> bool {
        self.can_send() && !self.inbox.end_is_known() && !self.is_down()
    }

    /// Whether receiving is over.
    pub(crate) fn is_done(&self) -> bool {
        self.inbox.is_done() && (self.tasks.is_supervised() || self.is_down())
    }

    /// Whether the transport has all that is queued.
    #[inline]
    pub(crate) fn is_flushed(&self) -> bool {
        self.output.is_flushed(&self.protocol)
    }

    /// Whether so much is queued that senders should wait.
    pub(super) fn is_congested(&self) -> bool {
        self.protocol
            .outgoing()
            .is_congested(self.protocol.config())
    }

    /// Bytes that are queued, and that the transport has not taken.
    pub(crate) const fn buffered(&self) -> usize {
        self.protocol.outgoing().len()
    }

    /// How much is written, once all is that is queued now.
    pub(super) fn mark(&self) -> u64 {
        self.output.mark(&self.protocol)
    }

    /// Whether the transport has all up to `mark`. Others may have queued more since.
    pub(super) fn is_written(&self, mark: u64) -> bool {
        self.is_flushed() || self.output.is_beyond(mark, &self.protocol)
    }

    /// Whether there is no transport any more.
    #[inline]
    pub(crate) const fn is_down(&self) -> bool {
        self.link.is_down()
    }

    /// The transport is of no more use. What was received can still be taken.
    pub(super) fn lose(&mut self, why: Item) {
        let end_of_output = if self.has_close_left() {
            Event::OutputEnded
        } else {
            Event::OutputLost(why.loss())
        };
        self.link.cut();
        self.seen.hasten();
        self.deadlines.clear();
        self.closing = None;
        self.output.forget();
        self.protocol.handle(end_of_output);
        self.protocol.handle(Event::InputEnded(why.loss()));
        self.inbox.note_loss(why);
        self.tasks.wake_everyone();
        // Also if nobody waits: the transport is to be dropped.
        self.tasks.expect_aftermath();
    }

    /// Whether our Close, if there is one, is where the peer can read it, and nothing is held back
    /// that stands before it.
    fn has_close_left(&self) -> bool {
        let closing = self.closing();
        self.is_flushed() || closing.is_some_and(Closing::has_handed_over_close)
    }

    /// Gives back what memory an idle connection does not need.
    pub(super) fn release(&mut self) {
        self.inbox.release();
        self.protocol.release();
    }

    pub(crate) fn add_handle(&mut self) {
        self.tasks.add_handle();
    }

    /// The last one takes the transport with it if there is no supervisor, who would close.
    pub(crate) fn drop_handle(&mut self) {
        if self.tasks.drop_handle() && !self.tasks.is_supervised() {
            self.lose(Item::Lost(Loss::Cut));
        }
    }

    /// What is to be done once the lock is free: drop the transport, give back its place, and wake.
    #[cold]
    pub(super) fn take_aftermath(&mut self) -> impl FnOnce() + use<T> {
        let remains = self.link.take_remains();
        let seat = if self.is_down() {
            self.member.note_end(is_clean(&self.protocol));
            self.member.leave()
        } else {
            None
        };
        let feeds = if self.can_send() {
            Feeds::default()
        } else {
            mem::take(&mut self.feeds)
        };
        let wake = self.tasks.take_wakes();
        move || {
            drop(remains);
            drop(feeds);
            drop(seat);
            wake();
        }
    }
}

/// Its owners.
impl<T> Conn<T> {
    pub(super) const fn protocol(&self) -> &Protocol {
        &self.protocol
    }

    pub(super) const fn protocol_mut(&mut self) -> &mut Protocol {
        &mut self.protocol
    }

    pub(crate) const fn member(&self) -> &Member {
        &self.member
    }

    pub(super) const fn member_mut(&mut self) -> &mut Member {
        &mut self.member
    }

    pub(super) const fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    pub(super) const fn inbox_mut(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    /// The inbox, and the protocol that decodes what it holds.
    pub(super) const fn decoding(&mut self) -> (&mut Inbox, &mut Protocol) {
        (&mut self.inbox, &mut self.protocol)
    }

    pub(super) const fn output_mut(&mut self) -> &mut Output {
        &mut self.output
    }

    pub(super) const fn budget_mut(&mut self) -> &mut Budget {
        &mut self.budget
    }

    pub(super) const fn seen_mut(&mut self) -> &mut Seen {
        &mut self.seen
    }

    pub(super) const fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    pub(super) const fn tasks_mut(&mut self) -> &mut Tasks {
        &mut self.tasks
    }

    pub(super) const fn feeds(&self) -> &Feeds {
        &self.feeds
    }

    pub(super) const fn feeds_mut(&mut self) -> &mut Feeds {
        &mut self.feeds
    }

    /// The feeds, what they are sent with, and who is woken for what comes.
    pub(super) const fn forwarding(&mut self) -> (&mut Feeds, &mut Protocol, &Waker) {
        (&mut self.feeds, &mut self.protocol, self.tasks.driver())
    }

    /// The first deadline that has passed; whoever drives the transport waits for it.
    pub(super) fn poll_deadlines(&mut self) -> Poll<Deadline> {
        let lifetime = self.end_of_life();
        self.deadlines.poll(&mut self.tasks.io_context(), lifetime)
    }

    #[inline]
    pub(super) const fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    #[inline]
    pub(super) const fn deadlines_mut(&mut self) -> &mut Deadlines {
        &mut self.deadlines
    }

    pub(super) fn closing(&self) -> Option<&Closing> {
        self.closing.as_deref()
    }

    pub(super) const fn closing_mut(&mut self) -> &mut Option<Box<Closing>> {
        &mut self.closing
    }
}

fn is_clean(protocol: &Protocol) -> bool {
    matches!(protocol.phase(), Phase::Ended(closure) if closure.is_clean())
}
