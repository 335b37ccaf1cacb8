//! A server's process: its address, its CPU time and its private memory, read from `/proc`.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, ChildStdin, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::{
    process::{Pid, Resource, Rlimit, getrlimit, setrlimit},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

use crate::{
    Error,
    options::{Memory, Options},
    servers::Server,
};

/// The first argument that makes a measuring program serve instead.
pub const SERVE: &str = "serve";

/// What has glibc's allocator give nothing back: nothing is mapped by itself, and the end of
/// the heap is not trimmed. In bytes.
const KEEPING: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "1073741824"),
    ("MALLOC_TRIM_THRESHOLD_", "4294967296"),
];

/// A server in a process of its own, which is killed with this value.
#[derive(Debug)]
pub struct Process {
    child: Child,
    addr: SocketAddr,
}

impl Process {
    /// Starts a server, on the first processor if that is wanted.
    pub fn start(server: Server, options: &Options) -> Result<Self, Error> {
        let mut command = Command::new(env::current_exe()?);
        if options.memory == Memory::Kept {
            command.envs(KEEPING);
        }
        command.arg(SERVE).args(server.args());
        Self::launch(command, options.pinned)
    }

    /// Starts what prints the address that it serves at as its first line, on the first processor
    /// if that is wanted.
    pub(crate) fn launch(mut command: Command, pinned: bool) -> Result<Self, Error> {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("{command:?}: {error}"))?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let addr = line.trim().parse();
        let process = Self {
            addr: addr.map_err(|error| format!("{command:?} printed {line:?}: {error}"))?,
            child,
        };
        if pinned {
            let id = i32::try_from(process.child.id())?;
            pin(Pid::from_raw(id), 0)?;
        }
        Ok(process)
    }

    /// Its standard input, which is given once.
    pub(crate) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Waits until it has had nothing to do for `time`.
    pub(crate) fn settle(&self, time: Duration) -> Result<(), Error> {
        /// Given up after this: it never rests.
        const PATIENCE: Duration = Duration::from_secs(30);
        let began = Instant::now();
        let mut before = self.cpu_time()?;
        loop {
            sleep(time);
            let now = self.cpu_time()?;
            if now - before < time / 50 {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err("the server does not come to rest".into());
            }
            before = now;
        }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What all its threads have spent on a processor, in user mode and in the kernel.
    pub fn cpu_time(&self) -> Result<Duration, Error> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
            let spent = schedstat.split_whitespace().next();
            nanos += spent.ok_or("empty schedstat")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// The memory that no other process shares, in bytes.
    pub fn private_bytes(&self) -> Result<u64, Error> {
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        let mut kib = 0;
        for line in fs::read_to_string(path)?.lines() {
            if line.starts_with("Private_") {
                let field = line.split_whitespace().nth(1).ok_or("no figure")?;
                kib += field.parse::<u64>()?;
            }
        }
        Ok(kib * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts this process on the second processor; says whether the first two are there.
pub fn pin_client() -> Result<bool, Error> {
    let allowed = sched_getaffinity(None)?;
    let two = allowed.is_set(0) && allowed.is_set(1);
    if two {
        pin(None, 1)?;
    }
    Ok(two)
}

/// Puts a process (`None`: this one) on the `nth` processor.
fn pin(pid: Option<Pid>, nth: usize) -> Result<(), Error> {
    let mut one = CpuSet::new();
    one.set(nth);
    sched_setaffinity(pid, &one)?;
    Ok(())
}

/// Lets this process, and the servers that it starts, open as many files as it may; says
/// how many those are.
pub fn allow_many_sockets() -> Result<usize, Error> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    )?;
    Ok(maximum.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    }))
}
