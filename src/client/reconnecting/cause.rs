//! Why a connection ended, or was not opened.

use std::{error, fmt};

use http::StatusCode;

use crate::{
    Error, client,
    message::CloseFrame,
    wire::{
        WithCauses,
        close_code::{self, CloseCode},
    },
};

/// Any error.
pub(super) type BoxError = Box<dyn error::Error + Send + Sync>;

/// Why a connection ended, or an attempt to open one failed.
///
/// As with [`Error`], `Display` includes the cause, and [`source`](std::error::Error::source) is
/// `None`.
///
/// A connector or a request hook may return one as its error, say a `Cause::Closed` that it
/// received during a login. It is then judged like one of the connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The server closed the connection. `None` if its Close frame had no code (1005).
    Closed(Option<CloseFrame>),
    /// The connection ended without a Close of the server: it was lost, its transport failed, or
    /// the server broke the protocol.
    Broken(Error),
    /// The handshake failed, or nothing could be reached.
    NotOpened(client::Error),
    /// The attempt took longer than
    /// [`attempt_timeout`](super::ReconnectingBuilder::attempt_timeout).
    TimedOut,
    /// A connector or a request hook failed with an error of its own.
    Hook(Box<dyn error::Error + Send + Sync>),
}

impl Cause {
    /// The close code with which an open connection ended: the server's, 1005 if it gave none, that
    /// of a violation by the server, or 1006. `None` if no connection was open.
    pub fn code(&self) -> Option<CloseCode> {
        match self {
            Cause::Closed(frame) => {
                let code = frame.as_ref().map(|frame| frame.code);
                Some(code.unwrap_or(close_code::STATUS))
            }
            Cause::Broken(Error::Protocol(error)) => Some(error.close_code()),
            Cause::Broken(_) => Some(close_code::ABNORMAL),
            Cause::NotOpened(_) | Cause::TimedOut | Cause::Hook(_) => None,
        }
    }

    /// The status with which the server refused, if it did.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Cause::NotOpened(error) => error.status(),
            _ => None,
        }
    }

    /// What a hook has returned: a cause, an error of this crate, or another one.
    pub(super) fn of_hook(error: BoxError) -> Self {
        let error = match error.downcast::<Cause>() {
            Ok(cause) => return *cause,
            Err(error) => error,
        };
        let error = match error.downcast::<client::Error>() {
            Ok(error) => return Cause::NotOpened(*error),
            Err(error) => error,
        };
        match error.downcast::<Error>() {
            Ok(error) => Cause::Broken(*error),
            Err(error) => Cause::Hook(error),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Closed(None) => f.write_str("closed by the server without a code"),
            Cause::Closed(Some(frame)) => {
                write!(f, "closed by the server with {}", frame.code)?;
                if frame.reason.is_empty() {
                    return Ok(());
                }
                write!(f, " {:?}", &*frame.reason)
            }
            Cause::Broken(error) => error.fmt(f),
            Cause::NotOpened(error) => error.fmt(f),
            Cause::TimedOut => f.write_str("no connection within attempt_timeout"),
            Cause::Hook(error) => write!(f, "{}", WithCauses(&**error)),
        }
    }
}

impl error::Error for Cause {}
