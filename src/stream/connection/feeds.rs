//! The topics that a socket is subscribed to.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
};

use tokio::time::Instant;

use crate::{
    protocol::Protocol,
    topic::{Cursor, Patience, Progress, SubscriberId, Taken},
};

/// Subscriptions, of which most connections have none, and most others one.
///
/// Those that have more to take stand behind the others, so that no topic keeps another waiting.
#[derive(Default)]
pub(super) struct Feeds(Option<Box<Feed>>);

struct Feed {
    cursor: Cursor,
    next: Feeds,
}

/// Why a subscription ends, and the connection with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooSlow,
    /// What decides which messages are wanted has panicked.
    Panic,
}

/// What was forwarded of one topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forwarded {
    pub(super) messages: usize,
    pub(super) bytes: usize,
    /// Those that were left out.
    pub(super) skipped: u64,
}

impl Feeds {
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn add(&mut self, cursor: Cursor) {
        self.push(Box::new(Feed {
            cursor,
            next: Self(None),
        }));
    }

    /// To be dropped once the connection's lock is free.
    #[must_use]
    pub(super) fn remove(&mut self, id: SubscriberId) -> Option<Cursor> {
        let feed = self.unlink(|cursor| cursor.id() == id)?;
        Some(feed.cursor)
    }

    pub(super) fn get(&self, id: SubscriberId) -> Option<&Cursor> {
        self.cursors().find(|cursor| cursor.id() == id)
    }

    /// Another waker is to be woken from now on.
    #[cold]
    pub(super) fn expect_waker(&mut self) {
        self.each(Cursor::expect_waker);
    }

    /// Whether something is to be forwarded.
    #[inline]
    pub(super) fn are_due(&self) -> bool {
        self.cursors().any(|cursor| !cursor.is_up_to_date())
    }

    /// Forwards the next messages of one topic, up to so many bytes; `waker` is woken by what comes if
    /// these are all.
    pub(super) fn forward(
        &mut self,
        protocol: &mut Protocol,
        waker: &Waker,
        most: usize,
    ) -> Result<Forwarded, Fault> {
        let Some(mut feed) = self.unlink(|cursor| !cursor.is_up_to_date()) else {
            return Ok(Forwarded {
                messages: 0,
                bytes: 0,
                skipped: 0,
            });
        };
        let mut taken = feed.cursor.take(waker, most);
        let forwarded = Forwarded {
            messages: taken.len(),
            bytes: taken.bytes(),
            skipped: taken.skipped(),
        };
        // Foreign code decides what is wanted.
        let sent = catch_unwind(AssertUnwindSafe(|| {
            send(&mut feed.cursor, &mut taken, protocol);
        }));
        let is_too_slow = taken.state() == Progress::TooSlow;
        self.push(feed);
        match sent {
            Err(_) => Err(Fault::Panic),
            Ok(()) if is_too_slow => Err(Fault::TooSlow),
            Ok(()) => Ok(forwarded),
        }
    }

    /// There is more, and no room for it: how long that may last, if not for ever.
    pub(super) fn wait(&mut self, waker: &Waker) -> Result<Option<Instant>, Fault> {
        let mut first: Option<Instant> = None;
        let mut fault = Ok(());
        self.each(|cursor| {
            if cursor.is_up_to_date() {
                return;
            }
            match cursor.wait_behind(waker) {
                Patience::Endless => {}
                Patience::Until(at) => {
                    first = Some(first.map_or(at, |first| first.min(at)));
                }
                Patience::Over => fault = Err(Fault::TooSlow),
            }
        });
        fault.map(|()| first)
    }

    fn cursors(&self) -> impl Iterator<Item = &Cursor> {
        let mut next = self.0.as_deref();
        std::iter::from_fn(move || {
            let feed = next?;
            next = feed.next.0.as_deref();
            Some(&feed.cursor)
        })
    }

    fn each(&mut self, mut f: impl FnMut(&mut Cursor)) {
        let mut next = self.0.as_deref_mut();
        while let Some(feed) = next {
            f(&mut feed.cursor);
            next = feed.next.0.as_deref_mut();
        }
    }

    /// Takes out the first that is such a one.
    fn unlink(&mut self, is_it: impl Fn(&Cursor) -> bool) -> Option<Box<Feed>> {
        let mut link = self;
        while link.0.as_ref().is_some_and(|feed| !is_it(&feed.cursor)) {
            link = &mut link.0.as_mut()?.next;
        }
        let mut feed = link.0.take()?;
        *link = std::mem::take(&mut feed.next);
        Some(feed)
    }

    fn push(&mut self, feed: Box<Feed>) {
        let mut link = &mut self.0;
        while let Some(earlier) = link {
            link = &mut earlier.next.0;
        }
        *link = Some(feed);
    }
}

/// One by one: there may be many.
impl Drop for Feeds {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut feed) = next {
            next = feed.next.0.take();
        }
    }
}

/// Queues what was taken and is wanted.
fn send(cursor: &mut Cursor, taken: &mut Taken, protocol: &mut Protocol) {
    // An open connection takes them.
    if let Some(notice) = cursor.notice(taken.skipped()) {
        let _ = protocol.send_prepared(&notice);
    }
    for message in taken.messages() {
        if cursor.wants(&message) {
            let _ = protocol.send_prepared(&message);
        }
    }
}
