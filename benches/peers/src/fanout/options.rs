//! The command line.

use std::time::Duration;

use super::servers::{Kind, Server};
use crate::{Error, options::Waiting};

pub const USAGE: &str = "\
[--rounds N] [--quick] [--sockets N] [--only TEXT] [--servers A,B] [--server CMD]
[--sleeping-client] [--unpinned]

  --rounds N     how often every server is started (3); the medians count
  --quick        one short round with 1,000 sockets
  --sockets N    so many sockets instead of 1,000 and 10,000; may be given again
  --only TEXT    only scenarios with TEXT in their name
  --servers A,B  only these servers, and tcp
  --server CMD   also the program that this command starts; may be given again
  --sleeping-client
                 the client sleeps while nothing comes, so that servers pay for waking it
  --unpinned     do not bind server and client to a processor each";

#[derive(Clone, Debug)]
pub struct Options {
    pub rounds: usize,
    /// How often each server is measured in a round.
    pub slices: usize,
    /// How long, with each kind of burst.
    pub slice: Duration,
    pub sockets: Vec<usize>,
    pub only: Option<String>,
    /// The reference comes first.
    pub servers: Vec<Server>,
    pub waiting: Waiting,
    pub pinned: bool,
}

impl Options {
    pub fn parse(args: impl Iterator<Item = String>) -> Result<Self, Error> {
        let mut options = Self::default();
        let mut external = Vec::new();
        let mut sockets = Vec::new();
        let mut args = args;
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--rounds" => options.rounds = value()?.parse()?,
                "--quick" => {
                    options.rounds = 1;
                    options.slices = 2;
                    options.slice = Duration::from_millis(50);
                    options.sockets = vec![1000];
                }
                "--sockets" => sockets.push(value()?.parse()?),
                "--only" => options.only = Some(value()?),
                "--servers" => options.servers = choose(&value()?)?,
                "--server" => external.push(Server::External(value()?)),
                "--sleeping-client" => options.waiting = Waiting::Sleeping,
                "--unpinned" => options.pinned = false,
                _ => return Err(USAGE.into()),
            }
        }
        if options.rounds == 0 || sockets.iter().any(|&sockets| sockets < 2) {
            return Err("at least one round, and two sockets".into());
        }
        options.servers.extend(external);
        if !sockets.is_empty() {
            options.sockets = sockets;
        }
        Ok(options)
    }

    /// Whether the results stand for the whole comparison.
    pub fn is_complete(&self) -> bool {
        let usual = Self::default();
        self.rounds >= usual.rounds
            && self.slices == usual.slices
            && self.sockets == usual.sockets
            && self.only.is_none()
            && self.servers == usual.servers
            && self.waiting == usual.waiting
            && self.pinned
    }

    pub fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|text| name.contains(text))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rounds: 3,
            slices: 8,
            slice: Duration::from_millis(150),
            sockets: vec![1000, 10_000],
            only: None,
            servers: Kind::ALL.map(Server::Own).into(),
            waiting: Waiting::Busy,
            pinned: true,
        }
    }
}

fn choose(names: &str) -> Result<Vec<Server>, Error> {
    let names: Vec<_> = names.split(',').collect();
    let known = Kind::ALL.map(Kind::name);
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("no server {name}; there are {}", known.join(", ")).into());
    }
    let chosen = |kind: &Kind| *kind == Kind::Tcp || names.contains(&kind.name());
    let chosen = Kind::ALL.into_iter().filter(chosen);
    Ok(chosen.map(Server::Own).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &str) -> Result<Options, Error> {
        Options::parse(args.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reference_is_always_first_and_what_is_not_ours_last() {
        let options = parse("--server x --servers axum").unwrap();
        let external = Server::External("x".to_owned());
        let kinds = [Kind::Tcp, Kind::Axum].map(Server::Own);
        assert_eq!(options.servers[..2], kinds);
        assert_eq!(options.servers[2..], [external]);
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        for args in ["--rounds 0", "--sockets 1", "--servers none", "--other"] {
            assert!(parse(args).is_err());
        }
        assert_eq!(parse("--quick --sockets 50").unwrap().sockets, [50]);
    }

    #[test]
    fn only_what_is_measured_as_usual_is_complete() {
        for args in ["", "--rounds 5"] {
            assert!(parse(args).unwrap().is_complete());
        }
        for args in [
            "--quick",
            "--only plain",
            "--sockets 50",
            "--server x",
            "--unpinned",
        ] {
            assert!(!parse(args).unwrap().is_complete());
        }
    }
}
