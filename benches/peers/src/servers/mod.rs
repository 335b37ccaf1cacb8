//! The echo servers: each on a single-threaded runtime, with `TCP_NODELAY`.

pub(crate) mod axum;
mod fastwebsockets;
pub(crate) mod http1;
mod hyper_tungstenite;
mod on_pending;
pub(crate) mod sockudo;
mod soketto;
mod tcp;
mod tokio_tungstenite;
mod tokio_websockets;
mod tower_websock;
mod tower_websock_axum;
mod yawc;

use std::{
    fmt,
    future::poll_fn,
    io::{Read, Write},
    task::Poll,
};

use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime,
};

use crate::{Error, scenario::Extension};

/// The largest message that every server accepts, in bytes.
const MAX_MESSAGE: usize = 128 << 20;

/// How the echo loop is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// As the peer's documentation recommends for speed: replies are collected while
    /// messages are ready, and written before the loop waits.
    Batched,
    /// The loop that users write: receive one, send one.
    Plain,
    /// The first form's loop with settings that make smaller messages: only in the
    /// scenarios with compression.
    Small,
}

/// Whose server it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Tcp,
    TowerWebsock,
    TowerWebsockAxum,
    TokioTungstenite,
    Axum,
    HyperTungstenite,
    Fastwebsockets,
    TokioWebsockets,
    Yawc,
    Soketto,
    SockudoWs,
}

impl Kind {
    pub const ALL: [Self; 11] = [
        Self::Tcp,
        Self::TowerWebsock,
        Self::TowerWebsockAxum,
        Self::TokioTungstenite,
        Self::Axum,
        Self::HyperTungstenite,
        Self::Fastwebsockets,
        Self::TokioWebsockets,
        Self::Yawc,
        Self::Soketto,
        Self::SockudoWs,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::TowerWebsock => "tower-websock",
            Self::TowerWebsockAxum => "tower-websock-axum",
            Self::TokioTungstenite => "tokio-tungstenite",
            Self::Axum => "axum",
            Self::HyperTungstenite => "hyper-tungstenite",
            Self::Fastwebsockets => "fastwebsockets",
            Self::TokioWebsockets => "tokio-websockets",
            Self::Yawc => "yawc",
            Self::Soketto => "soketto",
            Self::SockudoWs => "sockudo-ws",
        }
    }

    /// The reference has one form only, and ours one loop only.
    pub const fn forms(self) -> &'static [Form] {
        match self {
            Self::Tcp => &[Form::Batched],
            Self::TowerWebsock => &[Form::Plain, Form::Small],
            Self::TowerWebsockAxum => &[Form::Plain],
            Self::Yawc | Self::SockudoWs => &[Form::Batched, Form::Plain, Form::Small],
            _ => &[Form::Batched, Form::Plain],
        }
    }
}

/// One row of the comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Server {
    pub kind: Kind,
    pub form: Form,
}

impl Server {
    pub fn all() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().flat_map(|kind| {
            let forms = kind.forms().iter();
            forms.map(move |&form| Self { kind, form })
        })
    }

    /// Whether it takes part where this is offered. The reference echoes what it gets.
    pub fn joins(self, extension: Extension) -> bool {
        use Kind::{SockudoWs, Tcp, TowerWebsock, TowerWebsockAxum, Yawc};
        match extension {
            Extension::None => self.form != Form::Small,
            Extension::Deflate(_) => matches!(
                self.kind,
                Tcp | TowerWebsock | TowerWebsockAxum | Yawc | SockudoWs
            ),
        }
    }

    /// `<kind> [--plain | --small]`, as on the command line.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Error> {
        let name = args.next().ok_or("expected the kind of server")?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        let kind = kind.ok_or_else(|| format!("no such server: {name}"))?;
        let form = match args.next().as_deref() {
            None => kind.forms()[0],
            Some("--plain") => Form::Plain,
            Some("--small") => Form::Small,
            Some(other) => return Err(format!("no such form: {other}").into()),
        };
        if !kind.forms().contains(&form) {
            return Err(format!("{name} has no such form").into());
        }
        Ok(Self { kind, form })
    }

    pub fn args(self) -> Vec<&'static str> {
        let mut args = vec![self.kind.name()];
        args.extend(match self.form {
            Form::Batched => None,
            Form::Plain => Some("--plain"),
            Form::Small => Some("--small"),
        });
        args
    }

    /// Serves until standard input ends, which it does when the parent does.
    pub fn run(self) -> Result<(), Error> {
        std::thread::spawn(|| {
            let _ = std::io::stdin().read(&mut [0]);
            std::process::exit(0);
        });
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            println!("{}", listener.local_addr()?);
            std::io::stdout().flush()?;
            self.serve(listener).await
        })
    }

    async fn serve(self, listener: TcpListener) -> Result<(), Error> {
        let form = self.form;
        match self.kind {
            Kind::Tcp => tcp::serve(listener).await,
            Kind::TowerWebsock => tower_websock::serve(listener, form).await,
            Kind::TowerWebsockAxum => tower_websock_axum::serve(listener).await,
            Kind::TokioTungstenite => tokio_tungstenite::serve(listener, form).await,
            Kind::Axum => axum::serve(listener, form).await,
            Kind::HyperTungstenite => hyper_tungstenite::serve(listener, form).await,
            Kind::Fastwebsockets => fastwebsockets::serve(listener, form).await,
            Kind::TokioWebsockets => tokio_websockets::serve(listener, form).await,
            Kind::Yawc => yawc::serve(listener, form).await,
            Kind::Soketto => soketto::serve(listener, form).await,
            Kind::SockudoWs => sockudo::serve(listener, form).await,
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        match self.form {
            Form::Small if self.kind == Kind::TowerWebsock => f.write_str(" (15 bits)"),
            Form::Small => f.write_str(" (level 6)"),
            _ if !self.kind.forms().contains(&Form::Batched) || self.kind == Kind::Tcp => Ok(()),
            Form::Batched => f.write_str(" (batched)"),
            Form::Plain => f.write_str(" (plain)"),
        }
    }
}

async fn accept(listener: &TcpListener) -> Result<TcpStream, Error> {
    let (stream, _peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The batched loop over a `Stream` and `Sink`: one write for all that one read brought.
async fn echo_batched<S, M, E>(mut socket: S, is_data: fn(&M) -> bool) -> Result<(), E>
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
{
    loop {
        let next = poll_fn(|cx| match socket.poll_next_unpin(cx) {
            Poll::Pending => match socket.poll_flush_unpin(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
                _ => Poll::Pending,
            },
            ready => ready,
        });
        let Some(message) = next.await.transpose()? else {
            return Ok(());
        };
        if is_data(&message) {
            socket.feed(message).await?;
        }
    }
}

/// The plain loop over a `Stream` and `Sink`.
async fn echo_plain<S, M, E>(mut socket: S, is_data: fn(&M) -> bool) -> Result<(), E>
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
{
    while let Some(message) = socket.next().await {
        let message = message?;
        if is_data(&message) {
            socket.send(message).await?;
        }
    }
    Ok(())
}
