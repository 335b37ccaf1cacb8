//! The transport of an upgraded connection.

use std::{
    fmt,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::either::Either;

use super::profile::Profile;
use crate::handshake::Opening;

/// The transport of a connection after the handshake: hyper's, or a
/// [`ProvidedIo`](crate::ProvidedIo).
///
/// Bytes that hyper had already read after the handshake come first.
pub struct Upgraded {
    io: Either<TokioIo<hyper::upgrade::Upgraded>, Box<dyn Io>>,
    profile: Profile,
}

impl Upgraded {
    /// What hyper hands over.
    pub(crate) fn hyper(io: hyper::upgrade::Upgraded, opening: Opening) -> Self {
        Self {
            io: Either::Left(TokioIo::new(io)),
            profile: Profile::of(opening),
        }
    }

    pub(super) const fn provided(io: Box<dyn Io>) -> Self {
        Self {
            io: Either::Right(io),
            profile: Profile::CONNECTION,
        }
    }

    pub(crate) const fn profile(&self) -> Profile {
        self.profile
    }
}

pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let buf = &buf[..buf.len().min(self.profile.largest_write())];
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").finish_non_exhaustive()
    }
}
