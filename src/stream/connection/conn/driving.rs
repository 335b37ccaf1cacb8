//! What a connection does with its transport, if there is one: reads, writes, and ends it.

use std::{
    io,
    pin::Pin,
    task::{Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    super::{budget::LARGE, deadlines::Deadline, inbox::ReadTo, item::Item, waiters::Kinds},
    Conn,
};
use crate::stream::transport::{again::again, coop::unconstrained};

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Reads once. Ready if that changed anything: bytes came, or the end.
    pub(in crate::stream::connection) fn poll_fill(&mut self, to: ReadTo) -> Poll<()> {
        match ready!(self.poll_read(to)) {
            Some(Ok(read)) if read > 0 => {
                if self.closing.is_some() {
                    self.note_input_progress();
                }
                if self.deadlines.liveness().notes_reads() {
                    self.note_heard();
                }
                if read >= LARGE {
                    self.budget.expect_look();
                }
            }
            Some(Err(error)) => self.lose(Item::Io(error)),
            Some(Ok(_)) | None => {
                if self.inbox.note_input_end() {
                    self.tasks.wake_everyone();
                }
                self.tasks.wake_recv();
            }
        }
        Poll::Ready(())
    }

    /// Reads once; `None` if there is nothing to read from any more.
    #[inline]
    pub(in crate::stream::connection) fn poll_read(
        &mut self,
        to: ReadTo,
    ) -> Poll<Option<io::Result<usize>>> {
        if self.is_down() || self.inbox.input_has_ended() {
            return Poll::Ready(None);
        }
        if !self.tasks.is_supervised() {
            return self.poll_read_io(to);
        }
        if !self.budget.spend_read() {
            self.tasks.wake_later();
            return Poll::Pending;
        }
        unconstrained(|| self.poll_read_io(to))
    }

    fn poll_read_io(&mut self, to: ReadTo) -> Poll<Option<io::Result<usize>>> {
        let Some(io) = self.link.as_mut() else {
            return Poll::Ready(None);
        };
        let mut cx = self.tasks.io_context();
        let read = ready!(self.inbox.poll_read(io, &mut cx, &mut self.protocol, to));
        if let Ok(read) = read {
            self.seen.note_read(read);
        }
        Poll::Ready(Some(read))
    }

    /// Writes what the transport takes. A transport that fails is dropped.
    #[inline]
    pub(in crate::stream::connection) fn flush_or_lose(&mut self) {
        if !self.is_flushed() {
            self.write_or_lose();
        }
    }

    #[inline(never)]
    fn write_or_lose(&mut self) {
        let Some(io) = self.link.as_mut() else { return };
        let mut cx = self.tasks.io_context();
        let mut written = 0;
        let mut write = || {
            self.output
                .poll_write(io, &mut cx, &mut self.protocol, &mut written)
        };
        // A supervisor's turn is bounded by what is sent in it.
        let done = if self.tasks.is_supervised() {
            unconstrained(write)
        } else {
            write()
        };
        self.seen.note_written(written);
        if let Poll::Ready(Err(error)) = done {
            return self.lose(Item::Io(error));
        }
        self.output.note_written(written, self.deadlines.clock());
        let is_flushed = self.is_flushed();
        if written > 0 || is_flushed {
            if self.closing.is_some() {
                self.note_output_progress(written);
            }
            if self.tasks.has_waiters() {
                self.note_written();
            }
        }
        if !is_flushed || self.deadlines.is_set(Deadline::Write) {
            self.note_output(written);
        }
        if is_flushed && self.inbox.is_held() {
            // The receiver waits for our answer to be on the wire.
            self.tasks.wake_recv();
        }
    }

    /// There may be room again, and all may be written.
    fn note_written(&mut self) {
        let is_congested = self.can_send() && self.is_congested();
        let room = if is_congested {
            Kinds::NONE
        } else {
            Kinds::ROOM
        };
        self.tasks.wake(Kinds::WRITTEN | room);
    }

    /// Ends our side of it.
    pub(in crate::stream::connection) fn poll_shutdown_io(
        &mut self,
    ) -> Poll<Option<io::Result<()>>> {
        let Some(io) = self.link.as_mut() else {
            return Poll::Ready(None);
        };
        let mut cx = self.tasks.io_context();
        again(|| Pin::new(&mut *io).poll_shutdown(&mut cx)).map(Some)
    }
}
