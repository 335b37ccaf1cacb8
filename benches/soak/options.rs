//! The command line.

use std::{env, process::exit, str::FromStr, time::Duration};

const USAGE: &str = "\
cargo bench --bench soak -- [OPTIONS]

  --minutes M        how long connections come and go, once all that stay are open (1)
  --mode MODE        plain, compressed, http2 or tls (plain)
  --connections N    that stay; as many as the limit of open files allows (10000)
  --churn N          connections that come and go, a second (100)
  --every SECONDS    between two lines of figures (60)
  --seed N           of the order in which kinds of connections come (1)";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Plain,
    Compressed,
    Http2,
    Tls,
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "plain" => Ok(Self::Plain),
            "compressed" => Ok(Self::Compressed),
            "http2" => Ok(Self::Http2),
            "tls" => Ok(Self::Tls),
            _ => Err(()),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) time: Duration,
    pub(crate) mode: Mode,
    pub(crate) connections: usize,
    /// A second.
    pub(crate) churn: u32,
    pub(crate) every: Duration,
    pub(crate) seed: u64,
}

/// Reads the command line; ends the process if it makes no sense.
pub(crate) fn from_args() -> Options {
    let mut options = Options {
        time: Duration::from_secs(60),
        mode: Mode::Plain,
        connections: 10_000,
        churn: 100,
        every: Duration::from_secs(60),
        seed: 1,
    };
    let mut args = env::args().skip(1);
    while let Some(flag) = args.next() {
        match flag.as_str() {
            // cargo's.
            "--bench" => continue,
            "--help" | "-h" => {
                println!("{USAGE}");
                exit(0);
            }
            _ => {}
        }
        let value = args.next();
        match flag.as_str() {
            "--minutes" => options.time = seconds(60.0 * parse::<f64>(value, &flag), &flag),
            "--mode" => options.mode = parse(value, &flag),
            "--connections" => options.connections = parse(value, &flag),
            "--churn" => options.churn = parse(value, &flag),
            "--every" => options.every = seconds(parse(value, &flag), &flag),
            "--seed" => options.seed = parse(value, &flag),
            _ => fail(&format!("unknown option {flag}")),
        }
    }
    if options.connections == 0 || !(1..=10_000).contains(&options.churn) {
        fail("there must be a connection, and 1 to 10000 a second that come and go");
    }
    options
}

fn seconds(seconds: f64, flag: &str) -> Duration {
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => time,
        _ => fail(&format!("{flag} needs a time")),
    }
}

fn parse<T: FromStr>(text: Option<String>, flag: &str) -> T {
    text.and_then(|text| text.parse().ok())
        .unwrap_or_else(|| fail(&format!("{flag} needs a value")))
}

fn fail(problem: &str) -> ! {
    eprintln!("{problem}\n{USAGE}");
    exit(2);
}
