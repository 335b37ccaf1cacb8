//! Every server in turn, round after round, and what comes out of it.

use std::fmt;

use crate::{
    Error,
    load::{Echoed, Peer, echo, load},
    options::Options,
    process::Process,
    scenario::{Echo, Extension},
    servers::{Kind, Server},
    stats::{median, middle_half},
};

/// What one server did in each slice of each round.
#[derive(Clone, Debug)]
pub struct Row<T, S = Server> {
    pub server: S,
    /// `None` where it failed.
    pub slices: Vec<Option<T>>,
    pub error: Option<String>,
}

impl<T: Copy, S: fmt::Display> Row<T, S> {
    pub fn new(server: S) -> Self {
        Self {
            server,
            slices: Vec::new(),
            error: None,
        }
    }

    pub fn median(&self, figure: impl Fn(T) -> f64) -> Option<f64> {
        median(self.slices.iter().flatten().map(|&t| figure(t)).collect())
    }

    /// The median over the slices of this figure, divided by the reference's beside it.
    pub fn ratio(&self, to: &Self, figure: impl Fn(T) -> f64) -> Option<f64> {
        median(self.ratios(to, figure))
    }

    /// Between what the middle half lies of what [`ratio`](Self::ratio) is the median of.
    pub fn ratio_middle(&self, to: &Self, figure: impl Fn(T) -> f64) -> Option<[f64; 2]> {
        middle_half(self.ratios(to, figure))
    }

    fn ratios(&self, to: &Self, figure: impl Fn(T) -> f64) -> Vec<f64> {
        let slices = self.slices.iter().zip(&to.slices);
        let both = slices.filter_map(|(one, other)| Some(figure((*one)?) / figure((*other)?)));
        both.collect()
    }

    /// What came out, or else the error, which is kept.
    pub(crate) fn note<R>(&mut self, result: Result<R, Error>) -> Option<R> {
        result
            .inspect_err(|error| {
                eprintln!("  {}: {error}", self.server);
                self.error = Some(error.to_string());
            })
            .ok()
    }
}

/// A server that is ready to be measured, and what loads it.
struct Loaded<L> {
    process: Process,
    load: L,
}

impl<L> Loaded<L> {
    fn start(
        server: Server,
        options: &Options,
        prepare: impl Fn(&Process, Peer) -> Result<L, Error>,
    ) -> Result<Self, Error> {
        let peer = match server.kind {
            Kind::Tcp => Peer::Raw,
            _ => Peer::WebSocket,
        };
        let process = Process::start(server, options)?;
        let load = prepare(&process, peer)?;
        Ok(Self { process, load })
    }
}

/// The rows of one scenario; the reference is the first.
#[derive(Clone, Debug)]
pub struct Table<T> {
    pub name: String,
    pub rows: Vec<Row<T>>,
}

impl<T: Copy> Table<T> {
    /// In each round starts every server anew and has `prepare` load it; then `measure` is called
    /// for one server after the other, `slices` times: machines change their speed from one
    /// second to the next, and so what is compared is measured close together. Only the server
    /// whose turn it is has anything to do, and of one slice it is the only one there is. Servers
    /// that do not know the extension are left out.
    pub fn measure<L>(
        name: impl Into<String>,
        extension: Extension,
        slices: u32,
        options: &Options,
        prepare: impl Fn(&Process, Peer) -> Result<L, Error>,
        measure: impl Fn(&Process, &mut L) -> Result<T, Error>,
    ) -> Self {
        let name = name.into();
        let servers = options.servers.iter().copied();
        let mut rows: Vec<_> = servers
            .filter(|server| server.joins(extension))
            .map(Row::new)
            .collect();
        for round in 1..=options.rounds {
            eprintln!("{name}: round {round} of {}", options.rounds);
            let together = if slices == 1 { 1 } else { rows.len().max(1) };
            for rows in rows.chunks_mut(together) {
                take_turns(rows, slices, options, &prepare, &measure);
            }
        }
        Self { name, rows }
    }

    /// The ratio of each server's figure to the reference's.
    pub fn ratios(&self, figure: impl Fn(T) -> f64 + Copy) -> Vec<(Server, Option<f64>)> {
        let rows = self.rows.iter();
        rows.map(|row| (row.server, row.ratio(&self.rows[0], figure)))
            .collect()
    }
}

/// Starts the servers of `rows`; each is measured in turn, `slices` times.
fn take_turns<T: Copy, L>(
    rows: &mut [Row<T>],
    slices: u32,
    options: &Options,
    prepare: impl Fn(&Process, Peer) -> Result<L, Error>,
    measure: impl Fn(&Process, &mut L) -> Result<T, Error>,
) {
    let start = |row: &mut Row<T>| row.note(Loaded::start(row.server, options, &prepare));
    let mut loaded: Vec<_> = rows.iter_mut().map(start).collect();
    for _ in 0..slices {
        for (row, server) in rows.iter_mut().zip(&mut loaded) {
            let figures = server
                .as_mut()
                .and_then(|server| row.note(measure(&server.process, &mut server.load)));
            row.slices.push(figures);
            if figures.is_none() {
                *server = None;
            }
        }
    }
}

impl Table<Echoed> {
    /// Of an echo scenario.
    pub fn of_echo(name: impl Into<String>, scenario: &Echo, options: &Options) -> Self {
        Self::measure(
            name,
            scenario.extension,
            options.slices,
            options,
            |process, peer| load(process, scenario, peer, options),
            |process, client| echo(process, client, options),
        )
    }
}
