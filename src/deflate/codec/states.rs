//! States of codecs: of the thread, lent to a connection for a message.
//!
//! A state comes back with the history of the connection that had it. If that connection is
//! the next to want it, it finds it as it was, by its [`Ticket`]; if another one has taken it,
//! the history is restored into another state, or lost. So a few busy connections work as if they
//! owned a state each, and idle ones own none.

use std::{
    cell::RefCell,
    collections::VecDeque,
    thread::{self, LocalKey, ThreadId},
};

use super::zlib::{Compressor, Decompressor, Settings};

/// States of each kind that a thread keeps: so many busy connections do not take one from
/// each other.
const KEPT: usize = 32;

/// After how many messages of others a connection is not expected back soon.
const FORGOTTEN: u64 = 8 * KEPT as u64;

type Pool<T> = LocalKey<RefCell<Lender<T>>>;

thread_local! {
    static COMPRESSORS: RefCell<Lender<Compressor>> = RefCell::new(Lender::new());
    static DECOMPRESSORS: RefCell<Lender<Decompressor>> = RefCell::new(Lender::new());
}

/// Says which state holds the history of a connection. Good for one time: it is never issued
/// again for a state of this kind, not even by another thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    thread: ThreadId,
    number: u64,
}

/// A state as it was found.
pub(super) enum Lent<T> {
    /// It holds the history that the ticket stands for.
    Ready(T),
    /// It must be restarted.
    Stale(T),
}

/// Lends the compressor that `ticket` stands for, or any other that fits.
pub(super) fn lend_compressor(settings: Settings, ticket: Option<Ticket>) -> Lent<Compressor> {
    let fits = |compressor: &Compressor| compressor.settings() == settings;
    lend(&COMPRESSORS, ticket, fits).unwrap_or_else(|| Lent::Stale(Compressor::new(settings)))
}

/// Takes a compressor back whose history will be asked for again.
pub(super) fn park_compressor(compressor: Compressor) -> Option<Ticket> {
    park(&COMPRESSORS, compressor)
}

/// Takes a compressor back whose history nobody will ask for.
pub(super) fn return_compressor(compressor: Compressor) {
    take_back(&COMPRESSORS, compressor);
}

/// Lends the decompressor that `ticket` stands for, or any other.
pub(super) fn lend_decompressor(ticket: Option<Ticket>) -> Lent<Decompressor> {
    lend(&DECOMPRESSORS, ticket, |_| true).unwrap_or_else(|| Lent::Stale(Decompressor::new()))
}

/// Takes a decompressor back whose history will be asked for again.
pub(super) fn park_decompressor(decompressor: Decompressor) -> Option<Ticket> {
    park(&DECOMPRESSORS, decompressor)
}

/// Takes a decompressor back whose history nobody will ask for.
pub(super) fn return_decompressor(decompressor: Decompressor) {
    take_back(&DECOMPRESSORS, decompressor);
}

// The thread may be at its end, here and below.

fn lend<T>(
    pool: &'static Pool<T>,
    ticket: Option<Ticket>,
    fits: impl Fn(&T) -> bool,
) -> Option<Lent<T>> {
    let lent = pool.try_with(|lender| lender.borrow_mut().lend(ticket, fits));
    lent.ok().flatten()
}

fn park<T>(pool: &'static Pool<T>, state: T) -> Option<Ticket> {
    pool.try_with(|lender| lender.borrow_mut().park(state)).ok()
}

fn take_back<T>(pool: &'static Pool<T>, state: T) {
    let _ = pool.try_with(|lender| lender.borrow_mut().take_back(state, None));
}

/// The states of a thread that are of one kind.
struct Lender<T> {
    /// Who came back longest ago is first.
    parked: VecDeque<(Option<Ticket>, T)>,
    thread: ThreadId,
    issued: u64,
}

impl<T> Lender<T> {
    fn new() -> Self {
        Self {
            parked: VecDeque::new(),
            thread: thread::current().id(),
            issued: 0,
        }
    }

    /// `None` if a new state is best made.
    fn lend(&mut self, ticket: Option<Ticket>, fits: impl Fn(&T) -> bool) -> Option<Lent<T>> {
        let holds_it = |(other, _): &(_, T)| ticket.is_some() && *other == ticket;
        if let Some(found) = self.parked.iter().rposition(holds_it) {
            return self.remove(found).map(Lent::Ready);
        }
        let found = self.to_restart(fits)?;
        self.remove(found).map(Lent::Stale)
    }

    /// The last one costs less, and is often the one that is wanted.
    fn remove(&mut self, at: usize) -> Option<T> {
        let found = if at + 1 == self.parked.len() {
            self.parked.pop_back()
        } else {
            self.parked.remove(at)
        };
        found.map(|(_, state)| state)
    }

    /// The state that is best used for another history; `None` if a new one is.
    fn to_restart(&self, fits: impl Fn(&T) -> bool) -> Option<usize> {
        let of_nobody = |(ticket, state): &(_, T)| Option::is_none(ticket) && fits(state);
        let found = self.parked.iter().position(of_nobody);
        let (ticket, oldest) = self.parked.front()?;
        if found.is_some() || self.parked.len() < KEPT {
            return found;
        }
        let number = ticket.map_or(0, |ticket| ticket.number);
        if self.issued - number > FORGOTTEN {
            return fits(oldest).then_some(0);
        }
        // The oldest one would be wrong: of more connections than states that take turns none
        // would find its own.
        self.parked.iter().rposition(|(_, state)| fits(state))
    }

    fn park(&mut self, state: T) -> Ticket {
        self.issued += 1;
        let ticket = Ticket {
            thread: self.thread,
            number: self.issued,
        };
        self.take_back(state, Some(ticket));
        ticket
    }

    fn take_back(&mut self, state: T, ticket: Option<Ticket>) {
        if self.parked.len() >= KEPT {
            self.parked.pop_front();
        }
        self.parked.push_back((ticket, state));
    }
}
