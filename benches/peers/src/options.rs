//! The command line of the measuring programs.

use std::time::Duration;

use crate::{
    Error,
    scenario::{CONNECTS, ECHOES, Echo, IDLE, LARGEST},
    servers::{Kind, Server},
};

pub const USAGE: &str = "\
[--rounds N] [--quick] [--only TEXT] [--servers A,B] [--sleeping-client] [--unpinned]
[--memory kept|returned]

  --rounds N     how often every server is started anew (5); the medians count
  --quick        two rounds, a quarter of the time each
  --only TEXT    only what has TEXT in its name
  --servers A,B  only these servers, and tcp; `yawc` is all forms, `yawc-plain` one
  --sleeping-client
                 the client sleeps while nothing comes, so that servers pay for waking it
  --unpinned     do not bind server and client to a processor each
  --memory kept|returned
                 whether the servers' allocator keeps large memory that is freed, or gives it
                 back to the kernel, as is usual";

#[derive(Clone, Debug)]
pub struct Options {
    pub rounds: usize,
    /// Of how many [slices](Self::slice) a round of an echo scenario consists.
    pub slices: u32,
    pub quick: bool,
    pub only: Option<String>,
    /// The reference comes first.
    pub servers: Vec<Server>,
    pub pinned: bool,
    pub waiting: Waiting,
    pub memory: Memory,
}

/// What the client of an echo scenario does while nothing comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// It looks again and again, so that no server spends time on waking it: over a network
    /// it would not be the server's processor that does.
    Busy,
    /// It sleeps in the kernel. Whether a server has to wake it depends on how fast it is.
    Sleeping,
}

/// What a server's allocator does with large memory that is freed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Memory {
    /// Keeps all of it for the next message.
    Kept,
    /// What it usually does: glibc's maps what is larger than 32 MiB anew each time, and the
    /// kernel clears it page by page.
    Returned,
}

impl Options {
    /// These options, changed as the command line says.
    pub fn parse(mut self, mut args: impl Iterator<Item = String>) -> Result<Self, Error> {
        let options = &mut self;
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--rounds" => options.rounds = value()?.parse()?,
                "--quick" => {
                    (options.quick, options.rounds) = (true, 2);
                    options.slices = options.slices.min(2);
                }
                "--only" => options.only = Some(value()?),
                "--servers" => options.servers = choose(&value()?)?,
                "--sleeping-client" => options.waiting = Waiting::Sleeping,
                "--unpinned" => options.pinned = false,
                "--memory" => options.memory = Memory::parse(&value()?)?,
                _ => return Err(USAGE.into()),
            }
        }
        if options.rounds == 0 {
            return Err("no rounds, no medians".into());
        }
        Ok(self)
    }

    /// Whether the results stand for the whole comparison.
    pub fn is_complete(&self) -> bool {
        let is_usual = self.waiting() == Waiting::Busy && self.memory == Memory::Returned;
        is_usual
            && !self.quick
            && self.only.is_none()
            && self.servers.len() == Server::all().count()
    }

    /// What the client does while nothing comes. Without a processor of its own it sleeps, for
    /// it would take the server's.
    pub fn waiting(&self) -> Waiting {
        if self.pinned {
            self.waiting
        } else {
            Waiting::Sleeping
        }
    }

    /// For how long a server is measured before it is the next one's turn.
    pub fn slice(&self) -> Duration {
        let [_, time] = self.times();
        time / self.slices
    }

    /// For how long a server is warmed up, and for how long it is measured.
    pub fn times(&self) -> [Duration; 2] {
        let [warm_up, time] = if self.quick { [50, 150] } else { [200, 600] };
        [Duration::from_millis(warm_up), Duration::from_millis(time)]
    }

    pub fn echoes(&self) -> impl Iterator<Item = Echo> {
        ECHOES.into_iter().filter(|echo| {
            let name = echo.to_string();
            match &self.only {
                Some(text) => name.contains(text),
                None => echo.size <= LARGEST,
            }
        })
    }

    pub fn idle(&self) -> bool {
        self.wants(IDLE)
    }

    pub fn connects(&self) -> bool {
        self.wants(CONNECTS)
    }

    pub fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|text| name.contains(text))
    }
}

impl Memory {
    fn parse(name: &str) -> Result<Self, Error> {
        match name {
            "kept" => Ok(Self::Kept),
            "returned" => Ok(Self::Returned),
            other => Err(format!("memory is kept or returned, not {other}").into()),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rounds: 5,
            slices: 8,
            quick: false,
            only: None,
            servers: Server::all().collect(),
            pinned: true,
            waiting: Waiting::Busy,
            memory: Memory::Returned,
        }
    }
}

fn choose(names: &str) -> Result<Vec<Server>, Error> {
    let mut chosen: Vec<Server> = Vec::new();
    for name in names.split(',') {
        let matches = Server::all().filter(|server| {
            server.kind.name() == name || server.args().concat().replace("--", "-") == name
        });
        let before = chosen.len();
        chosen.extend(matches);
        if chosen.len() == before {
            let known: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            return Err(format!("no server {name}; there are {}", known.join(", ")).into());
        }
    }
    let chosen: Vec<_> = Server::all()
        .filter(|server| server.kind == Kind::Tcp || chosen.contains(server))
        .collect();
    Ok(chosen)
}
