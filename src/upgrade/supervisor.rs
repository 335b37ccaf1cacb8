//! The task that a handler runs in.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Outcome;
use crate::{protocol::Closure, stream::Shared, wire::close_code};

pin_project! {
    /// Runs a handler and looks after its connection.
    ///
    /// After every poll of the handler it writes what was sent, reads ahead if the handler
    /// does not receive, answers pings, and drives the closing. When the handler returns,
    /// drops the socket or panics, it closes the connection in order.
    pub(super) struct Supervisor<T, F>
    where
        T: AsyncRead,
        T: AsyncWrite,
        T: Unpin,
    {
        shared: Arc<Shared<T>>,
        // `None` once the handler has ended.
        #[pin]
        handler: Option<F>,
        panic: Option<Box<dyn Any + Send>>,
        closing: bool,
    }

    impl<T, F> PinnedDrop for Supervisor<T, F>
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

impl<T, F> Supervisor<T, F>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    pub(super) const fn new(shared: Arc<Shared<T>>, handler: F) -> Self {
        Self {
            shared,
            handler: Some(handler),
            panic: None,
            closing: false,
        }
    }
}

impl<T, F> Future for Supervisor<T, F>
where
    T: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output: Outcome>,
{
    type Output = Closure;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closure> {
        let mut this = self.project();
        this.shared.begin_turn(cx.waker());
        if let Some(handler) = this.handler.as_mut().as_pin_mut() {
            let turn = || this.shared.handler_turn(|| handler.poll(cx));
            match catch_unwind(AssertUnwindSafe(turn)) {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(outcome)) => {
                    this.handler.set(None);
                    let code = outcome.close_code();
                    // A handler that gave its socket to other tasks leaves it open.
                    if code != close_code::NORMAL {
                        this.shared.close_for_handler(code);
                    }
                }
                Err(panic) => {
                    *this.panic = Some(panic);
                    this.handler.set(None);
                    this.shared.close_for_handler(close_code::ERROR);
                }
            }
        }
        if !*this.closing && !this.shared.has_handles() {
            *this.closing = true;
            this.shared.close_for_handler(close_code::NORMAL);
        }
        if this.shared.poll_supervise().is_pending() || this.handler.is_some() {
            return Poll::Pending;
        }
        if let Some(panic) = this.panic.take() {
            // Whoever joins the task learns of it, after the peer did.
            resume_unwind(panic);
        }
        Poll::Ready(this.shared.closure())
    }
}
