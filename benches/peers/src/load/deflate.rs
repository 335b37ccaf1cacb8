//! permessage-deflate (RFC 7692), as the client speaks it.

use std::ops::Range;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use super::window::{FIN, TEXT};
use crate::{Error, scenario::Takeover};

/// 6: set on the first frame of a compressed message.
pub(crate) const RSV1: u8 = 0x40;

/// 7.2.1: what a sync flush ends with, and the wire does not carry.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// A message by itself. 7.1.1.2: also where context takeover is agreed on, a compressor may
/// refer to nothing before, and only so can the same bytes be sent again.
pub(crate) fn compress(message: &[u8]) -> Result<Vec<u8>, Error> {
    let mut deflater = Compress::new(Compression::default(), false);
    let mut compressed = Vec::with_capacity(message.len() + 64);
    deflater.compress_vec(message, &mut compressed, FlushCompress::Sync)?;
    let body = compressed.strip_suffix(&TAIL);
    Ok(body.ok_or("the message does not shrink")?.to_vec())
}

/// The replies on one connection.
#[derive(Debug)]
pub(crate) struct Replies {
    inflater: Decompress,
    takeover: Takeover,
    /// Bytes that each message has.
    size: usize,
    /// Of a frame that is not complete.
    unread: Vec<u8>,
    /// The first byte of the message's first frame, and its payload so far.
    first: Option<u8>,
    payload: Vec<u8>,
    inflated: Vec<u8>,
}

impl Replies {
    pub(crate) fn new(takeover: Takeover, size: usize) -> Self {
        Self {
            inflater: Decompress::new(false),
            takeover,
            size,
            unread: Vec::new(),
            first: None,
            payload: Vec::new(),
            inflated: Vec::new(),
        }
    }

    /// Takes what came, and gives each message that is complete to `check`, with the bytes
    /// that it had on the wire.
    pub(crate) fn receive(
        &mut self,
        bytes: &[u8],
        mut check: impl FnMut(&[u8], usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut unread = std::mem::take(&mut self.unread);
        unread.extend_from_slice(bytes);
        let mut done = 0;
        while let Some((first, payload)) = frame(&unread[done..]) {
            self.payload
                .extend_from_slice(&unread[done..][payload.clone()]);
            done += payload.end;
            let message = *self.first.get_or_insert(first);
            if first & FIN != 0 {
                let size = self.payload.len();
                check(self.message(message & !FIN)?, size)?;
                self.payload.clear();
                self.first = None;
            }
        }
        unread.drain(..done);
        self.unread = unread;
        Ok(())
    }

    /// What the payload, which is complete, stands for.
    fn message(&mut self, first: u8) -> Result<&[u8], Error> {
        const COMPRESSED: u8 = RSV1 | TEXT;
        match first {
            TEXT => Ok(&self.payload),
            COMPRESSED => self.inflate(),
            other => Err(format!("a reply begins with {other:#x}").into()),
        }
    }

    /// 7.2.2.
    fn inflate(&mut self) -> Result<&[u8], Error> {
        self.payload.extend_from_slice(&TAIL);
        self.inflated.clear();
        // More than enough, so that all is inflated at once.
        self.inflated.reserve(self.size + 64);
        let (inflater, flush) = (&mut self.inflater, FlushDecompress::Sync);
        let before = inflater.total_in();
        inflater.decompress_vec(&self.payload, &mut self.inflated, flush)?;
        if inflater.total_in() - before != self.payload.len() as u64 {
            return Err("a reply is not what was sent".into());
        }
        if self.takeover == Takeover::Reset {
            inflater.reset(false);
        }
        Ok(&self.inflated)
    }
}

/// The first byte of the first frame, and where its payload is; `None` if it is not
/// complete.
fn frame(bytes: &[u8]) -> Option<(u8, Range<usize>)> {
    let &[first, len, ..] = bytes else {
        return None;
    };
    let (start, len) = match len {
        126 => (
            4,
            u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?).into(),
        ),
        127 => {
            let len = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(len).ok()?)
        }
        len => (2, len.into()),
    };
    let end = start + len;
    (bytes.len() >= end).then_some((first, start..end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        load::{Peer, window::Window},
        scenario::{KIB, deflate},
    };

    /// A server's frame of a compressed message.
    fn framed(payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(payload.len()).unwrap();
        let mut frame = vec![FIN | RSV1 | TEXT, 126];
        frame.extend_from_slice(&len.to_be_bytes());
        frame.extend_from_slice(payload);
        frame
    }

    /// 7.2: what is compressed is inflated again, however it is cut.
    #[test]
    fn replies_are_inflated_wherever_a_read_ends() {
        let message = [b'a'; 3000];
        let payload = compress(&message).unwrap();
        let wire = framed(&payload).repeat(3);
        for takeover in [Takeover::Kept, Takeover::Reset] {
            for read in 1..wire.len() {
                let mut replies = Replies::new(takeover, message.len());
                let mut checked = 0;
                for bytes in wire.chunks(read) {
                    let check = |inflated: &[u8], size| {
                        assert_eq!(inflated, message);
                        assert_eq!(size, payload.len());
                        checked += 1;
                        Ok(())
                    };
                    replies.receive(bytes, check).unwrap();
                }
                assert_eq!(checked, 3);
            }
        }
    }

    /// 7.1.1.1: what refers to the message before is no answer without takeover.
    #[test]
    fn reference_to_the_message_before_needs_takeover() {
        let message: Vec<u8> = (0..=u8::MAX).collect();
        let mut deflater = Compress::new(Compression::default(), false);
        let mut wire = Vec::new();
        for _ in 0..2 {
            let mut payload = Vec::with_capacity(1024);
            let flush = FlushCompress::Sync;
            deflater
                .compress_vec(&message, &mut payload, flush)
                .unwrap();
            wire.extend(framed(payload.strip_suffix(&TAIL).unwrap()));
        }
        for (takeover, legal) in [(Takeover::Kept, true), (Takeover::Reset, false)] {
            let mut replies = Replies::new(takeover, message.len());
            assert_eq!(replies.receive(&wire, |_, _| Ok(())).is_ok(), legal);
        }
    }

    /// What a window of 32 KiB holds must not make a later round's messages free.
    #[test]
    fn no_message_comes_again_within_a_compressors_reach() {
        for size in [KIB, 16 * KIB] {
            let echo = deflate(size, Takeover::Kept, 1, 4);
            let windows = Window::all(&echo, Peer::WebSocket).unwrap();
            let texts = windows.iter().flat_map(|w| w.expected.chunks(size));
            let texts: Vec<_> = texts.collect();
            assert!(texts.len() * size >= 128 * KIB);
            let mut distinct = texts.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), texts.len());
        }
    }
}
