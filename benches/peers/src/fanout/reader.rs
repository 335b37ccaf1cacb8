//! What one socket has received, verified.

use super::{
    messages::{COUNT, SIZE, frame},
    scenario::Coding,
};
use crate::{
    Error,
    load::{
        deflate::{RSV1, Replies},
        window::{FIN, TEXT},
    },
    scenario::Takeover,
};

/// Of the sockets that receive compressed messages one in so many inflates them. The others
/// count frames: inflating takes longer than the server's part.
const INFLATED: usize = 100;

/// All that is published, and how it looks on the wire where that is known.
pub(super) struct Published {
    texts: Vec<u8>,
    /// The frames of all texts, one after the other.
    wire: Vec<u8>,
    coding: Coding,
}

impl Published {
    pub(super) fn new(texts: Vec<u8>, coding: Coding) -> Result<Self, Error> {
        let frames: Result<Vec<_>, _> = texts
            .chunks(SIZE)
            .map(|text| frame(text, Coding::Plain))
            .collect();
        Ok(Self {
            wire: frames?.concat(),
            texts,
            coding,
        })
    }

    /// Bytes of a plain frame.
    fn frame_len(&self) -> usize {
        self.wire.len() / COUNT
    }

    /// What the `index`th socket has received of them, the first being the `next` one.
    pub(super) fn reader(&self, index: usize, next: usize) -> Reader {
        match self.coding {
            Coding::Plain => Reader::Compared(self.frame_len() * next),
            Coding::Compressed if index.is_multiple_of(INFLATED) => {
                let replies = Replies::new(Takeover::Kept, SIZE);
                Reader::Inflated(Box::new(replies), next)
            }
            Coding::Compressed => Reader::Counted(Frames::default()),
        }
    }
}

pub(super) enum Reader {
    /// Every byte is compared; so many have been, as if from the first text on.
    Compared(usize),
    /// Frames are counted.
    Counted(Frames),
    /// What was compressed is compared; the text that comes next.
    Inflated(Box<Replies>, usize),
}

impl Reader {
    /// Takes what came; says how many messages that completed.
    pub(super) fn receive(&mut self, bytes: &[u8], published: &Published) -> Result<usize, Error> {
        match self {
            Self::Compared(at) => {
                let before = *at / published.frame_len();
                compare(&published.wire, *at, bytes)?;
                *at += bytes.len();
                Ok(*at / published.frame_len() - before)
            }
            Self::Counted(frames) => frames.receive(bytes),
            Self::Inflated(replies, next) => {
                let before = *next;
                replies.receive(bytes, |message, _size| {
                    let text = *next % COUNT * SIZE;
                    *next += 1;
                    if published.texts[text..text + SIZE] == *message {
                        Ok(())
                    } else {
                        Err(format!("message {next} is not what was published").into())
                    }
                })?;
                Ok(*next - before)
            }
        }
    }
}

/// Whether these are the bytes at that place of what comes again and again.
fn compare(cycle: &[u8], mut at: usize, mut bytes: &[u8]) -> Result<(), Error> {
    while !bytes.is_empty() {
        let expected = &cycle[at % cycle.len()..];
        let len = expected.len().min(bytes.len());
        if bytes[..len] != expected[..len] {
            return Err(format!("not what was published, within {len} bytes after {at}").into());
        }
        (at, bytes) = (at + len, &bytes[len..]);
    }
    Ok(())
}

/// Frames of text, of 1 to 65,535 bytes, compressed or not; their payload is skipped.
#[derive(Default)]
pub(super) struct Frames {
    /// The header that is not complete, and how much of it is there.
    header: [u8; 4],
    read: usize,
    /// Bytes of the payload that are still to come.
    left: usize,
}

impl Frames {
    /// How many frames these bytes complete.
    fn receive(&mut self, mut bytes: &[u8]) -> Result<usize, Error> {
        let mut complete = 0;
        while let [byte, rest @ ..] = bytes {
            if self.left == 0 {
                self.header[self.read] = *byte;
                self.read += 1;
                self.left = self.decode()?;
                bytes = rest;
            } else {
                let len = self.left.min(bytes.len());
                self.left -= len;
                bytes = &bytes[len..];
                complete += usize::from(self.left == 0);
            }
        }
        Ok(complete)
    }

    /// The length of the payload, if the header is complete; otherwise 0.
    fn decode(&mut self) -> Result<usize, Error> {
        let len = match self.header[..self.read] {
            [first] if first & !RSV1 != FIN | TEXT => {
                return Err(format!("a frame begins with {first:#x}").into());
            }
            [_, 0 | 127..] => return Err("a frame of an unexpected length".into()),
            [_, len] if len < 126 => len.into(),
            [_, _, high, low] => u16::from_be_bytes([high, low]).into(),
            _ => return Ok(0),
        };
        self.read = 0;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fanout::messages::texts;

    /// What a server sends of the texts `from` on, so many of them.
    fn wire(coding: Coding, from: usize, count: usize) -> Vec<u8> {
        let texts = texts();
        let texts = texts.chunks(SIZE).cycle().skip(from).take(count);
        texts
            .flat_map(|text| frame(text, coding).unwrap())
            .collect()
    }

    fn readers(coding: Coding, next: usize) -> (Published, Vec<Reader>) {
        let published = Published::new(texts(), coding).unwrap();
        let readers = [0, 1].map(|index| published.reader(index, next));
        (published, readers.into())
    }

    #[test]
    fn messages_are_counted_wherever_a_read_ends() {
        for coding in [Coding::Plain, Coding::Compressed] {
            // Beyond the last text the first one comes again.
            let from = COUNT - 1;
            let wire = wire(coding, from, 3);
            for read in [1, 2, 3, 5, 700, wire.len()] {
                let (published, readers) = readers(coding, from);
                for mut reader in readers {
                    let received = wire
                        .chunks(read)
                        .map(|bytes| reader.receive(bytes, &published).unwrap());
                    assert_eq!(received.sum::<usize>(), 3);
                }
            }
        }
    }

    #[test]
    fn another_text_is_an_error() {
        let (published, readers) = readers(Coding::Plain, 0);
        for mut reader in readers {
            let wire = wire(Coding::Plain, 1, 1);
            assert!(reader.receive(&wire, &published).is_err());
        }
        // Where frames are counted, the first socket sees it.
        let (published, mut readers) = self::readers(Coding::Compressed, 0);
        let wire = wire(Coding::Compressed, 1, 1);
        assert!(readers[0].receive(&wire, &published).is_err());
        assert_eq!(readers[1].receive(&wire, &published).unwrap(), 1);
    }

    #[test]
    fn only_whole_text_frames_count() {
        let mut frames = Frames::default();
        assert_eq!(frames.receive(&[0xc1, 2, 1]).unwrap(), 0);
        assert_eq!(frames.receive(&[2, 0x81, 1, 9]).unwrap(), 2);
        for other in [
            &[0x82][..],
            &[0x89, 0],
            &[0x81, 0],
            &[0x81, 127],
            &[0x81, 0x85],
        ] {
            assert!(Frames::default().receive(other).is_err());
        }
    }
}
