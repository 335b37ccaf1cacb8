//! What a topic's subscribers may get, told a second time: of all that was published, by its number.

use std::time::Duration;

use tower_websock::Lag;

/// How many kinds of messages there are: three keys, and none.
pub const KINDS: usize = 4;

pub struct Published {
    /// 0 is no key.
    pub kind: usize,
    pub len: usize,
    /// Who does not get it.
    pub from: Option<usize>,
}

pub struct Model {
    pub all: Vec<Published>,
    pub capacity: usize,
    pub max_bytes: usize,
    /// The number of the oldest that is held for whoever is behind.
    pub front: usize,
}

/// One subscriber.
#[derive(Clone, Debug)]
pub struct Reader {
    pub number: usize,
    pub lag: Lag,
    pub only_even: bool,
    /// What it reads next.
    pub next: usize,
    pub skipped: u64,
}

impl Model {
    pub fn publish(&mut self, published: Published) {
        self.all.push(published);
        let len = |from: usize| self.all[from..].iter().map(|one| one.len).sum::<usize>();
        let end = self.all.len();
        while end - self.front > self.capacity
            || (end - self.front > 1 && len(self.front) > self.max_bytes)
        {
            self.front += 1;
        }
    }

    pub fn is_for(&self, reader: &Reader, number: usize) -> bool {
        let is_own = self.all[number].from == Some(reader.number);
        !is_own && (number.is_multiple_of(2) || !reader.only_even)
    }

    /// Whether none of its kind came later.
    pub fn is_newest(&self, number: usize) -> bool {
        let kind = self.all[number].kind;
        !self.all[number + 1..]
            .iter()
            .any(|later| later.kind == kind)
    }

    /// Whether nothing that is newest is ever lost.
    pub const fn keeps_newest(&self) -> bool {
        self.capacity >= KINDS && self.max_bytes == usize::MAX
    }

    /// Checks what a stream gave: a message, an end, or nothing. `is_closed` is set if it was to end.
    pub fn read(&self, reader: &mut Reader, found: Read) {
        match reader.lag {
            Lag::Latest => self.read_newest(reader, found),
            _ => assert_eq!(found, self.next(reader), "{reader:?}"),
        }
    }

    /// In order, and what has left the ring is skipped, or ends it.
    fn next(&self, reader: &mut Reader) -> Read {
        while reader.next < self.all.len() {
            let behind = self.all.len() - reader.next;
            if let Lag::Close { messages, time } = reader.lag {
                let is_late = time == Duration::ZERO;
                if is_late || behind > messages.min(self.capacity) || reader.next < self.front {
                    return Read::End;
                }
            }
            let from = reader.next.max(self.front);
            reader.skipped += (from - reader.next) as u64;
            reader.next = from;
            let number = reader.next;
            reader.next += 1;
            if self.is_for(reader, number) {
                return Read::Message(number);
            }
        }
        Read::Nothing
    }

    /// The newest of each kind. Those that left the ring may be lost, too.
    fn read_newest(&self, reader: &mut Reader, found: Read) {
        let end = match found {
            Read::Message(number) => number,
            Read::Nothing => self.all.len(),
            Read::End => panic!("it never ends: {reader:?}"),
        };
        assert!(end >= reader.next, "{end} came again: {reader:?}");
        for number in reader.next..end {
            let is_held = number >= self.front || self.keeps_newest();
            let is_wanted = self.is_newest(number) && self.is_for(reader, number);
            assert!(!(is_held && is_wanted), "{number} is left out: {reader:?}");
        }
        reader.next = end;
        if end < self.all.len() {
            assert!(
                self.is_newest(end) && self.is_for(reader, end),
                "{end}: {reader:?}"
            );
            reader.next += 1;
        }
    }
}

/// What came of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    Message(usize),
    Nothing,
    End,
}
