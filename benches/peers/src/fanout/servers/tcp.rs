//! The references: the frame is made once, and its bytes are written to each socket.

use std::io::{self, ErrorKind};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::broadcast::{self, error::RecvError},
};

use super::CAPACITY;
use crate::{
    Error,
    fanout::{messages::frame, publisher::Publisher, scenario::Coding},
};

/// One loop over all sockets, and one write to each for a burst.
pub(super) async fn serve(
    listener: TcpListener,
    mut publisher: Publisher,
    coding: Coding,
) -> Result<(), Error> {
    let mut sockets: Vec<Socket> = Vec::new();
    loop {
        tokio::select! {
            stream = accept(&listener) => sockets.push(Socket {
                stream: stream?,
                rest: Bytes::new(),
            }),
            burst = publisher.burst() => {
                let Some(burst) = burst else {
                    return Ok(());
                };
                let mut bytes = Vec::new();
                for text in burst {
                    bytes.extend(frame(text.as_bytes(), coding)?);
                }
                let bytes = Bytes::from(bytes);
                for socket in &mut sockets {
                    socket.write(&bytes)?;
                }
            }
        }
    }
}

struct Socket {
    stream: TcpStream,
    /// What its buffer did not take.
    rest: Bytes,
}

impl Socket {
    /// What does not fit waits for the next burst, which is left out as long as something waits:
    /// nobody who reads has ever so much before him.
    fn write(&mut self, bytes: &Bytes) -> io::Result<()> {
        if self.rest.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(len) if len == bytes.len() => Ok(()),
                Ok(len) => {
                    self.rest = bytes.slice(len..);
                    Ok(())
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
                Err(error) => Err(error),
            }
        } else {
            match self.stream.try_write(&self.rest) {
                Ok(len) => self.rest = self.rest.slice(len..),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            Ok(())
        }
    }
}

/// A task for each socket, which waits for what is published.
pub(super) async fn serve_tasks(
    listener: TcpListener,
    publisher: Publisher,
    coding: Coding,
) -> Result<(), Error> {
    let (topic, _) = broadcast::channel(CAPACITY);
    let publish = topic.clone();
    tokio::spawn(async move {
        while let Ok(stream) = accept(&listener).await {
            tokio::spawn(forward(stream, topic.subscribe()));
        }
    });
    publisher
        .run(|text| {
            if let Ok(frame) = frame(text.as_bytes(), coding) {
                let _ = publish.send(Bytes::from(frame));
            }
        })
        .await;
    Ok(())
}

/// Writes all that is there at once.
async fn forward(
    mut stream: TcpStream,
    mut published: broadcast::Receiver<Bytes>,
) -> io::Result<()> {
    let mut together = Vec::new();
    loop {
        let frame = match published.recv().await {
            Ok(frame) => frame,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return Ok(()),
        };
        together.clear();
        together.extend_from_slice(&frame);
        while let Ok(frame) = published.try_recv() {
            together.extend_from_slice(&frame);
        }
        stream.write_all(&together).await?;
    }
}

/// Echoes the request, as the client expects of what is not a WebSocket server.
async fn accept(listener: &TcpListener) -> Result<TcpStream, Error> {
    let mut stream = super::accept(listener).await?;
    let mut request = Vec::with_capacity(1024);
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Err("a client ended before its request did".into());
        }
    }
    stream.write_all(&request).await?;
    Ok(stream)
}
