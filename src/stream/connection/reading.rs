//! From the transport to the input.

use std::{
    io,
    pin::Pin,
    task::{Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

use super::{
    conn::{Conn, IoParts},
    item::{End, Item},
};
use crate::stream::transport::{buffers, coop::unconstrained};

/// Bytes that take long enough to read, decode or send for a look at the clock.
pub(super) const LARGE: usize = 16 * 1024;
/// Where a read may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadTo {
    /// To the message under way, past the input, if a large payload is what comes next.
    Message,
    /// To the input only, whose bytes are counted.
    Input,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conn<T> {
    /// Reads once. Ready if that changed anything: bytes came, or the end.
    pub(super) fn poll_fill(&mut self) -> Poll<()> {
        self.poll_fill_to(ReadTo::Message)
    }

    /// The same with a say in where bytes go.
    pub(super) fn poll_fill_to(&mut self, to: ReadTo) -> Poll<()> {
        match ready!(self.poll_read(to)) {
            Some(Ok(read)) if read > 0 => {
                self.note_input();
                if read >= LARGE {
                    self.turn.pace.expect_look();
                }
            }
            Some(Err(error)) => self.lose(Item::Io(error)),
            Some(Ok(_)) | None => {
                self.input_ended = true;
                if matches!(self.end, End::Open) {
                    self.end = End::Transport(Box::new(Item::Lost));
                    self.wake_everyone();
                }
                self.wake_recv();
            }
        }
        Poll::Ready(())
    }

    /// Reads; `None` if there is nothing to read from any more.
    pub(super) fn poll_read_input(&mut self) -> Poll<Option<io::Result<usize>>> {
        self.poll_read(ReadTo::Message)
    }

    #[inline]
    fn poll_read(&mut self, to: ReadTo) -> Poll<Option<io::Result<usize>>> {
        if self.input_ended || self.link.is_down() {
            return Poll::Ready(None);
        }
        if !self.is_supervised() {
            return self.poll_read_io(to);
        }
        if !self.turn.may_read() {
            self.wake_later();
            return Poll::Pending;
        }
        unconstrained(|| self.poll_read_io(to))
    }

    fn poll_read_io(&mut self, to: ReadTo) -> Poll<Option<io::Result<usize>>> {
        let Some(IoParts {
            io,
            mut cx,
            input,
            protocol,
        }) = self.io_parts()
        else {
            return Poll::Ready(None);
        };
        if input.is_empty()
            && to == ReadTo::Message
            && let Some(mut payload) = protocol.direct()
        {
            let read = ready!(poll_read_buf(Pin::new(io), &mut cx, &mut payload));
            self.sharing.note_read(*read.as_ref().unwrap_or(&0));
            return Poll::Ready(Some(read));
        }
        buffers::prepare(input);
        let read = ready!(poll_read_buf(Pin::new(io), &mut cx, input));
        self.sharing.note_read(*read.as_ref().unwrap_or(&0));
        Poll::Ready(Some(read))
    }
}
