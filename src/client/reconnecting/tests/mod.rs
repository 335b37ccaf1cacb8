//! A client that connects again, over connections in memory and in virtual time.

mod backoff;
mod closing;
mod decisions;
mod events;
mod hooks;
mod properties;
mod sends;
mod unsent;

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::Response;
use tokio::{
    io::{DuplexStream, duplex},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::Instant,
};

use super::*;
use crate::{
    client,
    config::Config,
    message::{CloseFrame, Message},
    stream::WebSocket,
};

type Socket = Reconnecting<DuplexStream>;

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// A connection whose transport holds so many bytes.
    Opens(usize),
    Refused(u16),
    Unreachable,
    Hangs,
}

/// The other side: what becomes of attempts, and the servers' ends of connections.
struct Servers {
    script: UnboundedSender<Outcome>,
    opened: UnboundedReceiver<WebSocket<DuplexStream>>,
    /// When attempts began.
    attempts: Arc<Mutex<Vec<Instant>>>,
}

/// Attempts that nothing is said of open a connection.
fn servers() -> (Servers, ReconnectingBuilder<Connector<DuplexStream>>) {
    let (script, mut outcomes) = unbounded_channel();
    let (opens, opened) = unbounded_channel();
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let servers = Servers {
        script,
        opened,
        attempts: attempts.clone(),
    };
    let builder = Reconnecting::over(move |_| {
        attempts.lock().unwrap().push(Instant::now());
        let outcome = outcomes.try_recv().unwrap_or(Outcome::Opens(1 << 16));
        let opens = opens.clone();
        async move {
            match outcome {
                Outcome::Opens(room) => {
                    let (ours, theirs) = duplex(room);
                    let server = WebSocket::server(theirs, &Config::new());
                    opens.send(server).expect("the test goes on");
                    Ok(WebSocket::client(ours, &Config::new()))
                }
                Outcome::Refused(status) => Err(refused(status, None)),
                Outcome::Unreachable => Err(unreachable()),
                Outcome::Hangs => std::future::pending().await,
            }
        }
    });
    (servers, builder)
}

impl Servers {
    fn expect(&self, outcomes: impl IntoIterator<Item = Outcome>) {
        for outcome in outcomes {
            self.script.send(outcome).expect("the client goes on");
        }
    }

    /// The server's end of the next connection, which is open.
    fn next(&mut self) -> WebSocket<DuplexStream> {
        self.opened.try_recv().expect("a connection")
    }

    fn attempts(&self) -> usize {
        self.attempts.lock().unwrap().len()
    }

    /// Between the last attempts.
    fn last_wait(&self) -> Duration {
        match &self.attempts.lock().unwrap()[..] {
            [.., before, last] => *last - *before,
            others => panic!("{} attempts", others.len()),
        }
    }
}

fn unreachable() -> client::Error {
    client::Error::Connect(std::io::ErrorKind::ConnectionRefused.into())
}

fn refused(status: u16, retry_after: Option<&str>) -> client::Error {
    let mut response = Response::builder().status(status);
    if let Some(value) = retry_after {
        response = response.header("retry-after", value);
    }
    let response = response.body(Bytes::new()).expect("a response");
    client::Error::Refused(Box::new(response))
}

fn closed(code: u16) -> Cause {
    Cause::Closed(Some(CloseFrame::new(code, "")))
}

fn text(number: usize) -> Message {
    Message::text(number.to_string())
}

fn texts(numbers: impl IntoIterator<Item = usize>) -> Vec<Message> {
    numbers.into_iter().map(text).collect()
}

/// Polls once, with nobody to wake.
fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

async fn event(socket: &mut Socket) -> Event {
    let event = socket.recv().await.expect("it goes on");
    event.expect("another connection")
}

async fn expect_open(socket: &mut Socket, expected: u64) {
    match event(socket).await {
        Event::Open { number } => assert_eq!(number, expected),
        other => panic!("{other:?}"),
    }
}

async fn expect_message(socket: &mut Socket, expected: Message) {
    match event(socket).await {
        Event::Message(message) => assert_eq!(message, expected),
        other => panic!("{other:?}"),
    }
}

/// The next event is a loss. Returns why, and what is handed back.
async fn expect_lost(socket: &mut Socket) -> (Arc<Cause>, Vec<Message>) {
    match event(socket).await {
        Event::Lost { why, unsent } => (why, unsent),
        other => panic!("{other:?}"),
    }
}

async fn expect_stopped(socket: &mut Socket) -> Stopped {
    let stopped = socket.recv().await.expect("why it stops");
    let stopped = stopped.expect_err("it stops");
    assert!(socket.recv().await.is_none());
    stopped
}

/// The server closes, and ends the transport once the client has answered.
fn close(mut server: WebSocket<DuplexStream>, code: u16) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        server
            .close(CloseFrame::new(code, ""))
            .await
            .expect("a code");
    })
}
