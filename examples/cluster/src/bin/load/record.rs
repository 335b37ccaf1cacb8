//! What happened to one client.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::time::Instant;

pub(crate) struct Record {
    pub(crate) room: usize,
    /// It was connected once.
    pub(crate) is_open: bool,
    /// What it holds, as it came.
    pub(crate) entries: Vec<Entry>,
    pub(crate) published: u64,
    pub(crate) unacknowledged: usize,
    pub(crate) gaps: usize,
    pub(crate) refused: usize,
    /// Messages that were there already when they were sent, as the node said.
    pub(crate) known: usize,
    /// By close code; 1006 is a connection that was lost.
    pub(crate) closed: BTreeMap<u16, usize>,
    /// Tries to connect that failed.
    pub(crate) failed: usize,
    pub(crate) nodes: BTreeSet<String>,
    pub(crate) slowest_ack: Duration,
    /// The longest time between two messages, by what happened then.
    pub(crate) silences: Vec<(String, Duration)>,
    pub(crate) last_came: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// As numbers, so that they can be compared.
    pub(crate) id: (u64, u64),
    /// `AUTHOR NUMBER`
    pub(crate) text: String,
}

impl Record {
    pub(crate) fn of(room: usize) -> Self {
        Self {
            room,
            is_open: false,
            entries: Vec::new(),
            published: 0,
            unacknowledged: 0,
            gaps: 0,
            refused: 0,
            known: 0,
            closed: BTreeMap::new(),
            failed: 0,
            nodes: BTreeSet::new(),
            slowest_ack: Duration::ZERO,
            silences: Vec::new(),
            last_came: None,
        }
    }

    /// The id of the last that it holds.
    pub(crate) fn last(&self) -> (u64, u64) {
        self.entries.last().map_or((0, 0), |entry| entry.id)
    }

    pub(crate) fn came(&mut self, entry: Entry, phase: &str) {
        self.entries.push(entry);
        let now = Instant::now();
        let silence = self.last_came.replace(now).map(|last| now - last);
        match self.silences.last_mut() {
            Some((of, longest)) if of == phase => {
                *longest = (*longest).max(silence.unwrap_or_default());
            }
            _ => self
                .silences
                .push((phase.into(), silence.unwrap_or_default())),
        }
    }
}
