//! One connection after the other.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep, sleep_until},
};

use super::{
    cause::Cause,
    connector::{Attempting, Connector},
    decision::Decision,
    event::State,
    pace::{Pace, until},
};
use crate::stream::WebSocket;

/// A user's function that is told of what happens.
pub(super) type OnState = Box<dyn FnMut(&State) + Send>;

/// The open connection, or what is done to have one.
pub(super) struct Link<T> {
    stage: Stage<T>,
    connector: Connector<T>,
    attempt_timeout: Duration,
    pace: Pace,
    on_state: Option<OnState>,
    /// One that has ended, until its transport has too.
    old: Option<WebSocket<T>>,
}

enum Stage<T> {
    /// Nothing was done yet.
    New,
    /// RFC 6455 4.1 item 2: one attempt at a time.
    Connecting(Attempting<T>),
    /// And since when.
    Open(WebSocket<T>, Instant),
    /// RFC 6455 7.2.3: until the next attempt.
    Waiting(Pin<Box<Sleep>>),
    Over,
}

/// What has happened.
pub(super) enum Change {
    Opened(u64),
    /// The connection has ended, and another one will be opened.
    Lost(Arc<Cause>),
    Stopped(Arc<Cause>),
}

impl<T> Link<T> {
    pub(super) const fn new(
        connector: Connector<T>,
        attempt_timeout: Duration,
        pace: Pace,
        on_state: Option<OnState>,
    ) -> Self {
        Self {
            stage: Stage::New,
            connector,
            attempt_timeout,
            pace,
            on_state,
            old: None,
        }
    }

    /// The open connection.
    pub(super) const fn socket(&self) -> Option<&WebSocket<T>> {
        match &self.stage {
            Stage::Open(socket, _) => Some(socket),
            _ => None,
        }
    }

    pub(super) const fn socket_mut(&mut self) -> Option<&mut WebSocket<T>> {
        match &mut self.stage {
            Stage::Open(socket, _) => Some(socket),
            _ => None,
        }
    }

    /// Whether there will be no other connection.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// The open connection has ended.
    pub(super) fn note_end(&mut self, cause: Cause) -> Change {
        let cause = Arc::new(cause);
        let opened = match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Open(socket, opened) => {
                self.old = Some(socket);
                Some(opened)
            }
            _ => None,
        };
        self.wait_or_stop(&cause, opened)
            .map_or(Change::Lost(cause), Change::Stopped)
    }

    /// This side ends it.
    pub(super) fn close(&mut self) {
        if !self.is_over() {
            self.stage = Stage::Over;
            self.tell(&State::Closed);
        }
    }

    /// Waits for the next attempt, or returns why there is none.
    fn wait_or_stop(&mut self, cause: &Arc<Cause>, opened: Option<Instant>) -> Option<Arc<Cause>> {
        let why = cause.clone();
        match self.pace.note_failure(cause.clone(), opened) {
            Decision::Wait(wait) => {
                self.stage = Stage::Waiting(Box::pin(sleep_until(until(wait))));
                self.tell(&State::Waiting { wait, why });
                None
            }
            Decision::Stop => {
                self.stage = Stage::Over;
                self.tell(&State::Stopped { why });
                Some(cause.clone())
            }
        }
    }

    fn tell(&mut self, state: &State) {
        if let Some(on_state) = &mut self.on_state {
            on_state(state);
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + 'static> Link<T> {
    /// Connects, unless that is over. Ready when a connection is open, or there will be none.
    pub(super) fn poll_connect(&mut self, cx: &mut Context<'_>) -> Poll<Change> {
        let _ = self.poll_old(cx);
        loop {
            match &mut self.stage {
                Stage::New => self.connect(),
                Stage::Waiting(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    self.connect();
                }
                Stage::Connecting(attempting) => match ready!(attempting.as_mut().poll(cx)) {
                    Ok(socket) => {
                        let number = self.pace.note_opened();
                        self.stage = Stage::Open(socket, Instant::now());
                        self.tell(&State::Open { number });
                        return Poll::Ready(Change::Opened(number));
                    }
                    Err(cause) => {
                        if let Some(cause) = self.wait_or_stop(&Arc::new(cause), None) {
                            return Poll::Ready(Change::Stopped(cause));
                        }
                    }
                },
                Stage::Open(..) | Stage::Over => return Poll::Pending,
            }
        }
    }

    /// RFC 6455 7.1.1: the server ends the transport first, within `close_timeout`. Ready when that
    /// is done.
    pub(super) fn poll_old(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(old) = &mut self.old {
            if ready!(Pin::new(old).poll_next(cx)).is_none() {
                self.old = None;
            }
        }
        Poll::Ready(())
    }

    fn connect(&mut self) {
        let attempt = self.pace.attempt();
        self.tell(&State::Connecting(attempt.clone()));
        let attempting = self.connector.attempt(attempt, self.attempt_timeout);
        self.stage = Stage::Connecting(attempting);
    }
}
