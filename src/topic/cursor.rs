//! One subscriber.

use std::{mem, sync::Arc, task::Waker, time::Duration};

use tokio::time::Instant;

use super::{
    Lag, Subscribe, SubscriberId,
    places::Alarm,
    ring::Ring,
    shared::{Shared, State},
};
use crate::message::PreparedMessage;

/// Messages that are taken at once, so that the topic is locked once for them.
const MOST: usize = 16;

/// Where a subscriber is among what is published. It leaves its topic when it is dropped.
pub(crate) struct Cursor {
    topic: Arc<Shared>,
    reader: Reader,
}

/// What is the subscriber's own, beside the topic's lock.
struct Reader {
    /// The number of the message that it reads next.
    next: u64,
    id: SubscriberId,
    place: u32,
    /// The topic has a waker that is not its own any more.
    is_stale: bool,
    own: Option<Box<Own>>,
}

/// What few subscribers have.
#[derive(Default)]
struct Own {
    wanted: Subscribe,
    /// When it is woken although it is behind.
    alarm: Option<Alarm>,
    /// Messages that were left out for it.
    skipped: u64,
}

/// What a subscriber took.
#[derive(Default)]
pub(crate) struct Taken {
    messages: [Option<PreparedMessage>; MOST],
    len: usize,
    bytes: usize,
    /// How many were left out before these.
    skipped: u64,
    state: Progress,
}

/// How far a subscriber is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It has read all, and is woken by what comes next.
    #[default]
    UpToDate,
    /// There is more.
    Behind,
    /// It has missed what it is not to miss.
    TooSlow,
}

/// What a subscriber is to do that is behind and cannot take more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Wait until it can.
    Endless,
    /// Wait no longer than this.
    Until(Instant),
    /// It is too slow.
    Over,
}

impl Cursor {
    /// Subscribes, for what is published from now on, which wakes `waker`.
    pub(super) fn new(
        topic: Arc<Shared>,
        id: SubscriberId,
        wanted: Subscribe,
        waker: &Waker,
    ) -> Self {
        let lag = wanted.lag.unwrap_or(topic.lag());
        let (next, place) = topic.join(lag, waker);
        let is_plain = wanted.is_plain() && !matches!(lag, Lag::Close { .. });
        let own = || {
            Box::new(Own {
                wanted,
                ..Own::default()
            })
        };
        let reader = Reader {
            next,
            id,
            place,
            is_stale: false,
            own: (!is_plain).then(own),
        };
        Self { topic, reader }
    }

    /// Whether there is nothing to [take](Self::take), and what comes will wake it.
    #[inline]
    pub(crate) fn is_up_to_date(&self) -> bool {
        self.topic.end() == self.reader.next && !self.reader.is_stale
    }

    /// It has another waker from now on.
    pub(crate) const fn expect_waker(&mut self) {
        self.reader.is_stale = true;
    }

    pub(crate) const fn id(&self) -> SubscriberId {
        self.reader.id
    }

    /// Messages that were left out for it.
    pub(crate) fn skipped(&self) -> u64 {
        self.reader.own.as_ref().map_or(0, |own| own.skipped)
    }

    fn lag(&self) -> Lag {
        let own = self.reader.own.as_ref();
        let own = own.and_then(|own| own.wanted.lag);
        own.unwrap_or(self.topic.lag())
    }

    /// Takes the next message, and more up to so many bytes of payload. If that is all, `waker` is
    /// woken by what comes next.
    pub(crate) fn take(&mut self, waker: &Waker, most_bytes: usize) -> Taken {
        self.take_up_to(MOST, waker, most_bytes)
    }

    /// Takes the next message. If there is none, `waker` is woken by what comes next.
    pub(crate) fn take_one(&mut self, waker: &Waker) -> Taken {
        self.take_up_to(1, waker, usize::MAX)
    }

    fn take_up_to(&mut self, most: usize, waker: &Waker, most_bytes: usize) -> Taken {
        let lag = self.lag();
        let Self { topic, reader } = self;
        let mut taken = Taken::default();
        let mut former = [None, None];
        let mut state = topic.lock();
        let State { ring, places, .. } = &mut *state;
        let from = reader.next;
        if !reader.read(ring, lag, (most, most_bytes), &mut taken) {
            state.closed += 1;
            taken.state = Progress::TooSlow;
            return taken;
        }
        ring.advance(from, reader.next);
        if reader.next == ring.end() {
            former[0] = places.wait(reader.place, waker);
            reader.is_stale = false;
        } else {
            taken.state = Progress::Behind;
        }
        if let Some(alarm) = reader.own.as_mut().and_then(|own| own.alarm.take()) {
            former[1] = places.clear_alarm(reader.place, alarm);
        }
        if taken.skipped > 0 {
            state.skipped += taken.skipped;
            reader.own.get_or_insert_default().skipped += taken.skipped;
        }
        drop(state);
        drop(former);
        taken
    }

    /// It is behind, and cannot take more now: how long it may wait. `waker` is woken if it is over
    /// before that.
    pub(crate) fn wait_behind(&mut self, waker: &Waker) -> Patience {
        if self.topic.end() == self.reader.next {
            // It is not behind, but may have another waker.
            match self.take_up_to(0, waker, 0).state() {
                Progress::UpToDate => return Patience::Endless,
                Progress::TooSlow => return Patience::Over,
                // Since just now.
                Progress::Behind => {}
            }
        }
        let Lag::Close { messages, time } = self.lag() else {
            return Patience::Endless;
        };
        let Self { topic, reader } = self;
        let mut state = topic.lock();
        let State { ring, places, .. } = &mut *state;
        let Some(oldest) = ring.get(reader.next) else {
            // It has left the ring.
            state.closed += 1;
            return Patience::Over;
        };
        let until = oldest.at.checked_add(time.min(NEVER));
        let behind = ring.end() - reader.next;
        let most = (messages as u64).min(ring.capacity());
        let is_late = until.is_some_and(|until| until <= Instant::now());
        if behind > most || is_late {
            state.closed += 1;
            return Patience::Over;
        }
        let alarm = Alarm {
            // The one that would be too many.
            number: reader.next.saturating_add(most),
            next: reader.next,
        };
        let mut former = [None, None];
        if let Some(own) = &mut reader.own {
            if own.alarm != Some(alarm) || reader.is_stale {
                let earlier = own.alarm.replace(alarm);
                former[0] = earlier.and_then(|earlier| places.clear_alarm(reader.place, earlier));
                former[1] = places.set_alarm(reader.place, alarm, waker.clone());
            }
        }
        drop(state);
        drop(former);
        until.map_or(Patience::Endless, Patience::Until)
    }

    /// Whether the subscriber wants the message.
    pub(crate) fn wants(&mut self, message: &PreparedMessage) -> bool {
        let filter = self
            .reader
            .own
            .as_mut()
            .and_then(|own| own.wanted.filter.as_mut());
        filter.is_none_or(|filter| filter(message))
    }

    /// What it is told of so many messages that were left out.
    pub(crate) fn notice(&mut self, skipped: u64) -> Option<PreparedMessage> {
        if skipped == 0 || self.lag().is_latest() {
            return None;
        }
        let notice = self.reader.own.as_mut()?.wanted.notice.as_mut()?;
        notice(skipped)
    }
}

/// Longer than any timer.
const NEVER: Duration = Duration::from_secs(1 << 31);

impl Drop for Cursor {
    fn drop(&mut self) {
        let lag = self.lag();
        let Self { topic, reader } = self;
        let mut state = topic.lock();
        state.ring.leave(reader.next, lag.is_latest());
        let alarm = reader.own.as_ref().and_then(|own| own.alarm);
        let alarm = alarm.and_then(|alarm| state.places.clear_alarm(reader.place, alarm));
        let waker = state.places.leave(reader.place);
        drop(state);
        drop((alarm, waker));
    }
}

impl Reader {
    /// Reads on; `false` if it has missed what it is not to miss.
    fn read(&mut self, ring: &Ring, lag: Lag, most: (usize, usize), taken: &mut Taken) -> bool {
        if self.next < ring.front() {
            match lag {
                Lag::Skip => {
                    taken.skipped = ring.front() - self.next;
                    self.next = ring.front();
                }
                Lag::Close { .. } => return false,
                Lag::Latest => {}
            }
        }
        let (most, most_bytes) = most;
        while taken.len < most && taken.bytes < most_bytes {
            let found = if lag.is_latest() {
                ring.newest_from(self.next)
            } else {
                ring.get(self.next).map(|entry| (self.next, entry))
            };
            let Some((number, entry)) = found else {
                // What is left was overtaken.
                taken.skipped += ring.end() - self.next;
                self.next = ring.end();
                break;
            };
            taken.skipped += number - self.next;
            self.next = number + 1;
            if entry.from != Some(self.id) {
                taken.bytes += entry.message.len();
                taken.messages[taken.len] = Some(entry.message.clone());
                taken.len += 1;
            }
        }
        true
    }
}

impl Taken {
    /// How many were left out before these.
    pub(crate) const fn skipped(&self) -> u64 {
        self.skipped
    }

    pub(crate) const fn state(&self) -> Progress {
        self.state
    }

    /// Messages that were taken, with those that are not wanted.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Bytes of their payloads.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn messages(&mut self) -> impl Iterator<Item = PreparedMessage> + '_ {
        let taken = self.messages[..mem::take(&mut self.len)].iter_mut();
        taken.filter_map(Option::take)
    }
}
