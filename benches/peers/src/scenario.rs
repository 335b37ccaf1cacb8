//! What is sent.

use std::fmt;

/// What the messages are made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    Binary,
    /// ASCII.
    Text,
    /// Latin, Cyrillic, Greek, Chinese, Japanese and emoji: one to four bytes per character.
    MixedText,
}

/// What the handshake offers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extension {
    None,
    // permessage-deflate goes here: its offer in `load::handshake`, its payloads in
    // `load::window`, its settings in each of `servers`.
}

/// Connections that each send `in_flight` messages at once, and the next when all replies
/// have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Echo {
    /// Payload of a message, in bytes.
    pub size: usize,
    pub content: Content,
    /// Frames of a message.
    pub fragments: usize,
    pub connections: usize,
    pub in_flight: usize,
    pub extension: Extension,
}

pub const fn echo(size: usize, content: Content, connections: usize, in_flight: usize) -> Echo {
    Echo {
        size,
        content,
        fragments: 1,
        connections,
        in_flight,
        extension: Extension::None,
    }
}

/// A number of bytes, as it is named.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub usize);

pub const KIB: usize = 1024;

/// The echo scenarios, in the order of the report.
pub const ECHOES: [Echo; 13] = [
    echo(32, Content::Binary, 1, 1),
    echo(32, Content::Binary, 64, 1),
    echo(32, Content::Binary, 64, 32),
    echo(125, Content::Binary, 16, 32),
    echo(KIB, Content::Binary, 16, 8),
    echo(KIB, Content::Text, 16, 8),
    echo(16 * KIB, Content::Binary, 8, 4),
    Echo {
        fragments: 16,
        ..echo(16 * KIB, Content::Binary, 8, 4)
    },
    echo(16 * KIB, Content::MixedText, 8, 4),
    echo(64 * KIB, Content::Binary, 8, 2),
    echo(64 * KIB, Content::Text, 8, 2),
    echo(KIB * KIB, Content::Binary, 2, 1),
    // Not among the timed ones unless asked for by name: see `LARGEST`.
    echo(64 * KIB * KIB, Content::Binary, 1, 1),
];

/// Above this size a scenario runs only when `--only` names it.
pub const LARGEST: usize = KIB * KIB;

/// The other scenarios' names.
pub const IDLE: &str = "idle sockets";
pub const CONNECTS: &str = "connects";

impl fmt::Display for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Size(self.size))?;
        match self.content {
            Content::Binary => {}
            Content::Text => f.write_str(" text")?,
            Content::MixedText => f.write_str(" mixed text")?,
        }
        if self.fragments > 1 {
            write!(f, " in {} fragments", self.fragments)?;
        }
        write!(f, " x {} x {}", self.connections, self.in_flight)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes < KIB => write!(f, "{bytes} B"),
            bytes if bytes < KIB * KIB => write!(f, "{} KiB", bytes / KIB),
            bytes => write!(f, "{} MiB", bytes / KIB / KIB),
        }
    }
}
