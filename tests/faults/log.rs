//! What one end did and saw.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tower_websock::{Closure, End, Error, HandlerEnd, Message};

/// Who sends what is published on a topic, among the tasks of an end.
pub(crate) const TOPIC: usize = 99;

#[derive(Default)]
pub(crate) struct Side(Mutex<Log>);

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Log {
    /// In the order in which it was tried.
    pub(crate) sent: Vec<Sent>,
    pub(crate) received: Vec<Message>,
    pub(crate) error: Option<String>,
    /// What `recv` said last was the last.
    pub(crate) is_over: bool,
    /// Some of what came was not received: nobody was there to do it.
    pub(crate) is_deaf: bool,
    pub(crate) closure: Option<Closure>,
    pub(crate) end: Option<Told>,
    /// What the hook `on_error` was given.
    pub(crate) told_errors: Vec<String>,
    /// What never may be, whatever goes wrong.
    pub(crate) wrong: Vec<String>,
    /// Polls of all its tasks.
    pub(crate) polls: Polls,
}

/// Equal to any other: how often a task is polled is not what it does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Polls(pub(crate) usize);

impl PartialEq for Polls {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A message that was to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sent {
    /// By this task of an end.
    pub(crate) by: usize,
    pub(crate) message: Message,
    pub(crate) promise: Promise,
}

/// What the API said of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    /// It was given back: it must not arrive.
    GivenBack,
    /// Nothing: it may arrive.
    Nothing,
    /// It is queued: it arrives if the connection is closed in order.
    Queued,
    /// The transport has it.
    HandedOver,
}

/// What the hook `on_end` was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) closure: Option<Closure>,
    pub(crate) upgrade_error: bool,
    pub(crate) handler: HandlerEnd,
    pub(crate) error: Option<String>,
}

impl Side {
    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    /// How many messages a task was to send so far.
    pub(crate) fn count(&self, by: usize) -> usize {
        self.sent.iter().filter(|sent| sent.by == by).count()
    }

    /// A message is to be sent now. Returns its place.
    pub(crate) fn attempt(&mut self, by: usize, message: Message) -> usize {
        let promise = Promise::Nothing;
        self.sent.push(Sent {
            by,
            message,
            promise,
        });
        self.sent.len() - 1
    }

    /// The places of what is queued and not known to be handed over.
    pub(crate) fn queued(&self) -> Vec<usize> {
        let queued = |place: &usize| self.sent[*place].promise == Promise::Queued;
        (0..self.sent.len()).filter(queued).collect()
    }

    pub(crate) fn promise(&mut self, places: &[usize], promise: Promise) {
        for &place in places {
            self.sent[place].promise = promise;
        }
    }

    /// What `send` has said. Without a supervisor, all is written then.
    pub(crate) fn note_sent(
        &mut self,
        place: usize,
        before: &[usize],
        sent: Result<(), Error>,
        is_supervised: bool,
    ) {
        match sent {
            Ok(()) if is_supervised => self.promise(&[place], Promise::Queued),
            Ok(()) => {
                self.promise(before, Promise::HandedOver);
                self.promise(&[place], Promise::HandedOver);
            }
            Err(Error::Closed) => {}
            Err(error) => self.wrong.push(format!("send fails with {error:?}")),
        }
    }

    /// An item came. Returns whether it is the last.
    pub(crate) fn receive(&mut self, item: Option<Result<Message, Error>>) -> bool {
        if self.is_over && item.is_some() {
            self.wrong
                .push(format!("after the last item comes {item:?}"));
        }
        match item {
            Some(Ok(message)) => {
                self.is_over |= message.is_close();
                self.received.push(message);
            }
            Some(Err(error)) => {
                self.is_over = true;
                self.error = Some(format!("{error:?}"));
            }
            None => self.is_over = true,
        }
        self.is_over
    }

    /// The hook `on_error` is called.
    pub(crate) fn tell_error(&mut self, error: &str) {
        self.told_errors.push(error.to_owned());
    }

    /// The hook `on_end` is called.
    pub(crate) fn tell_end(&mut self, end: &End<&'static str>) {
        let told = Told {
            closure: end.closure().cloned(),
            upgrade_error: end.upgrade_error().is_some(),
            handler: end.handler(),
            error: end.error().map(|error| (*error).to_owned()),
        };
        if let Some(before) = self.end.replace(told) {
            self.wrong.push(format!("a second end after {before:?}"));
        }
    }

    /// What was received of the user's.
    pub(crate) fn data(&self) -> impl Iterator<Item = &Message> {
        self.received.iter().filter(|message| message.is_data())
    }
}
