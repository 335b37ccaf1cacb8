//! One connection with a peer that reads slowly.

use std::{sync::OnceLock, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::Instant,
};
use tower_websock::{CloseFrame, Closure, Config, Initiator, Message, Role, WebSocket};

use crate::support::*;

pub(super) const KIB: usize = 1 << 10;
pub(super) const MIB: usize = 1 << 20;
pub(super) const TICK: Duration = Duration::from_millis(50);

/// Who ends the connection, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// The handler sends and returns.
    Return,
    /// The same after `flush`.
    Flush,
    /// `close().await`.
    Close,
    /// The same without a supervisor.
    Unsupervised,
    /// The peer, while the message is on its way.
    Peer,
    /// The peer breaks the protocol meanwhile.
    Violation,
}

pub(super) const ALL: [Closing; 6] = [
    Closing::Return,
    Closing::Flush,
    Closing::Close,
    Closing::Unsupervised,
    Closing::Peer,
    Closing::Violation,
];

/// Part of a payload that all share.
fn payload(size: usize) -> Bytes {
    static ALL: OnceLock<Bytes> = OnceLock::new();
    ALL.get_or_init(|| vec![1; 32 * MIB].into()).slice(..size)
}

/// One connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// Who sends: a server, or a client, which masks.
    pub(super) role: Role,
    pub(super) closing: Closing,
    pub(super) size: usize,
    /// Bytes that the peer reads in a second.
    pub(super) rate: usize,
    /// It pings each second meanwhile.
    pub(super) pings: bool,
}

impl Cell {
    /// Sends `size` bytes and closes as the cell wants it.
    pub(super) async fn serve<T>(self, mut socket: WebSocket<T>) -> Option<Closure>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        self.use_socket(&mut socket).await
    }

    async fn use_socket<T>(self, socket: &mut WebSocket<T>) -> Option<Closure>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        socket
            .send(Message::binary(payload(self.size)))
            .await
            .unwrap();
        match self.closing {
            Closing::Return => {}
            Closing::Flush => socket.flush().await.unwrap(),
            Closing::Close | Closing::Unsupervised => {
                let frame = CloseFrame::new(1000, "");
                return Some(socket.close(Some(frame)).await.unwrap());
            }
            Closing::Peer | Closing::Violation => while socket.recv().await.is_some() {},
        }
        None
    }

    /// What the server must have seen in the end.
    pub(super) fn assert_closure(self, closure: &Closure) {
        match closure {
            Closure::Clean { initiator, .. } => {
                let remote = self.closing == Closing::Peer;
                assert_eq!(*initiator == Initiator::Remote, remote, "{self:?}");
            }
            Closure::Failed(_) => assert_eq!(self.closing, Closing::Violation),
            closure => panic!("{self:?}: {closure:?}"),
        }
    }

    /// The peer: reads at its rate, and must get all of the message, the Close, and an end.
    pub(super) async fn read<T: AsyncRead + AsyncWrite + Unpin>(self, mut io: T) -> Duration {
        let begin = Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        let mut ahead = self.header() + self.size;
        let mut scratch = vec![0; 64 * KIB];
        // What follows the message.
        let mut rest = Vec::new();
        let (mut beat, mut closed) = (0_u32, false);
        let per_tick = self.rate * usize::try_from(TICK.as_millis()).unwrap() / 1000;
        // A client that has been told to close would not begin.
        let mut acts = self.role == Role::Server;
        'peer: loop {
            if std::mem::take(&mut acts) {
                match self.closing {
                    Closing::Peer => {
                        let frame = self.frame(CLOSE, &1000_u16.to_be_bytes());
                        io.write_all(&frame).await.unwrap();
                        closed = true;
                    }
                    Closing::Violation => io.write_all(&[0xF1]).await.unwrap(),
                    _ => {}
                }
            }
            ticks.tick().await;
            beat += 1;
            if self.pings && !closed && beat.is_multiple_of(20) {
                // It may find the transport ended, which is then seen by reading.
                let _ = io.write_all(&self.frame(PING, b"there?")).await;
            }
            let mut budget = per_tick;
            while budget > 0 {
                let chunk = &mut scratch[..budget.min(64 * KIB)];
                match io.read(chunk).now_or_never() {
                    None => break,
                    Some(Ok(0)) => break 'peer,
                    Some(Ok(count)) => {
                        acts |= ahead == self.header() + self.size && self.role == Role::Client;
                        budget -= count;
                        let of_message = ahead.min(count);
                        ahead -= of_message;
                        rest.extend_from_slice(&scratch[of_message..count]);
                    }
                    Some(Err(error)) => panic!("{self:?}: {error}, {ahead} bytes before the end"),
                }
            }
            if !closed && self.close_in(&rest).is_some() {
                closed = true;
                io.write_all(&self.frame(CLOSE, &1000_u16.to_be_bytes()))
                    .await
                    .unwrap();
            }
            if self.role == Role::Client && self.close_in(&rest).is_some() {
                // 7.1.1: it is the server that ends the transport.
                io.shutdown().await.unwrap();
            }
        }
        assert_eq!(ahead, 0, "{self:?}: bytes lost");
        let code = self.close_in(&rest);
        let expected = if self.closing == Closing::Violation {
            1002
        } else {
            1000
        };
        assert_eq!(code, Some(expected), "{self:?}");
        begin.elapsed()
    }

    /// Bytes of the message's header.
    fn header(self) -> usize {
        let mask = if self.role == Role::Client { 4 } else { 0 };
        mask + if self.size > 0xFFFF { 10 } else { 4 }
    }

    /// A frame of the peer's.
    fn frame(self, first: u8, payload: &[u8]) -> Vec<u8> {
        match self.role {
            Role::Server => frame(first, payload),
            Role::Client => {
                let len = u8::try_from(payload.len()).unwrap();
                [&[first, len], payload].concat()
            }
        }
    }

    /// The code of the Close behind the message, if it is there.
    fn close_in(self, mut rest: &[u8]) -> Option<u16> {
        loop {
            let (first, len) = (*rest.first()?, usize::from(*rest.get(1)? & 0x7F));
            let (head, mask) = match self.role {
                Role::Server => (2, [0; 4]),
                Role::Client => (6, *rest.get(2..)?.first_chunk()?),
            };
            let payload = rest.get(head..head + len)?;
            match first {
                CLOSE => {
                    let [high, low] = *payload.first_chunk()?;
                    return Some(u16::from_be_bytes([high ^ mask[0], low ^ mask[1]]));
                }
                // It is not answered: that it reads shows that it lives.
                PING | PONG => rest = &rest[head + len..],
                first => panic!("{self:?}: a frame {first:#x}"),
            }
        }
    }

    /// Over `server` and `client`, which are the ends of one transport.
    pub(super) async fn run<T, P>(self, config: Config, server: T, client: P) -> Duration
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        P: AsyncRead + AsyncWrite + Unpin,
    {
        #[cfg(feature = "client")]
        if self.role == Role::Client {
            let socket = WebSocket::client(server, &config);
            return self.alone(socket, client).await;
        }
        let serving = if self.closing == Closing::Unsupervised {
            let socket = WebSocket::server(server, &config);
            tokio::spawn(async move { self.serve(socket).await.unwrap() })
        } else {
            supervise(server, config, move |socket: WebSocket| async move {
                if let Some(closure) = self.serve(socket).await {
                    self.assert_closure(&closure);
                }
            })
        };
        let took = self.read(client).await;
        self.assert_closure(&serving.await.unwrap());
        took
    }

    /// A socket that is its own supervisor, as a client's is.
    #[cfg(feature = "client")]
    async fn alone<T, P>(self, socket: WebSocket<T>, client: P) -> Duration
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        P: AsyncRead + AsyncWrite + Unpin,
    {
        let using = tokio::spawn(async move {
            let mut socket = socket;
            self.use_socket(&mut socket).await;
            socket.closure()
        });
        let took = self.read(client).await;
        self.assert_closure(&using.await.unwrap().expect("it has ended"));
        took
    }
}
