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
    /// Trades as JSON: names that come again, values that differ. No two messages are alike
    /// within what a compressor's window may hold.
    Json,
}

/// What the handshake offers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extension {
    None,
    /// permessage-deflate (RFC 7692), both ends alike.
    Deflate(Takeover),
}

/// Whether a compressor may refer to the messages before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takeover {
    Kept,
    Reset,
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

pub const fn deflate(
    size: usize,
    takeover: Takeover,
    connections: usize,
    in_flight: usize,
) -> Echo {
    Echo {
        extension: Extension::Deflate(takeover),
        ..echo(size, Content::Json, connections, in_flight)
    }
}

/// A number of bytes, as it is named.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub usize);

pub const KIB: usize = 1024;

/// The echo scenarios, in the order of the report.
pub const ECHOES: [Echo; 17] = [
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
    deflate(KIB, Takeover::Kept, 16, 8),
    deflate(KIB, Takeover::Reset, 16, 8),
    deflate(16 * KIB, Takeover::Kept, 8, 4),
    deflate(16 * KIB, Takeover::Reset, 8, 4),
];

/// Those over HTTP/2.
pub const HTTP2: [Echo; 5] = [
    echo(32, Content::Binary, 64, 1),
    echo(32, Content::Binary, 64, 32),
    echo(KIB, Content::Binary, 16, 8),
    echo(64 * KIB, Content::Binary, 8, 2),
    echo(64 * KIB, Content::Text, 8, 2),
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
            Content::Binary | Content::Json => {}
            Content::Text => f.write_str(" text")?,
            Content::MixedText => f.write_str(" mixed text")?,
        }
        match self.extension {
            Extension::None => {}
            Extension::Deflate(Takeover::Kept) => f.write_str(" deflate")?,
            Extension::Deflate(Takeover::Reset) => f.write_str(" deflate no takeover")?,
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
