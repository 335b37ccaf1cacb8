//! States of codecs: of the thread, lent to a connection for a message.
//!
//! A state comes back with the history of the connection that had it. If that connection is
//! the next to want it, it finds it as it was, by its [`Ticket`]; if another one has taken it,
//! the history is restored into another state, or lost. So a few busy connections work as if they
//! owned a state each, and idle ones own none.

use std::{
    cell::RefCell,
    thread::{self, LocalKey, ThreadId},
};

use super::zlib::{Compressor, Decompressor, Settings};
use crate::pool::{self, Pool};

/// States of each kind that a thread keeps: so many busy connections do not take one from
/// each other.
const KEPT: usize = 32;

/// After how many messages of others a connection is not expected back soon.
const FORGOTTEN: u64 = 8 * KEPT as u64;

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
    take_back(&COMPRESSORS, None, compressor);
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
    take_back(&DECOMPRESSORS, None, decompressor);
}

fn lend<T>(
    states: &'static States<T>,
    ticket: Option<Ticket>,
    fits: impl Fn(&T) -> bool,
) -> Option<Lent<T>> {
    pool::with(states, |lender| lender.lend(ticket, fits)).flatten()
}

fn park<T>(states: &'static States<T>, state: T) -> Option<Ticket> {
    let ticket = pool::with(states, Lender::issue)?;
    take_back(states, Some(ticket), state);
    Some(ticket)
}

fn take_back<T>(states: &'static States<T>, ticket: Option<Ticket>, state: T) {
    let _oldest = pool::with(states, |lender| lender.pool.put((ticket, state)));
}

type States<T> = LocalKey<RefCell<Lender<T>>>;

/// The states of a thread that are of one kind.
struct Lender<T> {
    pool: Pool<(Option<Ticket>, T)>,
    thread: ThreadId,
    issued: u64,
}

impl<T> Lender<T> {
    fn new() -> Self {
        Self {
            pool: Pool::new(KEPT),
            thread: thread::current().id(),
            issued: 0,
        }
    }

    /// `None` if a new state is best made.
    fn lend(&mut self, ticket: Option<Ticket>, fits: impl Fn(&T) -> bool) -> Option<Lent<T>> {
        let holds_it = |(other, _): &(_, T)| ticket.is_some() && *other == ticket;
        if let Some(found) = self.pool.free().iter().rposition(holds_it) {
            let (_, state) = self.pool.take_at(found)?;
            return Some(Lent::Ready(state));
        }
        let (_, state) = self.pool.take_at(self.to_restart(fits)?)?;
        Some(Lent::Stale(state))
    }

    /// The state that is best used for another history; `None` if a new one is.
    fn to_restart(&self, fits: impl Fn(&T) -> bool) -> Option<usize> {
        let free = self.pool.free();
        let of_nobody = |(ticket, state): &(_, T)| Option::is_none(ticket) && fits(state);
        let found = free.iter().position(of_nobody);
        let (ticket, oldest) = free.first()?;
        if found.is_some() || free.len() < KEPT {
            return found;
        }
        let number = ticket.map_or(0, |ticket| ticket.number);
        if self.issued - number > FORGOTTEN {
            return fits(oldest).then_some(0);
        }
        // The oldest one would be wrong: of more connections than states that take turns none
        // would find its own.
        free.iter().rposition(|(_, state)| fits(state))
    }

    fn issue(&mut self) -> Ticket {
        self.issued += 1;
        Ticket {
            thread: self.thread,
            number: self.issued,
        }
    }
}
