//! Every server in turn, round after round, and what comes out of it.

use crate::{
    Error,
    load::Peer,
    options::Options,
    process::Process,
    scenario::Extension,
    servers::{Kind, Server},
    stats::{median, range},
};

/// What one server did in each round.
#[derive(Clone, Debug)]
pub struct Row<T> {
    pub server: Server,
    /// `None` where it failed.
    pub rounds: Vec<Option<T>>,
    pub error: Option<String>,
}

impl<T: Copy> Row<T> {
    pub fn median(&self, figure: impl Fn(T) -> f64) -> Option<f64> {
        median(self.rounds.iter().flatten().map(|&t| figure(t)).collect())
    }

    /// The median over the rounds of this figure, divided by the reference's in that round.
    pub fn ratio(&self, to: &Self, figure: impl Fn(T) -> f64) -> Option<f64> {
        median(self.ratios(to, figure))
    }

    /// The least and the greatest of what [`ratio`](Self::ratio) is the median of.
    pub fn ratio_range(&self, to: &Self, figure: impl Fn(T) -> f64) -> Option<[f64; 2]> {
        range(&self.ratios(to, figure))
    }

    fn ratios(&self, to: &Self, figure: impl Fn(T) -> f64) -> Vec<f64> {
        let rounds = self.rounds.iter().zip(&to.rounds);
        let both = rounds.filter_map(|(one, other)| Some(figure((*one)?) / figure((*other)?)));
        both.collect()
    }
}

/// The rows of one scenario; the reference is the first.
#[derive(Clone, Debug)]
pub struct Table<T> {
    pub name: String,
    pub rows: Vec<Row<T>>,
}

impl<T: Copy> Table<T> {
    /// Starts each server anew for each round, so that none is measured after another
    /// scenario has shaped its heap, or while another server runs. Servers that do not know
    /// the extension are left out.
    pub fn measure(
        name: impl Into<String>,
        extension: Extension,
        options: &Options,
        measure: impl Fn(&Process, Peer) -> Result<T, Error>,
    ) -> Self {
        let name = name.into();
        let servers = options.servers.iter().copied();
        let mut rows: Vec<_> = servers
            .filter(|server| server.joins(extension))
            .map(|server| Row {
                server,
                rounds: Vec::new(),
                error: None,
            })
            .collect();
        for round in 1..=options.rounds {
            eprintln!("{name}: round {round} of {}", options.rounds);
            for row in &mut rows {
                let peer = match row.server.kind {
                    Kind::Tcp => Peer::Raw,
                    _ => Peer::WebSocket,
                };
                let measured =
                    Process::start(row.server, options).and_then(|process| measure(&process, peer));
                row.rounds.push(match measured {
                    Ok(figures) => Some(figures),
                    Err(error) => {
                        eprintln!("  {}: {error}", row.server);
                        row.error = Some(error.to_string());
                        None
                    }
                });
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
