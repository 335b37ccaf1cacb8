//! When a future is dropped, and how it is polled until then.

use std::{
    cell::Cell,
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
};

/// More calls than any session takes.
const MANY: usize = 100_000;

/// So many calls are dropped in a run: some begin again from the start.
const MOST: usize = 200;

/// Which of the polls of a run is the last one of its future. They are counted if they return
/// `Pending`: no other is followed by a drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Never,
    /// Each call is first made and dropped without a poll, then made again.
    Unpolled,
    /// Right after this poll.
    After(usize),
    /// After this poll it is woken for another one, and dropped instead.
    Woken(usize),
    /// So is each call after so many polls of its own.
    Each(usize),
}

/// Drops the futures of a run, and counts.
pub(crate) struct Cut {
    when: When,
    calls: Cell<usize>,
    polls: Cell<usize>,
    drops: Cell<usize>,
}

/// The waker of one call. When the call is over, it wakes nobody.
struct Relay {
    state: Mutex<State>,
}

enum State {
    Waits(Waker),
    Woken,
    Over,
}

impl Cut {
    pub(crate) const fn new(when: When) -> Self {
        Self {
            when,
            calls: Cell::new(0),
            polls: Cell::new(0),
            drops: Cell::new(0),
        }
    }

    /// Polls that returned `Pending`.
    pub(crate) const fn polls(&self) -> usize {
        self.polls.get()
    }

    /// Futures that were dropped before they were ready.
    pub(crate) const fn drops(&self) -> usize {
        self.drops.get()
    }

    /// What the future gives, or `None` if it was dropped.
    ///
    /// It has a waker of its own, and is polled only when that is woken: as in a task of its own,
    /// which ends with it.
    pub(crate) async fn call<F: Future>(&self, future: F) -> Option<F::Output> {
        self.calls.set(self.calls.get() + 1);
        assert!(self.calls.get() < MANY, "it gets nowhere");
        if self.when == When::Unpolled && self.calls.get() % 2 == 1 {
            self.drops.set(self.drops.get() + 1);
            return None;
        }
        let relay = Arc::new(Relay {
            state: Mutex::new(State::Woken),
        });
        let waker = Waker::from(relay.clone());
        let mut own = 0;
        let mut is_last = false;
        let mut future = pin!(future);
        let output = poll_fn(|cx| {
            if !relay.take(cx.waker()) {
                return Poll::Pending;
            }
            if is_last {
                return Poll::Ready(None);
            }
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(Some(output));
            }
            own += 1;
            self.polls.set(self.polls.get() + 1);
            is_last = match self.when {
                When::Woken(poll) => poll == self.polls.get(),
                When::Each(polls) => polls == own && self.drops.get() < MOST,
                When::After(poll) if poll == self.polls.get() => return Poll::Ready(None),
                _ => false,
            };
            Poll::Pending
        })
        .await;
        relay.set(State::Over);
        if output.is_none() {
            self.drops.set(self.drops.get() + 1);
        }
        output
    }

    /// The same call again and again until one of them ends.
    pub(crate) async fn until_done<T>(&self, mut call: impl AsyncFnMut() -> T) -> T {
        loop {
            if let Some(output) = self.call(call()).await {
                return output;
            }
        }
    }
}

impl Relay {
    /// Whether it was woken; else `waker` is, when it is.
    fn take(&self, waker: &Waker) -> bool {
        let before = self.set(State::Waits(waker.clone()));
        matches!(before, State::Woken)
    }

    fn set(&self, state: State) -> State {
        std::mem::replace(&mut self.state.lock().unwrap(), state)
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        let mut state = self.state.lock().unwrap();
        if matches!(*state, State::Over) {
            return;
        }
        let before = std::mem::replace(&mut *state, State::Woken);
        drop(state);
        if let State::Waits(waker) = before {
            waker.wake();
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Never => f.write_str("never"),
            When::Unpolled => f.write_str("unpolled"),
            When::After(poll) => write!(f, "after:{poll}"),
            When::Woken(poll) => write!(f, "woken:{poll}"),
            When::Each(polls) => write!(f, "each:{polls}"),
        }
    }
}

impl When {
    /// As it is written by `Display`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (word, number) = text.split_once(':').unwrap_or((text, "0"));
        let number = number.parse().ok()?;
        Some(match word {
            "never" => When::Never,
            "unpolled" => When::Unpolled,
            "after" => When::After(number),
            "woken" => When::Woken(number),
            "each" => When::Each(number),
            _ => return None,
        })
    }
}
