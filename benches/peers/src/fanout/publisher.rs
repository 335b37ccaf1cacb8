//! What tells a server to publish: its standard input.
//!
//! First come all [texts](super::messages::texts), then one byte for each burst: how many of the next texts are
//! published at once. It ends when the server is to end.

use std::{io, os::fd::AsFd};

use tokio::{
    io::{AsyncReadExt, BufReader},
    net::unix::pipe,
};

use super::messages::{COUNT, SIZE};
use crate::Error;

pub(super) struct Publisher {
    stdin: BufReader<pipe::Receiver>,
    texts: Vec<String>,
    next: usize,
}

impl Publisher {
    /// Reads the texts.
    pub(super) async fn new() -> Result<Self, Error> {
        let stdin = io::stdin().as_fd().try_clone_to_owned()?;
        let mut stdin = BufReader::new(pipe::Receiver::from_owned_fd(stdin)?);
        let mut bytes = vec![0; COUNT * SIZE];
        stdin.read_exact(&mut bytes).await?;
        let texts = bytes
            .chunks(SIZE)
            .map(|text| String::from_utf8(text.into()));
        Ok(Self {
            stdin,
            texts: texts.collect::<Result<_, _>>()?,
            next: 0,
        })
    }

    /// The texts of the next burst; `None` at the end. Cancel safe.
    pub(super) async fn burst(&mut self) -> Option<Vec<&str>> {
        let count = self.stdin.read_u8().await.ok()?;
        let first = self.next;
        self.next = (first + usize::from(count)) % COUNT;
        let texts = self.texts.iter().cycle().skip(first);
        Some(texts.take(count.into()).map(String::as_str).collect())
    }

    /// Publishes each text, until the end.
    pub(super) async fn run(mut self, mut publish: impl FnMut(&str)) {
        while let Some(burst) = self.burst().await {
            burst.into_iter().for_each(&mut publish);
        }
    }
}
