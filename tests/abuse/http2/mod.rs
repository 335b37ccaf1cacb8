//! The same over HTTP/2 (RFC 8441), and what only HTTP/2 has.

pub(crate) mod siblings;
pub(crate) mod streams;

use tokio::sync::Semaphore;
use tower_websock::{Error, Message, WebSocket};

use crate::report::{Amount::*, Report};
use crate::support::{
    CLOSE, TEXT, frame,
    http2::{Event, RawSocket},
    raw::soon,
};

static NEVER: Semaphore = Semaphore::const_new(0);

/// Echoes, until a message says that it is to be busy for ever.
async fn busy_if_told(mut socket: WebSocket) -> Result<(), Error> {
    while let Some(message) = socket.recv().await {
        let message = message?;
        if message == Message::text("busy") {
            let _ = NEVER.acquire().await;
        }
        if message.is_data() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

/// Reports that a stream is alive.
async fn expect_echo(report: &mut Report, what: &str, socket: &mut RawSocket) {
    let sent = soon(socket.try_send(frame(TEXT, b"hello"))).await;
    let is_alive = sent && soon(socket.next()).await == Event::Frame(TEXT, b"hello".to_vec());
    report.exactly(what, Count(is_alive.into()), Count(1));
}

/// The code of the Close that comes next.
async fn close_code_of(socket: &mut RawSocket) -> usize {
    match socket.next().await {
        Event::Frame(CLOSE, body) => u16::from_be_bytes([body[0], body[1]]).into(),
        other => panic!("{other:?} in place of a Close"),
    }
}
