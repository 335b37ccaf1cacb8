//! Every server in turn, round after round.

use std::time::Instant;

use super::{
    driver::Driver,
    figures::Cost,
    options::Options,
    scenario::{BURSTS, Scenario},
    servers::Server,
};
use crate::{
    rounds::Row,
    stats::{median, percentile},
};

/// What one server did with bursts of one size.
pub struct Bursts {
    pub row: Row<Cost, Server>,
    /// From each publish to its last delivery, in nanoseconds, of all rounds.
    latencies: Vec<u64>,
}

/// What one server did in one scenario.
pub struct Outcome {
    pub server: Server,
    /// In the order of [`BURSTS`].
    pub bursts: [Bursts; 2],
    /// Private memory for each idle socket, in bytes, in each round.
    idle: Vec<f64>,
    /// All private memory after the last burst.
    memory: Vec<f64>,
    pub error: Option<String>,
}

/// The rows of one scenario; the reference is the first.
pub struct Table {
    pub scenario: Scenario,
    pub rows: Vec<Outcome>,
}

impl Bursts {
    fn new(server: &Server) -> Self {
        Self {
            row: Row::new(server.clone()),
            latencies: Vec::new(),
        }
    }

    /// In microseconds; `None` of nothing.
    pub fn latency(&self, percent: usize) -> Option<f64> {
        let mut latencies = self.latencies.clone();
        let found = percentile(&mut latencies, percent);
        (!latencies.is_empty()).then_some(found as f64 / 1e3)
    }
}

impl Outcome {
    fn new(server: &Server) -> Self {
        Self {
            server: server.clone(),
            bursts: BURSTS.map(|_| Bursts::new(server)),
            idle: Vec::new(),
            memory: Vec::new(),
            error: None,
        }
    }

    pub fn idle(&self) -> Option<f64> {
        median(self.idle.clone())
    }

    pub fn memory(&self) -> Option<f64> {
        median(self.memory.clone())
    }

    /// What came out, or else the error, which is kept.
    fn note<T>(&mut self, result: Result<T, crate::Error>) -> Option<T> {
        result
            .inspect_err(|error| {
                eprintln!("  {}: {error}", self.server);
                self.error = Some(error.to_string());
            })
            .ok()
    }

    fn start(&mut self, scenario: &Scenario, options: &Options) -> Option<Driver> {
        let (driver, idle) = self.note(Driver::start(&self.server, scenario, options))?;
        self.idle.push(idle);
        Some(driver)
    }

    /// Both kinds of bursts; an empty slice where it fails, so that turns stay beside each other.
    fn slice(&mut self, mut driver: Option<Driver>, at: &Scenario, by: &Options) -> Option<Driver> {
        if !self.server.delivers() {
            return driver;
        }
        for (index, burst) in BURSTS.into_iter().enumerate() {
            let slice = driver
                .as_mut()
                .and_then(|driver| self.note(driver.slice(burst, by.slice)));
            if slice.is_none() {
                driver = None;
            }
            let bursts = &mut self.bursts[index];
            let cost = slice.as_ref().map(|slice| slice.cost(at, burst));
            bursts.row.slices.push(cost);
            bursts
                .latencies
                .extend(slice.into_iter().flat_map(|slice| slice.latencies));
        }
        driver
    }

    fn end(&mut self, driver: Option<Driver>) {
        if let Some(mut driver) = driver
            && let Some(memory) = self.note(driver.memory())
        {
            self.memory.push(memory);
        }
    }
}

impl Table {
    /// In each round starts every server; then each is measured for a slice of the time, one
    /// after the other, again and again: machines change their speed from one second to the
    /// next, and so what is compared is measured close together.
    pub fn measure(scenario: Scenario, options: &Options) -> Self {
        let servers = options.servers.iter();
        let joining = servers.filter(|server| server.joins(&scenario));
        let mut rows: Vec<_> = joining.map(Outcome::new).collect();
        for round in 1..=options.rounds {
            let began = Instant::now();
            eprintln!("{scenario}: round {round} of {}", options.rounds);
            let start = |row: &mut Outcome| row.start(&scenario, options);
            let mut drivers: Vec<_> = rows.iter_mut().map(start).collect();
            eprintln!("  connected after {:.1} s", began.elapsed().as_secs_f64());
            for slice in 1..=options.slices {
                for (row, driver) in rows.iter_mut().zip(&mut drivers) {
                    *driver = row.slice(driver.take(), &scenario, options);
                }
                let elapsed = began.elapsed().as_secs_f64();
                eprintln!("  turn {slice} of {} after {elapsed:.1} s", options.slices);
            }
            for (row, driver) in rows.iter_mut().zip(drivers) {
                row.end(driver);
            }
        }
        Self { scenario, rows }
    }
}
