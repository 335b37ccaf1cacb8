//! The task of a connection: first the upgrade, then the supervised handler.

use std::{
    any::Any,
    fmt,
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use super::{
    Outcome, UpgradeError,
    coming::{Opened, Upgrading},
    hooks::Watch,
    outcome::Sealed,
};
use crate::{
    protocol::Closure,
    stream::{Shared, Upgraded, WebSocket},
    wire::close_code,
};

pin_project! {
    /// A future that runs a handler and supervises its connection: see
    /// [`Accepting::supervise`](crate::Accepting::supervise).
    #[must_use = "the connection is served by polling this future"]
    pub struct Supervise<H, F> {
        #[pin]
        stage: Stage<H, F>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<H, F> {
        Upgrading { upgrading: Upgrading, handler: Option<H>, watch: Watch },
        Serving { #[pin] serving: Serving<H, F> },
        // What it held is dropped, whether the future is or not.
        Done,
    }
}

pin_project! {
    /// Runs a handler and looks after its connection.
    ///
    /// After every poll of the handler it writes what was sent, reads ahead if the handler
    /// does not receive, answers pings, and drives the closing. When the handler returns,
    /// drops the socket or panics, it closes the connection in order.
    struct Serving<H, F> {
        shared: Arc<Shared<Upgraded>>,
        #[pin]
        handler: Progress<H, F>,
        watch: Watch,
    }

    impl<H, F> PinnedDrop for Serving<H, F> {
        fn drop(this: Pin<&mut Self>) {
            // Aborted, or done: nobody drives the connection any more.
            let _work = this.shared.end_work();
            let mut this = this.project();
            // A program that drains may end when the work has: not before what the handler holds
            // is dropped, and the user was told.
            this.handler.set(Progress::ENDED);
            this.watch.closed(|| this.shared.closure());
        }
    }
}

pin_project! {
    #[project = ProgressProjection]
    enum Progress<H, F> {
        // The call belongs to the handler's turn: it may panic, and it may use the socket.
        Called { call: Option<(H, WebSocket)> },
        Running { #[pin] future: F },
        Ended { panic: Option<Box<Panic>> },
    }
}

/// What a handler panicked with.
struct Panic(Box<dyn Any + Send>);

impl<H, F> Supervise<H, F> {
    pub(super) const fn new(upgrading: Upgrading, handler: H, watch: Watch) -> Self {
        Self {
            stage: Stage::Upgrading {
                upgrading,
                handler: Some(handler),
                watch,
            },
        }
    }
}

impl<H, F> Future for Supervise<H, F>
where
    H: FnOnce(WebSocket) -> F,
    F: Future<Output: Outcome>,
{
    type Output = Result<Closure, UpgradeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        loop {
            match stage.as_mut().project() {
                StageProjection::Upgrading {
                    upgrading,
                    handler,
                    watch,
                } => {
                    let opened = match ready!(upgrading.as_mut().poll(cx)) {
                        Ok(opened) => opened,
                        Err(error) => {
                            let error = watch.not_opened(error);
                            stage.set(Stage::Done);
                            return Poll::Ready(Err(error));
                        }
                    };
                    let handler = handler.take().expect("it is taken once");
                    let serving = Serving::new(opened, handler, mem::take(watch));
                    stage.set(Stage::Serving { serving });
                }
                StageProjection::Serving { serving } => {
                    let ended = ready!(serving.poll(cx));
                    stage.set(Stage::Done);
                    return match ended {
                        Ok(closure) => Poll::Ready(Ok(closure)),
                        // Whoever joins the task learns of it, after the peer did.
                        Err(panic) => resume_unwind(panic.0),
                    };
                }
                StageProjection::Done => panic!("polled after completion"),
            }
        }
    }
}

impl<H, F> fmt::Debug for Supervise<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervise").finish_non_exhaustive()
    }
}

impl<H, F> Serving<H, F> {
    fn new((io, setup, seat): Opened, handler: H, mut watch: Watch) -> Self {
        watch.started();
        let (socket, shared) = WebSocket::supervised(io, setup, seat);
        let call = Some((handler, socket));
        Self {
            shared,
            handler: Progress::Called { call },
            watch,
        }
    }
}

impl<H, F> Progress<H, F> {
    const ENDED: Self = Progress::Ended { panic: None };

    const fn has_ended(&self) -> bool {
        matches!(self, Progress::Ended { .. })
    }

    fn take_panic(self: Pin<&mut Self>) -> Option<Box<Panic>> {
        match self.project() {
            ProgressProjection::Ended { panic } => panic.take(),
            _ => None,
        }
    }
}

impl<H: FnOnce(WebSocket) -> F, F: Future> Progress<H, F> {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if let ProgressProjection::Called { call } = self.as_mut().project() {
            if let Some((handler, socket)) = call.take() {
                let future = handler(socket);
                self.set(Progress::Running { future });
            }
        }
        match self.project() {
            ProgressProjection::Running { future } => future.poll(cx),
            _ => Poll::Pending,
        }
    }
}

impl<H: FnOnce(WebSocket) -> F, F: Future<Output: Outcome>> Serving<H, F> {
    /// Ready with how the connection ended, or the handler's panic. To be dropped then.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Closure, Box<Panic>>> {
        let mut this = self.project();
        let shared = &*this.shared;
        shared.begin_turn(cx.waker());
        if !this.handler.has_ended() {
            let entered = shared.span().enter();
            let (handler, watch) = (&mut this.handler, &mut *this.watch);
            let turn = AssertUnwindSafe(|| {
                shared.handler_turn(|| {
                    let outcome = ready!(handler.as_mut().poll(cx));
                    // What it holds may panic, too, and use the socket; so may what it returned.
                    handler.set(Progress::ENDED);
                    let code = outcome.code();
                    watch.returned(outcome, shared.span());
                    Poll::Ready(code)
                })
            });
            match catch_unwind(turn) {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(code)) => {
                    // A handler that gave its socket to other tasks leaves it open.
                    if code != close_code::NORMAL {
                        shared.close_for_handler(code);
                    }
                }
                Err(panic) => {
                    this.watch.panicked();
                    let end = AssertUnwindSafe(|| {
                        shared.handler_turn(|| this.handler.set(Progress::ENDED));
                    });
                    // The first panic is the one to tell.
                    let _ = catch_unwind(end);
                    let panic = Some(Box::new(Panic(panic)));
                    this.handler.set(Progress::Ended { panic });
                    shared.span().handler_panicked();
                    shared.close_for_handler(close_code::ERROR);
                }
            }
            drop(entered);
        }
        if shared.poll_supervise().is_pending() || !this.handler.has_ended() {
            return Poll::Pending;
        }
        Poll::Ready(match this.handler.take_panic() {
            Some(panic) => Err(panic),
            None => Ok(shared.closure()),
        })
    }
}
