//! What leaves: from the protocol to the transport, and what the peer may not have read of it.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

use super::{
    backlog::Backlog,
    clock::{Clock, Moment},
};
use crate::{
    protocol::{Event, Protocol},
    stream::transport::{again::again, gather::gather},
};

/// Slices of one vectored write.
const SLICES: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Output {
    /// Bytes were written that the transport may still hold back.
    unflushed: bool,
    /// Bytes that were written so far, less those that were queued before others.
    written: u64,
    backlog: Backlog,
}

impl Output {
    /// Whether the transport has all that is queued in `protocol`, and holds nothing back.
    #[inline]
    pub(super) fn is_flushed(&self, protocol: &Protocol) -> bool {
        protocol.outgoing().len() == 0 && !self.unflushed
    }

    /// Bytes were written.
    #[inline]
    pub(super) fn note_written(&mut self, bytes: usize, clock: Clock) {
        self.backlog.note(bytes, clock);
    }

    /// What [`written`](Self::is_beyond) will be once all is written that is queued in `protocol`.
    pub(super) fn mark(&self, protocol: &Protocol) -> u64 {
        self.written.wrapping_add(protocol.outgoing().len() as u64)
    }

    /// Whether all up to `mark` is written, and something that was queued later is what waits: the
    /// transport is flushed with that.
    pub(super) fn is_beyond(&self, mark: u64, protocol: &Protocol) -> bool {
        let left = i64::from_ne_bytes(mark.wrapping_sub(self.written).to_ne_bytes());
        left <= 0 && protocol.outgoing().len() > 0
    }

    /// So many bytes were queued before others that wait: these are written later than it seemed.
    pub(super) const fn note_insertion(&mut self, bytes: usize) {
        self.written = self.written.wrapping_sub(bytes as u64);
    }

    /// Bytes that the peer may have to read.
    pub(super) fn unread_by_peer(&mut self, now: Moment) -> u32 {
        self.backlog.unread(now)
    }

    /// The transport is gone, and with it what it held back.
    pub(super) const fn forget(&mut self) {
        self.unflushed = false;
    }

    /// Writes what is queued in `protocol`, and flushes; adds to `written` how much that was. Ready
    /// when the transport has all.
    pub(super) fn poll_write<T: AsyncWrite + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
        protocol: &mut Protocol,
        written: &mut usize,
    ) -> Poll<io::Result<()>> {
        while protocol.outgoing().len() > 0 {
            let (count, given) = if let Some(bytes) = protocol.outgoing().as_slice() {
                let written = again(|| Pin::new(&mut *io).poll_write(cx, bytes));
                (ready!(written)?, bytes.len())
            } else {
                ready!(poll_write_some(&mut *io, cx, protocol))?
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            if count > given {
                let lie = "transport claims to have written more than it was given";
                return Poll::Ready(Err(io::Error::other(lie)));
            }
            protocol.handle(Event::Written(count));
            *written += count;
            self.written = self.written.wrapping_add(count as u64);
            self.unflushed = true;
        }
        ready!(again(|| Pin::new(&mut *io).poll_flush(cx)))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }
}

/// Writes once what lies in several places; tells how much of how much.
#[inline(never)]
fn poll_write_some<T: AsyncWrite + Unpin>(
    io: &mut T,
    cx: &mut Context<'_>,
    protocol: &Protocol,
) -> Poll<io::Result<(usize, usize)>> {
    let mut slices = [IoSlice::new(&[]); SLICES];
    let filled = protocol.outgoing().slices(&mut slices);
    let slices = &slices[..filled];
    let mut io = Pin::new(io);
    let (written, given) = if slices.len() > 1 && io.is_write_vectored() {
        let given = slices.iter().map(|slice| slice.len()).sum();
        let written = again(|| io.as_mut().poll_write_vectored(cx, slices));
        (written, given)
    } else {
        let mut write = |bytes: &[u8]| (again(|| io.as_mut().poll_write(cx, bytes)), bytes.len());
        match slices {
            [slice] => write(slice),
            slices => gather(slices, write),
        }
    };
    written.map_ok(|written| (written, given))
}
