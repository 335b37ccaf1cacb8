//! What goes wrong, and at which operation.

use std::{fmt, io, str::FromStr};

/// What a transport is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Read,
    Write,
    WriteVectored,
    Flush,
    Shutdown,
}

/// What happens in place of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Errors.
    Reset,
    Broken,
    TimedOut,
    Other,
    WouldBlock,
    /// A read brings the end, a write takes nothing.
    End,
    /// One byte is read, or taken.
    Short,
    /// Not ready, and the task is woken at once, or after a while.
    Soon,
    Later,
    /// An error that means: ask again.
    Interrupted,
    /// One byte less, or more, was read or taken than the transport says.
    Less,
    More,
    Panic,
}

/// What may come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nothing: all is as without it.
    Harmless,
    /// The connection is lost, or was over.
    Fatal,
    /// The bytes are not those that were sent.
    Corrupt,
    /// Who polls the transport panics.
    Panic,
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// At this operation, the first of which is 0.
    pub(crate) at: usize,
}

/// What a transport was asked for, and whether that was ready, when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) op: Op,
    pub(crate) is_ready: bool,
}

impl Kind {
    pub(crate) const ALL: [(Self, &'static str); 13] = [
        (Kind::Reset, "reset"),
        (Kind::Broken, "broken"),
        (Kind::TimedOut, "timed-out"),
        (Kind::Other, "other"),
        (Kind::WouldBlock, "would-block"),
        (Kind::End, "end"),
        (Kind::Short, "short"),
        (Kind::Soon, "soon"),
        (Kind::Later, "later"),
        (Kind::Interrupted, "interrupted"),
        (Kind::Less, "less"),
        (Kind::More, "more"),
        (Kind::Panic, "panic"),
    ];

    /// The error, if it is one.
    pub(crate) const fn error(self) -> Option<io::ErrorKind> {
        Some(match self {
            Kind::Reset => io::ErrorKind::ConnectionReset,
            Kind::Broken => io::ErrorKind::BrokenPipe,
            Kind::TimedOut => io::ErrorKind::TimedOut,
            Kind::Other => io::ErrorKind::Other,
            Kind::WouldBlock => io::ErrorKind::WouldBlock,
            Kind::Interrupted => io::ErrorKind::Interrupted,
            _ => return None,
        })
    }

    /// Whether it can happen to what was asked for.
    pub(crate) fn fits(self, asked: Asked) -> bool {
        let moves_bytes = matches!(asked.op, Op::Read | Op::Write | Op::WriteVectored);
        match self {
            Kind::Short | Kind::Less | Kind::More => moves_bytes && asked.is_ready,
            Kind::End => moves_bytes,
            _ => true,
        }
    }

    /// What may come of it where our connection is the transport's owner.
    pub(crate) const fn class(self) -> Class {
        match self {
            Kind::Short | Kind::Soon | Kind::Later | Kind::Interrupted => Class::Harmless,
            Kind::Less | Kind::More => Class::Corrupt,
            Kind::Panic => Class::Panic,
            _ => Class::Fatal,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Kind::ALL.iter().find(|(kind, _)| *kind == self.kind);
        write!(f, "{}@{}", name.expect("all have names").1, self.at)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not like `reset@17`");
        let (wanted, at) = text.split_once('@').ok_or_else(wrong)?;
        let kind = Kind::ALL.iter().find(|(_, name)| *name == wanted);
        Ok(Self {
            kind: kind.ok_or_else(wrong)?.0,
            at: at.parse().map_err(|_| wrong())?,
        })
    }
}
