//! A handler and its connection, polled in turns: the second part of a connection's task.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite};

use super::outcome::{Outcome, close_code as close_code_of};
use crate::{
    protocol::Closure,
    stream::{Setup, Shared, Upgraded, WebSocket},
    wire::close_code,
};

pin_project! {
    /// Runs a handler and looks after its connection.
    ///
    /// After every poll of the handler it writes what was sent, reads ahead if the handler
    /// does not receive, answers pings, and drives the closing. When the handler returns,
    /// drops the socket or panics, it closes the connection in order.
    pub(super) struct Serving<T, H, F>
    where
        T: AsyncRead,
        T: AsyncWrite,
        T: Unpin,
    {
        shared: Arc<Shared<T>>,
        #[pin]
        handler: Progress<T, H, F>,
        panic: Option<Box<dyn Any + Send>>,
    }

    impl<T, H, F> PinnedDrop for Serving<T, H, F>
    where
        T: AsyncRead,
        T: AsyncWrite,
        T: Unpin,
    {
        fn drop(this: Pin<&mut Self>) {
            // Aborted, or done: nobody drives the connection any more.
            this.shared.cut();
        }
    }
}

pin_project! {
    #[project = ProgressProjection]
    enum Progress<T, H, F> {
        // The call belongs to the handler's turn: it may panic, and it may use the socket.
        Called { call: Option<(H, WebSocket<T>)> },
        Running { #[pin] future: F },
        Ended,
    }
}

impl<H, F> Serving<Upgraded, H, F> {
    pub(super) fn new(io: Upgraded, setup: Setup, handler: H) -> Self {
        let (socket, shared) = WebSocket::supervised(io, setup);
        let call = Some((handler, socket));
        Self {
            shared,
            handler: Progress::Called { call },
            panic: None,
        }
    }
}

impl<T, H, F> Progress<T, H, F> {
    const fn has_ended(&self) -> bool {
        matches!(self, Progress::Ended)
    }
}

impl<T, H, F> Progress<T, H, F>
where
    H: FnOnce(WebSocket<T>) -> F,
    F: Future,
{
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if let ProgressProjection::Called { call } = self.as_mut().project()
            && let Some((handler, socket)) = call.take()
        {
            let future = handler(socket);
            self.set(Progress::Running { future });
        }
        match self.project() {
            ProgressProjection::Running { future } => future.poll(cx),
            _ => Poll::Pending,
        }
    }
}

impl<T, H, F> Future for Serving<T, H, F>
where
    T: AsyncRead + AsyncWrite + Unpin,
    H: FnOnce(WebSocket<T>) -> F,
    F: Future<Output: Outcome>,
{
    type Output = Closure;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closure> {
        let mut this = self.project();
        let shared = &*this.shared;
        shared.begin_turn(cx.waker());
        if !this.handler.has_ended() {
            let handler = &mut this.handler;
            let turn = AssertUnwindSafe(|| {
                shared.handler_turn(|| {
                    let outcome = ready!(handler.as_mut().poll(cx));
                    // What it holds may panic, too, and use the socket; so may what it returned.
                    handler.set(Progress::Ended);
                    let code = close_code_of(&outcome);
                    drop(outcome);
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
                    *this.panic = Some(panic);
                    let end = AssertUnwindSafe(|| {
                        shared.handler_turn(|| this.handler.set(Progress::Ended));
                    });
                    // The first panic is the one to tell.
                    let _ = catch_unwind(end);
                    shared.close_for_handler(close_code::ERROR);
                }
            }
        }
        if shared.poll_supervise().is_pending() || !this.handler.has_ended() {
            return Poll::Pending;
        }
        if let Some(panic) = this.panic.take() {
            // Whoever joins the task learns of it, after the peer did.
            resume_unwind(panic);
        }
        Poll::Ready(shared.closure())
    }
}
