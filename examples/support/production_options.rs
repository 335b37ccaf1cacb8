//! Command line of the example `production`.

use std::{env, process::exit, str::FromStr, time::Duration};

use tower_websock::{Config, Connections, Drain, KeepAlive};

const USAGE: &str = "\
Options, in seconds with fractions where they are times:
  --addr HOST:PORT              where to listen (127.0.0.1:8889)
  --keep-alive SECONDS          a silent peer is sent a ping after this; 0: never (30)
  --keep-alive-timeout SECONDS  and is taken for dead after this (30)
  --message-timeout SECONDS     from the first to the last byte of a message; 0: no limit (30)
  --max-lifetime SECONDS        of a connection; 0: no limit (0)
  --max-connections N           in all (100000)
  --max-per-ip N                of one address; 0: no limit (0)
  --max-rooms N                 that somebody is in (1000)
  --drain-accept SECONDS        how long a drain goes on accepting (5)
  --drain-spread SECONDS        over what time it closes the connections (10)
  --drain-deadline SECONDS      when it cuts the rest, from its start on (25)";

/// What the command line says, or the defaults.
pub(crate) struct Options {
    pub(crate) addr: String,
    keep_alive: Duration,
    keep_alive_timeout: Duration,
    message_timeout: Duration,
    max_lifetime: Duration,
    max_connections: usize,
    max_per_ip: usize,
    pub(crate) max_rooms: usize,
    drain_accept: Duration,
    drain_spread: Duration,
    pub(crate) drain_deadline: Duration,
}

/// Reads the command line; ends the process if it makes no sense.
pub(crate) fn from_args() -> Options {
    let mut options = Options {
        addr: String::from("127.0.0.1:8889"),
        keep_alive: Duration::from_secs(30),
        keep_alive_timeout: Duration::from_secs(30),
        message_timeout: Duration::from_secs(30),
        max_lifetime: Duration::ZERO,
        max_connections: 100_000,
        max_per_ip: 0,
        max_rooms: 1000,
        drain_accept: Duration::from_secs(5),
        drain_spread: Duration::from_secs(10),
        drain_deadline: Duration::from_secs(25),
    };
    let mut args = env::args().skip(1);
    while let Some(flag) = args.next() {
        if matches!(flag.as_str(), "--help" | "-h") {
            println!("{USAGE}");
            exit(0);
        }
        let value = args.next();
        match flag.as_str() {
            "--addr" => options.addr = parse(value, &flag),
            "--keep-alive" => options.keep_alive = seconds(value, &flag),
            "--keep-alive-timeout" => options.keep_alive_timeout = seconds(value, &flag),
            "--message-timeout" => options.message_timeout = seconds(value, &flag),
            "--max-lifetime" => options.max_lifetime = seconds(value, &flag),
            "--max-connections" => options.max_connections = parse(value, &flag),
            "--max-per-ip" => options.max_per_ip = parse(value, &flag),
            "--max-rooms" => options.max_rooms = parse(value, &flag),
            "--drain-accept" => options.drain_accept = seconds(value, &flag),
            "--drain-spread" => options.drain_spread = seconds(value, &flag),
            "--drain-deadline" => options.drain_deadline = seconds(value, &flag),
            _ => fail(&format!("unknown option {flag}")),
        }
    }
    options
}

impl Options {
    pub(crate) fn config(&self) -> Config {
        let keep_alive = if self.keep_alive.is_zero() {
            KeepAlive::OFF
        } else {
            KeepAlive::new()
                .interval(self.keep_alive)
                .timeout(self.keep_alive_timeout)
        };
        Config::new()
            .keep_alive(keep_alive)
            .message_timeout(unless_zero(self.message_timeout))
            .max_lifetime(unless_zero(self.max_lifetime))
    }

    pub(crate) fn connections(&self) -> Connections {
        let connections = Connections::new().max(self.max_connections);
        match self.max_per_ip {
            0 => connections,
            max => connections.max_per_key(max),
        }
    }

    pub(crate) fn drain(&self) -> Drain {
        Drain::new()
            .accept_for(self.drain_accept)
            .spread(self.drain_spread)
            .deadline(self.drain_deadline)
    }
}

fn unless_zero(time: Duration) -> Option<Duration> {
    (!time.is_zero()).then_some(time)
}

fn seconds(text: Option<String>, flag: &str) -> Duration {
    Duration::try_from_secs_f64(parse(text, flag))
        .unwrap_or_else(|_| fail(&format!("{flag} needs a number of seconds")))
}

fn parse<T: FromStr>(text: Option<String>, flag: &str) -> T {
    text.and_then(|text| text.parse().ok())
        .unwrap_or_else(|| fail(&format!("{flag} needs a value")))
}

fn fail(problem: &str) -> ! {
    eprintln!("{problem}\n{USAGE}");
    exit(2);
}
