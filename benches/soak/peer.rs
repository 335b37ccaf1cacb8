//! A client's WebSocket: frames on a [`Wire`].

use std::{io, time::Duration};

use bytes::BytesMut;
use tokio::time::sleep;

use crate::{
    support::{
        CLOSE, PING, PONG, close_frame,
        deflate::{Inflater, RSV1},
        frame, take_frame,
    },
    wire::Wire,
};

/// What comes from the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Decompressed.
    Message(Vec<u8>),
    Pong(Vec<u8>),
    /// Its code, or 1005.
    Close(u16),
    End,
    Reset,
}

pub(crate) struct Peer {
    pub(crate) wire: Wire,
    input: BytesMut,
    inflater: Option<Inflater>,
    /// After each read of so many bytes it waits for so long.
    pub(crate) pace: Option<(usize, Duration)>,
    pub(crate) answers_pings: bool,
}

impl Peer {
    pub(crate) fn new(wire: Wire, input: BytesMut) -> Self {
        Self {
            wire,
            input,
            inflater: None,
            pace: None,
            answers_pings: true,
        }
    }

    /// No compressed message comes any more.
    pub(crate) fn forget(&mut self) {
        self.inflater = None;
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.write(bytes).await
    }

    /// What comes next. Pings are answered.
    pub(crate) async fn event(&mut self) -> io::Result<Event> {
        loop {
            while let Some((first, payload)) = take_frame(&mut self.input) {
                match first & 0x8F {
                    PING if self.answers_pings => match self.send(&frame(PONG, &payload)).await {
                        Err(error) if is_end(&error) => return Ok(Event::Reset),
                        sent => sent?,
                    },
                    PING => {}
                    PONG => return Ok(Event::Pong(payload)),
                    CLOSE => {
                        let code = payload
                            .first_chunk()
                            .map_or(1005, |c| u16::from_be_bytes(*c));
                        return Ok(Event::Close(code));
                    }
                    _ if first & RSV1 == 0 => return Ok(Event::Message(payload)),
                    _ => {
                        let inflater = self.inflater.get_or_insert_with(Inflater::new);
                        return Ok(Event::Message(inflater.message(&payload)));
                    }
                }
            }
            if self.input.is_empty() {
                // One that waits holds nothing.
                self.input = BytesMut::new();
            }
            let room = if self.input.is_empty() { 512 } else { 16 << 10 };
            self.input.reserve(room);
            let most = self.pace.map_or(64 << 10, |(bytes, _)| bytes);
            match self.wire.read(&mut self.input, most).await {
                Ok(0) => return Ok(Event::End),
                Ok(_) => {}
                Err(error) if is_end(&error) => return Ok(Event::Reset),
                Err(error) => return Err(error),
            }
            if let Some((_, pause)) = self.pace {
                sleep(pause).await;
            }
        }
    }

    /// Sends a frame and expects this message next.
    pub(crate) async fn echo(&mut self, frame: &[u8], message: &[u8]) -> Result<(), String> {
        self.send(frame).await.map_err(|error| error.to_string())?;
        match self.event().await.map_err(|error| error.to_string())? {
            Event::Message(echoed) if echoed == message => Ok(()),
            Event::Message(other) => Err(format!("{} bytes that are no echo", other.len())),
            other => Err(format!("{other:?} in place of an echo")),
        }
    }

    /// Reads until the end, and answers a Close unless this side began; what was seen.
    pub(crate) async fn until_end(&mut self, answers: bool) -> Result<String, String> {
        let mut seen = None;
        loop {
            match self.event().await.map_err(|error| error.to_string())? {
                Event::Close(code) => {
                    seen = Some(format!("Close {code}"));
                    if answers {
                        // The server does not wait for the answer to some.
                        let _ = self.send(&answer(code)).await;
                    }
                }
                Event::End => {
                    let _ = self.wire.end().await;
                    return Ok(seen.unwrap_or_else(|| String::from("end")));
                }
                Event::Reset => {
                    return Ok(seen.map_or_else(
                        || String::from("reset"),
                        |seen| format!("{seen}, then a reset"),
                    ));
                }
                Event::Message(_) | Event::Pong(_) if seen.is_none() => {}
                other => return Err(format!("{other:?} after a Close")),
            }
        }
    }

    /// Reads raw bytes until the end, whatever they are.
    pub(crate) async fn drain(&mut self) -> String {
        loop {
            self.input.clear();
            self.input.reserve(16 << 10);
            match self.wire.read(&mut self.input, 64 << 10).await {
                Ok(0) => return String::from("end"),
                Ok(_) => {}
                Err(_) => return String::from("reset"),
            }
        }
    }
}

fn answer(code: u16) -> Vec<u8> {
    if code == 1005 {
        frame(CLOSE, &[])
    } else {
        close_frame(code)
    }
}

/// The peer is gone, in one way or another.
fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
    )
}
