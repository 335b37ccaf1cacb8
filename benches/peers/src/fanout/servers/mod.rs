//! A server for each way to publish: each on a single-threaded runtime, with `TCP_NODELAY` and
//! the same buffers in the kernel.

mod axum;
mod sockudo;
mod tcp;
mod tower_websock;

use std::{env, fmt, io::Write, process::Command};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime,
};

use super::{
    publisher::Publisher,
    scenario::{Coding, Scenario},
};
use crate::{Error, load::Peer, process::SERVE};

/// Of each socket, in bytes; the kernel doubles it. Enough for what is published, and little
/// enough for a wedged socket to be full soon: over loopback a socket may otherwise hold megabytes.
const SEND_BUFFER: u32 = 128 << 10;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Messages that `tokio::sync::broadcast` keeps, which is also a topic's default.
const CAPACITY: usize = 1024;

/// The first argument of a program that is not part of this package.
const EXTERNAL: &str = "external";

/// One row of the comparison.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Server {
    Own(Kind),
    /// The command that starts it.
    External(String),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The reference: one loop that writes the same bytes to each socket in turn.
    Tcp,
    /// The same with a task for each socket.
    TcpTasks,
    /// Ours, with a topic.
    Topic,
    /// Ours, with `tokio::sync::broadcast` and a `select!` for each socket.
    Broadcast,
    /// Ours, of which no socket hears anything: only what it weighs is measured.
    Silent,
    /// `extract::ws` with `tokio::sync::broadcast` and a `select!`.
    Axum,
    /// The same, written when nothing more is there.
    AxumBatched,
    /// Its pub/sub, as in its example: halves, and a `select!`.
    Sockudo,
    /// The same with the socket as a whole, written when nothing more is there.
    SockudoBatched,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Tcp,
        Self::TcpTasks,
        Self::Topic,
        Self::Broadcast,
        Self::Silent,
        Self::Axum,
        Self::AxumBatched,
        Self::Sockudo,
        Self::SockudoBatched,
    ];

    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::TcpTasks => "tcp-tasks",
            Self::Topic => "topic",
            Self::Broadcast => "broadcast",
            Self::Silent => "silent",
            Self::Axum => "axum",
            Self::AxumBatched => "axum-batched",
            Self::Sockudo => "sockudo-ws",
            Self::SockudoBatched => "sockudo-ws-batched",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Tcp => "tcp (one loop)",
            Self::TcpTasks => "tcp (tasks)",
            Self::Topic => "tower-websock (topic)",
            Self::Broadcast => "tower-websock (broadcast)",
            Self::Silent => "tower-websock (no subscription)",
            Self::Axum => "axum (broadcast, plain)",
            Self::AxumBatched => "axum (broadcast, batched)",
            Self::Sockudo => "sockudo-ws (pub/sub, plain)",
            Self::SockudoBatched => "sockudo-ws (pub/sub, batched)",
        }
    }

    /// Serves until standard input ends.
    pub fn run(self, coding: Coding) -> Result<(), Error> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let listener = listen()?;
            println!("{}", listener.local_addr()?);
            std::io::stdout().flush()?;
            let publisher = Publisher::new().await?;
            match self {
                Self::Tcp => tcp::serve(listener, publisher, coding).await,
                Self::TcpTasks => tcp::serve_tasks(listener, publisher, coding).await,
                Self::Topic => tower_websock::topic(listener, publisher, coding).await,
                Self::Broadcast => tower_websock::broadcast(listener, publisher, coding).await,
                Self::Silent => tower_websock::silent(listener, publisher, coding).await,
                Self::Axum => axum::serve_plain(listener, publisher).await,
                Self::AxumBatched => axum::serve_batched(listener, publisher).await,
                Self::Sockudo => sockudo::serve_plain(listener, publisher).await,
                Self::SockudoBatched => sockudo::serve_batched(listener, publisher).await,
            }
        })
    }
}

impl Server {
    /// Whether it takes part. The reference sends what was compressed beforehand.
    pub fn joins(&self, scenario: &Scenario) -> bool {
        match (self, scenario.coding) {
            (Self::Own(Kind::Axum | Kind::AxumBatched), Coding::Compressed) => false,
            (Self::Own(Kind::Silent), _) => scenario.wedged == 0,
            _ => true,
        }
    }

    /// Whether what is published reaches its sockets.
    pub fn delivers(&self) -> bool {
        *self != Self::Own(Kind::Silent)
    }

    pub(super) fn peer(&self) -> Peer {
        match self {
            Self::Own(Kind::Tcp | Kind::TcpTasks) => Peer::Raw,
            _ => Peer::WebSocket,
        }
    }

    /// As [`parse`](Self::parse) takes them.
    pub(super) fn args(&self) -> Vec<&str> {
        match self {
            Self::Own(kind) => vec![kind.name()],
            Self::External(command) => vec![EXTERNAL, command],
        }
    }

    pub(super) fn parse(args: &[String]) -> Result<Self, Error> {
        match args {
            [external, command] if external == EXTERNAL => Ok(Self::External(command.clone())),
            [name] => {
                let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
                let kind = kind.ok_or_else(|| format!("no such server: {name}"))?;
                Ok(Self::Own(kind))
            }
            _ => Err("expected a server".into()),
        }
    }

    /// What starts it.
    pub(super) fn command(&self, coding: Coding) -> Result<Command, Error> {
        let mut command = match self {
            Self::Own(kind) => {
                let mut command = Command::new(env::current_exe()?);
                command.args([SERVE, kind.name()]);
                command
            }
            Self::External(words) => {
                let mut words = words.split_whitespace();
                let mut command = Command::new(words.next().ok_or("an empty command")?);
                command.args(words);
                command
            }
        };
        command.arg(coding.name());
        Ok(command)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(kind) => f.write_str(kind.title()),
            Self::External(command) => f.write_str(command),
        }
    }
}

/// Serves as the arguments say: a kind, and the coding.
pub fn run(args: &[String]) -> Result<(), Error> {
    let [server @ .., coding] = args else {
        return Err("expected a server and a coding".into());
    };
    match Server::parse(server)? {
        Server::Own(kind) => kind.run(Coding::parse(coding)?),
        Server::External(_) => Err("an external server runs by itself".into()),
    }
}

/// The sockets that it accepts inherit the size of the buffer.
fn listen() -> Result<TcpListener, Error> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    Ok(socket.listen(BACKLOG)?)
}

async fn accept(listener: &TcpListener) -> Result<TcpStream, Error> {
    let (stream, _peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_is_what_its_arguments_say() {
        let own = Kind::ALL.map(Server::Own);
        let external = Server::External("program --option".to_owned());
        for server in own.into_iter().chain([external]) {
            let args: Vec<_> = server.args().into_iter().map(str::to_owned).collect();
            assert_eq!(Server::parse(&args).unwrap(), server);
        }
        assert!(Server::parse(&["no such".to_owned()]).is_err());
    }
}
