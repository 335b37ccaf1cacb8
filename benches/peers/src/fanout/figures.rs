//! What was measured, and how it goes from process to process.

use std::{fmt, str::FromStr, time::Duration};

use super::scenario::Scenario;
use crate::Error;

/// What one slice of the time found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slice {
    /// CPU time of the server.
    pub cpu: Duration,
    /// Bytes that its sockets have read.
    pub bytes: u64,
    /// From each publish to its last delivery, in nanoseconds.
    pub latencies: Vec<u64>,
}

/// For one message to one socket; times in microseconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cost {
    /// CPU time of the server.
    pub cpu: f64,
    /// The time from publish to the last delivery, over the number of deliveries.
    pub wall: f64,
    /// Bytes on the wire.
    pub bytes: f64,
}

impl Slice {
    pub fn cost(&self, scenario: &Scenario, burst: usize) -> Cost {
        let messages = self.latencies.len() * burst;
        let deliveries = (messages * scenario.readers()) as f64;
        let wall: u64 = self.latencies.iter().sum();
        Cost {
            cpu: self.cpu.as_secs_f64() * 1e6 / deliveries,
            wall: wall as f64 / 1e3 / deliveries,
            bytes: self.bytes as f64 / deliveries,
        }
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.cpu.as_nanos(), self.bytes)?;
        let mut latencies = self.latencies.iter();
        latencies.try_for_each(|latency| write!(f, " {latency}"))
    }
}

impl FromStr for Slice {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self, Error> {
        let mut numbers = line.split_whitespace().map(str::parse);
        let mut next = || numbers.next().ok_or("figures are missing");
        let [cpu, bytes] = [next()??, next()??];
        Ok(Self {
            cpu: Duration::from_nanos(cpu),
            bytes,
            latencies: numbers.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice() -> Slice {
        Slice {
            cpu: Duration::from_millis(64),
            bytes: 32_896_000,
            latencies: vec![20_000_000, 28_000_000],
        }
    }

    #[test]
    fn cost_is_for_one_message_to_one_socket() {
        let [_, wedged, ..] = Scenario::all(1000);
        let mut of_all = wedged;
        of_all.wedged = 0;
        // 2 bursts of 16 to 1,000 sockets.
        let cost = slice().cost(&of_all, 16);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(cost.cpu, 2.0) && near(cost.wall, 1.5), "{cost:?}");
        assert!(near(cost.bytes, 1028.0), "{cost:?}");
        // What is not delivered is not counted.
        assert!(near(slice().cost(&wedged, 16).cpu * 990.0, 2000.0));
    }

    #[test]
    fn slice_is_the_same_as_text() {
        let slice = slice();
        assert_eq!(slice.to_string(), "64000000 32896000 20000000 28000000");
        assert_eq!(slice.to_string().parse::<Slice>().unwrap(), slice);
        assert!("64000000".parse::<Slice>().is_err());
    }
}
