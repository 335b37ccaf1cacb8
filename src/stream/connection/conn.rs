//! One connection: the protocol, its transport, and who waits for it.
//!
//! What a connection does is spread over its files: `reading`, `receiving`, `unsupervised`,
//! `sending`, `shutdown`.

use std::{
    mem,
    sync::Arc,
    task::{Context, Waker},
};

use bytes::BytesMut;

use super::{
    backlog::Backlog,
    deadlines::Linger,
    item::{End, Item},
    pace::Turn,
    read_ahead::ReadAhead,
    unsupervised::Receiving,
    waiters::Waiters,
};
use crate::{
    protocol::{Closure, Event, Phase, Protocol},
    stream::transport::{Profile, buffers, coop::wake_later, link::Link, sharing::Sharing},
};

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stream) enum Caller {
    /// The handle of a socket without a supervisor: it drives the transport itself.
    Owner,
    /// The handler, in its supervisor's task: it may use the transport, and the
    /// supervisor writes what it queues.
    Handler,
    /// Another task: it leaves the transport to the supervisor.
    Elsewhere,
}

pub(in crate::stream) struct Conn<T> {
    pub(super) link: Link<T>,
    /// What the transport is polled with: the supervisor, or whoever waits.
    pub(super) io_waker: Waker,
    pub(super) protocol: Protocol,
    /// Bytes that were read and not decoded.
    pub(super) input: BytesMut,
    /// The transport has reported its end.
    pub(super) input_ended: bool,
    pub(super) ahead: ReadAhead,
    pub(super) sharing: Sharing,
    pub(super) end: End,
    pub(super) reading: Reading,
    pub(super) receiving: Receiving,
    /// Bytes were written that the transport may still hold back.
    pub(super) unflushed: bool,
    pub(super) linger: Option<Box<Linger>>,
    pub(super) backlog: Backlog,
    driver: Driver,
    pub(super) turn: Turn,
    /// How many messages the user took last in one go, and may not have come to yet.
    pub(super) batched: usize,
    handles: usize,
    /// The last handle is gone, and the closing was started for that.
    abandoned: bool,
    /// Allocated when first needed: a handler in its own task needs none.
    waiters: Option<Arc<Waiters>>,
    wake: Wake,
}

/// What becomes of messages that come while nobody receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// They are kept, as far as there is room.
    Ahead,
    /// There was no room: they wait in the transport.
    Paused,
    /// They are dropped: nobody will receive any more.
    Discarding,
    /// They are dropped, and the user, who will receive, is to be told.
    Overrun,
}

/// Who polls the transport.
#[derive(Clone, Copy, Debug)]
enum Driver {
    /// Whoever uses a handle.
    Handles {
        /// A ping was handed over, and the answer may not have left.
        owes_pong: bool,
    },
    /// The supervisor, and the handler in its task.
    Supervisor {
        /// It was woken and has not run since.
        nudged: bool,
    },
}

/// Who is to be woken when the lock is free.
#[expect(clippy::struct_excessive_bools, reason = "any of them may be due")]
#[derive(Clone, Copy, Debug, Default)]
struct Wake {
    recv: bool,
    send: bool,
    supervisor: bool,
    /// Nobody, but wakers are to be dropped.
    stale: bool,
}

impl Wake {
    const fn is_due(self) -> bool {
        self.recv || self.send || self.supervisor || self.stale
    }
}

impl<T> Conn<T> {
    /// A connection that its handles drive.
    pub(in crate::stream) fn unsupervised(io: T, protocol: Protocol) -> Self {
        Self {
            link: Link::Up(io),
            io_waker: Waker::noop().clone(),
            protocol,
            input: BytesMut::new(),
            input_ended: false,
            ahead: ReadAhead::default(),
            sharing: Sharing::default(),
            end: End::Open,
            reading: Reading::Ahead,
            receiving: Receiving::Never,
            unflushed: false,
            linger: None,
            backlog: Backlog::default(),
            driver: Driver::Handles { owes_pong: false },
            turn: Turn::FIRST,
            batched: 0,
            handles: 1,
            abandoned: false,
            waiters: None,
            wake: Wake::default(),
        }
    }

    /// One that a supervisor drives.
    pub(in crate::stream) fn supervised(io: T, protocol: Protocol, profile: Profile) -> Self {
        let mut conn = Self::unsupervised(io, protocol);
        conn.sharing = Sharing::of(profile);
        conn.set_supervised();
        conn
    }

    fn set_supervised(&mut self) {
        self.driver = Driver::Supervisor { nudged: false };
    }

    pub(super) const fn is_supervised(&self) -> bool {
        matches!(self.driver, Driver::Supervisor { .. })
    }

    pub(super) const fn owes_pong(&self) -> bool {
        matches!(self.driver, Driver::Handles { owes_pong: true })
    }

    /// For a socket without a supervisor.
    pub(super) const fn set_owes_pong(&mut self, owes: bool) {
        if let Driver::Handles { owes_pong } = &mut self.driver {
            *owes_pong = owes;
        }
    }

    /// The supervisor's task is polled, with `waker`, and the handler in it. Returns a waker to
    /// drop once the lock is free.
    pub(super) fn begin_turn(&mut self, waker: &Waker) -> Option<Waker> {
        let stale = if self.io_waker.will_wake(waker) {
            None
        } else {
            Some(mem::replace(&mut self.io_waker, waker.clone()))
        };
        self.set_supervised();
        // They may all be received in this turn.
        self.turn.begin(self.batched);
        stale
    }

    /// Whether the last handle is gone since it was asked last.
    pub(super) const fn becomes_abandoned(&mut self) -> bool {
        self.handles == 0 && !mem::replace(&mut self.abandoned, true)
    }

    pub(in crate::stream) fn add_handle(&mut self) {
        self.handles += 1;
    }

    pub(in crate::stream) fn drop_handle(&mut self, caller: Caller) {
        self.handles -= 1;
        if self.handles == 0 && caller == Caller::Elsewhere {
            self.wake_supervisor();
        }
    }

    /// How the connection ended, if it has.
    pub(in crate::stream) fn closure(&self) -> Option<Closure> {
        match self.protocol.phase() {
            Phase::Ended(closure) => Some(closure.clone()),
            _ => None,
        }
    }

    pub(super) const fn has_ended(&self) -> bool {
        matches!(self.protocol.phase(), Phase::Ended(_))
    }

    /// Whether receiving is over.
    pub(in crate::stream) fn is_done(&self) -> bool {
        let over = matches!(self.end, End::Done) || self.reading == Reading::Discarding;
        over && (self.is_supervised() || self.link.is_down())
    }

    /// Drops the transport. What was received can still be taken.
    pub(super) fn cut(&mut self) {
        self.lose(Item::Lost);
    }

    /// The transport is of no more use.
    pub(super) fn lose(&mut self, why: Item) {
        self.link.cut();
        self.linger = None;
        self.unflushed = false;
        self.protocol.handle(Event::OutputEnded);
        self.protocol.handle(Event::InputEnded);
        if matches!(self.end, End::Open) {
            self.end = End::Transport(Box::new(why));
        }
        self.wake_everyone();
        // Also if nobody waits: the transport is to be dropped.
        self.wake.send = true;
    }

    /// Gives back what memory an idle connection does not need.
    pub(super) fn release(&mut self) {
        buffers::release(&mut self.input);
        self.protocol.release();
    }

    /// The context to poll the transport with, beside the transport.
    pub(super) fn io_parts(&mut self) -> Option<IoParts<'_, T>> {
        Some(IoParts {
            io: self.link.as_mut()?,
            cx: Context::from_waker(&self.io_waker),
            input: &mut self.input,
            protocol: &mut self.protocol,
        })
    }

    pub(super) fn park_recv(&mut self, caller: Caller, waker: &Waker) {
        self.turn.recv_parked |= caller == Caller::Handler;
        if caller != Caller::Handler || !waker.will_wake(&self.io_waker) {
            self.wake.stale |= self.waiters().park_recv(waker);
        }
    }

    pub(super) fn park_send(&mut self, caller: Caller, waker: &Waker) {
        if caller == Caller::Elsewhere {
            self.wake_supervisor();
        }
        if caller != Caller::Handler || !waker.will_wake(&self.io_waker) {
            self.wake.stale |= self.waiters().park_send(waker);
        }
    }

    /// Before a socket without a supervisor polls its transport: both of its halves are
    /// woken by it, whichever polled last.
    pub(super) fn wake_halves(&mut self) {
        if self.waiters.is_none() {
            self.io_waker = Waker::from(self.waiters().clone());
        }
    }

    /// Whether the transport of a socket without a supervisor has brought nothing since whoever
    /// sends looked last.
    pub(super) fn is_quiet(&self) -> bool {
        self.waiters.as_ref().is_some_and(|w| w.is_quiet())
    }

    pub(super) fn set_quiet(&self, quiet: bool) {
        if let Some(waiters) = &self.waiters {
            waiters.set_quiet(quiet);
        }
    }

    /// Whether a task other than the supervisor's waits for a message.
    pub(super) fn is_awaited(&self) -> bool {
        self.waiters.as_ref().is_some_and(|w| w.wants_message())
    }

    pub(super) fn wake_recv(&mut self) {
        self.wake.recv = self.waiters.is_some();
    }

    pub(super) fn wake_send(&mut self) {
        self.wake.send = self.waiters.is_some();
    }

    pub(in crate::stream) fn wake_supervisor(&mut self) {
        self.wake.supervisor = self.is_supervised();
    }

    /// Wakes whoever drives the transport once others have had their turn.
    pub(super) fn wake_later(&self) {
        wake_later(&mut Context::from_waker(&self.io_waker));
    }

    pub(super) fn wake_everyone(&mut self) {
        self.wake_recv();
        self.wake_send();
        self.wake_supervisor();
    }

    /// Whether something is to be done once the lock is free.
    pub(super) const fn has_aftermath(&self) -> bool {
        self.wake.is_due()
    }

    /// What is to be done once the lock is free: wake, and drop the transport.
    #[cold]
    pub(super) fn take_aftermath(&mut self) -> impl FnOnce() + use<T> {
        let wake = mem::take(&mut self.wake);
        let remains = self.link.take_remains();
        let waiters = self
            .waiters
            .clone()
            .filter(|_| wake.recv || wake.send || wake.stale);
        let supervisor = match &mut self.driver {
            Driver::Supervisor { nudged } if wake.supervisor && !*nudged => {
                *nudged = true;
                Some(self.io_waker.clone())
            }
            _ => None,
        };
        move || {
            drop(remains);
            if let Some(waiters) = waiters {
                if wake.stale {
                    waiters.drop_stale();
                }
                if wake.recv {
                    waiters.wake_recv();
                }
                if wake.send {
                    waiters.wake_send();
                }
            }
            if let Some(supervisor) = supervisor {
                supervisor.wake();
            }
        }
    }

    fn waiters(&mut self) -> &Arc<Waiters> {
        self.waiters.get_or_insert_default()
    }
}

/// Disjoint borrows of a connection whose transport is polled.
pub(super) struct IoParts<'a, T> {
    pub(super) io: &'a mut T,
    pub(super) cx: Context<'a>,
    pub(super) input: &'a mut BytesMut,
    pub(super) protocol: &'a mut Protocol,
}
