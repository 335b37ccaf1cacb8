//! The command line.

use std::{env, process, str::FromStr, time::Duration};

use tower_websock::Drain;

const USAGE: &str = "\
A chat on one node, or on many with Redis between them.
  --addr HOST:PORT          where to listen (127.0.0.1:8880)
  --redis URL               such as redis://127.0.0.1:6379; without it, a node is alone
  --node NAME               this node's name, unlike all others' (that of the process)
  --drain-accept SECONDS    how long a drain goes on accepting (5)
  --drain-spread SECONDS    over what time it closes the sockets (10)
  --drain-deadline SECONDS  when it cuts the rest, from its start on (25)";

pub(crate) struct Options {
    pub(crate) addr: String,
    pub(crate) redis: Option<String>,
    pub(crate) node: String,
    drain_accept: Duration,
    drain_spread: Duration,
    pub(crate) drain_deadline: Duration,
}

/// Reads the command line; ends the process if it makes no sense.
pub(crate) fn from_args() -> Options {
    let mut options = Options {
        addr: String::from("127.0.0.1:8880"),
        redis: None,
        node: format!("node-{}", process::id()),
        drain_accept: Duration::from_secs(5),
        drain_spread: Duration::from_secs(10),
        drain_deadline: Duration::from_secs(25),
    };
    let mut args = env::args().skip(1);
    while let Some(flag) = args.next() {
        if matches!(flag.as_str(), "--help" | "-h") {
            println!("{USAGE}");
            process::exit(0);
        }
        let value = args.next();
        match flag.as_str() {
            "--addr" => options.addr = parse(value, &flag),
            "--redis" => options.redis = Some(parse(value, &flag)),
            "--node" => options.node = parse(value, &flag),
            "--drain-accept" => options.drain_accept = seconds(value, &flag),
            "--drain-spread" => options.drain_spread = seconds(value, &flag),
            "--drain-deadline" => options.drain_deadline = seconds(value, &flag),
            _ => fail(&format!("unknown option {flag}")),
        }
    }
    options
}

impl Options {
    pub(crate) fn drain(&self) -> Drain {
        Drain::new()
            .accept_for(self.drain_accept)
            .spread(self.drain_spread)
            .deadline(self.drain_deadline)
    }
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
    process::exit(2);
}
