//! What is measured: the server's figures, percentiles, and how they grow.

use std::time::Duration;

/// The server's figures of a moment, in the order in which it tells them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// In bytes.
    pub(crate) rss: u64,
    pub(crate) heap: u64,
    /// Descriptors.
    pub(crate) files: u64,
    /// Alive in tokio's runtime.
    pub(crate) tasks: u64,
    /// WebSockets that `Connections` knows.
    pub(crate) open: u64,
    /// TCP connections that are served as HTTP.
    pub(crate) http: u64,
    /// WebSockets of which `on_end` was told.
    pub(crate) ended: u64,
    /// Milliseconds of processor.
    pub(crate) cpu: u64,
}

impl Look {
    pub(crate) fn read(line: &str) -> Self {
        let figures: Vec<u64> = line
            .split_whitespace()
            .map(|figure| figure.parse().expect("a number"))
            .collect();
        let [rss, heap, files, tasks, open, http, ended, cpu] = figures[..] else {
            panic!("the server said {line:?}");
        };
        Self {
            rss,
            heap,
            files,
            tasks,
            open,
            http,
            ended,
            cpu,
        }
    }
}

/// The latency below which so many of a hundred are, in milliseconds.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        len => sorted[(len - 1) * percent / 100].as_secs_f64() * 1e3,
    }
}

/// How a figure grows.
pub(crate) struct Growth {
    /// In the mean.
    pub(crate) mean: f64,
    /// A second, by least squares.
    pub(crate) slope: f64,
    /// Seconds that were looked at.
    pub(crate) time: f64,
}

impl Growth {
    /// Of a figure at so many seconds.
    pub(crate) fn of(points: &[(f64, f64)]) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "few points")]
        let count = points.len() as f64;
        let mean_of = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / count;
        let (middle, mean) = (mean_of(|p| p.0), mean_of(|p| p.1));
        let (mut both, mut square) = (0.0, 0.0);
        for (at, figure) in points {
            both += (at - middle) * (figure - mean);
            square += (at - middle).powi(2);
        }
        let time = match (points.first(), points.last()) {
            (Some(first), Some(last)) => last.0 - first.0,
            _ => 0.0,
        };
        Self {
            mean,
            slope: if square > 0.0 { both / square } else { 0.0 },
            time,
        }
    }

    pub(crate) fn percent_an_hour(&self) -> f64 {
        100.0 * self.slope * 3600.0 / self.mean
    }

    /// In the time that was looked at.
    pub(crate) fn bytes(&self) -> f64 {
        self.slope * self.time
    }
}

pub(crate) fn mib(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}
