//! States of codecs and room to work in: of the thread, lent to a connection for a message.
//!
//! A compressor comes back with the history of the connection that had it. If that connection
//! is the next to want it, it finds it as it was, by its [`Ticket`]; if another one has
//! taken it, the history is restored into another compressor. So a few busy connections
//! compress as if they owned a compressor each, and idle ones own none.

use std::{
    cell::{Cell, RefCell},
    thread::{self, ThreadId},
};

use super::codec::{Compressor, Decompressor, Settings};

/// Compressors that a thread keeps: so many busy connections do not take one from each other.
const COMPRESSORS: usize = 32;

/// After how many messages of others a connection is not expected back soon.
const FORGOTTEN: u64 = 8 * COMPRESSORS as u64;

/// Decompressors that a thread keeps. One is lent for as long as a message is under way.
const DECOMPRESSORS: usize = 4;

/// Room for the output of one step.
const SCRATCH: usize = 16 * 1024;

thread_local! {
    static LENDER: RefCell<Lender> = RefCell::new(Lender::new());
    static IDLE: RefCell<Vec<Decompressor>> = const { RefCell::new(Vec::new()) };
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Says which compressor holds the history of a connection. Good for one time: it is never
/// issued again, not even by another thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    thread: ThreadId,
    number: u64,
}

/// A compressor as it was found.
pub(super) enum Lent {
    /// It holds the history that the ticket stands for.
    Ready(Compressor),
    /// It must be restarted.
    Stale(Compressor),
}

/// Lends the compressor that `ticket` stands for, or any other that fits.
pub(super) fn lend_compressor(settings: Settings, ticket: Option<Ticket>) -> Lent {
    LENDER.with_borrow_mut(|lender| lender.lend(settings, ticket))
}

/// Takes a compressor back whose history will be asked for again.
pub(super) fn park_compressor(compressor: Compressor) -> Ticket {
    LENDER.with_borrow_mut(|lender| {
        let ticket = lender.issue();
        lender.take_back(compressor, Some(ticket));
        ticket
    })
}

/// Takes a compressor back whose history nobody will ask for.
pub(super) fn return_compressor(compressor: Compressor) {
    LENDER.with_borrow_mut(|lender| lender.take_back(compressor, None));
}

/// Lends a decompressor, which must be restarted.
pub(super) fn lend_decompressor() -> Decompressor {
    IDLE.try_with(|idle| idle.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_else(Decompressor::new)
}

/// Takes a decompressor back.
pub(super) fn return_decompressor(decompressor: Decompressor) {
    // The thread may be at its end, here and below.
    let _ = IDLE.try_with(|idle| {
        let mut idle = idle.borrow_mut();
        if idle.len() < DECOMPRESSORS {
            idle.push(decompressor);
        }
    });
}

/// Lends room to work in. What it holds is not specified.
pub(super) fn with_room<T>(f: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut room = ROOM.try_with(Cell::take).unwrap_or_default();
    room.resize(SCRATCH, 0);
    let output = f(&mut room);
    let _ = ROOM.try_with(|kept| kept.set(room));
    output
}

type Parked = (Option<Ticket>, Compressor);

/// The compressors of a thread.
struct Lender {
    /// Who came back longest ago is first.
    parked: Vec<Parked>,
    thread: ThreadId,
    issued: u64,
}

impl Lender {
    fn new() -> Self {
        Self {
            parked: Vec::new(),
            thread: thread::current().id(),
            issued: 0,
        }
    }

    fn issue(&mut self) -> Ticket {
        self.issued += 1;
        Ticket {
            thread: self.thread,
            number: self.issued,
        }
    }

    fn lend(&mut self, settings: Settings, ticket: Option<Ticket>) -> Lent {
        if ticket.is_some()
            && let Some(found) = self.parked.iter().position(|(other, _)| *other == ticket)
        {
            return Lent::Ready(self.parked.remove(found).1);
        }
        match self.to_restart(settings) {
            Some(found) => Lent::Stale(self.parked.remove(found).1),
            None => Lent::Stale(Compressor::new(settings)),
        }
    }

    /// The compressor that is best used for another history; `None` if a new one is.
    fn to_restart(&self, settings: Settings) -> Option<usize> {
        let fits = |parked: &Parked| parked.1.settings() == settings;
        let of_nobody = |parked: &Parked| fits(parked) && parked.0.is_none();
        let found = self.parked.iter().position(of_nobody);
        let oldest = self.parked.first()?;
        if found.is_some() || self.parked.len() < COMPRESSORS {
            return found;
        }
        let number = oldest.0.map_or(0, |ticket| ticket.number);
        if self.issued - number > FORGOTTEN {
            return fits(oldest).then_some(0);
        }
        // The oldest one would be wrong: of more connections than compressors that take turns
        // none would find its own.
        self.parked.iter().rposition(fits)
    }

    fn take_back(&mut self, compressor: Compressor, ticket: Option<Ticket>) {
        if self.parked.len() >= COMPRESSORS {
            self.parked.remove(0);
        }
        self.parked.push((ticket, compressor));
    }
}
